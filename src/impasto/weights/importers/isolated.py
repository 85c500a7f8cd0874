"""Reading a weights file in a process of its own, `python -m impasto.weights.importers.isolated FILE CONVENTION`.

A file of some kilobytes can state gigabytes: compressed, or as a list of millions of nothing. The process may take only
so much memory and time as a network of the file's size needs, and a parser that crashes ends it alone.
It writes a line of JSON to stdout, and after it the network as safetensors.
"""

import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from impasto.errors import ImpastoError, OutOfMemoryError, WeightsError
from impasto.storage.limits import limit_resources
from impasto.weights import registry
from impasto.weights.importers import detect_format
from impasto.weights.importers import read as read_here
from impasto.weights.vgg_weights import VGGWeights

_LEAST_MEMORY = 2**30
_MEMORY_PER_BYTE = 4
"""Of the file: the tensors as stored, as float32, reordered, and as written."""
_LEAST_CPU_SECONDS = 15
_BYTES_PER_CPU_SECOND = 20_000_000
_WALL_SECONDS = 240.0
"""For a machine that has other work, or no limits on computing."""
_TIME_IS_UP = getattr(signal, "SIGXCPU", 0)
_HINT = "Download or export it again."


@dataclass(frozen=True)
class _Limits:
    memory_bytes: int
    cpu_seconds: int

    @classmethod
    def of_file(cls, file: Path) -> "_Limits":
        size = file.stat().st_size
        return cls(_LEAST_MEMORY + _MEMORY_PER_BYTE * size, _LEAST_CPU_SECONDS + size // _BYTES_PER_CPU_SECOND)


def read(file: Path, *, convention: str | None = None) -> VGGWeights:
    """Read a weights file as `importers.read` does, with bounds on memory and time.

    Raises:
        WeightsError: as for `importers.read`; or reading takes too much, or ended its process.
    """
    if detect_format(file).is_bounded:
        return read_here(file, convention=convention)
    if convention:
        registry.convention(convention)  # an unknown name is refused at once
    command = [sys.executable, "-P", "-m", __name__, str(file), convention or ""]
    try:
        done = subprocess.run(  # noqa: S603 - this module itself
            command, stdin=subprocess.DEVNULL, capture_output=True, timeout=_WALL_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        raise _too_long(file) from None
    head, _, tensors = done.stdout.partition(b"\n")
    try:
        found = json.loads(head)
    except ValueError:
        if done.returncode == -_TIME_IS_UP:
            raise _too_long(file) from None
        raise WeightsError(f"{file} could not be read: its reader ended with {done.returncode}", _HINT) from None
    if "problem" in found:
        raise WeightsError(found["problem"], found["hint"])
    return _unpack(file, found, tensors)


def main(arguments: list[str]) -> int:
    """Read a file, within limits, and write what is found."""
    file, convention = Path(arguments[0]), arguments[1] or None
    output = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # what a library prints must not get among it
    limits = _Limits.of_file(file)
    limit_resources(memory_bytes=limits.memory_bytes, cpu_seconds=limits.cpu_seconds)
    try:
        head, tensors = _pack(read_here(file, convention=convention))
    except OutOfMemoryError:
        most = f"{limits.memory_bytes / 1e9:.1f} GB"
        problem = f"{file} takes more than {most} of memory to read, which no network of its size does"
        head, tensors = {"problem": problem, "hint": _HINT}, b""
    except ImpastoError as error:
        problem, hint = error.texts  # whoever reads them is known to the process that asked
        head, tensors = {"problem": problem, "hint": hint}, b""
    with output:
        output.write(json.dumps(head).encode() + b"\n" + tensors)
    return 0


def _pack(found: VGGWeights) -> tuple[dict[str, Any], bytes]:
    from safetensors.torch import save  # noqa: PLC0415  loads torch

    head = {"architecture": found.architecture.name, "convention": found.convention.name}
    return head, save(found.tensors)


def _unpack(file: Path, head: dict[str, Any], tensors: bytes) -> VGGWeights:
    from safetensors.torch import load  # noqa: PLC0415  loads torch

    architecture = registry.ARCHITECTURES[head["architecture"]]
    return VGGWeights(str(file), architecture, load(tensors), registry.convention(head["convention"]))


def _too_long(file: Path) -> WeightsError:
    return WeightsError(f"{file} takes too long to read", _HINT)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
