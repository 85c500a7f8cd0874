"""Measured activations of a network: what `normalize` and `average-scaled` pooling are made of."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import resources


@dataclass(frozen=True)
class Activations:
    """Means over a set of pictures, stored beside the weights; `scripts/measure_activations.py` makes the file."""

    means: Mapping[str, float]
    """Mean ReLU activation of each convolution, `conv1_1` and on, for pixels 0..255."""
    pool_gains: tuple[float, ...]
    """For each pooling layer, the factor on average pooling that keeps the mean of the next layer with max pooling."""


def activations(network: str) -> Activations | None:
    """The stored figures of a network, or None where it was never measured."""
    file = resources.files(__package__) / "data" / f"{network}-activations.json"
    if not file.is_file():
        return None
    stored = json.loads(file.read_text(encoding="utf-8"))
    return Activations(stored["means"], tuple(stored["pool_gains"]))
