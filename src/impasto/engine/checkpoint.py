"""The state of a long run, kept so that the same run goes on after it was killed.

A checkpoint is the image on the way and where that is. The optimizer's memory is not kept: it takes ten times as much
as the image, and is found again in as many iterations as are made once more.
"""

import contextlib
import hashlib
import json
import time
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path

import safetensors
import safetensors.torch
import torch
from torch import Tensor

from impasto.core import Iterate, ResumePoint
from impasto.engine.inputs import Inputs
from impasto.errors import ImpastoError
from impasto.settings import Settings
from impasto.settings.effect import effective_values, named_files
from impasto.sizing import Scale
from impasto.storage.atomic import make_folder, replace_file
from impasto.storage.home import cache

SECONDS_BETWEEN = 30.0
"""From one checkpoint to the next: what a kill costs at most, beside the iteration under way and `RELEARNED`."""
LONG_RUN = 120.0
"""Seconds that a run is estimated to take at least, for its state to be kept where nothing is said."""
RELEARNED = 8
"""Iterations of a scale that are counted as not done when a run goes on within it, at most."""
RELEARNING_SECONDS = 30.0
"""What they may take; with `SECONDS_BETWEEN`, a minute is lost."""
_KEPT_SECONDS = 30 * 24 * 3600
_IMAGE = "image"


class Checkpoint:
    """The checkpoint of one run, in the cache; a file that cannot be read or written is no reason to end a run.

    Args:
        identity: of the run, by `identify`.
        scales: of the run.
        rounds: of the optimizer at each scale.
        save: whether this run saves its own state; one that is there is resumed in any case.
    """

    def __init__(self, identity: str, scales: Iterable[Scale], rounds: int, *, save: bool) -> None:
        self._file = cache() / "checkpoints" / f"{identity}.safetensors"
        self._planned = [scale.iterations * rounds for scale in scales]
        self._sizes = [scale.size for scale in scales]
        self._rounds, self._enabled, self._saved = rounds, save, time.monotonic()
        self._resumed = (1, 0)
        self._latest, self._step_seconds = self._saved, 0.0

    def load(self) -> ResumePoint | None:
        """Give where an earlier run was, if it left a checkpoint that fits."""
        self._remove_old()
        try:
            with safetensors.safe_open(self._file, "pt") as file:
                found, image = json.loads(file.metadata()["at"]), file.get_tensor(_IMAGE).clone()  # and close the file
            scale, iteration, least = int(found["scale"]), int(found["iteration"]), int(found["least"])
            relearned = min(RELEARNED, int(RELEARNING_SECONDS / max(float(found["step_seconds"]), 1e-3)))
        except (OSError, ValueError, TypeError, KeyError, safetensors.SafetensorError):
            return None
        if not (1 <= scale <= len(self._planned) and 0 <= least <= iteration):
            return None
        width, height = self._sizes[scale - 1]
        if image.shape != (1, 3, height, width) or not image.isfinite().all():
            return None
        planned = self._planned[scale - 1]
        if iteration < planned or scale == len(self._planned):  # the last scale makes the result
            iteration = min(max(least, iteration - relearned), planned - 1)
        self._resumed = scale, iteration
        return ResumePoint(scale, iteration, image)

    def update(self, iterate: Iterate) -> None:
        """Keep an iterate, if the last that was kept is of a while ago, or a scale is finished with it."""
        if not self._enabled:
            return
        now = time.monotonic()
        self._step_seconds, self._latest = now - self._latest, now
        finished = iterate.stage == "output" and self._rounds == 1 and iterate.scale < len(self._planned)
        if finished or (iterate.stage == "step" and now - self._saved > SECONDS_BETWEEN):
            iteration = self._planned[iterate.scale - 1] if finished else iterate.iteration
            self._save(iterate.scale, iteration, iterate.image)

    def remove(self) -> None:
        """Remove it: the run is finished."""
        with contextlib.suppress(OSError):
            self._file.unlink(missing_ok=True)

    def _save(self, scale: int, iteration: int, image: Tensor) -> None:
        self._saved = time.monotonic()
        # However often a run is killed, none goes back behind where one before it went on: it comes to its end.
        least = self._resumed[1] + 1 if scale == self._resumed[0] else 0
        at = {
            "scale": scale,
            "iteration": iteration,
            "least": min(least, iteration),
            "step_seconds": self._step_seconds,
        }
        image = image.detach().to("cpu", torch.float32).contiguous()
        with contextlib.suppress(ImpastoError, OSError):
            make_folder(self._file.parent)
            replace_file(self._file, safetensors.torch.save({_IMAGE: image}, {"at": json.dumps(at)}))

    def _remove_old(self) -> None:
        """Remove what was left by runs of long ago."""
        with contextlib.suppress(OSError):
            for file in self._file.parent.iterdir():
                if time.time() - file.stat().st_mtime > _KEPT_SECONDS:
                    file.unlink()


def identify(settings: Settings, inputs: Inputs, described: str) -> str:
    """Give a name to a run: the same for the same settings, whatever the machine, and the same pictures and masks.

    Args:
        settings: all of them.
        inputs: the pictures and masks, as they were read.
        described: what the metadata of a result say of its inputs.

    Raises:
        OSError: the file of the network cannot be read.
    """
    choices = effective_values(settings)
    digest = hashlib.sha256(json.dumps([version("impasto"), choices, described], sort_keys=True).encode())
    for path in named_files(settings).get("network", []):
        with Path(path).expanduser().open("rb") as file:
            digest.update(hashlib.file_digest(file, "sha256").digest())
    planes = [*inputs.masks.styles, *([] if inputs.masks.keep is None else [inputs.masks.keep])]
    for array in (*planes, *([inputs.init.rgb] if inputs.init else [])):
        digest.update(str(array.shape).encode() + array.tobytes())
    return digest.hexdigest()[:32]
