"""Films as they are painted: which frames, with which settings and masks, by which workers; and how they resume."""

import itertools
from fractions import Fraction

import numpy as np
import PIL.Image
import pytest
from quick_films import QUICK, CopiedShots, InlineShots, cut, frame, read_film, save_film, save_frames, save_painting

from impasto.engine import cores
from impasto.engine.worker_process import WorkerLostError
from impasto.errors import ImageError, ImpastoError, InputError, SettingsError
from impasto.video import paint as painting
from impasto.video.clock import FilmClock
from impasto.video.events import (
    FilmStarted,
    FilmStopped,
    FramePainted,
    ShotRetried,
    ShotStarted,
)
from impasto.video.painted import decode_painted
from impasto.video.painting.painter import ShotPainter
from impasto.video.painting.references import references
from impasto.video.plan import FilmRequest, plan_film
from impasto.video.render import render
from impasto.video.shot import PaintedFrame, ShotFailed
from impasto.video.timeline import Keyframe


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    save_frames(tmp_path / "in", 6)
    save_painting(tmp_path / "painting.png")
    return tmp_path


def request(clip="in", output="out.mkv", settings=QUICK, **choices):
    return FilmRequest(clip, ("painting.png",), output, settings, **choices)


def run(executor=None, *, stop=lambda: False, **choices):
    return list(render(plan_film(request(**choices)), executor=executor or InlineShots(), stop=stop))


def kinds(events, kind):
    return [event for event in events if isinstance(event, kind)]


def test_a_film_has_the_frames_and_times_of_its_clip_and_says_what_happens(folder):
    events = run(CopiedShots(), codec="ffv1")
    pictures, times = read_film(folder / "out.mkv")
    assert times == [Fraction(round(1000 * number / 24), 1000) for number in range(6)]
    assert np.array_equal(pictures[3], frame(3))
    assert [type(event).__name__ for event in events] == (
        ["FilmStarted", "ShotStarted"] + 6 * ["FramePainted"] + 6 * ["FrameEncoded"] + ["FilmFinished"]
    )
    assert kinds(events, FilmStarted)[0].size == (64, 48)
    assert [event.done for event in kinds(events, FramePainted)] == [1, 2, 3, 4, 5, 6]
    assert not (folder / "out.mkv.frames").exists()


def test_a_part_and_every_other_frame_are_shown_when_and_as_long_as_in_the_clip(folder):
    save_film(folder / "clip.mkv", [frame(number) for number in range(10)], rate=10)
    run(CopiedShots(), clip="clip.mkv", output="out.gif", frames="2:9", every=3)
    with PIL.Image.open(folder / "out.gif") as film:
        shown = []
        for number in range(film.n_frames):
            film.seek(number)
            shown.append(film.info["duration"])
    assert shown == [300, 300, 100]


def test_every_frame_is_painted_with_the_settings_of_its_time(folder):
    keyframes = (Keyframe("0", {"strength": 0}), Keyframe("2f", {"strength": 1}))
    run(keyframes=keyframes, ease="step", frames="0:3", output="out/")
    first, second, third = (np.asarray(PIL.Image.open(path)) for path in sorted((folder / "out").iterdir()))
    assert np.array_equal(first, frame(0))
    assert np.array_equal(second, frame(1))
    assert np.abs(third.astype(int) - frame(2)).mean() > 2


def test_a_film_without_a_size_has_that_of_its_clip_up_to_512(folder):
    wide = folder / "wide"
    wide.mkdir()
    PIL.Image.new("RGB", (1024, 300)).save(wide / "0.png")
    own = QUICK.model_copy(update={"size": None})
    assert plan_film(request(settings=own)).size == (64, 48)
    assert plan_film(request("wide", settings=own)).size == (512, 150)
    assert plan_film(request("wide", settings=own.model_copy(update={"size_rule": "rows:60"}))).size == (205, 60)
    assert plan_film(request("wide", settings=own.model_copy(update={"size": 700}))).size[0] == 700


def test_a_preview_is_small_has_some_frames_in_a_row_and_says_what_the_whole_takes(folder, monkeypatch):
    save_frames(folder / "long", 100)
    cut(folder / "long", 90)
    monkeypatch.setattr(cores, "core_count", lambda: 2)
    settings = QUICK.model_copy(update={"size": 512})
    plan = plan_film(request("long", preview=True, settings=settings))
    assert (max(plan.size), plan.numbers, plan.whole.size) == (256, range(26, 74), (512, 384))
    events = list(render(plan, executor=CopiedShots()))
    assert kinds(events, FilmStarted)[0].shots == 1
    # A frame takes a hundredth of a second, and four times the pixels as many; the whole has two shots at once.
    assert events[-1].whole_seconds == pytest.approx(100 * 0.01 * 4 / 2 + 3)
    assert run(CopiedShots(), output="other.mkv")[-1].whole_seconds is None
    assert plan_film(request("long", "few.mkv", preview=True, every=4, frames="10:30")).numbers == range(10, 30, 4)


def test_a_film_that_is_stopped_after_any_frame_and_resumed_is_the_same_to_the_bit(folder):
    cut(folder / "in", 2)
    run(output="whole.gif")
    for last in (1, 2, 5):
        painted = []

        def stop(last=last, painted=painted):
            return len(painted) >= last

        plan = plan_film(request(output=f"{last}.gif"))
        events = []
        for event in render(plan, executor=InlineShots(), stop=stop):
            events.append(event)
            painted += kinds([event], FramePainted)
        assert events[-1] == FilmStopped(last, 6, folder.joinpath(f"{last}.gif.frames").relative_to(folder))
        assert not (folder / f"{last}.gif").exists()
        resumed = run(output=f"{last}.gif")  # the shots are those of before
        assert kinds(resumed, FilmStarted)[0].done == last
        assert len(kinds(resumed, FramePainted)) == 6 - last
        assert (folder / f"{last}.gif").read_bytes() == (folder / "whole.gif").read_bytes()


def test_a_painter_that_goes_on_is_given_its_last_frames_their_pictures_and_its_state(folder, monkeypatch):
    resumed, given = [], []

    class RememberingPainter(ShotPainter):
        def resume(self, painted, state):
            resumed.append((painted, state))
            super().resume(painted, state)

        def paint(self, shot_frame):
            given.append(shot_frame.number)
            return super().paint(shot_frame)

    monkeypatch.setattr(painting, "ShotPainter", RememberingPainter)
    events = render(plan_film(request(every=2)), executor=InlineShots(), stop=lambda: len(given) >= 2)
    assert isinstance(list(events)[-1], FilmStopped)
    data = [path.read_bytes() for path in sorted((folder / "out.mkv.frames").glob("*.png"))]
    given.clear()
    run(every=2)
    ((painted, state),) = resumed
    assert state["painted"] == len(data)
    needed = references(len(data))
    assert [it.number for it, _ in painted] == [2 * place for place in needed]
    for (shot_frame, picture), held in zip(painted, [data[place] for place in needed], strict=True):
        assert np.array_equal(shot_frame.picture.colors, frame(shot_frame.number))
        assert np.array_equal(picture.colors, decode_painted(held, "")[0].colors)
    assert given[-1] == 4


def test_the_longest_shot_is_begun_first_and_in_whatever_order_the_film_is_the_same(folder):
    class Backwards(InlineShots):
        def run(self, tasks, stop):
            found = [next(tasks), next(tasks)]
            yield from super().run(iter(found[::-1]), stop)

    cut(folder / "in", 2)
    events = run(output="one.gif")
    assert [(event.shot, event.frames) for event in kinds(events, ShotStarted)] == [(2, 4), (1, 2)]
    backwards = run(Backwards(), output="two.gif")
    assert [event.number for event in kinds(backwards, FramePainted)] == [0, 1, 2, 3, 4, 5]
    assert (folder / "one.gif").read_bytes() == (folder / "two.gif").read_bytes()


def test_a_loop_has_no_seam_unless_the_clip_has_one(folder):
    turn = [0, 1, 2, 3, 4, 5, 6, 5, 4, 3, 2, 1]
    save_film(folder / "turn.mkv", [frame(number) for number in turn])
    seams = {}
    for loop in (False, True):
        output = folder / f"{loop}.mkv"
        events = run(clip="turn.mkv", output=output.name, loop=loop, codec="ffv1", settings=QUICK)
        pictures, _ = read_film(output)
        assert len(pictures) == len(turn)
        assert len(kinds(events, FramePainted)) == len(turn) + 4 * loop
        seams[loop] = np.abs(pictures[0].astype(int) - pictures[-1]).mean()
        steps = [np.abs(one.astype(int) - other).mean() for one, other in itertools.pairwise(pictures)]
    assert seams[True] < 0.8 * seams[False]
    assert seams[True] < 1.2 * max(steps)
    cut(folder / "in", 3)
    assert len(kinds(run(output="cut.mkv", loop=True, codec="ffv1"), FramePainted)) == 6


class LosesWorkers(CopiedShots):
    """Loses the worker of the second shot before one frame or more is painted, so many times."""

    def __init__(self, *numbers):
        self.numbers = list(numbers)

    def run(self, tasks, stop):
        for update in super().run(self.watch(tasks), stop):
            if isinstance(update, PaintedFrame) and update.number in self.numbers:
                self.numbers.remove(update.number)
                yield ShotFailed(2, WorkerLostError("its worker was killed", "Use fewer workers."), worker_lost=True)
                yield from self.run(tasks, stop)
                return
            yield update

    def watch(self, tasks):
        yield from tasks


def test_a_shot_whose_worker_is_lost_is_resumed_once_or_as_often_as_frames_are_painted_meanwhile(folder):
    cut(folder / "in", 2)
    events = run(LosesWorkers(3, 4, 5), codec="ffv1")
    assert [(it.shot, it.error.problem) for it in kinds(events, ShotRetried)] == 3 * [(2, "its worker was killed")]
    assert len(kinds(events, FramePainted)) == 6
    assert len(read_film(folder / "out.mkv")[0]) == 6
    with pytest.raises(ImpastoError, match=r"its worker was killed, a second time. Use fewer workers. What is painted"):
        run(LosesWorkers(4, 4), output="other.mkv")
    resumed = run(CopiedShots(), output="other.mkv")
    assert kinds(resumed, FilmStarted)[0].done == 2


def test_an_error_of_the_painting_ends_the_film_and_keeps_what_is_done(folder):
    class Fails(CopiedShots):
        def run(self, tasks, stop):
            for update in super().run(tasks, stop):
                yield update
                if isinstance(update, PaintedFrame) and update.number == 1:
                    yield ShotFailed(update.shot, ImageError("it is bad", "Mend it."), worker_lost=False)

    with pytest.raises(ImageError, match="it is bad"):
        run(Fails())
    assert not (folder / "out.mkv").exists()
    assert kinds(run(CopiedShots()), FilmStarted)[0].done == 2


def test_frames_are_painted_with_the_mask_of_their_time(folder):
    """The mask's clip is of half the rate and twice the size: black, then white on the right."""
    masks = [np.zeros((96, 128, 3), np.uint8), np.zeros((96, 128, 3), np.uint8)]
    masks[0][...] = 0
    masks[1][:, 64:] = 255
    save_film(folder / "mask.mkv", masks, rate=12)
    settings = QUICK.model_copy(update={"keep_mask": "mask.mkv"})
    run(settings=settings, output="out/")
    made = [np.asarray(PIL.Image.open(path)).astype(int) for path in sorted((folder / "out").iterdir())]
    kept = [np.abs(made[number] - frame(number))[:, 40:].max() for number in range(6)]
    assert min(kept[:2]) > 5
    assert max(kept[2:]) == 0
    assert np.abs(made[5] - frame(5))[:, :24].mean() > 5
    assert not list(folder.glob("out*/mask*"))


def test_a_moving_mask_may_be_black_or_white_all_over_for_a_while(folder):
    """A mask that is so for a photograph is refused as a mistake; a subject may leave the picture."""
    black, white = np.zeros((48, 64, 3), np.uint8), np.full((48, 64, 3), 255, np.uint8)
    save_film(folder / "in.mkv", [white, black], rate=24)
    save_film(folder / "out.mkv", [black, white], rate=24)
    PIL.Image.fromarray(255 - np.asarray(PIL.Image.open("painting.png"))).save("other.png")
    masked = QUICK.model_copy(update={"mask": ["in.mkv", "out.mkv"]})
    plan = plan_film(FilmRequest("in", ("painting.png", "other.png"), "two/", masked, frames="0:2"))
    list(render(plan, executor=InlineShots()))
    for number, name in enumerate(("painting.png", "other.png")):
        list(render(plan_film(FilmRequest("in", (name,), f"{number}/", QUICK, frames="0:2")), executor=InlineShots()))
    for number in (0, 1):
        made, *alone = (
            np.asarray(PIL.Image.open(folder / it / f"{number:05d}.png")).astype(int) for it in ("two", "0", "1")
        )
        apart = [np.abs(made - one).mean() for one in alone]
        assert apart[number] < 0.6 * apart[1 - number]
    run(settings=QUICK.model_copy(update={"keep_mask": "in.mkv"}), output="kept/", frames="0:1")
    kept = np.asarray(PIL.Image.open(folder / "kept" / "00000.png")).astype(int)
    assert np.abs(kept - frame(0))[1:, 1:].max() == 0


def test_a_still_mask_holds_throughout_and_one_of_another_shape_is_refused(folder):
    still = np.zeros((48, 64, 3), np.uint8)
    still[:, 32:] = 255
    PIL.Image.fromarray(still).save(folder / "still.png")
    plan = plan_film(request(settings=QUICK.model_copy(update={"keep_mask": "still.png"})))
    assert plan.moving_masks == ()
    PIL.Image.fromarray(still[:, :20]).save(folder / "narrow.png")
    with pytest.raises(ImageError, match=r"narrow.png is a mask of another shape than in: 20 x 48 pixels, not 64 x 48"):
        plan_film(request(settings=QUICK.model_copy(update={"keep_mask": "narrow.png"})))
    with pytest.raises(ImageError, match=r"gone.gif does not exist"):
        plan_film(request(settings=QUICK.model_copy(update={"keep_mask": "gone.gif"})))


def test_a_clip_or_a_painting_that_changes_meanwhile_is_refused(folder):
    plan = plan_film(request())
    PIL.Image.fromarray(frame(9)).save(folder / "in" / "003.png")
    with pytest.raises(ImageError, match="in was changed meanwhile"):
        list(render(plan, executor=InlineShots()))
    plan = plan_film(request(output="other.mkv"))
    PIL.Image.fromarray(frame(8)).save(folder / "painting.png")
    with pytest.raises(ImageError, match=r"painting.png was changed meanwhile"):
        list(render(plan, executor=InlineShots()))


def test_what_was_decided_holds_when_a_film_is_resumed_on_fewer_cores(folder, monkeypatch):
    cut(folder / "in", 2)
    monkeypatch.setattr(cores, "core_count", lambda: 8)
    executor = InlineShots()
    for event in render(plan_film(request()), executor=executor):
        if isinstance(event, FramePainted) and event.done == 2:
            break
    threads = executor.tasks[0].timeline.base.threads
    assert threads == 4
    monkeypatch.setattr(cores, "core_count", lambda: 1)
    resumed = InlineShots()
    run(resumed)
    assert {task.timeline.base.threads for task in resumed.tasks} == {threads}
    assert {task.timeline.base.memory for task in resumed.tasks} == {executor.tasks[0].timeline.base.memory}


REFUSED = {
    "a photograph": ({"clip": "painting.png"}, ImageError, "painting.png is a picture, not a clip"),
    "nothing": ({"clip": "gone.gif"}, ImageError, "gone.gif does not exist"),
    "an output that is an input": (
        {"output": "painting.png"},
        InputError,
        "painting.png would replace one of the inputs",
    ),
    "an unknown format": ({"output": "out.xyz"}, InputError, "out.xyz ends in '.xyz'"),
    "a codec that the container does not hold": ({"output": "out.webm", "codec": "h264"}, InputError, "h264"),
    "weights of another number": (
        {"settings": QUICK.model_copy(update={"style_blend": (1, 2)})},
        SettingsError,
        "style_blend has 2 weights for 1 painting",
    ),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_cannot_be_painted_is_refused_before_anything_is_written(folder, what):
    choices, kind, words = REFUSED[what]
    before = sorted(path.name for path in folder.iterdir())
    with pytest.raises(kind) as caught:
        run(CopiedShots(), **choices)
    assert words in str(caught.value)
    assert "\n" not in str(caught.value)
    assert sorted(path.name for path in folder.iterdir()) == before


def test_the_time_left_is_at_least_that_of_the_longest_shot():
    clock = FilmClock([(0,), (1,), (2, 3, 4, 5)], 3)
    clock.complete(0, 1)
    clock.complete(1, 1)
    assert clock.remaining() == 4


def test_the_time_left_counts_the_first_frames_of_shots_by_themselves():
    clock = FilmClock([(0, 1, 2, 3), (4, 5, 6, 7)], 1)
    clock.complete(0, 10)
    assert clock.remaining() == 70
    clock.complete(1, 1)
    assert clock.remaining() == 10 + 5
    clock.skip((4, 5, 6, 7))
    assert clock.remaining() == 2
    assert clock.estimate(100, 2, 2) == (20 + 98) / 2
