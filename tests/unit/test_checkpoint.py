"""A run that was killed goes on where it was."""

import itertools
import os
import time

import numpy as np
import pytest
import torch

from impasto import Finished, Job, Settings, Started, Step, Stylizer, execute, images
from impasto.core import Iterate
from impasto.engine import checkpoint
from impasto.engine.checkpoint import Checkpoint
from impasto.engine.inputs import Inputs, InputSpec
from impasto.errors import ImpastoError
from impasto.sizing import Scale
from impasto.storage.home import cache

SCALES = [Scale(32, 24, 20), Scale(64, 48, 4)]
FAST = {
    "size": 160,
    "iterations": 6,
    "iterations_decay": 1.0,
    "tolerance": 0,
    "precision": "float32",
    "content_layers": {"relu2_1": 1.0},
    "style_layers": {"relu1_1": 1.0, "relu2_1": 1.0},
}


def iterate(stage="step", scale=1, iteration=3, size=(24, 32)):
    image = torch.full((1, 3, *size), 7.0)
    return Iterate(stage, scale, iteration, image, {}, state=lambda _: iter([("image", image)]))


def make(identity="it", *, save=True, scales=SCALES, rounds=1):
    return Checkpoint(identity, scales, margin=0, rounds=rounds, save=save)


@pytest.fixture
def always(monkeypatch):
    """Keep the state after every step."""
    monkeypatch.setattr(checkpoint, "SECONDS_BETWEEN", -1.0)
    monkeypatch.setattr(checkpoint, "WRITING_SHARE", 0)


@pytest.mark.usefixtures("always")
def test_what_was_kept_is_where_the_next_goes_on():
    assert make().load() is None
    make().update(iterate(iteration=12))
    found = make().load()
    assert (found.scale, found.iteration) == (1, 12)
    assert torch.equal(found.state["image"], torch.full((1, 3, 24, 32), 7.0))
    assert make("another").load() is None
    make().remove()
    assert make().load() is None


def test_a_finished_scale_is_kept_at_once_and_a_step_after_a_while(monkeypatch):
    now = itertools.count(0, 10)
    monkeypatch.setattr(checkpoint.time, "monotonic", lambda: next(now))
    kept = make()
    for iteration in range(1, 4):
        kept.update(iterate(iteration=iteration))
    assert make().load() is None
    kept.update(iterate(iteration=10))
    assert make().load().iteration == 10
    kept.update(iterate("output", iteration=15))
    assert (make().load().scale, make().load().iteration) == (1, 20)  # which is all that were planned
    kept.update(iterate("output", scale=2, iteration=4, size=(48, 64)))  # the end: the result comes next
    assert make().load().scale == 1


@pytest.mark.usefixtures("always")
def test_a_run_that_is_killed_at_its_end_makes_its_last_iteration_once_more():
    make().update(iterate(scale=2, iteration=3, size=(48, 64)))
    make().update(iterate(scale=2, iteration=4, size=(48, 64)))
    assert (make().load().scale, make().load().iteration) == (2, 3)


@pytest.mark.usefixtures("always")
def test_what_was_half_written_is_removed_and_so_are_the_oldest_of_too_many(monkeypatch):
    for number, name in enumerate(("a", "b", "it")):
        make(name).update(iterate())
        os.utime(cache() / "checkpoints" / f"{name}.npz", (time.time() + number - 9,) * 2)
    folder = cache() / "checkpoints"
    (folder / ".it.npz.part-0123").write_bytes(b"half")
    monkeypatch.setattr(checkpoint, "_MOST_KEPT", int(2.5 * (folder / "it.npz").stat().st_size))
    assert make().load()
    assert sorted(it.name for it in folder.iterdir()) == ["b.npz", "it.npz"]


def test_what_was_left_long_ago_is_removed():
    make().update(iterate("output"))
    (file,) = (cache() / "checkpoints").iterdir()
    os.utime(file, (1, 1))
    assert make("another").load() is None
    assert not file.exists()


@pytest.mark.usefixtures("always")
def test_what_does_not_fit_is_passed_over():
    make().update(iterate())
    assert make(scales=[Scale(33, 24, 20)]).load() is None
    make().update(iterate(iteration=2))
    (file,) = (cache() / "checkpoints").iterdir()
    whole = file.read_bytes()
    file.write_bytes(whole[:-9])
    assert make().load() is None
    flags = whole.rindex(b"PK\1\2") + 8
    flipped = (whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :] for at in (len(whole) // 2, flags))
    for damaged in (b"", b"{}", b"PK", *flipped):
        file.write_bytes(damaged)
        assert make().load() is None


@pytest.mark.usefixtures("always")
def test_a_run_that_keeps_nothing_still_goes_on_from_what_is_there():
    make(save=False).update(iterate())
    assert make().load() is None
    make().update(iterate())
    assert make(save=False).load() is not None


@pytest.mark.usefixtures("always")
def test_a_folder_that_cannot_be_written_ends_no_run(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("IMPASTO_HOME", str(tmp_path / "file"))
    make().update(iterate())
    assert make().load() is None


@pytest.mark.usefixtures("always")
@pytest.mark.parametrize(
    ("steps", "choices"),
    [
        pytest.param(6, {"size": 256}, marks=pytest.mark.slow),
        pytest.param(9, {"size": 256}, marks=pytest.mark.slow),
        pytest.param(5, {"size": 256, "iterations": 3}, marks=pytest.mark.slow),
        (9, {"size": 64, "iterations": 30, "tolerance": 0.5}),
        pytest.param(9, {"size": 64, "rounds": 2, "scales": 1}, marks=pytest.mark.slow),
        (3, {"size": 64, "optimizer": "adam", "output_iterate": "average"}),
        (4, {"size": 64, "optimizer": "adam", "output_iterate": "best", "learning_rate": 90.0}),
    ],
)
def test_a_run_goes_on_and_ends_where_an_undisturbed_one_does(photo, painting, steps, choices):
    stylizer, settings = Stylizer(), Settings(**{**FAST, **choices}, checkpoint="always")
    undisturbed = stylizer.stylize(photo, painting, settings=settings.model_copy(update={"checkpoint": "never"}))
    run = stylizer.run(photo, painting, settings)
    killed = list(itertools.islice((event for event in run if isinstance(event, Step)), steps))[-1]
    run.close()
    started, *events = list(stylizer.run(photo, painting, settings))
    assert isinstance(started, Started)
    assert (started.resumed.scale, started.resumed.iteration) == (killed.scale, killed.iteration)
    begun = next(event for event in events if isinstance(event, Step))
    assert begun.remaining >= 0
    assert isinstance(events[-1], Finished)
    np.testing.assert_array_equal(events[-1].picture.rgb, undisturbed.picture.rgb)
    assert events[-1].loss == undisturbed.loss
    again = next(stylizer.run(photo, painting, settings))
    assert again.resumed is None  # it was finished


@pytest.mark.usefixtures("always")
def test_a_run_that_was_stopped_has_given_its_picture_and_leaves_nothing(photo, painting):
    asked = iter([False] * 3 + [True] * 9)
    settings = Settings(**{**FAST, "size": 64}, checkpoint="always")
    events = list(Stylizer().run(photo, painting, settings, stop=lambda: next(asked)))
    assert events[-1].stopped
    assert not list((cache() / "checkpoints").iterdir())


@pytest.mark.usefixtures("always")
def test_a_result_that_could_not_be_written_is_not_lost(photo, painting, tmp_path):
    settings = Settings(**{**FAST, "size": 64}, checkpoint="always")
    folder = tmp_path / "folder"
    folder.mkdir()
    job = Job(photo, (painting,), settings, output=folder / "picture.png")
    with pytest.raises(ImpastoError):
        execute(job, Stylizer(), lambda event: folder.rmdir() if isinstance(event, Started) else None)
    assert next(Stylizer().run(photo, painting, settings)).resumed


@pytest.mark.usefixtures("always")
def test_another_picture_and_another_setting_begin_anew_and_the_machine_does_not_matter(photo, painting):
    stylizer, settings = Stylizer(), Settings(**FAST, checkpoint="always")
    run = stylizer.run(photo, painting, settings)
    next(event for event in run if isinstance(event, Step))
    run.close()

    def resumed(content=photo, style=painting, **choices):
        return next(stylizer.run(content, style, settings.model_copy(update=choices))).resumed

    assert resumed(memory="3GB", threads=1)
    assert resumed(checkpoint="auto")
    assert resumed(recipe="quality", save_every=2)  # the name of a recipe, whose values are the same
    assert not resumed(checkpoint="never")
    assert not resumed(seed=3)
    assert not resumed(style=photo)


def test_a_run_is_known_by_the_contents_of_its_files_and_not_by_their_names(photo, painting, tmp_path):
    content, style = (images.shrink(images.read(it), 64) for it in (photo, painting))

    def identify(**choices):
        spec = InputSpec("", "style", (), choices.get("keep_mask"), None)
        return checkpoint.identify(Settings(**choices), Inputs(content, (style,), spec), "described")

    mask, network = tmp_path / "mask.png", tmp_path / "vgg.pth"
    images.save(content, mask)
    moved = tmp_path / "moved.png"
    moved.write_bytes(mask.read_bytes())
    assert identify(keep_mask=str(mask)) == identify(keep_mask=str(moved)) != identify()
    network.write_bytes(b"one")
    assert identify(network="vgg19-8bit") != identify()
    before = identify(network=str(network))
    network.write_bytes(b"two")
    assert identify(network=str(network)) != before


def test_a_short_run_keeps_nothing(photo, painting):
    Stylizer().stylize(photo, painting, size=64, iterations=2)
    assert not (cache() / "checkpoints").exists()
