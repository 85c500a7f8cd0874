"""`impasto video --cluster`: what travels to other machines, and films that are painted there."""

import os
import shutil
import signal
import sys
from dataclasses import replace

import numpy as np
import PIL.Image
import psutil
import pytest
from batches import QUICK_BATCH
from clusters import Driver
from quick import listing
from quick_films import QUICK, CopiedShots, InlineShots, cut, frame, save_film, save_frames, save_painting
from test_batch_processes import quick_batch

from impasto.cluster.connect import ClusterError
from impasto.cluster.machine import ActorReport, Versions
from impasto.engine.worker_process import WorkerLostError
from impasto.errors import ImageError, ImpastoError, install_command
from impasto.video import payload
from impasto.video import render as rendering
from impasto.video.clock import FilmClock
from impasto.video.events import FilmFinished, ShotRetried
from impasto.video.payload import ShotPacker, ShotSpool
from impasto.video.plan import FilmRequest, plan_film
from impasto.video.render import render
from impasto.video.shot import PaintedFrame, ShotFailed, ShotTask

FAST = [*QUICK_BATCH, "--threads", "1"]


@pytest.fixture(autouse=True)
def _own_temporary_folder(tmp_path, monkeypatch):
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    monkeypatch.setenv("IMPASTO_HOME", "elsewhere")  # what a spool sets is put back after the test


@pytest.fixture
def clip(folder):
    cut(save_frames(folder / "in", 6), 3)
    save_painting(folder / "painting.png")
    return folder


def make_task(clip="in", **choices):
    """The first shot of a film."""
    settings = QUICK.model_copy(update={"threads": 1, **choices.pop("settings", {})})
    plan = plan_film(FilmRequest(clip, ("painting.png",), "out.mkv", settings, **choices))
    return ShotTask(
        1, plan.source, plan.paintings, tuple(plan.numbers), 0, (), plan.timeline, moving_masks=plan.moving_masks
    )


def paint(task):
    return [(it.number, it.data) for it in InlineShots().run(iter([task]), lambda: False) if type(it) is PaintedFrame]


def save_mask(path, left):
    mask = np.zeros((48, 64), np.uint8)
    mask[:, :left] = 255
    PIL.Image.fromarray(mask).save(path)


CLIPS = {"a folder": "in", "a pattern": "in/%03d.png", "another pattern": "in/00*.png", "a film": "clip.mkv"}


@pytest.mark.parametrize("what", CLIPS)
def test_a_shot_is_the_same_where_none_of_its_files_is_at_hand(clip, monkeypatch, what):
    monkeypatch.setattr(payload, "PIECE_BYTES", 300)
    save_film(clip / "clip.mkv", [frame(number) for number in range(3)])
    (clip / "masks").mkdir()
    for number in range(3):
        save_mask(clip / "masks" / f"{number}.png", 16 + 8 * number)
    save_mask(clip / "keep.png", 24)
    masks = {"mask": ("masks",), "keep_mask": "keep.png"}
    task = make_task(CLIPS[what], frames=":3", settings=masks)
    here = paint(task)
    assert len(here) == 3
    packed = ShotPacker().pack(task)
    for path in list(clip.iterdir()):
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    spool = ShotSpool()
    assert paint(spool.unpack(packed).task) == here
    spool.close()
    assert listing(clip.parent / "temporary") == {}


def test_a_clip_is_read_once_for_all_shots_and_written_once_for_all_workers_of_a_machine(clip, monkeypatch):
    monkeypatch.setattr(payload, "PIECE_BYTES", 100)
    put, got = [], []
    packer = ShotPacker(lambda data: put.append(data) or len(put) - 1)
    packed = packer.pack(make_task())
    count = len(put)
    assert count > 6
    assert all(len(piece) <= 100 for piece in put[:-1])  # the last is the painting
    assert replace(packer.pack(make_task()), task=packed.task) == packed
    assert len(put) == count

    first, second = (ShotSpool(lambda number: got.append(number) or put[number]) for _ in range(2))
    one = first.unpack(packed)
    assert len(got) == count
    other = second.unpack(packed)
    assert len(got) == count + 1, "only the painting is written again"
    first.unpack(packed)
    assert len(got) == count + 1
    assert one.task.clip.path != other.task.clip.path
    first.close()
    assert len(paint(other.task)) == 6
    second.close()
    assert listing(clip.parent / "temporary") == {}


def test_messages_from_another_machine_name_the_users_own_clip(clip):
    task = make_task()
    save_frames(clip / "other", 6)
    packed = ShotPacker().pack(replace(task, clip=replace(task.clip, path="other")))
    spool = ShotSpool()
    unpacked = spool.unpack(packed)
    with pytest.raises(ImageError) as raised:
        paint(unpacked.task)
    told = unpacked.restore(raised.value)
    assert str(told) == "other was changed meanwhile. Start again with another output."
    spool.close()


def test_a_clip_that_is_gone_is_told_as_on_one_machine(clip):
    task = make_task()
    shutil.rmtree(clip / "in")
    with pytest.raises(ImageError, match="in cannot be read"):
        ShotPacker().pack(task)


REFUSED = {
    "no address": (["--cluster", "nonsense"], "--cluster takes local, auto or an address such as 10.0.0.1:6379"),
    "no cluster": (["--cluster", "127.0.0.1:1", "--workers", "500"], "the cluster '127.0.0.1:1' does not answer"),
    "no number": (["--cluster", "auto", "--workers", "none"], "--workers takes auto or a number from 1 to 10000"),
}


@pytest.mark.parametrize("what", REFUSED)
def test_a_cluster_that_is_none_is_one_line_and_nothing_is_left(impasto, clip, what):
    arguments, words = REFUSED[what]
    before = listing(clip)
    done = impasto("video", "in", "painting.png", *FAST, *arguments, "--quiet")
    assert done.code == 2
    assert words in done.err
    assert done.err.count("\n") == 1
    assert listing(clip) == before


@pytest.mark.usefixtures("clip")
def test_without_the_extra_one_line_says_how_to_get_it(impasto, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    done = impasto("video", "in", "painting.png", *FAST, "--cluster", "local")
    assert done.code == 2
    problem = "impasto: error: a cluster needs packages that are not installed (ray)"
    assert done.err == f"{problem}. Run: {install_command('cluster')}.\n"


def test_a_machine_with_another_version_of_what_reads_clips_is_refused():
    own = Versions.installed(["av", "opencv-python-headless"])
    ActorReport("a", "host", own).check_versions()
    other = replace(own, others=(("av", "1.0"), ("opencv-python-headless", "")))
    with pytest.raises(
        ClusterError, match=r"^host has Impasto .*, av 1\.0, no opencv-python-headless, and this machine"
    ):
        ActorReport("a", "host", other).check_versions()


class Losing(CopiedShots):
    """Loses the machine of the second shot before its first frame, so many times."""

    def __init__(self, times):
        self.left = times

    def run(self, tasks, stop):
        for update in super().run(tasks, stop):
            if isinstance(update, PaintedFrame) and update.shot == 2 and self.left:
                self.left -= 1
                error = WorkerLostError("the worker of shot 2 on host was lost", "Look there.")
                yield ShotFailed(2, error, worker_lost=True)
                yield from self.run(tasks, stop)
                return
            yield update


def film(output, **choices):
    settings = QUICK.model_copy(update={"threads": 1})
    return plan_film(FilmRequest("in", ("painting.png",), output, settings, **choices))


def test_a_shot_goes_on_elsewhere_five_times_before_the_film_is_given_up(clip):
    save_frames(clip / "long", 12)
    shutil.rmtree(clip / "in")
    (clip / "long").rename(clip / "in")
    cut(clip / "in", 3)
    events = list(render(film("out.gif", cluster="auto"), executor=Losing(5)))
    assert isinstance(events[-1], FilmFinished)
    assert sum(isinstance(event, ShotRetried) for event in events) == 5
    with pytest.raises(
        ImpastoError, match=r"shot 2 on host was lost, as 5 were before\. Look there\. What is painted is"
    ):
        list(render(film("other.gif", cluster="auto"), executor=Losing(6)))


def test_the_time_left_follows_from_the_shots_that_are_painted_at_the_moment():
    clock = FilmClock([(0, 1, 2), (3, 4, 5)], 1)
    clock.complete(0, 1.0)
    assert clock.remaining() == 5
    clock.workers = 2
    assert clock.remaining() == 3  # one of them is left by itself


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # Ray leaves sockets and processes to the collector
def test_a_cluster_of_this_machine_paints_the_film_of_this_process(impasto, clip, monkeypatch):
    there = impasto("video", "in", "painting.png", "-o", "there.gif", *FAST, "--cluster", "local")
    assert there.code == 0, there.err
    assert there.err.splitlines()[0] == (
        "in: 6 frames of 64 x 48 px in 2 shots on the cluster local, 2 at once at most (1 thread each)"
    )
    monkeypatch.setattr(rendering, "LocalShots", lambda _workers: InlineShots())
    here = impasto("video", "in", "painting.png", "-o", "here.gif", *FAST)
    assert here.code == 0, here.err
    assert (clip / "there.gif").read_bytes() == (clip / "here.gif").read_bytes()
    assert not list(clip.glob("*.frames"))


def until_all_shots_have_frames(driver, count):
    """Read events until each of so many shots has a frame."""
    while len({event["shot"] for event in driver.events if event["event"] == "frame"}) < count:
        driver.until("frame", 1)


@pytest.mark.slow
@pytest.mark.filterwarnings("default")
def test_a_film_is_whole_and_equal_though_one_of_three_machines_dies(folder, cluster):
    save_painting(folder / "painting.png")
    save_frames(folder / "in", 54)
    for number in (18, 36):
        cut(folder / "in", number)
    options = ["video", "in", "painting.png", *quick_batch(20), "--threads", "1", "--workers"]
    here = Driver(folder, *options, "1", "-o", "here.gif")
    assert here.finish() == (0, "")
    there = Driver(folder, *options, "auto", "-o", "there.gif", "--cluster", cluster.address)
    until_all_shots_have_frames(there, 3)
    cluster.remove_node(next(iter(cluster.worker_nodes)), allow_graceful=False)
    code, said = there.finish()
    assert code == 0, said
    (retried,) = (event for event in there.events if event["event"] == "shot_retried")
    assert "was lost" in retried["error"]
    starts = [event for event in there.events if event["event"] == "shot_started"]
    begun = [event["frames"] for event in starts if event["shot"] == retried["shot"]]
    painted = [event["number"] for event in there.events if event["event"] == "frame"]
    assert sorted(painted) == list(range(54)), "no frame is painted twice"
    assert begun[0] == 18 > begun[1], "what is painted stays"
    assert (folder / "there.gif").read_bytes() == (folder / "here.gif").read_bytes()
    assert not (folder / "there.gif.frames").exists()


@pytest.mark.slow
@pytest.mark.filterwarnings("default")
def test_ctrl_c_keeps_the_frames_and_leaves_neither_process_nor_file(clip, monkeypatch):
    monkeypatch.setenv("RAY_TMPDIR", os.environ.get("TMPDIR", "/tmp"))  # where its sockets have short names
    monkeypatch.setenv("TMPDIR", str(clip.parent / "temporary"))
    options = ["video", "in", "painting.png", *FAST, "-o", "out.gif", "--cluster", "local"]
    whole = Driver(clip, *options[:-2])
    assert whole.finish() == (0, "")
    expected = (clip / "out.gif").read_bytes()
    (clip / "out.gif").unlink()
    driver = Driver(clip, *options)
    driver.until("frame", 1)
    started = psutil.Process(driver.process.pid).children(recursive=True)
    driver.process.send_signal(signal.SIGINT)
    code, said = driver.finish()
    assert code == 130, said
    assert driver.events[-1]["event"] == "stopped"
    kept = len(list(clip.glob("out.gif.frames/*.png")))
    assert driver.events[-1]["done"] == kept > 0
    _, alive = psutil.wait_procs(started, timeout=10)
    assert alive == []
    assert listing(clip.parent / "temporary") == {}
    resumed = Driver(clip, *options[:-2])
    assert resumed.finish() == (0, "")
    assert resumed.events[0]["done"] == kept
    assert (clip / "out.gif").read_bytes() == expected
