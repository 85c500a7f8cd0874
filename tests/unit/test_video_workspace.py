"""What is kept of a film on disk: to the bit, for one process at a time, and whole at whatever moment that one ends."""

import json
import os
import resource
import subprocess
import sys
from pathlib import Path

import dying_films
import numpy as np
import PIL.Image
import pytest
from quick_films import save_frames, save_painting

from impasto.errors import ImageError, OutputError, StorageError
from impasto.images import Picture
from impasto.video.painted import decode_painted, encode_painted
from impasto.video.painting.shots import Fade
from impasto.video.stored_plan import PlannedShot, StoredPlan
from impasto.video.workspace import check_room, open_workspace, workspace_folder

IDENTITY = {"clip": "a", "paintings": ["b"], "settings": {"strength": 0.5, "seed": 0}, "frames": "0:4", "every": 1}
PLAN = StoredPlan(
    IDENTITY, 1, "100MB", (PlannedShot((0, 1)), PlannedShot((2, 3), {3: Fade(0.5, (0.0, 0.0, 255.0), 2)}))
)


def picture(seed=0, dtype=np.uint8, alpha=False):
    random, most = np.random.default_rng(seed), np.iinfo(dtype).max
    colors = random.integers(0, most + 1, (6, 8, 3)).astype(dtype)
    opacity = random.integers(0, most + 1, (6, 8)).astype(np.float32) / np.float32(most)
    opacity[:2] = 0
    return Picture(colors, alpha=opacity if alpha else None, depth=8 if dtype == np.uint8 else 16)


@pytest.fixture
def output(tmp_path):
    return tmp_path / "out.mp4"


def start(output, identity=IDENTITY, *, force=False, frames=(0, 2, 3)):
    with open_workspace(output, identity, force=force) as workspace:
        workspace.begin(StoredPlan(identity, 1, "100MB", PLAN.shots))
        for number in frames:
            workspace.save(number, encode_painted(picture(number), {"after": number}))


def refusal(output, identity=IDENTITY, *, force=False):
    with pytest.raises(OutputError) as caught, open_workspace(output, identity, force=force):
        pass
    assert "\n" not in str(caught.value)
    return caught.value.problem


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("alpha", [False, True])
def test_a_painted_frame_comes_back_to_the_bit_even_where_it_is_transparent(dtype, alpha):
    made, state = picture(1, dtype, alpha), {"mean": [0.1, 1e-17], "text": "\N{PILE OF POO}"}
    found, remembered = decode_painted(encode_painted(made, state), "it")
    assert remembered == state
    assert (found.colors.dtype, found.depth) == (dtype, made.depth)
    assert np.array_equal(found.colors, made.colors)
    assert (found.alpha is None) == (not alpha)
    assert not alpha or np.array_equal(found.alpha, made.alpha)


def test_a_painted_frame_is_a_picture_for_any_program(tmp_path):
    path = tmp_path / "it.png"
    path.write_bytes(encode_painted(picture(2), {}))
    with PIL.Image.open(path) as image:
        assert np.array_equal(np.asarray(image), picture(2).colors)


def test_a_damaged_frame_is_refused_in_one_line(tmp_path):
    data = encode_painted(picture(), {})
    foreign = tmp_path / "it.png"
    PIL.Image.fromarray(picture().colors).save(foreign)
    for wrong in (b"", data[:-1], data[20:], foreign.read_bytes()):
        with pytest.raises(ImageError, match="frame 3 is damaged"):
            decode_painted(wrong, "frame 3")


def test_the_frames_of_a_shot_count_up_to_the_first_that_is_missing_or_cut_short(output):
    start(output, frames=(0, 1, 3))
    cut = workspace_folder(output) / "000001.png"
    cut.write_bytes(cut.read_bytes()[:-5])
    (workspace_folder(output) / ".000002.png.part-0a1b2c3d").write_bytes(b"\x89PNG")
    with open_workspace(output, IDENTITY, force=False) as workspace:
        assert workspace.plan == PLAN
        assert [workspace.count_done(shot.frames) for shot in PLAN.shots] == [1, 0]
        assert workspace.load(0)[1] == {"after": 0}
        assert np.array_equal(workspace.load(0)[0].colors, picture(0).colors)
    assert sorted(path.name for path in workspace_folder(output).glob(".*")) == []


DIFFERENT = {
    "clip": ("c", "the clip has changed"),
    "paintings": (["d"], "the paintings have changed"),
    "settings": ({"strength": 0.2, "seed": 0}, "strength was 0.5 and is 0.2"),
    "frames": ("0:5", "frames was 0:4 and is 0:5"),
    "every": (2, "every was 1 and is 2"),
    "loop": (True, "loop was null and is true"),
}


@pytest.mark.parametrize("key", DIFFERENT)
def test_another_film_at_the_same_output_is_refused_with_what_differs_and_what_is_painted_stays(output, key):
    start(output)
    value, words = DIFFERENT[key]
    other = {**IDENTITY, key: value}
    problem = f"{workspace_folder(output)} holds 3 painted frames of another film: {words}"
    assert refusal(output, other) == refusal(output, other, force=True) == problem
    with open_workspace(output, IDENTITY, force=True) as workspace:
        assert workspace.count_done((2, 3)) == 2
    with open_workspace(output, other, force=False, discard=True) as workspace:
        assert workspace.plan is None
        assert workspace.count_done((0, 2, 3)) == 0
        workspace.begin(StoredPlan(other, 1, "100MB", PLAN.shots))
    assert not list(workspace_folder(output).glob("*.png"))


def test_another_film_of_which_nothing_was_painted_yet_gives_way(output):
    start(output, frames=())
    workspace_folder(output).mkdir()
    (workspace_folder(output) / "plan.json").write_bytes(PLAN.to_json())  # as a process that is killed leaves it
    with open_workspace(output, {**IDENTITY, "every": 2}, force=False) as workspace:
        assert workspace.plan is None


def test_what_is_painted_is_on_the_disk_before_anything_else_is_done(output, monkeypatch):
    written, synced = [], []
    sync = os.fsync

    def remember(number):
        synced.append(Path(f"/proc/self/fd/{number}").resolve().name)
        sync(number)

    monkeypatch.setattr(os, "fsync", remember)
    with open_workspace(output, IDENTITY, force=False) as workspace:
        workspace.begin(PLAN)
        written.append("plan.json")
        for number in (0, 1):
            workspace.save(number, encode_painted(picture(), {}))
            written.append(f"{number:06d}.png")
        assert [name.partition(".part-")[0] for name in synced] == [
            part for name in written for part in (f".{name}", "out.mp4.frames")
        ]
        Path(workspace.prepare_film(is_folder=False)).write_bytes(b"film")
        synced.clear()
        workspace.finish(keep=False)
        assert synced == ["out.mp4", "out.mp4.frames", output.parent.name]


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="drives have roots of their own")
def test_frames_may_go_into_this_folder_and_into_the_one_above_but_not_beside_a_disk(tmp_path, monkeypatch):
    (tmp_path / "a" / "b").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "a" / "b")
    for name in ("%05d.png", ".", "./"):
        assert workspace_folder(Path(name)) == tmp_path / "a" / "b.frames"
    for name in ("../%05d.png", ".."):
        assert workspace_folder(Path(name)) == tmp_path / "a.frames"
    with pytest.raises(OutputError, match="is not a folder to write frames into"):
        workspace_folder(Path("/"))


def test_a_second_process_is_refused_and_disturbs_nothing(output):
    with open_workspace(output, IDENTITY, force=False) as workspace:
        assert refusal(output) == f"another process is painting {output}"
        workspace.begin(PLAN)
        assert refusal(output) == f"another process is painting {output}"
        workspace.save(0, encode_painted(picture(), {}))
    with open_workspace(output, IDENTITY, force=False) as workspace:
        assert workspace.count_done((0, 1)) == 1


def test_a_folder_of_that_name_with_other_files_is_left_alone(output):
    folder = workspace_folder(output)
    folder.mkdir()
    (folder / "holiday.jpg").write_bytes(b"mine")
    assert refusal(output) == f"{folder} is a folder with other files in it, such as holiday.jpg"
    with pytest.raises(OutputError), open_workspace(output, IDENTITY, force=True):
        pass
    assert (folder / "holiday.jpg").read_bytes() == b"mine"


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"shots": 1, "identity": {}, "threads": 1, "memory": ""}'])
def test_a_damaged_plan_is_named(output, text):
    start(output)
    (workspace_folder(output) / "plan.json").write_text(text)
    assert refusal(output) == f"{workspace_folder(output) / 'plan.json'} is damaged"


def test_nothing_is_left_where_nothing_was_begun(output):
    with pytest.raises(RuntimeError), open_workspace(output, IDENTITY, force=False):
        raise RuntimeError
    assert list(output.parent.iterdir()) == []


def test_a_full_disk_is_one_line_and_what_is_painted_is_kept(output):
    """A limit on the size of files is what a test can have of a full disk: the same call fails, and as late."""
    start(output, frames=(0,))
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    noise = Picture(np.random.default_rng(0).integers(0, 256, (100, 100, 3)).astype(np.uint8), depth=8)
    with open_workspace(output, IDENTITY, force=False) as workspace:
        resource.setrlimit(resource.RLIMIT_FSIZE, (9000, before[1]))
        try:
            with pytest.raises(StorageError) as caught:
                workspace.save(1, encode_painted(noise, {}))
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert caught.value.hint == "Make room; what is painted is kept: run the same command again."
    assert sorted(path.name for path in workspace_folder(output).iterdir()) == ["000000.png", "lock", "plan.json"]


def test_frames_that_the_disk_cannot_hold_are_refused_before(output):
    check_room(output, (64, 48), 100, channels=3, depth=8)
    with pytest.raises(OutputError, match=r"1000000 painted frames take about .* GB, and .* has .* GB free"):
        check_room(output, (20_000, 20_000), 10**6, channels=4, depth=16)
    check_room(output.parent / "not" / "there" / "out.mp4", (64, 48), 1, channels=3, depth=8)


def test_frames_go_beside_their_folder_whether_that_is_named_alone_or_with_a_pattern(tmp_path):
    frames = tmp_path / "out.frames"
    assert workspace_folder(tmp_path / "out") == workspace_folder(tmp_path / "out" / "%05d.png") == frames
    assert workspace_folder(tmp_path / "100%.mp4") == tmp_path / "100%.mp4.frames"


def test_a_film_that_another_program_made_meanwhile_is_not_replaced(output):
    with open_workspace(output, IDENTITY, force=False) as workspace:
        workspace.begin(PLAN)
        workspace.save(0, b"painted")
        Path(workspace.prepare_film(is_folder=False)).write_bytes(b"ours")
        output.write_bytes(b"theirs")
        with pytest.raises(OutputError, match="was created by another program meanwhile"):
            workspace.finish(keep=False)
    assert output.read_bytes() == b"theirs"
    assert json.loads((workspace_folder(output) / "plan.json").read_bytes())["threads"] == 1


@pytest.mark.parametrize(("target", "keep"), [(".gif", ""), ("/", "keep"), ("/%05d.png", "")])
def test_a_film_that_ends_at_any_change_of_a_file_is_resumed_and_is_the_same(tmp_path, target, keep):
    """The process ends, as by kill -9, at the first change of a file, at the second, and so on to the last."""
    save_frames(tmp_path / "in", 2)
    save_painting(tmp_path / "painting.png")
    done = subprocess.run(
        [sys.executable, dying_films.__file__, target, keep],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert int(done.stdout) > 15
