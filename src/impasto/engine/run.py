"""One run: a transfer's iterates as events, with a clock and previews."""

import time
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace

from torch import Tensor

from impasto.core import Iterate, ResumePoint, StyleTransfer
from impasto.core.transfer import BuildLosses
from impasto.engine.checkpoint import Checkpoint
from impasto.engine.device import ComputeConfig, translate_oom
from impasto.engine.estimate import (
    BEGINNING,
    FEWEST_ITERATIONS,
    Estimate,
    SpeedHistory,
    Workload,
    estimate_seconds,
)
from impasto.engine.events import Event, Finished, Preview, Restart, Resumed, Started, Step
from impasto.engine.inputs import Inputs
from impasto.engine.memory import Load, MemoryPlan
from impasto.engine.result import InputPreviews, Result
from impasto.engine.tensors import ImageTensors
from impasto.settings import Settings
from impasto.sizing import Scale, padded_pixels


@dataclass(frozen=True)
class RunInputs:
    """A transfer that is set up, and what its events say of it."""

    inputs: Inputs
    transfer: StyleTransfer
    tensors: ImageTensors
    compute: ComputeConfig
    settings: Settings
    network: str
    """The network's name in the settings."""
    load: Load
    """What it has to hold in memory."""
    memory: MemoryPlan
    """How it stays within that."""

    @property
    def work(self) -> Workload:
        """What it computes."""
        spec, rounds = self.transfer.spec, self.transfer.spec.rounds
        scales = [replace(scale, iterations=scale.iterations * rounds) for scale in self.transfer.scales]
        return Workload(
            scales=[] if spec.content_only else scales,
            margin=spec.margin,
            network=self.network,
            deepest=(max(spec.objective.layers), max(spec.objective_at(coarsest=False).layers)),
            optimizer=self.load.optimizer,
            processor=self.compute.processor,
            memory=self.memory,
        )

    def refine(self, start: Tensor, iterations: int, losses: Sequence[BuildLosses] = ()) -> StyleTransfer:
        """Give the transfer that goes on from an image at the scale of its size, and ends there.

        Args:
            start: (1, 3, H, W), 0..255, of the size of one of the scales.
            iterations: of the optimizer.
            losses: further terms of its objective.
        """
        whole, spec, size = self.transfer, self.transfer.spec, (start.shape[3], start.shape[2])
        objective = spec.objective_at(coarsest=size == whole.scales[0].size)
        alone = replace(
            spec,
            size=size,
            scales=1,
            iterations=iterations,
            rounds=1,
            noise_share=0.0,
            objective=objective,
            fine_scale_objective=None,
            soften_empty=False,  # what it goes on from is softened already, and would be each time
        )
        return StyleTransfer(whole.network, self.tensors.transfer_images(alone, init=start), alone, losses)

    def estimate(self, resume: ResumePoint | None = None) -> Estimate:
        """Estimate what the run will take: all of it, or what is left after an earlier one."""
        work, last = self.work, self.transfer.scales[-1]
        if resume and work.scales:
            first, *later = work.scales[resume.scale - 1 :]
            work = replace(work, scales=[replace(first, iterations=first.iterations - resume.iteration), *later])
        seconds, rough = estimate_seconds(work)
        tiles = self.memory.tiles(*(side + 2 * work.margin for side in last.size))
        return Estimate(last.width, last.height, seconds, self.memory.needed, rough, tiles)


class Run:
    """Runs a transfer; see `Stylizer.run` for what it yields.

    Args:
        inputs: the transfer, and what is said of it.
        metadata: for a file of the result, of how it was made.
        previews: makes those of the inputs, for a notebook that shows the result; asked at its end, as nobody waits for
            them before.
        stop: asked between steps; once true, the run ends with the image as it is.
        preview_every: iterations between previews; 0 shows only the start and the end of each round.
        checkpoint: where an earlier run of the same may have left its state, and where this one keeps its own.
    """

    def __init__(
        self,
        inputs: RunInputs,
        metadata: Mapping[str, str],
        previews: Callable[[], InputPreviews],
        *,
        stop: Callable[[], bool],
        preview_every: int,
        checkpoint: Checkpoint | None = None,
    ) -> None:
        self._inputs, self._metadata, self._previews = inputs, metadata, previews
        self._stop, self._preview_every = stop, preview_every
        self._scales, self._rounds = inputs.transfer.scales, inputs.transfer.spec.rounds
        self._margin = inputs.transfer.spec.margin
        self._scale_times: dict[int, tuple[int, float]] = {}
        """By scale: the iterations that were done here, and when they were, seconds of computing."""
        self._iterations = 0
        self._stopped = False
        self._checkpoint = checkpoint

    def events(self) -> Iterator[Event]:
        """Yield Started, then the steps and previews of each scale, then Finished."""
        pixels = [padded_pixels(scale.size, self._margin) for scale in self._scales]
        self._clock = RunClock(pixels, self._scales, self._rounds)
        with closing(self._all_events()) as events:
            for event in events:
                with self._clock.pause():
                    yield event

    def _all_events(self) -> Generator[Event]:
        resume = self._checkpoint.load() if self._checkpoint else None
        if resume:
            resume = self._place(resume)
            self._clock.skip(resume.scale, resume.iteration)
        yield self._started(resume)
        with translate_oom(), closing(self._inputs.transfer.run(self._asked_to_stop, resume)) as iterates:
            del resume  # a large image is not held any longer than it is needed
            for iterate in iterates:
                if self._checkpoint and not self._stopped:
                    with self._clock.pause():
                        self._checkpoint.update(iterate)
                if iterate.stage == "step":
                    yield from self._step(iterate)
                elif iterate.stage == "result":
                    yield self._finished(iterate)
                    if self._checkpoint:
                        self._checkpoint.remove()  # the caller, who has the result, came back for more
                else:
                    yield self._preview(iterate)

    def _place(self, resume: ResumePoint) -> ResumePoint:
        """Bring images to the device that computes, in its type: another may have kept them."""
        compute = self._inputs.compute
        images = {
            name: it.to(compute.device, compute.image_dtype)
            for name, it in resume.state.items()
            if it.ndim == 4  # noqa: PLR2004 -- (1, 3, H, W)
        }
        return replace(resume, state={**resume.state, **images})

    def _asked_to_stop(self) -> bool:
        self._stopped = self._stop()
        return self._stopped

    def _started(self, resume: ResumePoint | None) -> Started:
        compute, last = self._inputs.compute, self._scales[-1]
        return Started(
            width=last.width,
            height=last.height,
            scales=len(self._scales),
            iterations=sum(scale.iterations for scale in self._scales) * self._rounds,
            device=str(compute.device),
            precision=compute.precision,
            threads=compute.threads,
            photographs=int(self._inputs.inputs.content is not None),
            paintings=len(self._inputs.inputs.styles),
            faces=len(self._inputs.inputs.faces),
            fallback=compute.fallback,
            settings=self._inputs.settings,
            estimate=self._inputs.estimate(resume),
            resumed=None if resume is None else Resumed(resume.scale, resume.iteration),
        )

    def _step(self, iterate: Iterate) -> Iterator[Event]:
        """Yield a step, the restart before it, and the preview after it where one is due."""
        assert iterate.terms is not None
        assert iterate.loss is not None
        scale = self._scales[iterate.scale - 1]
        self._iterations += 1
        if iterate.restart:
            yield Restart(scale=iterate.scale, iteration=iterate.iteration, reason=iterate.restart)
        yield Step(
            scale=iterate.scale,
            scales=len(self._scales),
            width=scale.width,
            height=scale.height,
            iteration=iterate.iteration,
            iterations=scale.iterations * self._rounds,
            loss=iterate.loss,
            terms=iterate.terms,
            elapsed=self._clock.elapsed,
            remaining=self._clock.remaining(iterate.scale, iterate.iteration),
        )
        done, _ = self._scale_times.get(iterate.scale, (0, 0.0))
        self._scale_times[iterate.scale] = done + 1, self._clock.computing  # a round may have ended early
        due = self._preview_every and self._iterations % self._preview_every == 0
        if due and iterate.iteration % scale.iterations and iterate.output:  # the end of a round has its own
            yield self._preview(iterate.output())

    def _preview(self, iterate: Iterate) -> Preview:
        return Preview(
            scale=iterate.scale,
            iteration=iterate.iteration,
            total_iterations=self._iterations,
            loss=iterate.loss,
            elapsed=self._clock.elapsed,
            picture=self._inputs.tensors.picture(iterate.image),
        )

    def _finished(self, iterate: Iterate) -> Finished:
        assert iterate.terms is not None
        self._record_speed()
        return Finished(
            result=Result(
                picture=self._inputs.tensors.picture(iterate.image),
                losses=iterate.terms,
                settings=self._inputs.settings,
                metadata=self._metadata,
                previews=self._previews(),
            ),
            elapsed=self._clock.elapsed,
            stopped=self._stopped,
        )

    def _record_speed(self) -> None:
        """Keep what the iterations of each scale took, for the estimates of later runs."""
        history, work, before = SpeedHistory(), self._inputs.work, 0.0
        for number, (iterations, seconds) in self._scale_times.items():
            if iterations >= FEWEST_ITERATIONS:
                pixels = padded_pixels(self._scales[number - 1].size, self._margin)
                history.record(
                    work.kind(pixels), pixels=pixels, iterations=iterations + BEGINNING, seconds=seconds - before
                )
            before = seconds


def run_to_end(events: Iterable[Event], on_event: Callable[[Event], object]) -> Finished:
    """Pass on each event of a run as it happens; returns the last, once the run has seen that it was taken."""
    finished = None
    for event in events:
        on_event(event)
        if isinstance(event, Finished):
            finished = event
    assert finished is not None  # a run ends with it
    return finished


class RunClock:
    """The seconds since its start and, from the pixels still to be computed, those that are left."""

    def __init__(self, pixels: Sequence[int], scales: Sequence[Scale], rounds: int) -> None:
        self._start, self._paused = time.perf_counter(), 0.0
        self._pixels = pixels
        self._work = [each * scale.iterations * rounds for each, scale in zip(pixels, scales, strict=True)]
        self._skipped = 0

    def skip(self, number: int, iteration: int) -> None:
        """Leave out what is done already, up to an iteration of a scale."""
        self._skipped = self._done(number, iteration)

    @contextmanager
    def pause(self) -> Iterator[None]:
        """Exclude the time in this context from `computing`."""
        begin = time.perf_counter()
        try:
            yield
        finally:
            self._paused += time.perf_counter() - begin

    @property
    def elapsed(self) -> float:
        """Seconds since the run began, as whoever waits for it counts them."""
        return time.perf_counter() - self._start

    @property
    def computing(self) -> float:
        """Return the seconds spent in the engine, without those that its caller spent on the events."""
        return self.elapsed - self._paused

    def remaining(self, number: int, iteration: int) -> float:
        """Estimate the seconds left after an iteration of a scale, at the mean speed so far."""
        done = self._done(number, iteration)
        return self.elapsed * (sum(self._work) - done) / (done - self._skipped)

    def _done(self, number: int, iteration: int) -> int:
        return sum(self._work[: number - 1]) + self._pixels[number - 1] * iteration
