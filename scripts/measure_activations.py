"""Measure the mean activations of networks that ship, and write them beside their weights.

    python scripts/measure_activations.py [vgg16] [vgg16-pruned] [vgg19-8bit]

The pictures are those of examples/pictures, at a long side of 512, because `normalize` is used on photographs and
paintings of about that size. Run it again only if bundled weights change.
"""

import json
import sys
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor
from torch.nn import functional

from impasto import images, weights
from impasto.core.network.vgg import VGG
from impasto.layers import Layer
from impasto.weights import Activations
from impasto.weights.vgg_weights import VGGWeights

ROOT = Path(__file__).resolve().parent.parent
LONG_SIDE = 512
PADDING = (1.0,) * 4
"""Factors for the pools from the one on that is being measured, which nothing reads."""


def picture(path: Path) -> Tensor:
    """A picture file as (1, 3, H, W), 0..255, with a long side of LONG_SIDE."""
    original = images.read(path)
    share = LONG_SIDE / max(original.width, original.height)
    sized = images.resize(original, round(original.width * share), round(original.height * share))
    return torch.from_numpy(sized.rgb).permute(2, 0, 1).unsqueeze(0)


def main(names: list[str]) -> None:
    """Measure the networks of these names, or all that ship."""
    for name in names or [entry.name for entry in weights.ENTRIES.values() if entry.bundled]:
        measure(name)


def measure(name: str) -> None:
    """Measure one network and write what was found."""
    network = weights.load(name).to(torch.device("cpu"), torch.float32)
    network = replace(network, architecture=replace(network.architecture, pruned={}))  # of which layers are seen, too
    files = sorted((ROOT / "examples" / "pictures").glob("*.jpg"))
    pictures = [picture(file) for file in files]
    layers = network.architecture.layers()
    with torch.no_grad():
        means = dict(zip(layers, _means(VGG(network, layers), pictures, layers), strict=True))
        gains = _pool_gains(network, pictures, means)
    stored = {
        "pictures": [file.name for file in files],
        "long_side": LONG_SIDE,
        "means": {str(at.conv): round(mean, 4) for at, mean in means.items()},
        "pool_gains": [round(gain, 5) for gain in gains],
    }
    target = weights.path(name).with_name(f"{name}-activations.json")
    target.write_text(json.dumps(stored, indent=2) + "\n", encoding="utf-8")
    print(target)


def _pool_gains(network: VGGWeights, pictures: list[Tensor], means: dict[Layer, float]) -> list[float]:
    """One pool after the other, the factor that gives the next layer the mean that it has with max pooling."""
    gains: list[float] = []
    for block in range(2, len(network.architecture.blocks) + 1):
        before, layer = Layer(block - 1, network.architecture.blocks[block - 2], "relu"), Layer(block, 1, "relu")
        activations = Activations({}, (*gains, *PADDING))
        vgg = VGG(replace(network, activations=activations), [before], pooling="average-scaled")
        pooled = [functional.avg_pool2d(vgg(image)[before], 2) for image in pictures]
        gain = 1.5
        for _ in range(10):  # biases make the answer not quite proportional to the factor
            seen = [functional.conv2d(gain * maps, *network.layer(layer), padding=1).relu() for maps in pooled]
            gain *= means[layer] * len(seen) / sum(maps.mean().item() for maps in seen)
        gains.append(gain)
    return gains


def _means(vgg: VGG, pictures: list[Tensor], layers: list[Layer]) -> list[float]:
    seen = [vgg(image) for image in pictures]
    return [sum(maps[layer].mean().item() for maps in seen) / len(seen) for layer in layers]


if __name__ == "__main__":
    main(sys.argv[1:])
