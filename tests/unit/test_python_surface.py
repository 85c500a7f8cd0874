"""What a Python caller meets first: one call, its result, and what a notebook shows."""

import base64
import inspect
import io
import json
import os
import re
import shutil
import subprocess
import sys
import threading
import tracemalloc
import types
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image
from quick import save_pictures

import impasto
from impasto import Finished, Settings, Started, Step, Stylizer, images, weights
from impasto.engine.result import preview_inputs
from impasto.errors import ImageError, OutputError, SettingsError

SMALL = {"size": 64, "iterations": 1, "precision": "float32", "margin": 0}


@pytest.fixture(scope="module")
def stylizer():
    return Stylizer()


@pytest.fixture(scope="module")
def photo(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pictures")
    save_pictures(folder)
    return folder / "photo.jpg"


@pytest.fixture(scope="module")
def painting(photo):
    return photo.with_name("painting.jpg")


def test_U2_a_stylizer_makes_a_picture_in_one_call(stylizer, photo, painting):
    result = stylizer.stylize(photo, painting, **SMALL)
    assert isinstance(result, impasto.Result)
    assert result.image.size == (64, 48)
    assert result.settings == Settings(**SMALL)


def test_U2_both_forms_of_the_one_call_take_the_same(stylizer):
    assert inspect.signature(impasto.stylize) == inspect.signature(stylizer.stylize)
    assert impasto.stylize.__doc__ == Stylizer.stylize.__doc__


def test_U2_paintings_may_be_a_list_and_settings_come_last(stylizer, photo, painting):
    settings = Settings(**SMALL, style_blend=(2, 1), strength=0)  # which takes no step
    ways = [
        stylizer.stylize(photo, [painting, photo], settings),
        stylizer.stylize(photo, painting, photo, settings=settings),
        stylizer.stylize(photo, (painting,), photo, settings),
    ]
    assert ways[0].metadata == ways[1].metadata == ways[2].metadata
    inputs = json.loads(ways[0].metadata["impasto:inputs"])
    assert [it["name"] for it in inputs] == ["photo.jpg", "painting.jpg", "photo.jpg"]


def test_U2_settings_given_twice_are_refused(stylizer, photo, painting):
    with pytest.raises(SettingsError, match="settings were given twice"):
        stylizer.stylize(photo, painting, Settings(), settings=Settings())
    with pytest.raises(SettingsError, match="one or the other"):
        stylizer.stylize(photo, painting, Settings(), size=64)


def test_U2_events_are_passed_on_and_the_last_has_the_result(stylizer, photo, painting, tmp_path, capfd):
    events = []
    result = stylizer.stylize(photo, painting, on_event=events.append, **{**SMALL, "iterations": 2})
    assert capfd.readouterr() == ("", "")
    assert isinstance(events[0], Started)
    assert [event.iteration for event in events if isinstance(event, Step)] == [1, 2]
    assert isinstance(events[-1], Finished)
    assert events[-1].result is result
    events[-1].save(tmp_path / "out.png")
    assert (tmp_path / "out.png").exists()


def test_U2_the_network_is_loaded_once_a_process(photo, painting, monkeypatch):
    loaded, load = [], weights.load
    monkeypatch.setattr(weights, "load", lambda name: loaded.append(name) or load(name))
    for _ in range(2):
        impasto.stylize(photo, painting, **SMALL)
    assert len(loaded) <= 1


def test_U2_a_call_within_a_call_and_from_a_thread_works(photo, painting):
    inner = []

    def call_from_a_thread(event):
        if isinstance(event, Started):
            thread = threading.Thread(target=lambda: inner.append(impasto.stylize(photo, painting, **SMALL)))
            thread.start()
            thread.join()

    outer = impasto.stylize(photo, painting, on_event=call_from_a_thread, **SMALL)
    assert inner[0].picture.rgb.tobytes() == outer.picture.rgb.tobytes()


def test_U2_a_network_that_was_replaced_is_loaded_again(stylizer, photo, painting, tmp_path, monkeypatch):
    loaded, load = [], weights.load
    monkeypatch.setattr(weights, "load", lambda name: loaded.append(name) or load(name))
    file = tmp_path / "own.safetensors"
    for written in (1, 1, 2):
        if len(loaded) < written:
            shutil.copyfile(weights.path("vgg16"), file)
            os.utime(file, (written, written))
        stylizer.open(photo, painting, Settings(network=str(file), **SMALL))
    assert loaded == [str(file)] * 2


def test_U2_progress_shows_each_scale_on_stderr(stylizer, photo, painting, capfd):
    stylizer.stylize(photo, painting, progress=True, **SMALL)
    shown = capfd.readouterr()
    assert shown.out == ""
    assert "scale 1/1" in shown.err
    assert "1/1" in shown.err


def test_U2_progress_shows_in_a_notebook_without_further_packages(stylizer, photo, painting, monkeypatch, capfd):
    shown = []

    class Handle:
        def update(self, page):
            shown.append(page.data)

    def display(page, *, display_id):
        shown.append(page.data)
        return Handle() if display_id else None

    # A notebook's kernel, as far as it is asked: IPython is no dependency.
    shell = types.SimpleNamespace(kernel=object())
    notebook = types.ModuleType("IPython")
    notebook.get_ipython = lambda: shell
    notebook.display = types.ModuleType("IPython.display")
    notebook.display.display = display
    notebook.display.HTML = lambda data: types.SimpleNamespace(data=data)
    monkeypatch.setitem(sys.modules, "IPython", notebook)
    monkeypatch.setitem(sys.modules, "IPython.display", notebook.display)
    stylizer.stylize(photo, painting, progress=True, **SMALL)
    assert "<progress" in shown[0]
    assert "1/1" in shown[-1]
    assert capfd.readouterr() == ("", "")


def noise(height, width, channels=3):
    return np.random.default_rng(0).integers(0, 256, (height, width, channels), np.uint8)


def result_of(array):
    return impasto.Result(images.read(array), {"tv": 1.5}, Settings(), {})


@pytest.fixture(scope="module")
def painted(stylizer, tmp_path_factory, photo, painting):
    strange = tmp_path_factory.mktemp("strange") / '<b onload="x">&.jpg'
    strange.write_bytes(photo.read_bytes())
    return stylizer.stylize(strange, [painting, painting], **SMALL)


def test_U3_a_result_shows_in_one_short_line(painted):
    assert repr(painted).startswith("Result(64 x 48 px, recipe='painterly', loss=")
    assert len(repr(painted)) < 80
    assert len(repr(painted.picture)) < 80
    assert len(repr(result_of(noise(3000, 50)))) < 80


def test_U3_a_notebook_shows_inputs_and_result_side_by_side(painted):
    page = painted._repr_html_()
    shown = [base64.b64decode(data) for data in re.findall(r'src="data:image/webp;base64,([^"]+)"', page)]
    assert [Image.open(io.BytesIO(data)).size for data in shown] == [(96, 72), (96, 72), (96, 72), (64, 48)]
    assert re.findall(r"<figcaption>(\w+)", page) == ["photograph", "painting", "painting", "result"]
    assert "<b onload" not in page
    assert "&lt;b onload=&quot;x&quot;&gt;&amp;.jpg" in page


def test_U3_what_a_notebook_shows_is_bounded_whatever_the_picture():
    large = result_of(noise(1280, 1024))
    assert len(large._repr_html_()) < 1_000_000
    assert Image.open(io.BytesIO(large._repr_png_())).size == (819, 1024)
    many = preview_inputs(None, [images.read(noise(300, 300))] * 100)
    page = replace(large, previews=many)._repr_html_()
    assert page.count("<img") < 10
    assert "and 96 more" in page
    assert len(page) < 1_000_000


@pytest.mark.parametrize("size", [(3000, 2000), (2000, 3200)])
def test_U3_previews_of_large_inputs_cost_a_run_nothing_and_look_like_them(size):
    width, height = size
    y, x = np.mgrid[0:height, 0:width].astype(np.float32) / max(size)
    photo = images.Picture(np.stack([255 * x, 255 * y, 127 + 120 * np.sin(9 * x * y)], axis=-1), alpha=1 - y / 2)
    tracemalloc.start()
    previews = preview_inputs(photo, [])
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < photo.rgb.nbytes / 2  # nothing of all pixels is made
    shown = np.asarray(Image.open(io.BytesIO(previews.shown[0].webp)).convert("RGBA"), np.float32)
    whole = np.asarray(images.shrink(photo, 192).to_pil(), np.float32)
    assert shown.shape == whole.shape
    assert np.abs(shown - whole).mean() < 3


def test_U3_a_result_is_an_array(painted):
    array = np.asarray(painted)
    assert (array.shape, array.dtype) == ((48, 64, 3), np.uint8)
    assert np.array_equal(array, np.asarray(painted.image))
    assert np.asarray(painted, np.float32).max() > 1
    assert np.asarray(result_of(noise(9, 8, 4))).shape == (9, 8, 4)


@pytest.mark.parametrize(("suffix", "kind"), [("png", "PNG"), (".JPG", "JPEG"), ("webp", "WEBP"), ("tif", "TIFF")])
def test_U3_a_result_is_written_to_a_file_object_and_to_bytes(painted, suffix, kind):
    out = io.BytesIO()
    painted.save(out, format=suffix)
    assert out.getvalue() == painted.to_bytes(suffix)
    assert Image.open(out).format == kind


def test_U3_a_file_that_is_open_takes_the_format_of_its_name_and_the_settings(painted, tmp_path):
    with (tmp_path / "out.png").open("wb") as out:
        painted.save(out)
    assert "impasto:settings" in images.read_metadata(tmp_path / "out.png")
    painted.save(tmp_path / "no-suffix", format="png")
    assert (tmp_path / "no-suffix").read_bytes() == painted.to_bytes("png")
    with pytest.raises(OutputError, match="exists"):
        painted.save(tmp_path / "no-suffix", format="png")


def test_U3_a_file_object_that_cannot_take_a_picture_is_refused_in_a_line(painted, tmp_path):
    with pytest.raises(OutputError, match=r'format="png"'):
        painted.save(io.BytesIO())
    with pytest.raises(OutputError, match="opened as text"):
        painted.save(io.StringIO(), format="png")
    with (tmp_path / "read").open("wb") as written, pytest.raises(OutputError, match="not a format"):
        painted.save(written, format="xyz")
    closed = io.BytesIO()
    closed.close()
    with pytest.raises(OutputError, match="closed"):
        painted.save(closed, format="png")
    with pytest.raises(OutputError, match="is not a path"):
        painted.save(3)


@pytest.mark.parametrize(
    "make",
    [
        lambda chw: chw,
        lambda chw: chw[None],
        lambda chw: chw.float() / 255,
        lambda chw: (chw.double() / 255)[None].requires_grad_(),
        lambda chw: (chw.float() / 255).permute(1, 2, 0).contiguous().permute(2, 0, 1),
    ],
)
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_U3_tensors_are_pictures(make, channels):
    pixels = noise(20, 30, channels)
    tensor = make(torch.from_numpy(pixels).permute(2, 0, 1))
    picture, expected = images.read(tensor), images.read(pixels)
    np.testing.assert_allclose(picture.rgb, expected.rgb, atol=1e-4)
    assert (picture.alpha is None) == (expected.alpha is None)
    assert picture.name == "tensor"


def test_U3_half_precision_tensors_are_pictures():
    gray = images.read(torch.full((3, 20, 30), 0.5, dtype=torch.bfloat16))
    np.testing.assert_allclose(gray.rgb, 127.5)


@pytest.mark.parametrize(
    ("tensor", "message"),
    [
        (torch.zeros(2, 3, 20, 30), r"batch of 2.*tensor\[0\]"),
        (torch.zeros(20, 30, 3), r"\(20, 30, 3\).*permute\(2, 0, 1\)"),
        (torch.zeros(20, 30), r"\(20, 30\).*\(C, H, W\)"),
        (torch.zeros(3, 20, 30, dtype=torch.int64), "int64"),
        (torch.full((3, 20, 30), 200.0), "floats from 200 to 200"),
        (torch.full((3, 20, 30), -1.0), "floats from -1 to -1"),
        (torch.full((3, 20, 30), torch.nan), "finite"),
        (torch.zeros(3, 20, 30, device="meta"), "no values"),
    ],
)
def test_U3_a_tensor_that_is_no_picture_is_refused_in_a_line(tensor, message):
    with pytest.raises(ImageError, match=message):
        images.read(tensor)


def test_U3_tensors_are_taken_wherever_a_picture_is(stylizer, photo, painting):
    tensors = [torch.from_numpy(np.array(Image.open(file))).permute(2, 0, 1) for file in (photo, painting)]
    assert stylizer.stylize(*tensors, **SMALL).picture.rgb.tobytes() == (
        stylizer.stylize(photo, painting, **SMALL).picture.rgb.tobytes()
    )


def test_U3_pictures_are_read_without_loading_torch():
    program = (
        "import sys, numpy; from impasto import images;"
        "images.read(numpy.zeros((20, 20, 3), 'uint8')); assert 'torch' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
