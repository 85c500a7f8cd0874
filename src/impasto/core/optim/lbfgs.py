"""L-BFGS for pictures (Nocedal, 1980; Liu and Nocedal, 1989), free of scale.

The script that everyone starts from runs torch's L-BFGS without a line search. Its first step is 1 / |g|_1 long and its
curvature test, y.s > 1e-10, is absolute, so that with some objectives and sizes every pair is refused and the loss
stands still for hundreds of steps. Here nothing depends on the unit of the objective or of the pixels, or on how many
pixels there are:

- the first step has a length in pixels (`trial_step`, root mean square);
- gradients are held in units of the first one's largest entry, so that no square leaves the range of float32;
- curvature is tested against |y| |s|;
- a step that does not lower the loss is cut back, and where that does not help the memory is emptied.
"""

import math
from collections.abc import Callable, Generator
from dataclasses import dataclass

import torch
from torch import Tensor

from impasto.core.losses.base import Evaluation
from impasto.core.optim.base import RESTARTS, Evaluate, OptimizerIterate, divergence, is_finite

TRIAL_STEP = 3.0
"""Length of the first step: root mean square over the picture's values, in pixel values 0..255."""
LONGEST_STEP = 25.0
"""No step is longer than this many trial steps: further away the quadratic model means nothing."""
CURVATURE = 1e-6
"""A pair is kept if y.s exceeds this share of |y| |s|: smaller cosines are rounding, not curvature."""
SUFFICIENT_DECREASE = 1e-4
"""Share of the decrease that the slope promises which a step must reach (Armijo)."""
CUTS = 6
"""How often a step is cut back before its direction is given up."""


class Memory:
    """The last steps s and gradient differences y, and the direction that they imply.

    The gradient and all these vectors are rows of one matrix, and the inner products of its rows are kept, so that a
    direction costs two products with that matrix: one for the inner products of the rows that are new, one for the
    direction (Chen et al. 2014, "Large-scale L-BFGS using MapReduce").
    """

    def __init__(self, history: int, like: Tensor) -> None:
        rows = 1 + 2 * history  # the gradient, then s and y of each slot
        self._rows = torch.empty((rows, like.numel()), device=like.device, dtype=like.dtype)
        self._products = torch.zeros((rows, rows), dtype=torch.float64)
        self._history = history
        self._order: list[int] = []  # slots from the oldest pair to the newest
        self._new: set[int] = set()  # rows whose products are not known yet

    def __len__(self) -> int:
        return len(self._order)

    def clear(self) -> None:
        """Forget everything."""
        self._order.clear()
        self._new.clear()

    def add(self, step: Tensor, difference: Tensor) -> bool:
        """Remember a pair (s, y), each flat, unless its curvature is not positive; returns whether it was kept."""
        curvature = (step @ difference).item()
        if not curvature > CURVATURE * _length(step) * _length(difference):
            return False
        slot = len(self._order) if len(self._order) < self._history else self._order.pop(0)
        s, y = _rows_of(slot)
        self._rows[s], self._rows[y] = step, difference
        self._order.append(slot)
        self._new |= {s, y}
        return True

    def direction(self, gradient: Tensor) -> Tensor:
        """The quasi-Newton direction -H g for a flat gradient (the two-loop recursion, on coefficients)."""
        self._rows[0] = gradient
        used = self._rows[: 1 + 2 * len(self._order)]
        new = [0, *sorted(self._new)]
        self._new.clear()
        products = (self._rows[new] @ used.T).cpu().double()
        self._products[new, : len(used)] = products
        self._products[: len(used), new] = products.T
        return self._coefficients().to(used.dtype).to(used.device) @ used

    def _coefficients(self) -> Tensor:
        """What each row contributes to the direction."""
        size = 1 + 2 * len(self._order)
        products, alphas = self._products[:size, :size], {}
        weights = torch.zeros(size, dtype=torch.float64)
        weights[0] = -1
        for slot in reversed(self._order):
            s, y = _rows_of(slot)
            alphas[slot] = products[s] @ weights / products[s, y]
            weights[y] -= alphas[slot]
        s, y = _rows_of(self._order[-1])
        weights *= products[s, y] / products[y, y]
        for slot in self._order:
            s, y = _rows_of(slot)
            weights[s] += alphas[slot] - products[y] @ weights / products[s, y]
        return weights


def _rows_of(slot: int) -> tuple[int, int]:
    return 1 + 2 * slot, 2 + 2 * slot


@dataclass(frozen=True)
class _Point:
    """A picture, and the objective there."""

    image: Tensor
    evaluation: Evaluation
    gradient: Tensor
    """Flat, in units of the first one's largest entry."""

    @property
    def loss(self) -> float:
        return self.evaluation.loss

    def iterate(self, restart: str | None = None) -> OptimizerIterate:
        return OptimizerIterate(self.image, self.loss, self.evaluation.terms, restart)


class LBFGS:
    """L-BFGS with backtracking, one evaluation a step as a rule.

    Args:
        history: pairs that are remembered.
        trial_step: length of the first step, root mean square over the picture's values, in their unit.
    """

    def __init__(self, history: int, trial_step: float = TRIAL_STEP) -> None:
        self._history, self._trial = history, trial_step

    def minimize(self, evaluate: Evaluate, image: Tensor, iterations: int) -> Generator[OptimizerIterate, None, None]:
        """See `Optimizer.minimize`; ends early where no step, however small, lowers the loss."""
        evaluation = evaluate(image)
        if not is_finite(evaluation):
            raise divergence()
        unit = _unit(evaluation.gradient)
        here = _Point(image, evaluation, evaluation.gradient.flatten() / unit)
        yield here.iterate()
        memory, trial, restarts, reason, done = Memory(min(self._history, iterations), image), self._trial, 0, None, 0
        while done < iterations and _length(here.gradient) > 0:
            step = self._step(memory, here.gradient, trial)
            evaluation, there = _backtrack(evaluate, here, step, unit)
            if there is None:
                if len(memory) == 0 and restarts >= RESTARTS:
                    if is_finite(evaluation) or done:
                        return  # nothing more can be gained from here
                    raise divergence(restarts)
                reason = "no step along the direction lowered the loss: starting over with shorter steps"
                memory.clear()
                trial, restarts = trial / 4, restarts + 1
                continue
            memory.add((there.image - here.image).flatten(), there.gradient - here.gradient)
            here, done, trial, restarts = there, done + 1, self._trial, 0
            yield here.iterate(reason)
            reason = None

    def rescale(self, resize: Callable[[Tensor], Tensor]) -> None:
        """Nothing is remembered between calls: curvature at one size says little about another."""

    def _step(self, memory: Memory, gradient: Tensor, trial: float) -> Tensor:
        """The first step to try, flat: quasi-Newton where there is memory, else `trial` pixels down the gradient."""
        if len(memory) == 0:
            return gradient * (-trial / _rms(gradient))
        step = memory.direction(gradient)
        return step.mul_(min(1.0, LONGEST_STEP * self._trial / _rms(step)))


def _backtrack(evaluate: Evaluate, here: _Point, step: Tensor, unit: float) -> tuple[Evaluation, _Point | None]:
    """Go along a step, cut back until the loss falls enough; the last evaluation, and its point if it is so good."""
    slope = (here.gradient @ step).item() * unit
    evaluation, share = here.evaluation, 1.0
    if not slope < 0:
        return evaluation, None
    for _ in range(CUTS):
        moved = torch.add(here.image, step.view_as(here.image), alpha=share)
        evaluation = evaluate(moved)
        if is_finite(evaluation) and evaluation.loss < here.loss + SUFFICIENT_DECREASE * share * slope:
            return evaluation, _Point(moved, evaluation, evaluation.gradient.flatten() / unit)
        share *= _cut(here.loss, evaluation.loss, share * slope)
    return evaluation, None


def _unit(gradient: Tensor) -> float:
    """The largest entry of a gradient as a power of two, which scales without rounding."""
    largest = gradient.abs().max().item()
    return 2.0 ** math.frexp(largest)[1] if largest else 1.0


def _cut(before: float, after: float, slope: float) -> float:
    """Where the parabola through both losses with this slope is lowest, kept within 0.1 .. 0.5."""
    rise = after - before - slope
    return min(0.5, max(0.1, -slope / (2 * rise))) if 0 < rise < float("inf") else 0.1


def _length(vector: Tensor) -> float:
    return math.sqrt((vector @ vector).item())


def _rms(vector: Tensor) -> float:
    return _length(vector) / math.sqrt(vector.numel())
