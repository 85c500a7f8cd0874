"""How full empty places are with `--fill`: five steps on six pairs; with `--all`, also 0 on every pair and drawing.

    PYTHONPATH=benchmarks python -m scorecard.fill [--all]

Writes scorecard/fill.json: `close_up.empty` of the default look, 1 for as empty as the painting's own empty places.
Pictures that are in painted/fill-256 are not painted again: empty that folder after a change.
"""

import itertools
import sys
from collections.abc import Iterator
from pathlib import Path

import shared

from impasto import Settings, Stylizer, images
from impasto.sizing import with_long_side
from scorecard import close_up, painters, pairs
from scorecard.__main__ import to_tensor

SIZE = 256
STEPS = (0.0, 0.25, 0.5, 0.75, 1.0)
DRAWINGS = ("pencil", "ink", "mosaic", "watercolor")
FILE = Path(__file__).parent / "fill.json"
DRAWN: tuple[pairs.Pair, ...] = tuple(itertools.product(pairs.PHOTOS, DRAWINGS))


def source(name: str) -> Path:
    """Where a picture is: a drawing has a folder of its own."""
    found = shared.picture(name)
    return found.parents[1] / "drawings" / found.name if name in DRAWINGS else found


def empty(stylizer: Stylizer, pair: pairs.Pair, fill: float) -> float:
    """The measure of a pair, painted with a fill, if it is not there yet."""
    target = painters.PAINTED / f"fill-{SIZE}" / f"{pairs.name(pair)}-{fill:g}.png"
    photo, painting = (images.read(source(name)) for name in pair)
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        stylizer.stylize(photo, [painting], Settings(size=SIZE, fill=fill)).picture.to_pil().save(target)
    painted = images.read(target)
    size, beside = (painted.width, painted.height), with_long_side((painting.width, painting.height), SIZE)
    return close_up.empty(to_tensor(painted, *size), to_tensor(photo, *size), to_tensor(painting, *beside))


def asked(*, every: bool) -> Iterator[tuple[pairs.Pair, float]]:
    """Each pair with each fill at which it is painted."""
    yield from itertools.product(pairs.ONCE, STEPS)
    if not every:
        return
    yield from itertools.product(DRAWN, (0.0, 1.0))
    yield from ((pair, 0.0) for pair in pairs.PAIRS if pair not in pairs.ONCE)


def main() -> None:
    """Paint, measure, print and write JSON."""
    stylizer, rows = Stylizer(), []
    for pair, fill in asked(every="--all" in sys.argv):
        found = round(empty(stylizer, pair, fill), 3)
        rows.append({"photo": pair[0], "painting": pair[1], "fill": fill, "empty": found})
        print(rows[-1], flush=True)
    shared.write(FILE, {"size": SIZE}, pictures=rows)


if __name__ == "__main__":
    main()
