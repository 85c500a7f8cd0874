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
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
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

    def learn(self, here: "_Point", there: "_Point") -> None:
        """Remember the step from a point to the next, and how the gradient changed."""
        self.add((there.image - here.image).flatten(), there.gradient - here.gradient)

    def state(self, max_bytes: int) -> Iterator[tuple[str, Tensor]]:
        """Give the newest pairs that go into so many bytes, and what is known of them."""
        most = max_bytes // sum(vector.nbytes for vector in self._pair(0))
        order = self._order[-most:] if most else []
        slots, rows = sorted(order), _rows_used(order)
        yield _ORDER, torch.tensor([slots.index(slot) for slot in order])
        yield "products", self._products[rows][:, rows]
        yield "new", torch.tensor([number for number, row in enumerate(rows) if row in self._new])
        for number, slot in enumerate(slots):
            yield from zip(_names_of(number), self._pair(slot), strict=True)

    def load_state(self, state: Mapping[str, Tensor]) -> None:
        """Hold the newest pairs of another memory, of vectors of the same length."""
        order = state[_ORDER].tolist()[-self._history :]
        slots, rows = sorted(order), _rows_used(order)
        new = set(state["new"].tolist())
        self._order = [slots.index(slot) for slot in order]
        self._new = {number for number, row in enumerate(rows) if row in new}
        self._products[: len(rows), : len(rows)] = state["products"][rows][:, rows]
        for number, slot in enumerate(slots):
            for vector, known in zip(self._pair(number), (state[name] for name in _names_of(slot)), strict=True):
                vector.copy_(known)
                if vector.dtype != known.dtype:  # so that products are of the vectors as they are
                    self._new |= set(_rows_of(number))

    def _pair(self, slot: int) -> tuple[Tensor, Tensor]:
        s, y = _rows_of(slot)
        return self._rows[s], self._rows[y]

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
        size = 1 + 2 * (max(self._order) + 1)
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


class CompactMemory(Memory):
    """A memory for images so large that its vectors are what fills the machine: in half precision, seen in pieces.

    A direction needs few digits of its pairs: the inner products are of the rounded vectors, so that all of it belongs
    to one positive definite matrix, if not quite to the objective's.
    """

    def __init__(self, history: int, like: Tensor) -> None:
        super().__init__(history, like.new_empty(0))
        rows = 1 + 2 * (history + 1)  # one slot is spare: the next pair is tried in it
        self._pairs = torch.empty((rows - 1, like.numel()), device=like.device, dtype=torch.bfloat16)
        self._products = torch.zeros((rows, rows), dtype=torch.float64)
        self._free = list(range(history + 1))

    def clear(self) -> None:
        """See `Memory.clear`."""
        super().clear()
        self._free = list(range(self._history + 1))

    def load_state(self, state: Mapping[str, Tensor]) -> None:
        """See `Memory.load_state`."""
        super().load_state(state)
        self._free = list(range(len(self._order), self._history + 1))

    def learn(self, here: "_Point", there: "_Point") -> None:
        """See `Memory.learn`."""
        slot = self._free.pop()
        s, y = self._pair(slot)
        curvature, step_square, difference_square = 0.0, 0.0, 0.0
        images = there.image.flatten(), here.image.flatten()
        for piece in _pieces(s):
            s[piece] = images[0][piece] - images[1][piece]
            y[piece] = there.gradient[piece] - here.gradient[piece]
            step, difference = s[piece].float(), y[piece].float()
            curvature += (step @ difference).item()
            step_square += (step @ step).item()
            difference_square += (difference @ difference).item()
        if not curvature > CURVATURE * math.sqrt(step_square * difference_square):
            self._free.append(slot)
            return
        if len(self._order) == self._history:
            self._free.append(self._order.pop(0))
        self._order.append(slot)
        self._new |= set(_rows_of(slot))

    def _pair(self, slot: int) -> tuple[Tensor, Tensor]:
        s, y = _rows_of(slot)
        return self._pairs[s - 1], self._pairs[y - 1]

    def direction(self, gradient: Tensor) -> Tensor:
        """See `Memory.direction`."""
        used = _rows_used(self._order)
        new = [number for number, row in enumerate(used) if row == 0 or row in self._new]
        self._new.clear()
        products = torch.zeros((len(new), len(used)), dtype=torch.float64)
        for piece in _pieces(gradient, len(used)):
            rows = self._piece(gradient, used, piece)
            products += (rows[new] @ rows.T).cpu().double()
        at = torch.tensor(used)
        self._products[at[new].unsqueeze(1), at] = products
        self._products[at.unsqueeze(1), at[new]] = products.T
        weights = self._coefficients()[at].to(gradient.dtype).to(gradient.device)
        direction = torch.empty_like(gradient)
        for piece in _pieces(gradient, len(used)):
            torch.mv(self._piece(gradient, used, piece).T, weights, out=direction[piece])
        return direction

    def _piece(self, gradient: Tensor, used: Sequence[int], piece: slice) -> Tensor:
        """Give a piece of the gradient and of the rows in use, in the gradient's type."""
        pairs = self._pairs[:, piece][[row - 1 for row in used[1:]]]
        return torch.cat([gradient[piece].unsqueeze(0), pairs.to(gradient.dtype)])


_PIECE = 2**22
"""Numbers that are seen at once, of all rows together."""


def _pieces(vector: Tensor, rows: int = 1) -> list[slice]:
    length = max(1, _PIECE // rows)
    return [slice(start, start + length) for start in range(0, len(vector), length)]


_UNIT, _ORDER = "unit", "order"
"""Keys of a state: the unit of its gradients, and its slots from the oldest pair to the newest."""


def _names_of(slot: int) -> tuple[str, str]:
    """Give the keys of a pair in a state."""
    return f"step {slot}", f"difference {slot}"


def _rows_of(slot: int) -> tuple[int, int]:
    return 1 + 2 * slot, 2 + 2 * slot


def _rows_used(slots: Sequence[int]) -> list[int]:
    """Give the gradient's row and those of some slots, in ascending order."""
    return [0, *sorted(row for slot in slots for row in _rows_of(slot))]


@dataclass(frozen=True)
class _Point:
    """A picture, and the objective there."""

    image: Tensor
    loss: float
    terms: tuple[float, ...]
    gradient: Tensor
    """Flat, in units of the first one's largest entry."""

    def iterate(self, restart: str | None = None) -> OptimizerIterate:
        return OptimizerIterate(self.image, self.loss, self.terms, restart)


def _point(image: Tensor, evaluation: Evaluation, unit: float) -> _Point:
    """Make a point of an evaluation, whose gradient becomes its own."""
    return _Point(image, evaluation.loss, evaluation.terms, evaluation.gradient.flatten().div_(unit))


class LBFGS:
    """L-BFGS with backtracking, one evaluation a step as a rule.

    Args:
        history: pairs that are remembered.
        trial_step: length of the first step, root mean square over the picture's values, in their unit.
        large: pixels from which an image is so large that fewer are remembered, in half precision; None for never.
        few: pairs that are remembered then.
    """

    def __init__(
        self, history: int, trial_step: float = TRIAL_STEP, *, large: int | None = None, few: int | None = None
    ) -> None:
        self._history, self._trial, self._large, self._few = history, trial_step, large, few or history
        self._memory: Memory | None = None
        self._unit = 1.0
        self._loaded: Mapping[str, Tensor] = {}

    def minimize(self, evaluate: Evaluate, image: Tensor, iterations: int) -> Generator[OptimizerIterate, None, None]:
        """See `Optimizer.minimize`; ends early where no step, however small, lowers the loss."""
        memory, unit = self._recall(image, iterations)
        evaluation = evaluate(image)
        if not is_finite(evaluation):
            raise divergence()
        self._memory, self._unit = memory, unit or _unit(evaluation.gradient)
        here = _point(image, evaluation, self._unit)
        del image, evaluation, memory  # a large image is not held any longer than it is needed, nor is its gradient
        try:
            yield here.iterate()
            trial, restarts, reason, done = self._trial, 0, None, 0
            while done < iterations and _length(here.gradient) > 0:
                step = self._step(self._memory, here.gradient, trial)
                there, finite = _backtrack(evaluate, here, step, self._unit)
                del step
                if there is None:
                    if len(self._memory) == 0 and restarts >= RESTARTS:
                        if finite or done:
                            return  # nothing more can be gained from here
                        raise divergence(restarts)
                    reason = "no step along the direction lowered the loss: starting over with shorter steps"
                    self._memory.clear()
                    trial, restarts = trial / 4, restarts + 1
                    continue
                self._memory.learn(here, there)
                here, done, trial, restarts = there, done + 1, self._trial, 0
                yield here.iterate(reason)
                reason = None
        finally:
            self._memory = None

    def _recall(self, image: Tensor, iterations: int) -> tuple[Memory, float | None]:
        """Make a memory for an image and as many pairs as there will be, with what was loaded.

        Returns:
            It, and the unit of its gradients; None where nothing was loaded that fits.
        """
        loaded, self._loaded = self._loaded, {}
        large = self._large is not None and image.shape[2] * image.shape[3] >= self._large
        known = len(loaded.get(_ORDER, ()))
        fits = known > 0 and loaded[_names_of(0)[0]].numel() == image.numel()
        most = min(self._few if large else self._history, iterations + (known if fits else 0))
        memory = CompactMemory(most, image) if large else Memory(most, image)
        if fits:
            memory.load_state(loaded)
        return memory, float(loaded[_UNIT]) if fits else None

    def state(self, max_bytes: int) -> Iterator[tuple[str, Tensor]]:
        """See `Optimizer.state`: the newest pairs; nothing once the last iterate was yielded."""
        if self._memory is not None:
            yield _UNIT, torch.tensor(self._unit, dtype=torch.float64)
            yield from self._memory.state(max_bytes)

    def load_state(self, state: Mapping[str, Tensor]) -> None:
        """See `Optimizer.load_state`."""
        self._loaded = state

    def rescale(self, resize: Callable[[Tensor], Tensor]) -> None:
        """Nothing is remembered between calls: curvature at one size says little about another."""

    def _step(self, memory: Memory, gradient: Tensor, trial: float) -> Tensor:
        """The first step to try, flat: quasi-Newton where there is memory, else `trial` pixels down the gradient."""
        if len(memory) == 0:
            return gradient * (-trial / _rms(gradient))
        step = memory.direction(gradient)
        return step.mul_(min(1.0, LONGEST_STEP * self._trial / _rms(step)))


def _backtrack(evaluate: Evaluate, here: _Point, step: Tensor, unit: float) -> tuple[_Point | None, bool]:
    """Go along a step, cut back until the loss falls enough; a point so good, and whether the last one was finite."""
    slope, share, finite = (here.gradient @ step).item() * unit, 1.0, True
    if not slope < 0:
        return None, finite
    for _ in range(CUTS):
        moved = torch.add(here.image, step.view_as(here.image), alpha=share)
        evaluation = evaluate(moved)
        finite, loss = is_finite(evaluation), evaluation.loss
        if finite and loss < here.loss + SUFFICIENT_DECREASE * share * slope:
            return _point(moved, evaluation, unit), finite
        del moved, evaluation  # the next is evaluated in their place
        share *= _cut(here.loss, loss, share * slope)
    return None, finite


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
