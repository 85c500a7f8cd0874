"""Device, precision and threads: what the settings ask for, against what this machine has."""

from collections.abc import Callable
from dataclasses import dataclass

import torch

from impasto.errors import DeviceError
from impasto.settings import Settings

PRECISIONS = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float64": torch.float64}


@dataclass(frozen=True)
class Machine:
    """Where and how a run computes."""

    device: torch.device
    dtype: torch.dtype
    """Of the convolutions."""
    threads: int
    """On the CPU."""

    @property
    def precision(self) -> str:
        """The convolutions' type by its name in the settings."""
        return str(self.dtype).removeprefix("torch.")

    @property
    def picture_dtype(self) -> torch.dtype:
        """Of the picture and its statistics: never less than float32."""
        return torch.float64 if self.dtype == torch.float64 else torch.float32


def prepare(settings: Settings, default_device: str = "auto") -> Machine:
    """Resolve `auto`, check that the machine has what is asked for, and set the number of threads.

    Args:
        settings: its device, precision and threads are read.
        default_device: what `auto` in the settings stands for.

    Raises:
        DeviceError: the machine has no such device, or the device no such precision.
    """
    device = find_device(default_device if settings.device == "auto" else settings.device)
    dtype = _precision(settings.precision, device)
    if settings.threads:
        torch.set_num_threads(settings.threads)
    return Machine(device, dtype, torch.get_num_threads())


def find_device(name: str) -> torch.device:
    """The device of a name; `auto` is the first of CUDA, MPS and CPU that is there.

    Raises:
        DeviceError: this machine does not have it.
    """
    if name == "auto":
        name = next(kind for kind, there in _PRESENT.items() if there())
    device = torch.device(name)
    if not _PRESENT[device.type]() or (device.index or 0) >= max(1, torch.cuda.device_count()):
        raise DeviceError(f"this machine has no device '{name}'", "Use --device auto or cpu.")
    return device


def bfloat16_is_fast(device: torch.device) -> bool:
    """Whether convolutions in bfloat16 are faster than in float32: the device has instructions for them."""
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported())
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
        raise DeviceError("MPS devices have no float64", "Use --device cpu, or --precision float32.")
    return PRECISIONS[name]
