"""Measured activations, stored beside the weights; `scripts/measure_activations.py` makes the file."""

import json
from importlib import resources

from impasto.weights.architecture import Activations


def read_activations(network: str) -> Activations | None:
    """Read the stored figures of a network; None where it was never measured."""
    file = resources.files(__package__) / "data" / f"{network}-activations.json"
    if not file.is_file():
        return None
    stored = json.loads(file.read_text(encoding="utf-8"))
    return Activations(stored["means"], tuple(stored["pool_gains"]))
