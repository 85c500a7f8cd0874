"""What a Python caller meets first: one call, its result, and what a notebook shows."""

import inspect
import sys
import threading
import types

import pytest
from quick import save_pictures
from safetensors import safe_open
from safetensors.torch import save_file

import impasto
from impasto import Finished, Settings, Started, Step, Stylizer
from impasto.errors import SettingsError

SMALL = {"size": 64, "iterations": 2, "precision": "float32", "margin": 0}


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
    settings = Settings(**SMALL, style_blend=(2, 1))
    ways = [
        stylizer.stylize(photo, painting, photo, settings=settings),
        stylizer.stylize(photo, [painting, photo], settings),
        stylizer.stylize(photo, painting, photo, settings),
    ]
    assert len({way.picture.rgb.tobytes() for way in ways}) == 1


def test_U2_settings_given_twice_are_refused(stylizer, photo, painting):
    with pytest.raises(SettingsError, match="settings were given twice"):
        stylizer.stylize(photo, painting, Settings(), settings=Settings())
    with pytest.raises(SettingsError, match="one or the other"):
        stylizer.stylize(photo, painting, Settings(), size=64)


def test_U2_events_are_passed_on_and_the_last_has_the_result(stylizer, photo, painting, tmp_path):
    events = []
    result = stylizer.stylize(photo, painting, on_event=events.append, **SMALL)
    assert isinstance(events[0], Started)
    assert [event.iteration for event in events if isinstance(event, Step)] == [1, 2]
    assert isinstance(events[-1], Finished)
    assert events[-1].result is result
    events[-1].save(tmp_path / "out.png")
    assert (tmp_path / "out.png").exists()


def test_U2_the_network_is_loaded_once_a_process(photo, painting, monkeypatch):
    loaded = []
    load = impasto.weights.load
    monkeypatch.setattr(impasto.weights, "load", lambda name: loaded.append(name) or load(name))
    for _ in range(3):
        impasto.stylize(photo, painting, **SMALL)
    assert len(loaded) <= 1


def test_U2_a_call_within_a_call_and_calls_from_threads_work(photo, painting):
    inner, results = [], []

    def from_within(event):
        if isinstance(event, Started):
            inner.append(impasto.stylize(photo, painting, **SMALL))

    def from_a_thread():
        results.append(impasto.stylize(photo, painting, on_event=from_within, **SMALL))

    threads = [threading.Thread(target=from_a_thread) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len({it.picture.rgb.tobytes() for it in [*inner, *results]}) == 1
    assert len(inner) == len(results) == 2


def test_U2_a_network_that_was_replaced_is_loaded_again(stylizer, photo, painting, tmp_path):
    with safe_open(impasto.weights.path("vgg16"), "pt") as bundled:
        tensors, metadata = {name: bundled.get_tensor(name) for name in bundled.keys()}, bundled.metadata()  # noqa: SIM118
    second = sorted(name for name in tensors if tensors[name].ndim == 4)[1]  # the first tells a network's origin
    file, losses = tmp_path / "own.safetensors", []
    for factor in (1, 0.5):
        save_file({**tensors, second: factor * tensors[second]}, file, metadata)
        losses.append(stylizer.stylize(photo, painting, network=str(file), **SMALL).loss)
    assert losses[0] != losses[1]


def test_U2_progress_shows_each_scale_on_stderr(stylizer, photo, painting, capfd):
    stylizer.stylize(photo, painting, progress=True, **SMALL)
    shown = capfd.readouterr()
    assert shown.out == ""
    assert "scale 1/1" in shown.err
    assert "2/2" in shown.err
    stylizer.stylize(photo, painting, **SMALL)
    assert capfd.readouterr() == ("", "")


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
    assert "2/2" in shown[-1]
    assert capfd.readouterr() == ("", "")
