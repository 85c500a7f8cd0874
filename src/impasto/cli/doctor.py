"""`impasto doctor`: what this installation runs on, and proof that it paints."""

import itertools
import math
import os
import platform
import statistics
from collections.abc import Callable, Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from rich.console import Console
from rich.table import Table

from impasto import weights
from impasto.cli import display, terminal
from impasto.core.network.convolution import OneDNNConv2d, convolution
from impasto.engine import device as devices
from impasto.engine.events import Finished, Started, Step
from impasto.engine.stylizer import Stylizer
from impasto.settings import Settings
from impasto.storage import home as paths

_PACKAGES = ("impasto", "torch", "numpy", "scipy", "pillow", "pydantic", "cyclopts", "rich")
_INSTRUCTIONS = ("avx2", "fma", "avx512f", "avx512_bf16", "amx_bf16", "asimd", "bf16", "sve")
_GIBIBYTE = 2**30
_SIDE = 96
_ITERATIONS = 20
_CPU_INFO = Path("/proc/cpuinfo")
_TIMED_STEPS = 5


def doctor(*, as_json: bool) -> int:
    """Look around, paint a small picture, and print what was found; returns 1 if the picture did not come out."""
    findings = {**_look_around(), "self-test": _tried(_paint), "engine": _tried(_engine)}
    if as_json:
        terminal.tell_json(findings)
    else:
        Console(highlight=False).print(_table(findings))
    return 0 if findings["self-test"]["passed"] else 1


def _look_around() -> dict[str, Any]:
    cpu = torch.device("cpu")
    return {
        "versions": {"python": platform.python_version(), **{name: version(name) for name in _PACKAGES}},
        "system": platform.platform(),
        "processor": {
            "cores": os.cpu_count(),
            "threads": torch.get_num_threads(),
            "torch": torch.backends.cpu.get_cpu_capability(),
            "instructions": _instructions(),
            "bfloat16": devices.bfloat16_is_fast(cpu),
        },
        "memory": _memory(),
        "device": str(devices.find_device("auto")),
        "home": str(paths.home()),
        "weights": {status.name: status.state for status in weights.available()},
    }


def _instructions() -> list[str]:
    """The instruction sets that matter for convolutions; Linux lists them, elsewhere torch's own word must do."""
    words = set(_CPU_INFO.read_text(encoding="utf-8").split()) if _CPU_INFO.exists() else set[str]()
    return [name for name in _INSTRUCTIONS if name in words]


def _memory() -> dict[str, float]:
    """GiB of memory, where the system says."""
    there = devices.physical_memory()
    return {} if there is None else {"GiB": round(there / _GIBIBYTE, 1)}


def _tried(test: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """What a test finds, or what went wrong."""
    try:
        return test()
    except Exception as error:  # noqa: BLE001 - whatever is wrong with the machine is what was asked for
        return {"passed": False, "problem": f"{type(error).__name__}: {error}"}


def _paint() -> dict[str, Any]:
    """Paint a small picture as a user's run would; it passes if the loss fell."""
    settings = Settings(size=_SIDE, scales=1, iterations=_ITERATIONS, tolerance=0)
    losses: list[float] = []
    found: dict[str, Any] = {}
    for event in Stylizer().run(_waves(), [_stripes()], settings):
        match event:
            case Started():
                found |= {"device": event.device, "precision": display.precision(event), "threads": event.threads}
            case Step():
                losses.append(event.loss)
            case Finished():
                losses.append(event.loss)
                found |= {"seconds": round(event.elapsed, 2)}
    fell = math.isfinite(losses[-1]) and losses[-1] < losses[0]
    return {"passed": fell, **found, "loss before": losses[0], "loss after": losses[-1]}


def _engine() -> dict[str, Any]:
    """How the convolutions are computed, and what a step takes in each precision that is fast here."""
    device = devices.find_device("auto")
    precisions = ["float32", "bfloat16"] if devices.bfloat16_is_fast(device) else ["float32"]
    weight = torch.zeros(1, 1, 3, 3, dtype=devices.PRECISIONS[precisions[-1]], device=device)
    layer = convolution(weight, weight[0, 0, 0, :1], padding=1)
    return {
        "convolutions": "oneDNN, with the ReLU" if isinstance(layer, OneDNNConv2d) else "torch's own",
        **{f"seconds a step of {_SIDE} px in {precision}": _step_seconds(precision) for precision in precisions},
        "fastest precision": precisions[-1],
    }


def _step_seconds(precision: str) -> float:
    settings = Settings(size=_SIDE, scales=1, iterations=_TIMED_STEPS, tolerance=0, precision=precision)
    elapsed = [event.elapsed for event in Stylizer().run(_waves(), [_stripes()], settings) if isinstance(event, Step)]
    return statistics.median(after - before for before, after in itertools.pairwise(elapsed))


def _waves() -> NDArray[np.uint8]:
    """A photograph, for the purpose: smooth, in color."""
    y, x = np.mgrid[0:_SIDE, 0:_SIDE] / _SIDE
    channels = [np.sin(6 * x + 2 * y), np.cos(5 * y), np.sin(7 * x * y)]
    return (127.5 + 100 * np.stack(channels, axis=-1)).astype(np.uint8)


def _stripes() -> NDArray[np.uint8]:
    """A painting, for the purpose: hard strokes in two colors."""
    y, x = np.mgrid[0:_SIDE, 0:_SIDE]
    stroke = ((x + 2 * y) // 8 % 2)[..., None]
    return np.where(stroke, (230, 180, 40), (20, 40, 120)).astype(np.uint8)


def _table(findings: Mapping[str, Any]) -> Table:
    table = Table(box=None, show_header=False, pad_edge=False)
    for name, finding in findings.items():
        table.add_row(name, _text(finding))
    return table


def _text(finding: Any) -> str:
    if isinstance(finding, Mapping):
        return "\n".join(f"{key}: {_text(value)}" for key, value in finding.items())
    if isinstance(finding, bool):
        return "yes" if finding else "no"
    if isinstance(finding, float):
        return f"{finding:.5g}"
    return ", ".join(finding) if isinstance(finding, list) else str(finding)
