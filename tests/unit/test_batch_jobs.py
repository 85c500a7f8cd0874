"""The parts of a batch that need no pictures: order, names, identities, threads, workers and the time left."""

from pathlib import Path, PurePath, PurePosixPath

import pytest

from impasto.batch import identity, plan, schedule
from impasto.batch.clock import BatchClock
from impasto.batch.files import natural_key
from impasto.batch.manifest import MadeFile, Manifest
from impasto.batch.names import NameTemplate, check_output_name, ignores_case
from impasto.batch.plan import BatchJob
from impasto.batch.schedule import WorkerTuner
from impasto.engine import cores, sharing, sizing
from impasto.engine.memory import plan_memory
from impasto.engine.sizing import memory_load
from impasto.errors import InputError, OutputError
from impasto.settings import Settings
from impasto.sizing import Scale, plan_scales

FAST = Settings(recipe="fast")


def test_pictures_are_sorted_as_people_count():
    names = ["b1", "a10.png", "a2.png", "A3.png", "a/10", "a/9", "10", "9", "a"]
    found = sorted(map(PurePosixPath, names), key=natural_key)
    assert [str(path) for path in found] == ["9", "10", "a", "a/9", "a/10", "a2.png", "A3.png", "a10.png", "b1"]


def fill(template, **given):
    values = {
        "photo": Path("in/cat.jpg"),
        "folder": PurePath(),
        "styles": [Path("wave.png")],
        "settings": FAST,
        "number": 7,
    }
    return NameTemplate(template).fill(**{**values, **given}, size=lambda: (300, 512))


def test_a_template_takes_fields_formats_and_folders():
    assert fill("{photo}-{style}") == "cat-wave"
    assert fill("{style}/{photo}_{size}-{number:03}.{suffix}") == "wave/cat_512-007.jpg"
    assert fill("{recipe} {strength:.2f} {seed}") == "fast 0.50 0"
    assert fill("{style}", styles=[Path("a.b.png"), Path("c\\d.png")]) == "a.b-c-d"
    assert len(fill("{photo}", photo=Path("ä" * 300 + ".jpg")).encode()) == 200


@pytest.mark.parametrize(
    ("template", "folder", "name"),
    [
        ("{style}/{folder}/{photo}", "day 1/b\\c", "wave/day 1/b\\c/cat"),
        ("{style}/{folder}/{photo}", "", "wave/cat"),
        ("{folder}/{photo}", "", "cat"),
        ("{folder}_{photo}", "day", "day_cat"),
        ("{folder}_{photo}", "", "_cat"),
        ("/{folder}/{photo}", "day", "/day/cat"),  # which is refused
        ("../{folder}/{photo}", "", "../cat"),
    ],
)
def test_a_template_has_the_folder_of_the_photograph_where_it_likes(template, folder, name):
    assert fill(template, folder=PurePath(folder)) == name


def test_a_folder_in_a_name_does_not_lead_out_of_the_results():
    for folder in ("..", "a/../.."):
        with pytest.raises(InputError):
            check_output_name(fill("{folder}/{photo}", folder=PurePath(folder)))


@pytest.mark.parametrize("template", ["{what}", "{photo", "{}", "{0}", "{photo.parent}", "{photo[0]}", "{mask}"])
def test_a_template_that_cannot_be_filled_is_refused_at_once(template):
    with pytest.raises(InputError):
        NameTemplate(template)


def test_a_format_that_does_not_fit_its_value_is_refused():
    with pytest.raises(InputError, match="cannot be filled"):
        fill("{photo:03d}")


@pytest.mark.parametrize("name", ["../a.png", "/a.png", ".a.png", "a/../../b.png", ".png", "", "manifest.jsonl"])
def test_a_result_stays_in_its_folder_under_a_name_of_its_own(name):
    with pytest.raises(InputError):
        check_output_name(name)


def test_names_that_differ_in_case_alone_are_one_where_the_folders_system_says_so(tmp_path, monkeypatch):
    (tmp_path / "Photo.png").touch()
    inner = tmp_path / "not there yet" / "out"
    assert not ignores_case(inner)
    monkeypatch.setattr(Path, "samefile", lambda path, other: str(path).casefold() == str(other).casefold())
    assert ignores_case(inner)
    jobs = [BatchJob(n, Path("p.png"), (), FAST, PurePosixPath(name)) for n, name in enumerate(("a/B.png", "A/b.png"))]
    plan.check_distinct(jobs, fold_case=False)
    with pytest.raises(OutputError, match=r"two results would be named A/b\.png"):
        plan.check_distinct(jobs, fold_case=True)


def test_a_photograph_is_hashed_once_however_many_paintings_there_are(tmp_path, monkeypatch):
    read = []
    monkeypatch.setattr(identity, "digest_once", lambda path: read.append(path.name) or "0" * 64)
    monkeypatch.setattr(Manifest, "status_of", lambda *_: "made")
    monkeypatch.setattr(plan.images, "measure", lambda _: (40, 40))
    monkeypatch.setattr(schedule, "memory_needed", lambda *_: 1)
    photos = [tmp_path / f"{number}.png" for number in range(300)]
    for path in photos:
        path.touch()
    manifest = Manifest(tmp_path / "out")
    jobs = []
    for style in photos[:2]:  # all with the one, then all with the other
        for photo in photos:
            jobs.append(BatchJob(len(jobs) + 1, photo, (style,), FAST, PurePosixPath(f"{len(jobs)}.png")))
            manifest.made[f"{len(jobs) - 1}.png"] = MadeFile("", "")
    planned = list(plan.plan(jobs, manifest, force=False))
    assert {it.action for it in planned} == {"paint"}, planned[0]
    assert len(read) == len(set(read)) == 300


def test_an_identity_changes_with_what_changes_the_picture_and_with_nothing_else(tmp_path):
    mask = tmp_path / "mask.png"
    mask.write_bytes(b"1")

    def identify(digests=("a", "b"), **choices):
        return identity.identify(Settings(recipe="fast", **choices), digests)

    same = identify()
    assert identify(threads=4) == identify(device="cpu") == identify(save_every=3) == same
    assert identity.identify(FAST.model_copy(update={"recipe": "painterly"}), ["a", "b"]) == same
    assert identify(network="vgg19-8bit") != same
    others = [identify(["b", "a"]), identify(["a"]), identify(seed=1), identify(size=96), identify(precision="float64")]
    masked = identify(keep_mask=str(mask))
    mask.write_bytes(b"22")
    others += [masked, identify(keep_mask=str(mask))]
    assert len({same, *others}) == len(others) + 1
    moved = mask.rename(tmp_path / "other.png")
    assert identify(keep_mask=str(moved)) == others[-1]


def test_threads_follow_from_the_machine_the_jobs_and_the_memory_of_a_picture_alone(monkeypatch):
    monkeypatch.setattr(cores, "core_count", lambda: 8)
    monkeypatch.setattr(sharing, "physical_memory", lambda: 16 * 2**30)

    def threads(jobs, memory=2**30, **choices):
        return schedule.choose_threads(Settings(recipe="fast", **choices), memory, jobs)

    assert [threads(jobs) for jobs in (1, 2, 3, 8, 10_000)] == [8, 4, 2, 1, 1]
    assert threads(100, threads=3) == 3
    assert threads(100, 11 * 2**30) == 8  # memory holds one
    assert threads(100, 3 * 2**30) == 2


def test_a_worker_paints_with_a_plan_that_what_else_runs_does_not_change(monkeypatch):
    """Tiles change the bytes of a picture: whether there are any follows from the machine, not from what is free."""
    monkeypatch.setattr(sharing, "physical_memory", lambda: 4 * 2**30)
    settings, sizes = Settings(size=2048, precision="float32"), ((2048, 1536), [(800, 600)])
    memory = schedule.memory_needed(settings, *sizes)
    assert memory < 4 * 2**30
    given = plan._for_worker(settings, 1, memory)
    load = memory_load(given, *sizes, 4)
    assert plan_memory(load, 2**30) == plan_memory(load, 2**50)
    assert plan_memory(load, 2**30).side


class Machine:
    """Measures what a number of pictures at once does, by a table of work a second."""

    def __init__(self, rates, left=1000):
        self.tuner, self.rates, self.left = WorkerTuner(max(rates), fixed=False), rates, left
        self.now = self.done = 0.0

    def settle(self):
        for _ in range(2000):
            self.now += 0.5
            self.done += 0.5 * self.rates[self.tuner.workers]
            running = self.tuner.workers
            if self.tuner.observe(running=running, done=self.done, finished=True, left=self.left, now=self.now):
                return self.tuner.workers
        return None


@pytest.mark.parametrize(
    ("rates", "best"),
    [
        ({8: 8, 4: 4, 2: 2, 1: 1}, 8),
        ({8: 3, 4: 4, 2: 2, 1: 1}, 4),  # many threads of few cores
        ({8: 1, 4: 1.5, 2: 2, 1: 2.5}, 1),  # little memory
        ({8: 4, 4: 4.1, 2: 2, 1: 1}, 8),  # no reason to wait
        ({3: 1, 1: 2}, 1),
        ({1: 1}, None),
    ],
)
def test_the_number_of_workers_is_the_one_that_paints_most(rates, best):
    assert Machine(rates).settle() == best


def test_a_few_pictures_are_not_worth_measuring_with_fewer_workers():
    machine = Machine({4: 1, 2: 5}, left=3)
    assert machine.settle() == 4
    assert list(machine.tuner.rates) == [4]


def test_the_time_left_counts_pictures_by_their_work():
    now = [0.0]
    clock = BatchClock(10.0, lambda: now[0])
    assert clock.remaining() == 0
    now[0] = 4.0
    clock.complete(1, 2.0, painted=True)
    assert clock.remaining() == pytest.approx(16)
    clock.advance(2, 4.0, 0.5)
    assert clock.remaining() == pytest.approx(6)
    clock.complete(2, 4.0, painted=False)
    assert clock.remaining() == pytest.approx(8)
    clock.complete(3, 4.0, painted=True)
    assert clock.remaining() == 0


def test_the_work_of_a_picture_is_that_of_the_scales_that_are_planned():
    for recipe in ("fast", "painterly", "gatys"):
        settings = Settings(recipe=recipe)
        for size in ((64, 48), (500, 300), (1024, 1024)):
            planned = plan_scales(
                *size, scales=settings.scales, iterations=settings.iterations, decay=settings.iterations_decay
            )
            expected = [Scale(it.width, it.height, it.iterations * settings.rounds) for it in planned]
            assert sizing.scale_work(settings, size) == expected


def test_what_is_available_is_no_more_than_the_budget():
    available, budget = schedule.memory_available(), schedule.memory_budget()
    if Path("/proc/meminfo").exists():
        assert 0 < available <= budget
