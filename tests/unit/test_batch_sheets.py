"""The contact sheets of a batch: what they show, when they are drawn, and whose files they replace."""

import contextlib
import threading
import time
from hashlib import sha256
from pathlib import PurePosixPath

import PIL.Image
import pytest

from impasto.batch import sheet
from impasto.batch.events import JobDone, JobFailed, JobSkipped
from impasto.batch.manifest import MadeFile, Manifest
from impasto.batch.plan import BatchJob
from impasto.batch.sheet import SheetWriter
from impasto.errors import InputError, OutputError
from impasto.settings import Settings

FAST = Settings(recipe="fast")


class Folder:
    """Results with a photograph, and a count of the pictures that are read for the sheets."""

    def __init__(self, folder, monkeypatch):
        self.folder, self.manifest, self.read, self.events = folder, Manifest(folder), [], []
        PIL.Image.new("RGB", (30, 20)).save(folder / "p.png")
        read = sheet.images.read_thumbnail
        monkeypatch.setattr(
            sheet.images, "read_thumbnail", lambda it, side: self.read.append(it.name) or read(it, side)
        )
        monkeypatch.setattr(sheet, "ROWS_PER_PAGE", 2)
        monkeypatch.setattr(sheet, "REPORT_SECONDS", 0)

    def job(self, number, styles=1):
        photo = self.folder / "p.png"
        return BatchJob(number, photo, (photo,) * styles, FAST, PurePosixPath(f"{number}.png"))

    def make(self, job, identity="1"):
        PIL.Image.new("RGB", (30, 20)).save(self.folder / job.output)
        self.manifest.made[str(job.output)] = MadeFile(identity, "")
        return JobDone(job, self.folder / job.output, (30, 20), 1.0, 0.0)

    def write(self, jobs, events, *, stop=lambda: False, **options):
        """What was drawn, by page."""
        self.read.clear()
        sheet._read_thumbnail.cache_clear()
        with SheetWriter(self.manifest, jobs, **options) as writer:
            for event in events:
                writer.on_event(event)
            return [path.name for path in writer.finish(stop, self.events.append)]

    @property
    def pages(self):
        return {path.name for path in self.folder.glob("contact-sheet*")}


@pytest.fixture
def made(tmp_path, monkeypatch):
    return Folder(tmp_path, monkeypatch)


def test_pages_show_what_is_there_and_those_of_a_batch_with_more_rows_are_removed(made):
    jobs = [made.job(number, styles=number) for number in range(1, 8)]
    assert len(made.write(jobs, [made.make(job) for job in jobs])) == 4
    (made.folder / "contact-sheet-3.jpg").write_bytes(b"changed by somebody")
    (made.folder / "5.png").unlink()
    del jobs[5:]
    assert made.write(jobs, []) == []
    assert made.pages == {"contact-sheet.jpg", "contact-sheet-2.jpg", "contact-sheet-3.jpg"}
    with PIL.Image.open(made.folder / "contact-sheet.jpg") as first:
        assert first.width == 4 * (240 + 15) + 15
    with PIL.Image.open(made.folder / "contact-sheet-2.jpg") as second:
        assert second.width == 5 * (240 + 15) + 15  # three paintings of four, and the others counted


def test_nothing_is_drawn_once_the_batch_was_stopped(made):
    jobs = [made.job(1), made.job(2)]
    assert made.write(jobs, [made.make(jobs[0])], stop=lambda: True) == []
    assert made.pages == set()


def test_a_page_is_drawn_beside_the_painting_once_its_jobs_are_settled(made):
    jobs = [made.job(number) for number in range(1, 6)]
    with SheetWriter(made.manifest, jobs) as writer:
        writer.on_event(JobFailed(jobs[2], InputError("it is damaged", "Mend it.")))
        for job in (jobs[0], jobs[3], jobs[1]):
            assert made.pages <= {"contact-sheet-2.jpg"}
            writer.on_event(made.make(job))
        for _ in range(500):
            if made.pages == {"contact-sheet.jpg", "contact-sheet-2.jpg"}:
                break
            threading.Event().wait(0.01)
        assert made.pages == {"contact-sheet.jpg", "contact-sheet-2.jpg"}
        made.read.clear()
        writer.on_event(made.make(jobs[4]))
        names = [path.name for path in writer.finish(lambda: False, made.events.append)]
    assert sorted(names) == ["contact-sheet-2.jpg", "contact-sheet-3.jpg", "contact-sheet.jpg"]
    assert made.read == ["5.png"]


def test_who_waits_for_pages_is_told_how_many_rows_are_drawn(made, monkeypatch):
    read = sheet.images.read_thumbnail
    monkeypatch.setattr(sheet.images, "read_thumbnail", lambda *it: time.sleep(0.05) or read(*it))
    jobs = [made.job(number) for number in range(1, 4)]
    made.write(jobs, [made.make(job) for job in jobs])
    assert made.events[0].drawn < made.events[-1].drawn <= 3
    assert {event.rows for event in made.events} == {3}


def test_only_pages_that_changed_are_drawn_again_and_only_small_copies_are_read(made):
    jobs = [made.job(number) for number in range(1, 7)]
    made.write(jobs, [made.make(job) for job in jobs])
    skipped = [JobSkipped(job) for job in jobs]
    assert made.write(jobs, skipped) == []
    assert made.read == []
    again = made.make(jobs[2], identity="2")
    assert made.write(jobs, [*skipped[:2], again, *skipped[3:]]) == ["contact-sheet-2.jpg"]
    assert sorted(made.read) == ["3.png", "4.png", "p.png"]
    (made.folder / "contact-sheet-3.jpg").unlink()
    assert made.write(jobs, skipped) == ["contact-sheet-3.jpg"]
    (made.folder / "1.png").unlink()
    assert made.write(jobs, []) == ["contact-sheet.jpg"]


def test_jobs_that_come_one_by_one_get_rows_as_they_are_done(made):
    jobs = [made.job(number) for number in range(1, 5)]
    events = [
        made.make(jobs[2]),
        JobFailed(jobs[0], InputError("no", "No.")),
        made.make(jobs[1]),
        made.make(jobs[2], "2"),
    ]
    assert set(made.write([], events)) == {"contact-sheet.jpg"}
    assert made.write([], [JobSkipped(jobs[2]), JobSkipped(jobs[1])]) == []


@pytest.mark.parametrize("step", ["write_bytes", "replace", "_save"])
@pytest.mark.parametrize("times", [1, 2, 3])
def test_a_batch_that_was_killed_while_it_wrote_a_page_knows_it_for_its_own(made, monkeypatch, step, times):
    jobs = [made.job(1)]
    undisturbed = made.write(jobs, [made.make(jobs[0])])
    files = {path: path.read_bytes() for path in (made.folder / ".impasto-batch").iterdir()}
    page = (made.folder / "contact-sheet.jpg").read_bytes()
    del made.manifest.made["1.png"]
    made.make(jobs[0], identity="other")
    made.write(jobs, [])
    made.make(jobs[0])
    owner, left = (sheet._SheetRecord if step == "_save" else sheet.Path), [times]
    call = getattr(owner, step)

    def killed(*arguments):
        left[0] -= 1
        if not left[0]:
            raise KeyboardInterrupt
        return call(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(owner, step, killed)
        record, content = sheet._SheetRecord(made.folder), sheet._Pages(made.manifest, jobs).content(jobs)
        with contextlib.suppress(KeyboardInterrupt):
            record.write(made.folder / "contact-sheet.jpg", page, content)
    assert made.write(jobs, [JobSkipped(jobs[0])]) in ([], undisturbed)
    assert (made.folder / "contact-sheet.jpg").read_bytes() == page
    record = made.folder / ".impasto-batch" / "sheets.json"
    assert record.read_bytes() == files[record]


def test_a_file_of_somebody_else_in_the_place_of_a_page_stays_without_force(made):
    (made.folder / "contact-sheet.jpg").write_bytes(b"mine")
    jobs = [made.job(1)]
    event = made.make(jobs[0])
    with pytest.raises(OutputError, match="is not of a batch"):
        made.write(jobs, [event])
    assert (made.folder / "contact-sheet.jpg").read_bytes() == b"mine"
    assert made.write(jobs, [event], force=True) == ["contact-sheet.jpg"]
    assert sha256((made.folder / "contact-sheet.jpg").read_bytes()) != sha256(b"mine")
