"""Losses: each module has one kind, which registers itself in the table of kinds when it is imported.

To add a loss, add a module with a class of the shape of `Loss` (or an `AutogradLoss`) and a function under
`@loss_kind("NAME")` that builds it, and a field `NAME_weight` to `Settings`. One that compares an image says so
by `compares`, and its weight stands in `Settings.has_content` or `has_style`.
"""

import pkgutil
from importlib import import_module

from impasto.core.losses.base import (
    KINDS,
    AutogradLoss,
    Evaluation,
    FaceSpec,
    Loss,
    LossInputs,
    Objective,
    ObjectiveSpec,
    loss_kind,
    name_terms,
)
from impasto.core.losses.objective import FeatureObjective

__all__ = [
    "KINDS",
    "AutogradLoss",
    "Evaluation",
    "FaceSpec",
    "FeatureObjective",
    "Loss",
    "LossInputs",
    "Objective",
    "ObjectiveSpec",
    "build_losses",
    "loss_kind",
    "name_terms",
]

for _module in pkgutil.iter_modules(__path__):
    import_module(f"{__name__}.{_module.name}")


def build_losses(inputs: LossInputs) -> list[Loss]:
    """Make the losses of every kind that has a weight above 0."""
    weights = inputs.spec.weights
    return [
        loss for kind, entry in KINDS.items() if weights.get(kind, 0) > 0 for loss in entry.build(inputs, weights[kind])
    ]
