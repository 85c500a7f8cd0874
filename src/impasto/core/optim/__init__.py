"""Minimizers of one shape: each yields the picture it starts from and then one iterate a step, all evaluated.

A caller stops by no longer asking: every iterate is a whole picture with its loss.
"""

from impasto.core.optim.adam import Adam
from impasto.core.optim.base import Evaluate, Iterate, Minimizer
from impasto.core.optim.lbfgs import LBFGS
from impasto.core.optim.scipy_lbfgsb import ScipyLBFGSB

__all__ = ["LBFGS", "Adam", "Evaluate", "Iterate", "Minimizer", "ScipyLBFGSB"]
