"""What keeps a studio going for weeks: painters that end, folders and disks that fill up, earlier databases."""

import asyncio
import contextlib
import os
import shutil
import sqlite3
import threading
import time

import pytest
from filelock import FileLock
from studios import asked, given, png

from impasto import Settings, Stylizer
from impasto.errors import OutputError, StorageError
from impasto.studio import database, foreman, housekeeping, jobs, painter, quota, troubles
from impasto.studio.pictures import Limits
from impasto.studio.quota import QuotaError


def told(client):
    return [trouble["problem"] for trouble in client.get("/api/jobs").json()["troubles"]]


@pytest.fixture
def job(client):
    return asked(client, given(client, 1), given(client, 2), iterations=2)["id"]


def aged(folder, seconds):
    with database.writing(folder.database) as connection:
        connection.execute("UPDATE pictures SET added = ?", (time.time() - seconds,))


def test_a_new_studio_takes_over_what_another_left_behind(job, folder, opened, monkeypatch):
    monkeypatch.setattr(foreman, "keep_painting", lambda *_: asyncio.sleep(0))
    jobs.take(folder, painter=3)
    troubles.note(folder, 3, "stopped", "Wait.")
    after = opened(devices=["auto"]).get("/api/jobs").json()
    assert (after["jobs"][0]["id"], after["jobs"][0]["state"], after["troubles"]) == (job, "queued", [])


@pytest.mark.parametrize("lock", ["painter-2.lock", "painter.lock"])
def test_a_painter_that_does_not_end_is_not_painted_beside(opened, folder, monkeypatch, lock):
    monkeypatch.setattr(housekeeping, "_PATIENCE", 0.1)
    with FileLock(folder.root / lock), pytest.raises(OutputError, match=f"an earlier studio still holds .*{lock}"):
        opened(devices=["auto"])


def test_a_database_of_the_first_version_is_brought_up_to_date_with_its_jobs(folder, opened):
    with contextlib.closing(sqlite3.connect(folder.database, isolation_level=None)) as connection:
        database.MIGRATIONS[0](connection)
        connection.execute("PRAGMA user_version = 1")
        settings = Settings(recipe="fast").model_dump_json()
        for place, state in enumerate(("finished", "running", "queued")):
            connection.execute(
                "INSERT INTO jobs (version, state, position, settings, created) VALUES (1, ?, ?, ?, 0)",
                (state, place, settings),
            )
    client = opened()
    jobs.recover(folder, blame=False)
    found = {job["id"]: (job["state"], job["place"]) for job in client.get("/api/jobs").json()["jobs"]}
    assert found == {1: ("finished", None), 2: ("queued", 1), 3: ("queued", 2)}
    assert jobs.take(folder, painter=1).job == 2


class Lives:
    """Stands for painters' processes: each ends with the next of some exit statuses, and then one stays."""

    def __init__(self, *codes):
        self.codes = list(codes)

    async def __call__(self, *_arguments):
        if not self.codes:
            raise asyncio.CancelledError
        return self.codes.pop(0)


def kept_painting(folder):
    """Until the last of the lives."""
    with contextlib.suppress(asyncio.CancelledError):
        asyncio.run(foreman.keep_painting(folder, 0, "cpu", 1))


@pytest.fixture
def at_once(monkeypatch):
    monkeypatch.setattr(foreman, "_PAUSE", 0.01)
    monkeypatch.setattr(foreman, "_LONGEST_PAUSE", 0.02)


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize(
    ("code", "problem"),
    [
        (-9, "the painter on cpu was killed, perhaps because memory ran out"),
        (7, "the painter on cpu stopped with exit status 7"),
        (None, "the painter on cpu could not be started"),
    ],
)
def test_a_painter_that_ends_is_replaced_and_its_job_is_the_next_again(client, job, folder, monkeypatch, code, problem):
    lives = Lives(code, code)
    monkeypatch.setattr(foreman, "_painted", lives)
    jobs.take(folder)
    kept_painting(folder)
    assert lives.codes == [], "it was started again, and again"
    found = client.get(f"/api/jobs/{job}").json()
    assert (found["state"], found["attempt"]) == ("queued", 2)
    assert told(client) == [problem]


@pytest.mark.usefixtures("at_once")
def test_a_painter_without_a_device_is_not_started_again_and_what_it_said_stays(client, folder, monkeypatch):
    lives = Lives(foreman.HOPELESS, 1)
    monkeypatch.setattr(foreman, "_painted", lives)
    troubles.note(folder, 0, "no such device", "Choose another.")
    kept_painting(folder)
    assert lives.codes == [1]
    assert told(client) == ["no such device"]


@pytest.mark.usefixtures("at_once")
def test_what_cannot_be_put_in_order_at_once_is_tried_again_before_another_painter_begins(
    client, job, folder, monkeypatch
):
    monkeypatch.setattr(foreman, "_painted", Lives(1))
    failures = [StorageError("the disk is full", "Make room."), RuntimeError("what nobody thought of")]
    recover = jobs.recover

    def fails_at_first(*arguments, **choices):
        if failures:
            raise failures.pop()
        recover(*arguments, **choices)

    jobs.take(folder)
    monkeypatch.setattr(jobs, "recover", fails_at_first)
    kept_painting(folder)
    assert failures == []
    assert client.get(f"/api/jobs/{job}").json()["state"] == "queued"


class Broken(Stylizer):
    """As one whose device has failed, or whose files cannot be written."""

    def __init__(self, error):
        super().__init__("cpu")
        self.error = error

    def run(self, *_arguments, **_choices):
        raise self.error


def paints(folder, stylizer, painter_number=0):
    """The next job, as the painter paints it."""
    work = jobs.take(folder, painter_number)
    painter._Painting(folder, work).paint(stylizer)


def test_an_unexpected_failure_ends_the_process_and_another_tries_once_more(client, job, folder):
    broken = Broken(RuntimeError("illegal memory access"))
    for state in ("running", "failed"):
        with pytest.raises(RuntimeError):
            paints(folder, broken)
        assert client.get(f"/api/jobs/{job}").json()["state"] == state
        jobs.recover(folder, 0, blame=True)
    error = client.get(f"/api/jobs/{job}").json()["error"]
    assert error["problem"] == "unexpected RuntimeError: illegal memory access"


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize("error", [StorageError("disk full", "Make room."), OutputError("denied", "Allow it.")])
def test_what_cannot_be_written_is_not_the_jobs_fault(client, job, folder, monkeypatch, error):
    for _ in range(jobs.MOST_DEATHS + 1):
        with pytest.raises(type(error)):
            paints(folder, Broken(error))
        monkeypatch.setattr(foreman, "_painted", Lives(foreman.BLAMELESS))
        kept_painting(folder)
    assert client.get(f"/api/jobs/{job}").json()["state"] == "queued"
    paints(folder, Stylizer("cpu"))
    assert client.get(f"/api/jobs/{job}").json()["state"] == "finished"


def test_previews_of_a_slow_job_stay_while_another_painter_begins(client, job, folder):
    slow, ended = jobs.take(folder).job, 99
    for number in (slow, ended):
        folder.preview(number, 1).parent.mkdir()
        folder.preview(number, 1).write_bytes(png())
        os.utime(folder.previews(number), (0, 0))
    asked(client, given(client, 1), given(client, 2), iterations=2)
    paints(folder, Stylizer("cpu"), painter_number=1)
    assert folder.preview(slow, 1).exists()
    assert not folder.previews(ended).exists()
    assert job == slow


def test_a_folder_is_measured_while_files_come_and_go(folder):
    ended = threading.Event()

    def churn():
        number = 0
        while not ended.is_set():
            number += 1
            folder.preview(number, 1).parent.mkdir()
            folder.preview(number, 1).write_bytes(b"12345")
            shutil.rmtree(folder.previews(number))

    churning = threading.Thread(target=churn)
    churning.start()
    try:
        for _ in range(300):
            assert folder.bytes() <= 5
    finally:
        ended.set()
        churning.join()


def test_a_full_folder_is_freed_of_what_nobody_uses_first(client, job, folder):
    unused = client.post("/api/pictures", content=png(3, 1600, 1200)).json()["id"]
    most = folder.bytes() - 1
    with pytest.raises(QuotaError):
        quota.check(folder, most)
    assert folder.picture(unused).exists(), "a page may have it in its form"
    aged(folder, 2 * 3600)
    quota.check(folder, most)
    assert not folder.picture(unused).exists()
    assert client.get(f"/api/jobs/{job}").json()["photo"], "what a job uses stays"


def test_what_is_ordered_is_not_deleted_to_make_room_for_it(opened, folder):
    client = opened(Limits(folder_bytes=400_000))
    ordered = client.post("/api/pictures", content=png(3, 300, 200)).json()["id"]
    unused = client.post("/api/pictures", content=png(4, 900, 700)).json()["id"]
    assert folder.bytes() > 400_000
    aged(folder, 2 * 3600)
    answer = client.post("/api/jobs", json={"photo": ordered, "paintings": [ordered]})
    assert answer.status_code == 201, answer.text
    assert not folder.picture(unused).exists()


def test_a_picture_whose_files_were_lost_is_whole_when_it_is_given_again(client, folder):
    picture = given(client, 1)
    folder.forget_picture(picture)  # as a kill between the files and the row would leave it
    assert given(client, 1) == picture
    assert client.get(f"/api/pictures/{picture}/display").status_code == 200


@pytest.mark.usefixtures("client")
def test_a_full_disk_says_so(folder, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(10**12, 10**12, 1000))
    with pytest.raises(QuotaError, match="the disk of the studio's folder is full"):
        quota.check(folder, 10**12)
