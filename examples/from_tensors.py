"""Style transfer on two tensors, with the algorithm and the weights alone: no files, settings or events.

python examples/from_tensors.py     # paints 160 x 107 pixels of two patterns and prints its losses
"""

from functools import partial

import torch

from impasto import weights
from impasto.core import LBFGS, VGG, Iterate, Layer, ObjectiveSpec, TransferSpec, transfer


def paint(content: torch.Tensor, style: torch.Tensor, iterations: int = 20) -> Iterate:
    """Transfer a style; both images are (1, 3, H, W), RGB, 0..255."""
    objective = ObjectiveSpec(
        weights={"content": 10.0, "style": 100.0, "tv": 1e-3},
        content_layers={Layer.parse("relu4_2"): 1.0},
        style_layers={Layer.parse(f"relu{block}_1"): 1.0 for block in range(1, 6)},
        convention="neural-style",
        statistic="moments",
    )
    network = VGG(weights.load("vgg16"), objective.layers, padding="replicate")
    size = content.shape[3], content.shape[2]
    spec = TransferSpec(size, objective, optimizer=partial(LBFGS, 12), iterations=iterations, init="palette", margin=8)
    *_, result = transfer(network, content, [style], spec)
    return result


if __name__ == "__main__":
    y, x = torch.meshgrid(torch.linspace(0, 1, 107), torch.linspace(0, 1, 160), indexing="ij")
    waves = torch.stack([x, (9 * y).sin() / 2 + 0.5, 1 - x * y]) * 255
    stripes = torch.stack([((24 * x + 48 * y) % 2 > 1).float() * tone for tone in (230.0, 180.0, 60.0)])
    result = paint(waves.unsqueeze(0), stripes.unsqueeze(0))
    print(tuple(result.image.shape), {name: round(value, 1) for name, value in (result.terms or {}).items()})
