"""Device, precision and threads: what the settings ask for, against what this machine has."""

import contextlib
import ctypes
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

import torch

from impasto.engine.estimate import Processor
from impasto.engine.memory import LARGEST_KEPT, first_map_bytes, free_memory, physical_memory
from impasto.errors import DeviceError, OutOfMemoryError, count_noun
from impasto.storage.limits import is_out_of_memory
from impasto.wording import argument

_DEFAULT_THREADS = torch.get_num_threads()
_MOST_THREADS_PER_CORE = 16
"""More only wait for each other, and at some number the system refuses to start them, which ends the process."""
_M_MMAP_THRESHOLD = -3  # malloc.h
_RETURNED = 4 * 2**20

PRECISIONS = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float64": torch.float64}


@dataclass(frozen=True)
class ComputeSpec:
    """Where and how to compute, as asked for."""

    device: str
    """`auto`, `cpu`, `mps`, `cuda` or `cuda:N`."""
    precision: Literal["auto", "float32", "bfloat16", "float64"]
    """Of the convolutions."""
    threads: int
    """On the CPU; 0 leaves the choice to torch."""


@dataclass(frozen=True)
class ComputeConfig:
    """Where and how a run computes."""

    device: torch.device
    dtype: torch.dtype
    """Of the convolutions."""
    threads: int
    """On the CPU."""
    fallback: str | None = None
    """Why the precision is not the fastest that the device has, where measuring ruled that one out."""

    @property
    def precision(self) -> str:
        """The convolutions' type by its name in the spec."""
        return str(self.dtype).removeprefix("torch.")

    @property
    def processor(self) -> Processor:
        """What the speed depends on."""
        return Processor(str(self.device), self.precision, self.threads)

    @property
    def image_dtype(self) -> torch.dtype:
        """Of the picture and its statistics: never less than float32."""
        return torch.float64 if self.dtype == torch.float64 else torch.float32


def configure(spec: ComputeSpec, default_device: str = "auto") -> ComputeConfig:
    """Resolve `auto`, check that the machine has what is asked for, and set the number of threads.

    Args:
        spec: what is asked for.
        default_device: what `auto` in it stands for.

    Raises:
        DeviceError: the machine has no such device, the device no such precision, or the processor far fewer cores
            than there are to be threads.
    """
    device = find_device(default_device if spec.device == "auto" else spec.device)
    dtype = _precision(spec.precision, device)
    _check_threads(spec.threads)
    torch.set_num_threads(spec.threads or _DEFAULT_THREADS)
    if device.type == "cuda":  # float32 is to mean float32, and the same seed the same bytes
        torch.backends.cudnn.allow_tf32 = False
        torch.backends.cuda.matmul.allow_bf16_reduced_precision_reduction = False
        torch.backends.cudnn.deterministic = True
        torch.backends.cudnn.benchmark = False
    return ComputeConfig(device, dtype, torch.get_num_threads())


def _check_threads(threads: int) -> None:
    cores = os.cpu_count() or 1
    if threads > _MOST_THREADS_PER_CORE * cores:
        problem = f"{argument('threads', threads)} is too many for {count_noun(cores, 'core')}"
        raise DeviceError(problem, f"Use at most {_MOST_THREADS_PER_CORE * cores}, or 0 for the usual number.")


def find_device(name: str) -> torch.device:
    """The device of a name; `auto` is the first of CUDA, MPS and CPU that is there.

    Raises:
        DeviceError: this machine does not have it.
    """
    if name == "auto":
        name = next(kind for kind, there in _PRESENT.items() if there())
    try:
        device = torch.device(name)
    except RuntimeError:  # not a name of any device
        device = None
    there = device is not None and _PRESENT.get(device.type, lambda: False)()
    if device is None or not there or (device.index or 0) >= max(1, torch.cuda.device_count()):
        raise DeviceError(f"this machine has no device '{name}'", f"Use {argument('device', 'auto')} or cpu.")
    return device


def return_memory_eagerly(compute: ComputeConfig, pixels: int) -> None:
    """Have the memory of large maps returned to the system as soon as they are freed.

    glibc keeps what is smaller than 32 MiB for later; where the first layers' maps are much larger than that, they find
    no room in what the deeper layers' maps left, and a step would need half as much again. Below, keeping is faster.
    The choice holds for all that the process allocates from then on.

    Args:
        compute: where the picture is painted; elsewhere than on the CPU of a system with glibc this does nothing.
        pixels: of the result.
    """
    first_maps = first_map_bytes(pixels, compute.dtype.itemsize)
    if compute.device.type == "cpu" and first_maps > LARGEST_KEPT:
        with contextlib.suppress(OSError, AttributeError, TypeError):
            ctypes.CDLL(None).mallopt(_M_MMAP_THRESHOLD, _RETURNED)


def device_memory(device: torch.device) -> int:
    """Bytes that can be had now where a device computes."""
    if device.type == "cuda":
        kept = torch.cuda.memory_reserved(device) - torch.cuda.memory_allocated(device)  # by torch, for its next use
        return torch.cuda.mem_get_info(device)[0] + kept
    if device.type == "mps":
        return torch.mps.recommended_max_memory() - torch.mps.current_allocated_memory()
    return free_memory()


def total_memory(device: torch.device) -> int:
    """Bytes that there are where a device computes, others' included."""
    if device.type == "cuda":
        return torch.cuda.get_device_properties(device).total_memory
    return torch.mps.recommended_max_memory() if device.type == "mps" else physical_memory()


@contextmanager
def translate_oom() -> Iterator[None]:
    """Turn torch's ways to say that memory ran out into one error.

    Raises:
        OutOfMemoryError: there was too little memory for what was done inside.
    """
    try:
        yield
    except (MemoryError, RuntimeError) as error:
        if not is_out_of_memory(error):
            raise
        hint = f"Use a smaller {argument('size')}, or say how much may be taken, such as {argument('memory', '4GB')}."
        raise OutOfMemoryError("there is not enough memory for a picture of this size", hint) from error


def bfloat16_is_fast(device: torch.device) -> bool:
    """Whether convolutions in bfloat16 are faster than in float32: the device has instructions for them."""
    if device.type == "cuda":
        with torch.cuda.device(device):
            return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    return device.type == "cpu" and bool(torch.cpu._is_avx512_bf16_supported())  # noqa: SLF001 - torch has no public name


_PRESENT: dict[str, Callable[[], bool]] = {
    "cuda": torch.cuda.is_available,
    "mps": torch.backends.mps.is_available,
    "cpu": lambda: True,
}


def _precision(name: str, device: torch.device) -> torch.dtype:
    if name == "auto":
        return torch.bfloat16 if bfloat16_is_fast(device) else torch.float32
    if name == "float64" and device.type == "mps":
        remedy = f"Use {argument('device', 'cpu')}, or {argument('precision', 'float32')}."
        raise DeviceError("MPS devices have no float64", remedy)
    return PRECISIONS[name]
