"""Adam, as the published TensorFlow recipes use it."""

from collections.abc import Callable, Generator, Iterator, Mapping

import torch
from torch import Tensor

from impasto.core.optim.base import PIXEL_RANGE, RESTARTS, Evaluate, OptimizerIterate, divergence, is_finite


class Adam:
    """Adam (Kingma and Ba, 2015) in the form of TensorFlow, which the published recipes use.

    TensorFlow adds epsilon to sqrt(v) before the bias correction ("epsilon hat", end of section 2 of the paper).
    The moments persist between calls, so that a finer scale continues where a coarser one ended.
    """

    def __init__(self, learning_rate: float, beta1: float, beta2: float, epsilon: float, *, clip: bool) -> None:
        self._rate, self._beta1, self._beta2, self._epsilon, self._clip = learning_rate, beta1, beta2, epsilon, clip
        self._first: Tensor | None = None
        self._second: Tensor | None = None
        self._steps = 0

    def minimize(self, evaluate: Evaluate, image: Tensor, iterations: int) -> Generator[OptimizerIterate, None, None]:
        """See `Optimizer.minimize`; a bad step goes back to the last good picture with half the learning rate."""
        image, restarts, reason = image.clone(), 0, None
        good: tuple[Tensor, Tensor] | None = None
        done = 0
        while True:
            evaluation = evaluate(image)
            if is_finite(evaluation):
                yield OptimizerIterate(image, evaluation.loss, evaluation.terms, reason)
                good, restarts, reason, done = (image, evaluation.gradient), 0, None, done + 1
                if done > iterations:
                    return
            elif good is None or restarts == RESTARTS:
                raise divergence(restarts)
            else:
                self._forget()
                restarts, reason = restarts + 1, "the objective was not a finite number: half the step from here on"
            image = self._step(*good)

    def rescale(self, resize: Callable[[Tensor], Tensor]) -> None:
        """Bring the moments to another picture size."""
        if self._first is not None and self._second is not None:
            self._first, self._second = resize(self._first), resize(self._second).clamp(min=0)

    def state(self, max_bytes: int) -> Iterator[tuple[str, Tensor]]:
        """See `Optimizer.state`: the moments and the learning rate, or nothing."""
        if self._first is None or self._second is None or 2 * self._first.nbytes > max_bytes:
            return
        yield from (("first", self._first), ("second", self._second), ("steps", torch.tensor(self._steps)))
        yield "rate", torch.tensor(self._rate, dtype=torch.float64)

    def load_state(self, state: Mapping[str, Tensor]) -> None:
        """See `Optimizer.load_state`."""
        if "first" in state:
            self._first, self._second = state["first"], state["second"]
            self._steps, self._rate = int(state["steps"]), float(state["rate"])

    def _step(self, image: Tensor, gradient: Tensor) -> Tensor:
        first = torch.zeros_like(image) if self._first is None else self._first
        second = torch.zeros_like(image) if self._second is None else self._second
        self._first = first.lerp(gradient, 1 - self._beta1)
        self._second = second.lerp(gradient.square(), 1 - self._beta2)
        self._steps += 1
        correction: float = (1 - self._beta2**self._steps) ** 0.5 / (1 - self._beta1**self._steps)
        moved = image - self._rate * correction * self._first / (self._second.sqrt() + self._epsilon)
        return moved.clamp(*PIXEL_RANGE) if self._clip else moved

    def _forget(self) -> None:
        self._first, self._second, self._steps = None, None, 0
        self._rate /= 2
