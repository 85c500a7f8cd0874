"""`impasto video`, as somebody at a terminal, a script and a kill -9 meet it."""

import json
import random
import shutil
import signal
import time

import numpy as np
import PIL.Image
import pytest
from batches import QUICK_BATCH
from quick import listing
from quick_films import InlineShots, frame, read_film, save_film, save_frames

from impasto import images
from impasto.video import render as rendering
from impasto.video.write.codecs import CODECS
from impasto.video.write.film import FILM_SUFFIXES

FAST = [*QUICK_BATCH, "--threads", "1"]


@pytest.fixture
def clip(folder):
    save_frames(folder / "in", 6)
    return folder


@pytest.fixture
def video(impasto, clip, monkeypatch):  # noqa: ARG001
    """Run the command, with frames that are painted within this process."""
    monkeypatch.setattr(rendering, "LocalShots", lambda _workers: InlineShots())
    return lambda *arguments: impasto("video", *arguments, *FAST)


def events_of(text):
    return [json.loads(line) for line in text.splitlines()]


def test_a_film_is_painted_beside_its_clip_and_named_after_both(video, clip):
    done = video("in", "painting.jpg")
    assert (done.code, done.out) == (0, f"{clip / 'in-painting.mp4'}\n")
    assert done.err.splitlines()[0] == "in: 6 frames of 64 x 48 px in 1 shot (1 thread)"
    assert "frame 6 of 6: " in done.err
    assert done.err.splitlines()[-1].startswith("finished: 6 frames, ")
    pictures, _ = read_film(clip / "in-painting.mp4")
    assert len(pictures) == 6
    assert np.abs(pictures[0].astype(int) - frame(0)).mean() > 1
    again = video("in", "painting.jpg")
    assert again.out == f"{clip / 'in-painting-2.mp4'}\n"
    assert not list(clip.glob("*.frames"))


def test_an_animation_is_painted_as_one_and_a_part_of_it_with_every_other_frame(video, clip):
    pictures = [PIL.Image.fromarray(frame(number)) for number in range(5)]
    pictures[0].save(clip / "clip.gif", save_all=True, append_images=pictures[1:], duration=50, loop=3)
    done = video("clip.gif", "painting.jpg", "--frames", "1:", "--every", "2", "--loop", "--quiet")
    seam = "note: the loop keeps its seam: the clip has a cut or a fade there, or is too short\n"
    assert (done.code, done.err, done.out) == (0, seam, "")
    with PIL.Image.open(clip / "clip-painting.gif") as film:
        assert (film.n_frames, film.info["duration"], film.info["loop"]) == (2, 100, 0)


def test_frames_go_into_a_folder_and_stay_beside_it_where_that_is_asked_for(video, clip):
    assert video("in/%03d.png", "painting.jpg", "-o", "out/", "--keep-frames").code == 0
    names = [f"{number:05d}.png" for number in range(6)]
    assert sorted(path.name for path in (clip / "out").iterdir()) == names
    kept = sorted(path.name for path in (clip / "out.frames").glob("*.png"))
    assert kept == [f"{number:06d}.png" for number in range(6)]
    refused = video("in/%03d.png", "painting.jpg", "-o", "out/")
    assert (refused.code, refused.err) == (
        2,
        "impasto: error: out has frames already. Use --force to replace them, or choose another name.\n",
    )
    again = video("in/%03d.png", "painting.jpg", "-o", "out/", "--force", "--json")
    assert events_of(again.out)[-1]["painted"] == 0  # all of them were kept


def test_each_event_is_a_line_of_json(video, clip):
    done = video("in", "painting.jpg", "-o", "out.mp4", "--json", "--at", "0", "strength=0.2", "--at", "3f", "fill=0.5")
    events = events_of(done.out)
    kinds = [event["event"] for event in events]
    assert kinds == ["started", "shot_started", *6 * ["frame"], *6 * ["encoded"], "finished"]
    assert events[0] | {"path": "out.mp4", "size": [64, 48], "frames": 6, "done": 0, "shots": 1} == events[0]
    assert events[2] | {"number": 0, "done": 1, "path": "out.mp4.frames/000000.png"} == events[2]
    assert events[-1] | {"path": "out.mp4", "frames": 6, "painted": 6} == events[-1]
    assert done.err == ""
    assert not (clip / "out.mp4.frames").exists()


def test_a_preview_names_itself_and_tells_the_time_of_the_whole(video, clip):
    done = video("in", "painting.jpg", "--preview")
    assert done.out == f"{clip / 'in-painting-preview.mp4'}\n"
    assert "; the whole clip takes about " in done.err.splitlines()[-1]
    for output, name in {
        "out.gif": "out-preview.gif",
        "out/": "out-preview",
        "out/%d.png": "out-preview/%d.png",
    }.items():
        done = video("in", "painting.jpg", "--preview", "-o", output, "--frames", ":1", "--force")
        assert done.out == f"{name}\n"
    assert not (clip / "out.gif").exists()


def test_frames_that_are_named_by_a_number_go_into_this_folder_and_are_read_from_it(video, clip, monkeypatch):
    (clip / "made").mkdir()
    monkeypatch.chdir(clip / "made")
    for path in sorted((clip / "in").iterdir()):
        shutil.copy(path, path.name)
    done = video("%03d.png", "../painting.jpg", "--frames", "0:2")
    assert (done.code, done.out) == (0, f"{clip / 'made-painting.mp4'}\n"), done.err
    done = video("../in", "../painting.jpg", "-o", "it-%05d.png", "--frames", "0.05-3f")
    assert (done.code, done.out) == (0, "it-%05d.png\n"), done.err
    assert [path.name for path in (clip / "made").glob("it-*")] == ["it-00000.png"]
    assert not list(clip.glob("*.frames"))


def test_a_keyframe_ends_where_the_clip_begins_and_the_frames_take_their_own_iterations(video, clip):
    done = video("--at", "0", "strength=0.1", "fill=1", "in", "painting.jpg", "-o", "out/", "--frame-iterations", "1")
    assert (done.code, done.out) == (0, "out\n"), done.err
    film = json.loads(images.read_metadata(clip / "out" / "00000.png")["impasto:film"])
    assert film["consistency"]["iterations"] == 1
    assert film["keyframes"]["tracks"] == {"fill": [["0", 1.0]], "strength": [["0", 0.1]]}
    repeated = video("in", "painting.jpg", "--at", "0", "strength=0.1", "--at=0", "fill=1", "-o", "two/")
    assert repeated.code == 0, repeated.err


def test_the_settings_of_a_film_are_loaded_from_one_of_its_frames(impasto, video, clip):
    assert video("in", "painting.jpg", "-o", "one/", "--strength", "0.2").code == 0
    frames = [*sorted((clip / "one").iterdir())]
    again = impasto("video", "in", "painting.jpg", "-o", "two/", "--settings-from", str(frames[0]))
    assert again.code == 0, again.err
    for path in frames:
        assert np.array_equal(np.asarray(PIL.Image.open(path)), np.asarray(PIL.Image.open(clip / "two" / path.name)))


def test_the_help_names_every_container_and_codec(impasto):
    words = impasto("video", "--help").out
    for name in (*CODECS, *FILM_SUFFIXES):
        assert name in words or name in (".m4v", ".png")


REFUSED = {
    "no clip": (["gone.mp4", "painting.jpg"], "gone.mp4 does not exist. Check the path."),
    "a photograph": (
        ["photo.jpg", "painting.jpg"],
        "photo.jpg is a picture, not a clip. Paint it with `impasto PHOTO PAINTING`.",
    ),
    "no painting": (["in", "gone.jpg"], "gone.jpg does not exist"),
    "a stream": (["-", "painting.jpg"], "a film is read from files and written to one, and - is neither"),
    "a setting that cannot change": (
        ["in", "painting.jpg", "--at", "0", "size=64"],
        "--at 0: --size cannot change within a clip, since all frames have one size. Give it once, for the whole clip.",
    ),
    "no time": (["in", "painting.jpg", "--at", "strength=0.2"], "--at has strength=0.2 without a time"),
    "no such frame": (
        ["in", "painting.jpg", "--at", "6f", "strength=0.2"],
        "there is no frame 6 in a clip of 6 frames. They are numbered from 0.",
    ),
    "a time after the end": (
        ["in", "painting.jpg", "--at", "1", "strength=0.2"],
        "--at: 1 is after the end of the clip, which has 0.25 seconds",
    ),
    "no iterations": (["in", "painting.jpg", "--frame-iterations", "0"], "--frame-iterations 0 is out of range"),
    "much consistency": (["in", "painting.jpg", "--consistency", "101"], "--consistency 101 is out of range"),
    "no such part": (["in", "painting.jpg", "--frames", "6:"], "--frames 6: has no frame of a clip of 6 frames"),
    "no rate": (["in", "painting.jpg", "--rate", "often"], "--rate takes frames a second, not 'often'"),
    "no workers": (["in", "painting.jpg", "--workers", "0"], "--workers takes auto or a number from 1 to "),
    "an unknown format": (["in", "painting.jpg", "-o", "out.xyz"], "out.xyz ends in '.xyz'"),
    "another codec": (
        ["in", "painting.jpg", "-o", "out.webm", "--codec", "h264"],
        "a .webm file does not hold --codec h264",
    ),
    "the quality": (["in", "painting.jpg", "--quality", "101"], "--quality 101 is out of range"),
    "every zeroth frame": (["in", "painting.jpg", "--every", "0"], "invalid value"),
    "a folder that is missing": (["in", "painting.jpg", "-o", "no/out.mp4"], "the folder no does not exist"),
    "its own input": (["in", "painting.jpg", "-o", "painting.jpg", "-f"], "painting.jpg"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_what_cannot_be_used_is_one_line_and_nothing_is_written(video, clip, what):
    arguments, words = REFUSED[what]
    before = listing(clip)
    done = video(*arguments)
    assert done.code == 2
    assert done.out == ""
    assert done.err.startswith("impasto: error: ")
    assert words.lower() in done.err.lower()
    assert done.err.count("\n") == 1
    assert listing(clip) == before


def test_a_film_in_place_of_a_photograph_gets_the_command_for_films(impasto, clip):
    save_film(clip / "clip.mkv", [frame(0), frame(1)])
    done = impasto("clip.mkv", "painting.jpg")
    assert (done.code, done.err) == (2, "impasto: error: clip.mkv is a film. Paint it with `impasto video`.\n")
    done = impasto("photo.jpg", "painting.jpg", "clip.mkv")
    says = "clip.mkv is a film, and a painting is a still picture. Export a frame of it, and give that."
    assert (done.code, done.err) == (2, f"impasto: error: {says}\n")


def test_a_clip_may_have_the_name_of_a_setting_and_the_setting_is_still_one(video, clip):
    shutil.copytree(clip / "in", clip / "clip")
    assert video("clip", "painting.jpg", "--clip", "-o", "out.gif", "--frames", "0:2").code == 0


def arguments(output="out.gif", size="64"):
    fast = [size if word == "64" else word for word in FAST]
    return ["video", "in", "painting.jpg", "-o", output, *fast, "--json"]


def wait_for(process, kind, count=1):
    """Read events until a number of one kind."""
    for line in process.stdout:
        count -= json.loads(line)["event"] == kind
        if not count:
            return
    raise AssertionError(process.stderr.read())


@pytest.mark.slow
def test_a_film_that_is_killed_twice_is_resumed_and_is_the_same(impasto_process, video, clip):
    assert video("in", "painting.jpg", "-o", "whole.gif").code == 0
    expected = (clip / "whole.gif").read_bytes()
    for count in (2, 1):
        process = impasto_process(*arguments())
        wait_for(process, "frame", count)
        process.kill()
        process.communicate()
        assert not (clip / "out.gif").exists()
    process = impasto_process(*arguments())
    out, _ = process.communicate()
    assert process.returncode == 0
    assert events_of(out.decode())[0]["done"] >= 3
    assert (clip / "out.gif").read_bytes() == expected


def test_ctrl_c_stops_at_once_says_how_to_resume_and_keeps_what_is_painted(impasto_process, video, clip):
    process = impasto_process("video", "in", "painting.jpg", "-o", "out.gif", *FAST)
    while not list(clip.glob("out.gif.frames/*.png")):
        time.sleep(0.02)
    begun = time.monotonic()
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate()
    assert time.monotonic() - begun < 5
    assert process.returncode == 130
    painted = len(list(clip.glob("out.gif.frames/*.png")))
    last = errors.decode().splitlines()[-1]
    assert last == f"stopped: {painted} of 6 frames are painted and kept; run the same command again to resume"
    assert not (clip / "out.gif").exists()
    other = video("in", "painting.jpg", "-o", "out.gif", "--strength", "0.3")
    assert other.code == 2
    problem = f"holds {painted} painted frame{'s' if painted > 1 else ''} of another film: strength was 0.5 and is 0.3"
    assert f"out.gif.frames {problem}. Remove that folder, or choose another output." in other.err
    resumed = video("in", "painting.jpg", "-o", "out.gif")
    assert f"; resuming after {painted} frame" in resumed.err
    assert resumed.code == 0


@pytest.mark.slow
def test_a_film_that_is_killed_at_ten_moments_is_resumed_and_is_the_same(impasto_process, clip):
    # x264's mbtree reads beyond its arrays where a picture has fewer than 8 macroblocks in a row: films differ there.
    begun = time.monotonic()
    process = impasto_process(*arguments("whole.mp4", "128"))
    _, errors = process.communicate()
    assert (process.returncode, errors) == (0, b"")
    expected = (clip / "whole.mp4").read_bytes()
    seconds, chance = time.monotonic() - begun, random.Random(0)
    for turn in range(10):
        output = f"try-{turn}.mp4"
        process = impasto_process(*arguments(output, "128"))
        time.sleep(seconds * (turn + chance.random()) / 10)
        process.kill()
        process.communicate()
        if not (clip / output).exists():  # it was done before, if late
            process = impasto_process(*arguments(output, "128"))
            _, errors = process.communicate()
            assert process.returncode == 0, errors
        assert (clip / output).read_bytes() == expected, turn
        assert not list(clip.glob(f"{output}.frames/*.png"))
