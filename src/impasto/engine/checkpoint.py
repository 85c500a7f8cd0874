"""The state of a long run, kept so that the same run goes on after it was killed.

A checkpoint is the image on the way, where that is, and what is known beside it: all of it, so that on the same machine
a run that was killed gives the picture of one that was not, to the bit. Exceptions are images so large that L-BFGS
remembers more than `MOST_REMEMBERED` or does so in half precision, and SciPy's, which keeps its memory to itself.
"""

import contextlib
import hashlib
import itertools
import json
import shutil
import time
import zipfile
from collections.abc import Callable, Iterable
from importlib.metadata import version
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from impasto.core import Iterate, ResumePoint
from impasto.core.spec import IMAGE
from impasto.engine.inputs import Inputs
from impasto.errors import ImpastoError
from impasto.settings import Settings
from impasto.settings.effect import effective_values, named_files
from impasto.sizing import Scale
from impasto.storage.atomic import discard_partials, make_folder, stream_file
from impasto.storage.home import cache

SECONDS_BETWEEN = 30.0
"""From one checkpoint to the next: what a kill costs at most, beside the iteration under way."""
WRITING_SHARE = 20
"""So many times as long as it takes to write one it is at least to the next."""
LONG_RUN = 120.0
"""Seconds that a run is estimated to take at least, for its state to be kept where nothing is said."""
MOST_REMEMBERED = 2**29
"""Bytes of what the optimizer remembers that are kept at most: the default's 12 pairs up to 1.8 megapixels, and the
newest of them above."""
_AT = "at"
"""Key of scale and iteration."""
_KEPT_SECONDS = 30 * 24 * 3600
_MOST_KEPT = 2**32
"""Bytes of all checkpoints."""


class Checkpoint:
    """The checkpoint of one run, in the cache; a file that cannot be read or written is no reason to end a run.

    Args:
        identity: of the run, by `identify`.
        scales: of the run.
        margin: pixels around its images.
        rounds: of the optimizer at each scale.
        save: whether this run saves its own state; one that is there is resumed in any case.
    """

    def __init__(self, identity: str, scales: Iterable[Scale], *, margin: int, rounds: int, save: bool) -> None:
        self._file = cache() / "checkpoints" / f"{identity}.npz"
        self._planned = [scale.iterations * rounds for scale in scales]
        self._sizes = [scale.size for scale in scales]
        self._margin, self._rounds, self._enabled = margin, rounds, save
        self._saved, self._writing = time.monotonic(), 0.0

    def load(self) -> ResumePoint | None:
        """Give where an earlier run was, if it left a checkpoint that fits."""
        self._clean_up()
        try:
            with self._file.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
                state = {name: _to_tensor(array) for name, array in arrays.items()}
            scale, iteration = (int(it) for it in state.pop(_AT))
            width, height = self._sizes[scale - 1]
            size = 1, 3, height + 2 * self._margin, width + 2 * self._margin
            planned = self._planned[scale - 1]
            is_finite = all(tensor.isfinite().all() for tensor in state.values())
            fits = scale > 0 and state[IMAGE].shape == size and is_finite
        except Exception:  # noqa: BLE001 -- of the many ways in which a damaged file fails none is to end a run
            return None
        is_over = scale == len(self._planned) and iteration >= planned  # and there is no result
        return ResumePoint(scale, iteration, state) if fits and 0 <= iteration <= planned and not is_over else None

    def update(self, iterate: Iterate) -> None:
        """Keep an iterate, if the last that was kept is of a while ago, or a scale is finished with it."""
        if not self._enabled or iterate.state is None:
            return
        last = iterate.scale == len(self._planned)
        finished = iterate.stage == "output" and self._rounds == 1 and not last
        iteration = self._planned[iterate.scale - 1] if finished else iterate.iteration
        is_due = iterate.stage == "step" and time.monotonic() - self._saved > max(
            SECONDS_BETWEEN, WRITING_SHARE * self._writing
        )
        if finished or (is_due and not (last and iteration >= self._planned[-1])):  # after which comes the result
            self._save(iterate.scale, iteration, iterate.state)

    def remove(self) -> None:
        """Remove it: the run is finished."""
        with contextlib.suppress(OSError):
            self._file.unlink(missing_ok=True)

    def _save(self, scale: int, iteration: int, state: Callable[[int], Iterable[tuple[str, Tensor]]]) -> None:
        """Write one array after another, so that no more than one is held twice: this is an uncompressed `.npz`."""
        begin = time.monotonic()

        def write(file: BinaryIO) -> None:
            max_bytes = min(MOST_REMEMBERED, shutil.disk_usage(self._file.parent).free // 8)
            with zipfile.ZipFile(file, "w") as arrays:
                for name, tensor in itertools.chain([(_AT, torch.tensor([scale, iteration]))], state(max_bytes)):
                    with arrays.open(f"{name}.npy", "w", force_zip64=True) as member:
                        np.lib.format.write_array(member, _to_array(tensor), allow_pickle=False)

        with contextlib.suppress(ImpastoError, OSError):
            make_folder(self._file.parent)
            stream_file(self._file, write)
        self._saved = time.monotonic()
        self._writing = self._saved - begin

    def _clean_up(self) -> None:
        """Remove what was left by runs of long ago, the oldest of too many, and what this one was killed in writing."""
        with contextlib.suppress(OSError):
            discard_partials(self._file)
            found = [(file.stat(), file) for file in self._file.parent.iterdir()]
            total = 0
            for status, file in sorted(found, key=lambda it: it[0].st_mtime, reverse=True):
                total += status.st_size
                if total > _MOST_KEPT or time.time() - status.st_mtime > _KEPT_SECONDS:
                    file.unlink()


def _to_array(tensor: Tensor) -> NDArray[Any]:
    """Give a tensor to NumPy, which has no bfloat16: its bits as integers."""
    tensor = tensor.detach().cpu()
    return (tensor.view(torch.int16) if tensor.dtype == torch.bfloat16 else tensor).numpy()


def _to_tensor(array: NDArray[Any]) -> Tensor:
    """Give back what `_to_array` was given."""
    tensor = torch.from_numpy(array)
    return tensor.view(torch.bfloat16) if tensor.dtype == torch.int16 else tensor


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
    for array in (*planes, *(it.rgb for it in (inputs.init, inputs.colors_like) if it)):
        digest.update(str(array.shape).encode() + array.tobytes())
    return digest.hexdigest()[:32]
