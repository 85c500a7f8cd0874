"""What the settings ask of a machine, and what it says when it cannot."""

from types import SimpleNamespace

import pytest
import torch

from impasto.engine import device as devices
from impasto.engine.device import ComputeConfig
from impasto.engine.memory import check_memory
from impasto.engine.sizing import memory_load
from impasto.engine.spec import compute_spec
from impasto.errors import OutOfMemoryError
from impasto.settings import Settings


def test_auto_finds_a_device_and_a_precision_that_work():
    machine = devices.configure(compute_spec(Settings()))
    kernel = torch.ones(1, 1, 3, 3, device=machine.device, dtype=machine.dtype)
    assert torch.nn.functional.conv2d(kernel, kernel).item() == 9
    assert machine.precision == ("bfloat16" if devices.bfloat16_is_fast(machine.device) else "float32")


@pytest.mark.parametrize(("precision", "picture"), [("bfloat16", "float32"), ("float64", "float64")])
def test_the_picture_is_never_held_in_less_than_float32(precision, picture):
    machine = devices.configure(compute_spec(Settings(device="cpu", precision=precision)))
    assert machine.precision == precision
    assert str(machine.image_dtype) == f"torch.{picture}"


def test_torch_running_out_of_memory_is_one_clear_error():
    with pytest.raises(OutOfMemoryError, match="smaller size"), devices.translate_oom():
        torch.empty(2**60, dtype=torch.uint8)


def test_other_failures_are_not_taken_for_a_lack_of_memory():
    with pytest.raises(RuntimeError, match="size"), devices.translate_oom():
        torch.ones(2) + torch.ones(3)


def test_a_picture_that_fits_is_not_refused():
    check_memory(memory_load(Settings(size=512, history=100), (512, 384), [(512, 384)], 4))


@pytest.mark.parametrize(("pixels", "asked"), [(512 * 384, False), (1024 * 768, True)])
def test_large_maps_are_given_back_at_once_and_small_ones_kept(pixels, asked, monkeypatch):
    calls = []
    library = SimpleNamespace(mallopt=lambda *arguments: calls.append(arguments))
    monkeypatch.setattr(devices.ctypes, "CDLL", lambda _: library)
    devices.return_memory_eagerly(ComputeConfig(torch.device("cpu"), torch.bfloat16, 2), pixels)
    assert bool(calls) is asked


def test_a_system_without_glibc_does_without(monkeypatch):
    monkeypatch.setattr(devices.ctypes, "CDLL", lambda _: SimpleNamespace())
    devices.return_memory_eagerly(ComputeConfig(torch.device("cpu"), torch.float32, 2), 10**7)
