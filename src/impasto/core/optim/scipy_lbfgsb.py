"""SciPy's L-BFGS-B as a generator of iterates."""

import queue
import threading
from collections.abc import Callable, Generator, Iterator, Mapping
from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from impasto.core.losses.base import Evaluation
from impasto.core.optim.base import PIXEL_RANGE, Evaluate, OptimizerIterate, divergence, is_finite

Vector = NDArray[np.float64]


class ScipyLBFGSB:
    """SciPy's L-BFGS-B (Byrd, Lu, Nocedal and Zhu, 1995), in float64 as SciPy has it.

    SciPy calls the objective and does not give control back between steps, so it runs in a thread of its own that
    waits while a picture is evaluated here, and while the caller looks at an iterate.
    """

    def __init__(self, history: int, *, clip: bool) -> None:
        self._history, self._clip = history, clip

    def minimize(self, evaluate: Evaluate, image: Tensor, iterations: int) -> Generator[OptimizerIterate, None, None]:
        """See `Optimizer.minimize`; SciPy's own tests of convergence may end it sooner."""
        latest = evaluate(image)
        if not is_finite(latest):
            raise divergence()
        yield OptimizerIterate(image, latest.loss, latest.terms)
        bounds = [PIXEL_RANGE] * image.numel() if self._clip else None
        done = 0
        with _Conversation(image, bounds, self._history, iterations) as conversation:
            for vector, is_iterate in conversation:
                at = torch.from_numpy(vector).reshape(image.shape).to(image.dtype).to(image.device)
                if is_iterate:
                    done += 1
                    yield OptimizerIterate(at, latest.loss, latest.terms)
                else:
                    latest = evaluate(at)
                    if not is_finite(latest):
                        raise divergence(iterations=done)
                    conversation.answer(latest)

    def rescale(self, resize: Callable[[Tensor], Tensor]) -> None:
        """Nothing is remembered between calls."""

    def state(self, max_bytes: int) -> Iterator[tuple[str, Tensor]]:
        """See `Optimizer.state`: SciPy keeps its memory to itself."""
        del max_bytes
        yield from ()

    def load_state(self, state: Mapping[str, Tensor]) -> None:
        """See `Optimizer.load_state`."""


class _Abandoned(Exception):  # noqa: N818 - not an error: the caller wants no more iterates
    """Ends SciPy's loop from inside its objective."""


class _Conversation:
    """SciPy in a thread: iterating gives (vector, False) to be answered, and (vector, True) for each iterate."""

    def __init__(self, image: Tensor, bounds: list[tuple[float, float]] | None, history: int, iterations: int) -> None:
        self._asked: queue.SimpleQueue[tuple[Vector, bool] | BaseException | None] = queue.SimpleQueue()
        self._answered: queue.SimpleQueue[tuple[float, Vector] | None] = queue.SimpleQueue()
        start = image.detach().cpu().double().numpy().ravel()
        self._thread = threading.Thread(target=self._work, args=(start, bounds, history, iterations), daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._answered.put(None)
        self._thread.join()

    def __iter__(self) -> Iterator[tuple[Vector, bool]]:
        while (message := self._asked.get()) is not None:
            if isinstance(message, BaseException):
                raise message
            yield message
            if message[1]:
                self._answered.put((0.0, message[0]))  # lets SciPy go on

    def answer(self, evaluation: Evaluation) -> None:
        """Give SciPy the loss and the gradient that it asked for."""
        self._answered.put((evaluation.loss, evaluation.gradient.cpu().double().numpy().ravel()))

    def _work(self, start: Vector, bounds: list[tuple[float, float]] | None, history: int, iterations: int) -> None:
        try:
            import scipy.optimize  # noqa: PLC0415 - a third of a second that few recipes need

            scipy.optimize.fmin_l_bfgs_b(
                self._ask, start, bounds=bounds, m=history, maxiter=iterations, callback=self._tell
            )
        except _Abandoned:
            return
        except BaseException as error:  # noqa: BLE001 - raised again in the caller's thread
            self._asked.put(error)
        else:
            self._asked.put(None)

    def _ask(self, vector: Vector) -> tuple[float, Vector]:
        return self._exchange(vector, is_iterate=False)

    def _tell(self, vector: Vector) -> None:
        self._exchange(vector, is_iterate=True)

    def _exchange(self, vector: Vector, *, is_iterate: bool) -> tuple[float, Vector]:
        self._asked.put((vector.copy(), is_iterate))
        answer = self._answered.get()
        if answer is None:
            raise _Abandoned
        return answer
