"""The fast precision is used where it keeps to the objective, and given up, with a word, where it does not."""

import torch

from impasto import Settings, Started, Stylizer
from impasto.cli.display.text import started_line
from impasto.engine import device as devices
from impasto.engine.precision import TOLERANCE, gradient_error


def opened(photo, painting, dtype):
    settings = Settings(size=64, device="cpu", precision=str(dtype).removeprefix("torch."))
    return Stylizer().open(photo, painting, settings).transfer


def first_event(photo, painting, **settings):
    return next(Stylizer().run(photo, painting, Settings(size=64, scales=1, **settings)))


def test_the_bfloat16_gradient_of_the_examples_is_that_of_float32_but_for_a_few_hundredths(photo, painting):
    fast, exact = (opened(photo, painting, dtype) for dtype in (torch.bfloat16, torch.float32))
    assert 0 < gradient_error(fast, exact, (64, 43)) < TOLERANCE
    assert gradient_error(exact, exact, (64, 43)) == 0


def test_where_rounding_would_lead_astray_the_run_is_in_float32_and_says_so(photo, monkeypatch):
    monkeypatch.setattr(devices, "bfloat16_is_fast", lambda _: True)
    # Nothing to gain: all that bfloat16 sees is rounding.
    started = first_event(photo, photo, tv_weight=0, init="content", margin=0)
    assert isinstance(started, Started)
    assert started.precision == "float32"
    assert "gradient in bfloat16 was off by" in started.fallback
    assert f"float32 because {started.fallback}" in started_line(started)


def test_elsewhere_the_run_is_in_the_fast_precision(photo, painting, monkeypatch):
    monkeypatch.setattr(devices, "bfloat16_is_fast", lambda _: True)
    started = first_event(photo, painting)
    assert (started.precision, started.fallback) == ("bfloat16", None)


def test_a_precision_that_is_asked_for_is_used_whatever_it_does(photo):
    assert first_event(photo, photo, precision="bfloat16", tv_weight=0, init="content").precision == "bfloat16"
