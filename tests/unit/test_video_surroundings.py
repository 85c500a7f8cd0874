"""What surrounds the painting of a film: masks, what is read and never replaced, what is told, and what is kept."""

import json
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import PIL.Image
import pytest
from quick_films import QUICK, CopiedShots, InlineShots, frame, save_film, save_frames, save_painting

from impasto import images
from impasto.cli.display.video import choose_video_display
from impasto.errors import ImageError, OutputError, SettingsError
from impasto.video import opened_clips, paint_film
from impasto.video import render as rendering
from impasto.video.events import ClipScanned, FilmFinished, FilmStarted, FilmStopped, FramePainted
from impasto.video.masks import MovingMasks
from impasto.video.opened_clips import OpenedClips, open_source
from impasto.video.painting.references import MOST_KEPT
from impasto.video.plan import FilmRequest, plan_film
from impasto.video.read.sources import open_clip
from impasto.video.render import render
from impasto.video.shot import ClipSource
from impasto.video.timeline import Keyframe
from impasto.video.workspace import Workspace


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    save_frames(tmp_path / "in", 6)
    save_painting(tmp_path / "painting.png")
    return tmp_path


def request(clip="in", output="out.mkv", settings=QUICK, **choices):
    return FilmRequest(clip, ("painting.png",), output, settings, **choices)


def run(executor=None, **choices):
    return list(render(plan_film(request(**choices)), executor=executor or InlineShots()))


def kinds(events, kind):
    return [event for event in events if isinstance(event, kind)]


def save_mask(path, white):
    """A mask whose columns from a number on are white."""
    mask = np.zeros((48, 64), np.uint8)
    mask[:, white:] = 255
    PIL.Image.fromarray(mask).save(path)


def test_a_mask_for_each_frame_goes_with_the_frames_whatever_the_rate_of_the_clip(folder):
    save_film(folder / "clip.mkv", [frame(number) for number in range(6)], rate=30)
    (folder / "masks").mkdir()
    for number in range(6):
        save_mask(folder / "masks" / f"{number}.png", 0 if number == 5 else 63)
    settings = QUICK.model_copy(update={"keep_mask": "masks"})
    run(clip="clip.mkv", settings=settings, output="out/", frames="4:6")
    made = [np.asarray(PIL.Image.open(path)).astype(int) for path in sorted((folder / "out").iterdir())]
    kept = [np.abs(made[number] - frame(4 + number))[1:, 1:60].max() for number in (0, 1)]
    assert kept[0] > 5
    assert kept[1] == 0
    assert plan_film(request(clip="clip.mkv", settings=settings)).notices == ()
    (folder / "masks" / "5.png").unlink()
    words = ("masks has 5 masks, and the clip 6 frames: the last one holds for the rest",)
    assert plan_film(request(clip="clip.mkv", settings=settings)).notices == words


def test_a_mask_that_ends_early_is_told(folder):
    save_film(folder / "mask.mkv", [np.full((48, 64, 3), 9 * it, np.uint8) for it in range(2)], rate=24)
    plan = plan_film(request(settings=QUICK.model_copy(update={"keep_mask": "mask.mkv"})))
    words = "mask.mkv ends after 0.084 seconds, and its last mask holds for the rest of the clip"
    assert kinds(list(render(plan, executor=CopiedShots())), FilmStarted)[0].notices == (words,)


def test_masks_follow_a_film_into_its_beginning_where_it_loops_and_are_kept_for_a_painter_that_resumes(tmp_path):
    clip = save_film(tmp_path / "mask.mkv", [np.full((48, 64, 3), 9 * it, np.uint8) for it in range(20)], rate=10)
    source = ClipSource(str(clip), None, open_clip(clip).info.digest)
    masks = MovingMasks([source], tmp_path, open_source)
    settings = QUICK.model_copy(update={"keep_mask": str(clip)})

    def shown(number):
        return Path(masks.apply(settings, number, Fraction(number, 10)).keep_mask)

    files = [shown(number) for number in (*range(20), 0, 1)]
    assert [PIL.Image.open(path).getpixel((9, 9))[0] // 9 for path in files[-2:]] == [0, 1]
    assert all(path.exists() for path in files[-MOST_KEPT - 1 :])


def test_a_clip_is_read_through_once_for_many_shots_and_again_when_it_has_changed(folder, monkeypatch):
    read = []
    monkeypatch.setattr(opened_clips, "open_clip", lambda path: read.append(path) or open_clip(path))
    clips, source = OpenedClips(), ClipSource("in", None, open_clip("in").info.digest)
    assert clips.open(source) is clips.open(source)
    assert len(read) == 1
    PIL.Image.fromarray(frame(9)).save(folder / "in" / "003.png")
    with pytest.raises(ImageError, match="in was changed meanwhile"):
        clips.open(source)


OVERWRITTEN = {
    "frames by frames of the same names": {"clip": "in/%03d.png", "output": "in/%05d.png"},
    "frames by a folder of frames": {"clip": "in/%03d.png", "output": "in"},
    "the folder of the clip": {"clip": "in", "output": "in/"},
    "a picture among the frames of the clip": {"clip": "in", "output": "in/film.gif"},
    "other names in the folder of the clip": {"clip": "in", "output": "in/new-%d.png"},
    "a mask": {"settings": QUICK.model_copy(update={"keep_mask": "mask.gif"}), "output": "mask.gif"},
    "masks": {"settings": QUICK.model_copy(update={"keep_mask": "masks"}), "output": "masks/%03d.png"},
    "a link to the clip": {"clip": "clip.gif", "output": "link.gif"},
}


@pytest.mark.parametrize("what", OVERWRITTEN)
def test_what_is_read_is_never_replaced_even_where_that_is_forced(folder, what):
    pictures = [PIL.Image.fromarray(frame(number)) for number in range(6)]
    for name in ("clip.gif", "mask.gif"):
        pictures[0].save(folder / name, save_all=True, append_images=pictures[1:])
    (folder / "link.gif").symlink_to("clip.gif")
    save_frames(folder / "masks", 6)
    before = {path: path.stat().st_mtime_ns for path in folder.rglob("*")}
    with pytest.raises(OutputError, match=r"would (replace one of the inputs|be among the frames of in)"):
        run(CopiedShots(), **OVERWRITTEN[what], overwrite=True)
    assert {path: path.stat().st_mtime_ns for path in folder.rglob("*")} == before


def test_frames_with_other_names_in_one_folder_stay(folder):
    for name in ("take1-00001.png", "take2-99999.png", "take2-1.txt"):
        (folder / name).write_bytes(b"mine")
    run(CopiedShots(), output="take2-%05d.png", overwrite=True)
    assert (folder / "take1-00001.png").read_bytes() == (folder / "take2-1.txt").read_bytes() == b"mine"
    assert sorted(path.name for path in folder.glob("take2-*.png")) == [
        f"take2-{number:05d}.png" for number in range(6)
    ]


@pytest.mark.usefixtures("folder")
def test_a_film_that_cannot_loop_says_so():
    (started,) = kinds(run(CopiedShots(), loop=True, frames="0:2"), FilmStarted)
    assert started.notices == ("the loop keeps its seam: the clip has a cut or a fade there, or is too short",)
    (started,) = kinds(run(CopiedShots(), loop=True, output="other.mkv"), FilmStarted)
    assert started.notices == ()


def test_a_long_clip_tells_how_far_it_is_looked_through_and_can_be_stopped_meanwhile(folder):
    save_frames(folder / "long", 250)
    events = render(plan_film(request("long", frames="0:220")), executor=CopiedShots(), stop=lambda: len(seen) == 2)
    seen = []
    seen.extend(events)
    assert seen == [ClipScanned(100, 220), ClipScanned(200, 220), FilmStopped(0, 220, Path("out.mkv.frames"))]
    assert not (folder / "out.mkv.frames").exists()


def test_a_film_that_was_complete_and_not_in_its_place_tells_the_same_as_others(folder, monkeypatch):
    def fail(_workspace):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Workspace, "_move_film", fail)
        with pytest.raises(KeyboardInterrupt):
            run(CopiedShots())
    started, finished = run(CopiedShots())
    assert (type(started), started.done, started.frames) == (FilmStarted, 6, 6)
    assert (type(finished), finished.frames, finished.painted) == (FilmFinished, 6, 0)
    assert (folder / "out.mkv").exists()


def test_a_painted_frame_that_is_damaged_is_named_where_it_is(folder):
    (events := render(plan_film(request()), executor=CopiedShots())).__next__()
    while not isinstance(next(events), FramePainted):
        pass
    events.close()
    path = folder / "out.mkv.frames" / "000000.png"
    data = bytearray(path.read_bytes())
    data[len(data) // 2 - 9 : len(data) // 2 + 9] = bytes(18)
    path.write_bytes(data)
    with pytest.raises(ImageError, match=r"^out.mkv.frames/000000.png is damaged\. Remove it"):
        run(InlineShots())


@pytest.mark.parametrize("output", ["out.mp4", "out.mkv", "out/", "out.apng"])
def test_a_film_says_how_it_was_made(folder, output):
    run(CopiedShots(), output=output, keyframes=(Keyframe("0", {"fill": 0}),))
    if output in ("out.mp4", "out.mkv"):
        with av.open(output) as film:
            (text,) = (value for key, value in film.metadata.items() if key.lower() == "comment")
            found = json.loads(text)
    else:
        found = images.read_metadata(folder / "out" / "00003.png" if output == "out/" else output)
    assert json.loads(found["impasto:settings"])["style_layers"] == QUICK.model_dump(mode="json")["style_layers"]
    assert [it["name"] for it in json.loads(found["impasto:inputs"])] == ["in", "painting.png"]
    assert json.loads(found["impasto:film"])["keyframes"]["tracks"] == {"fill": [["0", 0.0]]}
    assert found["impasto:version"]


@pytest.fixture
def _painted_here(monkeypatch):
    monkeypatch.setattr(rendering, "LocalShots", lambda _workers: InlineShots())


@pytest.mark.usefixtures("_painted_here")
def test_python_takes_settings_by_name_and_can_stop_a_film(folder):
    settings = {name: getattr(QUICK, name) for name in QUICK.model_fields_set}
    painted = []
    stopped = paint_film(
        folder / "in",
        folder / "painting.png",
        folder / "out.gif",
        **settings,
        consistency=0.2,
        frame_iterations=2,
        on_event=lambda event: painted.append(event) if isinstance(event, FramePainted) else None,
        stop=lambda: len(painted) == 2,
    )
    assert (type(stopped), stopped.done) == (FilmStopped, 2)
    film = paint_film("in", ["painting.png"], "out.gif", settings=QUICK, consistency=0.2, frame_iterations=2)
    assert (film.painted, film.output) == (4, Path("out.gif"))


CHOICES = {
    "every=-1 is not a number from 1": {"every": -1},
    "workers=0 is not a number from 1": {"workers": 0},
    'ease="slow" is not a course': {"ease": "slow"},
    "consistency=-1 is out of range": {"consistency": -1},
    "frame_iterations=0 is out of range": {"frame_iterations": 0},
    "quality=0 is out of range": {"quality": 0},
    "rate=0.0 is not a valid frame rate": {"rate": 0},
    "there is no setting 'sise'. Did you mean 'size'?": {"sise": 512},
    "both settings and single choices were given": {"settings": QUICK, "size": 512},
}


@pytest.mark.parametrize("problem", CHOICES)
@pytest.mark.usefixtures("folder")
def test_python_is_told_what_cannot_be_chosen_before_anything_is_painted(problem):
    with pytest.raises(SettingsError) as caught:
        paint_film("in", "painting.png", "out.gif", **CHOICES[problem])
    assert str(caught.value).startswith(problem)


def test_a_quiet_command_tells_what_is_not_as_it_was_asked_for(capsys):
    display = choose_video_display("clip.mp4", json=False, quiet=True)
    path = Path("out.mp4")
    display.on_event(FilmStarted(path, path, 9, 0, 1, (64, 48), 1, 1, "clip.mp4 ends early", notices=("so it is",)))
    display.on_event(ClipScanned(100, 200))
    display.on_event(FramePainted(1, 0, 1, 9, 0.1, 0.8, path))
    display.on_event(FilmStopped(1, 9, path))
    display.on_event(FilmFinished(path, 9, 9, 1.0, ("the film has 8 bits",)))
    assert capsys.readouterr().err.splitlines() == [
        "note: clip.mp4 ends early",
        "note: so it is",
        "stopped: 1 of 9 frames are painted and kept; run the same command again to resume",
        "note: the film has 8 bits",
    ]
