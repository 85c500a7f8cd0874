"""One run through the scales, as a generator of events."""

import time
from collections import deque
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import closing
from functools import partial

import torch
from torch import Tensor

from impasto.core.losses.masked import HeldObjective
from impasto.core.losses.objective import Objective
from impasto.core.optim import LBFGS, Adam, Iterate, Minimizer, ScipyLBFGSB
from impasto.core.optim.averaging import KEEPERS, Keeper
from impasto.core.pyramid import Scale, plan
from impasto.engine.device import check_memory, give_back_at_once, memory_reported
from impasto.engine.events import Event, Finished, Preview, Restart, Started, Step
from impasto.engine.result import Result
from impasto.engine.session import Session
from impasto.settings import Settings

PATIENCE = 10
"""Iterations over which `tolerance` is measured."""

Painted = tuple[Tensor, tuple[float, ...]]
"""A picture (1, 3, H, W) and its terms."""


class Run:
    """Paints one picture; see `Stylizer.run` for what it yields.

    Args:
        session: pictures, settings, network and machine.
        stop: asked between steps; once true, the run ends with the picture as it is.
        metadata: what the result says of how it was made.
        preview_every: iterations between previews; 0 shows only the start and the end of each round.
    """

    def __init__(
        self, session: Session, *, stop: Callable[[], bool], preview_every: int, metadata: Mapping[str, str]
    ) -> None:
        settings = session.settings
        width, height = session.result_size
        self._session, self._stop, self._preview_every = session, stop, preview_every
        self._metadata = metadata
        self._scales = plan(
            width,
            height,
            scales=settings.scales,
            iterations=settings.iterations,
            decay=settings.iterations_decay,
            smallest_side=session.smallest_side,
        )
        session.check(self._scales[0].width, self._scales[0].height)
        history = min(settings.history, settings.iterations) if settings.optimizer == "lbfgs" else 1
        pixels = (width + 2 * settings.margin) * (height + 2 * settings.margin)
        check_memory(session.machine, pixels, history)
        give_back_at_once(session.machine, pixels)
        self._start = session.start(self._scales[0].width, self._scales[0].height)
        self._minimizer = _minimizer(settings)
        self._names = [str(term) for term in session.balance.terms()]
        self._clock = _Clock(self._scales, settings.rounds)
        self._total = 0
        self._stopped = False

    def events(self) -> Iterator[Event]:
        """Started, then each scale's steps and previews, then Finished."""
        with memory_reported():
            yield from self._events()

    def _events(self) -> Iterator[Event]:
        yield self._started()
        image = self._start
        yield self._preview(image, 1, 0, None)
        if self._session.settings.strength == 0:
            image, terms = self._photograph()
        else:
            image, terms = yield from self._through_scales(image)
        # A run that was stopped early gives the size that was asked for all the same.
        image = self._session.grown(image, self._scales[-1].width, self._scales[-1].height)
        yield Finished(
            result=Result(
                picture=self._session.planes.picture(image),
                losses=self._named(terms),
                settings=self._session.settings,
                metadata=self._metadata,
            ),
            elapsed=self._clock.elapsed,
            stopped=self._stopped,
        )

    def _photograph(self) -> Painted:
        """What a strength of 0 asks for: nothing is painted, whatever the start."""
        last = self._scales[-1]
        planes = self._session.planes
        image = planes.framed(planes.tensor(self._session.inputs.subject, last.width, last.height))
        return image, tuple(self._session.objective(last.width, last.height).losses(image).tolist())

    def _through_scales(self, image: Tensor) -> Generator[Event, None, Painted]:
        for number in range(1, len(self._scales) + 1):
            image, terms = yield from self._scale(image, number)
            if self._stopped:
                break
        return image, terms

    def _scale(self, image: Tensor, number: int) -> Generator[Event, None, Painted]:
        scale = self._scales[number - 1]
        image = self._session.grown(image, scale.width, scale.height)
        self._minimizer.rescale(partial(self._session.planes.resized, width=scale.width, height=scale.height))
        objective = self._session.held_objective(scale.width, scale.height)
        for finished_rounds in range(self._session.settings.rounds):
            if finished_rounds:
                self._minimizer = _minimizer(self._session.settings)
            image, terms = yield from self._round(objective, image, number, finished_rounds * scale.iterations)
            if self._stopped:
                break
        return image, terms

    def _round(
        self, objective: Objective | HeldObjective, image: Tensor, number: int, before: int
    ) -> Generator[Event, None, Painted]:
        """One start of the minimizer; `before` iterations were done at this scale."""
        settings = self._session.settings
        keeper = KEEPERS[settings.output_iterate]()
        recent: deque[float] = deque(maxlen=PATIENCE + 1)
        iteration = before
        planned = self._scales[number - 1].iterations
        with closing(self._minimizer.minimize(objective.evaluate, image, planned)) as iterates:
            for iteration, iterate in enumerate(iterates, before):
                keeper.see(iterate)
                if iteration > before:
                    yield from self._step(iterate, keeper, number, iteration)
                recent.append(iterate.loss)
                self._stopped = self._stop()
                if self._stopped or _stalled(recent, settings.tolerance):
                    break
        image, terms = keeper.kept()
        if terms is None:
            with torch.no_grad():
                terms = tuple(objective.losses(image).tolist())
        yield self._preview(image, number, iteration, sum(terms))
        return image, terms

    def _step(self, iterate: Iterate, keeper: Keeper, number: int, iteration: int) -> Iterator[Event]:
        scale = self._scales[number - 1]
        planned = scale.iterations * self._session.settings.rounds
        self._total += 1
        if iterate.restart:
            yield Restart(scale=number, iteration=iteration, reason=iterate.restart)
        yield Step(
            scale=number,
            scales=len(self._scales),
            width=scale.width,
            height=scale.height,
            iteration=iteration,
            iterations=planned,
            loss=iterate.loss,
            terms=self._named(iterate.terms),
            elapsed=self._clock.elapsed,
            remaining=self._clock.remaining(number, iteration),
        )
        if self._preview_every and self._total % self._preview_every == 0 and iteration % scale.iterations:
            image, terms = keeper.kept()
            yield self._preview(image, number, iteration, sum(terms) if terms else None)

    def _started(self) -> Started:
        machine, last = self._session.machine, self._scales[-1]
        return Started(
            width=last.width,
            height=last.height,
            scales=len(self._scales),
            iterations=sum(scale.iterations for scale in self._scales) * self._session.settings.rounds,
            device=str(machine.device),
            precision=machine.precision,
            threads=machine.threads,
            fallback=machine.fallback,
            settings=self._session.settings,
        )

    def _preview(self, image: Tensor, number: int, iteration: int, loss: float | None) -> Preview:
        return Preview(
            scale=number,
            iteration=iteration,
            total_iterations=self._total,
            loss=loss,
            elapsed=self._clock.elapsed,
            picture=self._session.planes.picture(image),
        )

    def _named(self, terms: tuple[float, ...]) -> dict[str, float]:
        return dict(zip(self._names, terms, strict=True))


class _Clock:
    """Time gone and, from the pixels that are still to be gone through, time left."""

    def __init__(self, scales: list[Scale], rounds: int) -> None:
        self._start = time.perf_counter()
        self._pixels = [scale.pixels for scale in scales]
        self._work = [scale.pixels * scale.iterations * rounds for scale in scales]

    @property
    def elapsed(self) -> float:
        return time.perf_counter() - self._start

    def remaining(self, number: int, iteration: int) -> float:
        """Seconds left after an iteration of a scale, at the mean speed so far."""
        done = self._pixels[number - 1] * iteration
        gone = sum(self._work[: number - 1]) + done
        left = sum(self._work[number - 1 :]) - done
        return self.elapsed * left / gone


def _minimizer(settings: Settings) -> Minimizer:
    if settings.optimizer == "adam":
        return Adam(settings.learning_rate, settings.beta1, settings.beta2, settings.epsilon, clip=settings.clip)
    if settings.optimizer == "scipy-lbfgsb":
        return ScipyLBFGSB(settings.history, clip=settings.clip)
    return LBFGS(settings.history)


def _stalled(recent: deque[float], tolerance: float) -> bool:
    return tolerance > 0 and len(recent) > PATIENCE and recent[0] - recent[-1] < tolerance * abs(recent[0])
