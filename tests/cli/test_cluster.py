"""`impasto batch --cluster`: what can be told without a cluster; `test_cluster_slow` has one."""

import shutil
import socket
import sys
from dataclasses import replace
from types import SimpleNamespace

import pytest
from batches import QUICK_BATCH, save_photos
from quick import listing

from impasto import weights
from impasto.batch.cluster import ClusterExecutor
from impasto.batch.executor import Task, TaskDone, TaskFailed, TaskRequeued, TaskStarted
from impasto.batch.identity import identify
from impasto.batch.painter import TaskPainter
from impasto.batch.payload import Packer, Spool
from impasto.cli.commands import batch_runner
from impasto.cluster.actors import Actor
from impasto.cluster.connect import ClusterError
from impasto.cluster.machine import ActorReport, Versions
from impasto.cluster.needs import ActorNeeds
from impasto.engine.worker_process import WorkerLostError
from impasto.errors import ImageError, SettingsError, WeightsError, install_command
from impasto.settings import AUTO_NETWORK, Settings

QUICK = Settings(
    recipe="fast",
    size=64,
    scales=1,
    margin=0,
    iterations=1,
    init="content",
    precision="float32",
    style_layers={"relu1_1": 1.0},
    content_layers={"relu2_1": 1.0},
    threads=1,
)


@pytest.fixture(autouse=True)
def _own_temporary_folder(tmp_path, monkeypatch):
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))


def make_task(photo, *styles, settings=QUICK, number=1):
    return Task(number, str(photo), tuple(map(str, styles)), settings, ".png", 600_000_000, 1.0)


def paint(task):
    found = []
    TaskPainter(found.append).paint(task)
    return found[-1]


def batch(impasto, *arguments):
    return impasto("batch", "photo.jpg", "--style", "painting.jpg", "-o", "out", *QUICK_BATCH, *arguments)


def test_without_the_extra_one_line_says_how_to_get_it(impasto, monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    done = batch(impasto, "--cluster", "local")
    assert done.code == 2
    last = done.err.splitlines()[-1]
    problem = "impasto: error: a cluster needs packages that are not installed (ray)"
    assert last == f"{problem}. Run: {install_command('cluster')}."


@pytest.mark.parametrize("address", ["nonsense", "10.0.0.1", "host:70000", ":6379", ""])
def test_an_address_that_is_none_is_refused_before_anything_is_written(impasto, folder, address):
    done = batch(impasto, "--cluster", address)
    assert done.code == 2
    assert done.err.count("\n") == 1
    assert "--cluster takes local, auto or an address such as 10.0.0.1:6379" in done.err
    assert not (folder / "out").exists()


def test_an_address_of_rays_client_is_refused_with_another_way(impasto, folder):
    done = batch(impasto, "--cluster", "ray://10.0.0.1:10001")
    assert done.code == 2
    assert done.err == (
        "impasto: error: 'ray://10.0.0.1:10001' is an address of Ray's client, which passes on nothing of a picture's "
        "progress. Join this machine to the cluster with `ray start --num-cpus=0 --address=...`, and use auto.\n"
    )
    assert not (folder / "out").exists()


def test_a_cluster_that_is_not_there_is_told_at_once(impasto):
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{unused.getsockname()[1]}"
        done = batch(impasto, "--cluster", address, "--quiet")
    assert done.code == 2
    hint = "Start one with `ray start --head`, or see which there is with `ray status`."
    assert done.err.splitlines() == [f"impasto: error: the cluster '{address}' does not answer. {hint}"]


def test_workers_are_a_limit_on_a_cluster_that_may_have_more_cores_than_this_machine(impasto, monkeypatch):
    taken = []

    class Noted:
        def __init__(self, *arguments):
            taken.append(arguments)

        def run(self, *_arguments):
            yield from ()

    monkeypatch.setattr(batch_runner, "ClusterExecutor", Noted)
    assert batch(impasto, "--cluster", "auto", "--workers", "500").code == 0
    assert taken == [("auto", 500, 1)]
    assert batch(impasto, "--cluster", "auto", "--workers", "none").code == 2


def test_a_picture_is_the_same_where_none_of_its_files_is_at_hand(folder, monkeypatch):
    photo, mask, init = save_photos(folder / "a", ["photo.png", "mask.png", "init.png"])
    settings = QUICK.model_copy(update={"mask": (str(mask),), "keep_mask": str(mask), "init": str(init)})
    task = make_task(photo, folder / "painting.jpg", settings=settings)
    here = paint(task)
    assert isinstance(here, TaskDone), here
    packed = Packer().pack(task)
    shutil.rmtree(folder / "a")
    (folder / "painting.jpg").unlink()
    monkeypatch.setenv("IMPASTO_HOME", "elsewhere")
    spool = Spool()
    there = paint(spool.unpack(packed).task)
    assert replace(there, seconds=here.seconds) == here
    spool.close()
    assert listing(folder.parent / "temporary") == {}


def test_messages_from_another_machine_name_the_users_own_files(folder, monkeypatch):
    monkeypatch.setenv("IMPASTO_HOME", "elsewhere")
    (photo,) = save_photos(folder, ["photo.png"])
    photo.write_bytes(photo.read_bytes()[:-200])
    task = make_task("photo.png", "painting.jpg")
    unpacked = Spool().unpack(Packer().pack(task))
    here, there = paint(task), paint(unpacked.task)
    assert isinstance(there, TaskFailed)
    assert str(unpacked.restore(there.error)) == str(here.error)
    assert type(there.error) is ImageError


def test_a_file_that_is_gone_is_told_as_on_one_machine():
    for task in (make_task("gone.png", "painting.jpg"), make_task("photo.jpg", "gone.png")):
        with pytest.raises(ImageError, match=r"gone\.png does not exist"):
            Packer().pack(task)


def test_a_painting_is_put_once_for_all_its_pictures_and_again_when_it_has_changed(folder):
    put = []
    packer = Packer(lambda data: put.append(data) or len(put))
    photos = save_photos(folder, ["a.png", "b.png"])
    packed = [packer.pack(make_task(photo, "painting.jpg")) for photo in photos]
    assert [it.shared["painting.jpg"].data for it in packed] == [1, 1]
    assert [it.photo.data for it in packed] == [photo.read_bytes() for photo in photos]
    save_photos(folder, ["painting.jpg"])
    assert packer.pack(make_task(photos[0], "painting.jpg")).shared["painting.jpg"].data == 2


def test_a_network_travels_with_its_picture_unless_impasto_has_it(monkeypatch, tmp_path):
    named = QUICK.model_copy(update={"network": "own"})
    with pytest.raises(WeightsError, match="there is no network 'own'"):
        Packer().pack(make_task("photo.jpg", "painting.jpg", settings=named))
    stored = tmp_path / "home" / "weights" / "own.safetensors"
    stored.parent.mkdir(parents=True)
    shutil.copy(weights.path("vgg16"), stored)
    for name in (AUTO_NETWORK, "vgg16", "vgg19-8bit"):
        ships = QUICK.model_copy(update={"network": name})
        assert Packer().pack(make_task("photo.jpg", "painting.jpg", settings=ships)).network is None
    packed = Packer().pack(make_task("photo.jpg", "painting.jpg", settings=named))
    stored.unlink()
    monkeypatch.setenv("IMPASTO_HOME", "elsewhere")
    there = paint(Spool().unpack(packed).task)
    assert isinstance(there, TaskDone), there


def test_a_file_with_the_name_of_a_network_is_not_that_network(folder, monkeypatch):
    """Only what holds a dot or a separator is a path, whatever there is in the folder."""
    named = QUICK.model_copy(update={"network": "vgg16"})
    identity = identify(named, [])
    (folder / "vgg16").write_text("no network")
    packed = Packer().pack(make_task("photo.jpg", "painting.jpg", settings=named))
    assert packed.shared.keys() == {"painting.jpg"}
    assert identify(named, []) == identity
    monkeypatch.setenv("IMPASTO_HOME", "elsewhere")
    spool = Spool()
    assert spool.unpack(packed).task.settings.network == "vgg16"
    spool.close()


def test_folders_of_workers_that_were_killed_are_deleted_by_the_next(tmp_path, monkeypatch):
    monkeypatch.setenv("IMPASTO_HOME", "elsewhere")
    abandoned = tmp_path / "temporary" / "impasto-worker-999999999-x"
    abandoned.mkdir()
    first, second = Spool(), Spool()
    assert not abandoned.exists()
    assert len(list((tmp_path / "temporary").iterdir())) == 2
    first.close()
    second.close()


def test_a_worker_takes_the_cores_of_its_threads_and_half_a_gpu():
    node = {"CPU": 7.0, "memory": 10e9, "GPU": 1.0}
    assert ActorNeeds(2, 0.0, 10**9).count_on(node) == 3
    assert ActorNeeds(1, 0.0, 4 * 10**9).count_on(node) == 2
    assert ActorNeeds(1, 0.5, 10**9).count_on(node) == 2
    assert ActorNeeds(1, 0.5, 10**9).count_on({"CPU": 7.0, "memory": 10e9}) == 0
    assert ActorNeeds(1, 0.0, 2 * 10**9).suffice(ActorNeeds(1, 0.0, 10**9))
    assert not ActorNeeds(2, 0.0, 2 * 10**9).suffice(ActorNeeds(1, 0.0, 10**9)), "the bytes depend on the threads"


def test_a_gpu_by_its_number_is_refused():
    executor = ClusterExecutor("local", None, 1)
    task = make_task("photo.jpg", "painting.jpg", settings=QUICK.model_copy(update={"device": "cuda:1"}))
    with pytest.raises(SettingsError, match="names a GPU of one machine"):
        executor._needs_of(task)


def test_a_lost_worker_costs_no_try(impasto, monkeypatch):
    class Losing:
        """Loses the worker of each picture three times, then fails."""

        def __init__(self, *_arguments):
            pass

        def run(self, tasks, _stop):
            for task in tasks:
                if task is None:
                    continue
                for _ in range(3):
                    yield TaskStarted(task.number)
                    yield TaskRequeued(task.number, WorkerLostError("its worker on node was lost", "Look there."))
                yield TaskStarted(task.number)
                yield TaskFailed(task.number, WorkerLostError("it failed", "Look there."))

    monkeypatch.setattr(batch_runner, "ClusterExecutor", Losing)
    done = batch(impasto, "--cluster", "auto", "--retries", "1")
    assert done.code == 3
    assert done.err.count("its worker on node was lost") == 6, "two tries, of three workers each"


def test_versions_are_those_that_bytes_depend_on():
    own = Versions.installed()
    assert "+" not in own.torch
    assert str(own).startswith("Impasto ")


class Ray:
    """What an executor asks of Ray while it looks for an actor."""

    exceptions = SimpleNamespace(RayError=OSError)

    def __init__(self):
        self.killed = []
        self.kill = self.killed.append


def make_executor(monkeypatch, *, memory=32e9, small=8, running=7):
    """One machine of eight cores, with actors for small pictures, most of which paint."""
    executor = ClusterExecutor("local", None, 100)
    executor._ray = Ray()
    executor._nodes = [{"NodeID": "a", "Resources": {"CPU": 8.0, "memory": memory}}]
    report = ActorReport("a", "host", Versions.installed())
    executor._actors = [
        Actor(number, ActorNeeds(1, 0.0, 10**9), report, make_task("a.png") if number < running else None)
        for number in range(small)
    ]
    started = []
    monkeypatch.setattr(
        executor, "_start", lambda needs: started.append(needs) or executor._actors.append(Actor("new", needs))
    )
    return executor, started


LARGE = ActorNeeds(1, 0.0, 8 * 10**9)


def test_a_large_picture_does_not_wait_for_all_small_ones(monkeypatch):
    executor, started = make_executor(monkeypatch)
    for _ in range(3):
        assert executor._find_actor(LARGE) is None
    assert started == [LARGE], "in the place of the idle actor, whose core it takes"
    assert executor._ray.killed == [7]


def test_a_large_picture_waits_where_the_memory_is_taken(monkeypatch):
    executor, started = make_executor(monkeypatch, memory=14e9)
    executor._find_actor(LARGE)
    assert started == []
    for actor in executor._actors:
        actor.task = None
    executor._find_actor(LARGE)
    assert started == [LARGE]
    assert len(executor._actors) == 1 + 6, "what the others hold leaves room"


def test_actors_that_have_not_started_hold_their_place(monkeypatch):
    executor, started = make_executor(monkeypatch, small=0)
    small = ActorNeeds(1, 0.0, 10**9)
    for _ in range(3):
        executor._find_actor(small)
    assert started == [small] * 8


def test_a_cluster_full_of_other_work_is_not_waited_for_without_end(monkeypatch):
    executor, _ = make_executor(monkeypatch, small=0)
    now = [1000.0]
    monkeypatch.setattr("time.monotonic", lambda: now[0])
    for seconds in (0, 170, 5):
        now[0] += seconds
        executor._find_actor(LARGE)
    now[0] += 10
    with pytest.raises(ClusterError, match=r"room for a worker for 3 minutes: it takes 1 core and 8\.0 GB of memory"):
        executor._find_actor(LARGE)
    executor._actors[0].report = ActorReport("a", "host", Versions.installed())
    executor._actors[0].task = make_task("a.png")
    executor._find_actor(LARGE)
