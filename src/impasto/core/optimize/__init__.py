"""Minimizers of one shape: each yields the picture it starts from and then one iterate a step, all evaluated.

A caller stops by no longer asking: every iterate is a whole picture with its loss.
"""

from impasto.core.optimize.adam import Adam
from impasto.core.optimize.lbfgs import LBFGS
from impasto.core.optimize.scipy_lbfgsb import ScipyLBFGSB
from impasto.core.optimize.shape import Evaluate, Iterate, Minimizer

__all__ = ["LBFGS", "Adam", "Evaluate", "Iterate", "Minimizer", "ScipyLBFGSB"]
