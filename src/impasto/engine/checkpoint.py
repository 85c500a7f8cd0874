"""The state of a long run, kept so that the same run goes on after it was killed.

A checkpoint is the image on the way and where that is. The optimizer's memory is not kept: it takes ten times as much
as the image, and is found again in as many iterations as are made once more.
"""

import contextlib
import hashlib
import json
import time
from collections.abc import Iterable
from dataclasses import replace
from importlib.metadata import version

import safetensors
import safetensors.torch
import torch

from impasto.core import Iterate, Position
from impasto.engine.inputs import Inputs
from impasto.errors import ImpastoError
from impasto.settings import MACHINE_SETTINGS, Settings
from impasto.sizing import Scale
from impasto.storage.atomic import make_folder, replace_file
from impasto.storage.home import cache

SECONDS_BETWEEN = 30.0
"""From one checkpoint to the next: what a kill costs at most, beside the iteration under way."""
LONG_RUN = 120.0
"""Seconds that a run is estimated to take at least, for its state to be kept where nothing is said."""
RELEARNED = 8
"""Iterations of a scale that are counted as not done when a run goes on within it."""
_KEPT_SECONDS = 30 * 24 * 3600
_IMAGE = "image"


class Checkpoint:
    """The checkpoint of one run, in the cache; a file that cannot be read or written is no reason to end a run.

    Args:
        identity: of the run, by `identify`.
        scales: of the run.
        rounds: of the optimizer at each scale.
        keep: whether this run keeps its own state; one that is there is gone on from in any case.
    """

    def __init__(self, identity: str, scales: Iterable[Scale], rounds: int, *, keep: bool) -> None:
        self._file = cache() / "checkpoints" / f"{identity}.safetensors"
        self._planned = [scale.iterations * rounds for scale in scales]
        self._sizes = [scale.size for scale in scales]
        self._rounds, self._keep, self._saved = rounds, keep, time.monotonic()

    def load(self) -> Position | None:
        """Give where an earlier run was, if it left a checkpoint that fits."""
        try:
            with safetensors.safe_open(self._file, "pt") as file:
                found, image = json.loads(file.metadata()["position"]), file.get_tensor(_IMAGE)
            position = Position(int(found["scale"]), int(found["iteration"]), image)
        except (OSError, ValueError, TypeError, KeyError, safetensors.SafetensorError):
            return None
        if not self._fits(position):
            return None
        if position.iteration >= self._planned[position.scale - 1]:
            return position
        return replace(position, iteration=max(0, position.iteration - RELEARNED))

    def update(self, iterate: Iterate) -> None:
        """Keep an iterate, if the last that was kept is of a while ago, or a scale is finished with it."""
        if not self._keep:
            return
        finished = iterate.stage == "output" and self._rounds == 1 and iterate.scale < len(self._planned)
        if finished or (iterate.stage == "step" and time.monotonic() - self._saved > SECONDS_BETWEEN):
            iteration = self._planned[iterate.scale - 1] if finished else iterate.iteration
            self._save(Position(iterate.scale, iteration, iterate.image))

    def remove(self) -> None:
        """Remove it: the run is finished."""
        with contextlib.suppress(OSError):
            self._file.unlink(missing_ok=True)

    def _fits(self, position: Position) -> bool:
        """Tell whether a run with these scales has something left to do from a position."""
        if not (1 <= position.scale <= len(self._planned) and position.iteration >= 0):
            return False
        width, height = self._sizes[position.scale - 1]
        is_end = position.scale == len(self._planned) and position.iteration >= self._planned[-1]
        return not is_end and position.image.shape == (1, 3, height, width) and bool(position.image.isfinite().all())

    def _save(self, position: Position) -> None:
        self._saved = time.monotonic()
        image = position.image.detach().to("cpu", torch.float32).contiguous()
        metadata = {"position": json.dumps({"scale": position.scale, "iteration": position.iteration})}
        with contextlib.suppress(ImpastoError, OSError):
            make_folder(self._file.parent)
            replace_file(self._file, safetensors.torch.save({_IMAGE: image}, metadata))
            self._remove_old()

    def _remove_old(self) -> None:
        for file in self._file.parent.iterdir():
            if time.time() - file.stat().st_mtime > _KEPT_SECONDS:
                file.unlink()


def identify(settings: Settings, inputs: Inputs, described: str) -> str:
    """Give a name to a run: the same for the same settings, whatever the machine, and the same pictures and masks.

    Args:
        settings: all of them.
        inputs: the pictures and masks.
        described: what the metadata of a result say of its inputs.
    """
    choices = {name: value for name, value in settings.model_dump(mode="json").items() if name not in MACHINE_SETTINGS}
    digest = hashlib.sha256(json.dumps([version("impasto"), choices, described], sort_keys=True).encode())
    planes = [*inputs.masks.styles, *([] if inputs.masks.keep is None else [inputs.masks.keep])]
    for array in (*planes, *([inputs.init.rgb] if inputs.init else [])):
        digest.update(str(array.shape).encode() + array.tobytes())
    return digest.hexdigest()[:32]
