"""The checks of `impasto doctor`: the machine, and a small run to prove that the installation works."""

import itertools
import math
import os
import platform
import statistics
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from impasto import weights
from impasto.cli.display.text import format_precision
from impasto.core.network.convolution import OneDNNConv2d, convolution
from impasto.engine import device as devices
from impasto.engine.events import Finished, Started, Step
from impasto.engine.memory import free_memory, physical_memory
from impasto.engine.stylizer import Stylizer
from impasto.errors import ImpastoError
from impasto.settings import Settings
from impasto.storage.home import home
from impasto.wording import COMMAND

_PACKAGES = ("impasto", "torch", "numpy", "scipy", "pillow", "pydantic", "cyclopts", "rich")
_INSTRUCTIONS = ("avx2", "fma", "avx512f", "avx512_bf16", "amx_bf16", "asimd", "bf16", "sve")
_GIBIBYTE = 2**30
_SIDE = 96
_ITERATIONS = 8
_CPU_INFO = Path("/proc/cpuinfo")
_TIMED_STEPS = 5


def run_checks() -> dict[str, Any]:
    """Collect the machine's properties, and the outcome of a small run; `passed` of `self-test` says if it worked."""
    return {**_describe_machine(), "self-test": _try(_run_self_test), "engine": _try(_measure_engine)}


def _describe_machine() -> dict[str, Any]:
    cpu = torch.device("cpu")
    return {
        "versions": {"python": platform.python_version(), **{name: version(name) for name in _PACKAGES}},
        "system": platform.platform(),
        "processor": {
            "cores": os.cpu_count(),
            "threads": torch.get_num_threads(),
            "torch": torch.backends.cpu.get_cpu_capability(),
            "instructions": _read_instructions(),
            "bfloat16 instructions": devices.bfloat16_is_fast(cpu),
        },
        "memory": _read_memory(),
        "device": str(devices.find_device("auto")),
        "home": str(home()),
        "weights": {status.name: status.state for status in weights.available()},
    }


def _read_instructions() -> list[str]:
    """The instruction sets that matter for convolutions, where Linux lists them."""
    words = set(_CPU_INFO.read_text(encoding="utf-8").split()) if _CPU_INFO.exists() else set[str]()
    return [name for name in _INSTRUCTIONS if name in words]


def _read_memory() -> dict[str, float]:
    """The memory in GiB: all of it, and what is free."""
    found = {"GiB": physical_memory(), "GiB free": free_memory()}
    return {name: round(there / _GIBIBYTE, 1) for name, there in found.items()}


def _try(check: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """The findings of a check, or the error that ended it."""
    try:
        return check()
    except ImpastoError as error:
        return {"passed": False, "problem": error.message_for(COMMAND)}
    except Exception as error:  # noqa: BLE001 - any error is a finding
        return {"passed": False, "problem": f"{type(error).__name__}: {error}"}


def _run_self_test() -> dict[str, Any]:
    """Make a small picture as a user's run would; it passes if the loss falls."""
    settings = Settings(size=_SIDE, scales=1, iterations=_ITERATIONS, tolerance=0)
    losses: list[float] = []
    found: dict[str, Any] = {}
    for event in Stylizer().run(_content(), [_style()], settings):
        match event:
            case Started():
                found |= {"device": event.device, "precision": format_precision(event), "threads": event.threads}
            case Step():
                losses.append(event.loss)
            case Finished():
                losses.append(event.loss)
                found |= {"seconds": round(event.elapsed, 2)}
    fell = math.isfinite(losses[-1]) and losses[-1] < losses[0]
    return {"passed": fell, **found, "loss before": losses[0], "loss after": losses[-1]}


def _measure_engine() -> dict[str, Any]:
    """The implementation of the convolutions, and the time of a step in each precision that is fast here."""
    device = devices.find_device("auto")
    precisions = ["float32", "bfloat16"] if devices.bfloat16_is_fast(device) else ["float32"]
    weight = torch.zeros(1, 1, 3, 3, dtype=devices.PRECISIONS[precisions[-1]], device=device)
    layer = convolution(weight, weight[0, 0, 0, :1], padding=1)
    return {
        "convolutions": "oneDNN, with the ReLU" if isinstance(layer, OneDNNConv2d) else "torch's own",
        **{f"seconds a step of {_SIDE} px in {precision}": _step_seconds(precision) for precision in precisions},
    }


def _step_seconds(precision: str) -> float:
    settings = Settings(size=_SIDE, scales=1, iterations=_TIMED_STEPS, tolerance=0, precision=precision)
    elapsed = [event.elapsed for event in Stylizer().run(_content(), [_style()], settings) if isinstance(event, Step)]
    return statistics.median(after - before for before, after in itertools.pairwise(elapsed))


def _content() -> NDArray[np.uint8]:
    """A content image: smooth, in color."""
    y, x = np.mgrid[0:_SIDE, 0:_SIDE] / _SIDE
    channels = [np.sin(6 * x + 2 * y), np.cos(5 * y), np.sin(7 * x * y)]
    return (127.5 + 100 * np.stack(channels, axis=-1)).astype(np.uint8)


def _style() -> NDArray[np.uint8]:
    """A style image: hard strokes in two colors."""
    y, x = np.mgrid[0:_SIDE, 0:_SIDE]
    stroke = ((x + 2 * y) // 8 % 2)[..., None]
    return np.where(stroke, (230, 180, 40), (20, 40, 120)).astype(np.uint8)
