"""The three networks of MTCNN: each sees more of a window than the one before, and says more of it.

Zhang et al. 2016, "Joint face detection and alignment using multi-task cascaded convolutional networks", figure 2. All
layers are convolutions here, the last ones over the whole of their input, so that the first network can be run over an
image as over many windows at once.
"""

import functools
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources

import torch
import torch.nn.functional as F
from safetensors.torch import load
from torch import Tensor

_WEIGHTS = "mtcnn-fp16.safetensors"


@dataclass(frozen=True)
class Network:
    """One of the three; it is given windows of `side` x `side` pixels, or a larger image that is all windows."""

    name: str
    """In the file of weights."""
    side: int
    """Of a window, pixels."""
    pools: tuple[int, ...]
    """Side of the max pooling after each of the convolutions, of those that have one; its stride is 2."""

    def __call__(self, images: Tensor) -> tuple[Tensor, ...]:
        """Judge windows.

        Args:
            images: (N, 3, H, W), RGB, 0..255.

        Returns:
            The probability that there is a face, (N, h, w); by how much its box is off the window on the left, above,
            on the right and below, in sides of the window, (N, 4, h, w); and, of the last network, where the landmarks
            are in the window, 0..1, first the five across and then the five down: (N, 10, h, w).
        """
        weights = _weights()
        maps = (images - 127.5) / 128
        for number in range(1, 1 + sum(key.startswith(f"{self.name}.slope") for key in weights)):
            maps = F.conv2d(maps, *_parameters(weights, f"{self.name}.conv{number}"))
            maps = F.prelu(maps, weights[f"{self.name}.slope{number}"])
            if number <= len(self.pools):
                maps = F.max_pool2d(maps, self.pools[number - 1], stride=2, ceil_mode=True)
        heads = ("face", "box", "landmarks")
        face, *rest = (
            F.conv2d(maps, *_parameters(weights, f"{self.name}.{head}"))
            for head in heads
            if f"{self.name}.{head}.weight" in weights
        )
        return face.softmax(dim=1)[:, 1], *rest


PROPOSAL = Network("proposal", 12, (2,))
"""P-Net: proposes windows all over an image, one every two pixels."""
REFINEMENT = Network("refinement", 24, (3, 3))
"""R-Net: refuses most of them."""
OUTPUT = Network("output", 48, (3, 3, 2))
"""O-Net: decides, and finds the landmarks."""


def _parameters(weights: Mapping[str, Tensor], layer: str) -> tuple[Tensor, Tensor]:
    return weights[f"{layer}.weight"], weights[f"{layer}.bias"]


@functools.cache
def _weights() -> Mapping[str, Tensor]:
    """Read all weights, once: 1 MB."""
    stored = load((resources.files("impasto.faces") / "data" / _WEIGHTS).read_bytes())
    return {name: tensor.to(torch.float32) for name, tensor in stored.items()}
