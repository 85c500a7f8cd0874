"""Measure the mean activations of the bundled network, and write them beside its weights.

    python scripts/measure_activations.py

The pictures are those of examples/pictures, at a long side of 512, because `normalize` is used on photographs and
paintings of about that size. Run it again only if the bundled weights change.
"""

import json
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import Tensor

from impasto import images, weights
from impasto.core.vgg import VGG, Trunk, layers_of
from impasto.layers import Layer

ROOT = Path(__file__).resolve().parent.parent
NETWORK = "vgg16"
LONG_SIDE = 512


def picture(path: Path) -> Tensor:
    """A picture file as (1, 3, H, W), 0..255, with a long side of LONG_SIDE."""
    original = images.read(path)
    share = LONG_SIDE / max(original.width, original.height)
    sized = images.resize(original, round(original.width * share), round(original.height * share))
    return torch.from_numpy(sized.rgb).permute(2, 0, 1).unsqueeze(0)


def main() -> None:
    """Measure and write."""
    network = weights.load(NETWORK)
    trunk = Trunk(network.blocks, network.tensors, network.mean).to(torch.device("cpu"), torch.float32)
    layers = layers_of(network.blocks)
    ends = [Layer(block, count, "relu") for block, count in enumerate(network.blocks, 1)]
    vgg = VGG(trunk, layers)
    files = sorted((ROOT / "examples" / "pictures").glob("*.jpg"))
    with torch.no_grad():
        seen = [vgg(picture(file)) for file in files]
    means = {f"conv{at.block}_{at.index}": _mean([maps[at] for maps in seen]) for at in layers}
    gains = [_mean([F.max_pool2d(maps[at], 2) for maps in seen]) / _mean([maps[at] for maps in seen]) for at in ends]
    stored = {
        "pictures": [file.name for file in files],
        "long_side": LONG_SIDE,
        "means": {name: round(mean, 4) for name, mean in means.items()},
        "pool_gains": [round(gain, 5) for gain in gains[:-1]],
    }
    target = Path(weights.path(NETWORK)).with_name(f"{NETWORK}-activations.json")
    target.write_text(json.dumps(stored, indent=2) + "\n", encoding="utf-8")
    print(target)


def _mean(maps: list[Tensor]) -> float:
    return sum(item.mean().item() for item in maps) / len(maps)


if __name__ == "__main__":
    main()
