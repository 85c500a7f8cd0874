"""The state of a long run, kept so that the same run goes on after it was killed.

A checkpoint is the image on the way, where that is, and what the optimizer remembers: all of it, so that a run that was
killed gives the picture of one that was not, unless the image is so large that this takes more than `ROOM`.
"""

import contextlib
import hashlib
import itertools
import json
import time
import zipfile
from collections.abc import Iterable
from importlib.metadata import version
from pathlib import Path
from typing import BinaryIO

import numpy as np
import torch
from torch import Tensor

from impasto.core import Iterate, ResumePoint
from impasto.core.spec import IMAGE
from impasto.engine.inputs import Inputs
from impasto.errors import ImpastoError
from impasto.settings import Settings
from impasto.settings.effect import effective_values, named_files
from impasto.sizing import Scale
from impasto.storage.atomic import make_folder, stream_file
from impasto.storage.home import cache

SECONDS_BETWEEN = 30.0
"""From one checkpoint to the next: what a kill costs at most, beside the iteration under way."""
LONG_RUN = 120.0
"""Seconds that a run is estimated to take at least, for its state to be kept where nothing is said."""
ROOM = 2**29
"""Bytes of what L-BFGS remembers that are kept at most: all up to two megapixels, the newest pairs above."""
_AT = "at"
"""Scale and iteration."""
_KEPT_SECONDS = 30 * 24 * 3600


class Checkpoint:
    """The checkpoint of one run, in the cache; a file that cannot be read or written is no reason to end a run.

    Args:
        identity: of the run, by `identify`.
        scales: of the run.
        margin: pixels around its images.
        rounds: of the optimizer at each scale.
        save: whether this run saves its own state; one that is there is resumed in any case.
    """

    def __init__(self, identity: str, scales: Iterable[Scale], margin: int, rounds: int, *, save: bool) -> None:
        self._file = cache() / "checkpoints" / f"{identity}.npz"
        self._planned = [scale.iterations * rounds for scale in scales]
        self._sizes = [scale.size for scale in scales]
        self._margin, self._rounds, self._enabled, self._saved = margin, rounds, save, time.monotonic()

    def load(self) -> ResumePoint | None:
        """Give where an earlier run was, if it left a checkpoint that fits."""
        self._remove_old()
        try:
            with self._file.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
                state = {name: torch.from_numpy(array) for name, array in arrays.items()}
            scale, iteration = state.pop(_AT).tolist()
            image = state[IMAGE]
        except (OSError, ValueError, TypeError, KeyError, zipfile.BadZipFile):
            return None
        if not (1 <= scale <= len(self._planned) and 0 <= iteration <= self._planned[scale - 1]):
            return None
        width, height = self._sizes[scale - 1]
        size = height + 2 * self._margin, width + 2 * self._margin
        if image.shape[2:] != size or not all(tensor.isfinite().all() for tensor in state.values()):
            return None
        if scale == len(self._planned):  # which makes the result
            iteration = min(iteration, self._planned[-1] - 1)
        return ResumePoint(scale, iteration, state)

    def update(self, iterate: Iterate) -> None:
        """Keep an iterate, if the last that was kept is of a while ago, or a scale is finished with it."""
        if not self._enabled:
            return
        finished = iterate.stage == "output" and self._rounds == 1 and iterate.scale < len(self._planned)
        if finished or (iterate.stage == "step" and time.monotonic() - self._saved > SECONDS_BETWEEN):
            iteration = self._planned[iterate.scale - 1] if finished else iterate.iteration
            assert iterate.state is not None
            self._save(iterate.scale, iteration, iterate.state(ROOM))

    def remove(self) -> None:
        """Remove it: the run is finished."""
        with contextlib.suppress(OSError):
            self._file.unlink(missing_ok=True)

    def _save(self, scale: int, iteration: int, state: Iterable[tuple[str, Tensor]]) -> None:
        """Write one array after another, so that no more than one is held twice: this is an uncompressed `.npz`."""

        def write(file: BinaryIO) -> None:
            with zipfile.ZipFile(file, "w") as arrays:
                for name, tensor in itertools.chain([(_AT, torch.tensor([scale, iteration]))], state):
                    with arrays.open(f"{name}.npy", "w", force_zip64=True) as member:
                        np.lib.format.write_array(member, tensor.detach().cpu().numpy(), allow_pickle=False)

        with contextlib.suppress(ImpastoError, OSError):
            make_folder(self._file.parent)
            stream_file(self._file, write)
        self._saved = time.monotonic()

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
