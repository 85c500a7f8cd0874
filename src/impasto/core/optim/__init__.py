"""Optimizers of one shape: each yields the image it starts from and then one iterate a step, all evaluated.

A caller stops by not asking for the next: every iterate is a whole image with its loss.
"""

from impasto.core.optim.adam import Adam
from impasto.core.optim.averaging import AVERAGING, OutputIterate
from impasto.core.optim.base import PATIENCE, Evaluate, Optimizer, OptimizerIterate, has_stalled
from impasto.core.optim.lbfgs import LBFGS
from impasto.core.optim.round_progress import RoundProgress
from impasto.core.optim.scipy_lbfgsb import ScipyLBFGSB

__all__ = [
    "AVERAGING",
    "LBFGS",
    "PATIENCE",
    "Adam",
    "Evaluate",
    "Optimizer",
    "OptimizerIterate",
    "OutputIterate",
    "RoundProgress",
    "ScipyLBFGSB",
    "has_stalled",
]
