"""How fast this machine is, measured once for each kind of run, so that the first estimate is no guess."""

import time

from impasto.core import StyleTransfer
from impasto.engine.estimate import SpeedHistory
from impasto.engine.probe import probe_sizes
from impasto.engine.run import RunInputs
from impasto.sizing import Size, padded_pixels

WORTHWHILE = 5.0
"""Seconds that a run is guessed to take at least, for the second that measuring takes to be worth it."""
ENOUGH = 0.2
"""Seconds that an evaluation takes at least, to tell how long one of a larger image takes."""
EVALUATIONS = {"lbfgs": 1.1, "adam": 1.05, "scipy-lbfgsb": 1.5}
"""How long an iteration takes, in evaluations: the optimizer's own work, and steps that are tried and cut back."""


def calibrate(inputs: RunInputs) -> None:
    """Measure what an iteration takes, where no run of this kind has told, and keep it for estimates."""
    estimate, work, transfer, history = inputs.estimate(), inputs.work, inputs.transfer, SpeedHistory()
    if not estimate.rough or estimate.seconds < WORTHWHILE:
        return
    if history.rate(work.kind(0), 0):  # what is a guess is how fast a cluster is, and only a run on it tells
        return
    for size in probe_sizes(transfer):
        pixels = padded_pixels(size, work.margin)
        if inputs.memory.is_remote(pixels):
            break
        seconds = _time_evaluation(transfer, size)
        history.record(work.kind(pixels), pixels=pixels, iterations=1, seconds=seconds * EVALUATIONS[work.optimizer])
        if seconds >= ENOUGH:
            break
    transfer.targets.forget()
    transfer.initial_image.forget()


def _time_evaluation(transfer: StyleTransfer, size: Size) -> float:
    """Give the seconds that an evaluation of the objective takes: the second, since the first reserves memory."""
    objective, image = transfer.objective(*size), transfer.initial_image(*size)
    objective.evaluate(image)
    start = time.perf_counter()
    objective.evaluate(image)  # its values are read, for which a GPU has to be done
    return time.perf_counter() - start
