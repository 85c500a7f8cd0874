"""Recovery: workers that exit, folders and disks that fill up, databases of earlier versions."""

import asyncio
import contextlib
import os
import shutil
import threading
import time

import numpy as np
import pytest
from filelock import FileLock
from studios import enqueue, png, upload

from impasto import Stylizer, images
from impasto.errors import OutputError, StorageError
from impasto.studio.errors import QuotaError
from impasto.studio.limits import Limits
from impasto.studio.store import alerts, cleanup, database, queue, quota
from impasto.studio.worker import supervisor, worker
from impasto.studio.worker.worker import JobRun
from impasto.studio.worker.writing import PreviewWriter

pytestmark = pytest.mark.usefixtures("quick_uploads")


def problems(client):
    return [alert["problem"] for alert in client.get("/api/jobs").json()["problems"]]


@pytest.fixture
def job(client):
    return enqueue(client, upload(client, 1), upload(client, 2), iterations=2)["id"]


def aged(folder, seconds):
    with database.write_transaction(folder.database) as connection:
        connection.execute("UPDATE pictures SET added = ?", (time.time() - seconds,))


def test_a_new_studio_requeues_the_jobs_of_the_one_before(job, folder, opened, monkeypatch):
    monkeypatch.setattr(supervisor, "run_worker", lambda *_: asyncio.sleep(0))
    queue.claim(folder, worker=3)
    alerts.set_alert(folder, 3, "stopped", "Wait.")
    after = opened(devices=["auto"]).get("/api/jobs").json()
    assert (after["jobs"][0]["id"], after["jobs"][0]["state"], after["problems"]) == (job, "queued", [])


@pytest.mark.parametrize("lock", ["worker-2.lock", "painter-2.lock", "painter.lock"])
def test_a_studio_does_not_start_beside_a_worker_of_an_earlier_one(opened, folder, monkeypatch, lock):
    monkeypatch.setattr(cleanup, "_LOCK_TIMEOUT", 0.1)
    with FileLock(folder.root / lock), pytest.raises(OutputError, match=f"an earlier studio still holds .*{lock}"):
        opened(devices=["auto"])


class FakeProcesses:
    """Stands for worker processes: each ends with the next of some exit statuses; the one after them runs on."""

    def __init__(self, *codes):
        self.codes = list(codes)

    async def __call__(self, *_arguments):
        if not self.codes:
            raise asyncio.CancelledError
        return self.codes.pop(0)


def supervise(folder):
    """Run the supervisor until the last of the processes."""
    with contextlib.suppress(asyncio.CancelledError):
        asyncio.run(supervisor.run_worker(folder, 0, "cpu", Limits(), alerts.MemoryAlerts()))


@pytest.fixture
def at_once(monkeypatch):
    monkeypatch.setattr(supervisor, "_PAUSE", 0.01)
    monkeypatch.setattr(supervisor, "_MAX_PAUSE", 0.02)


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize(
    ("code", "problem"),
    [
        (-9, "the worker on cpu was killed, perhaps because memory ran out"),
        (7, "the worker on cpu stopped with exit status 7"),
        (None, "the worker on cpu could not be started"),
    ],
)
def test_a_worker_that_exits_is_restarted_and_its_job_requeued(client, job, folder, monkeypatch, code, problem):
    processes = FakeProcesses(code, code)
    monkeypatch.setattr(supervisor, "_run_process", processes)
    queue.claim(folder)
    supervise(folder)
    assert processes.codes == [], "it was started again, and again"
    found = client.get(f"/api/jobs/{job}").json()
    assert (found["state"], found["attempt"]) == ("queued", 2)
    assert problems(client) == [problem]


@pytest.mark.usefixtures("at_once")
def test_a_worker_without_a_device_is_not_restarted_and_its_alert_stays(client, folder, monkeypatch):
    processes = FakeProcesses(supervisor.EXIT_NO_DEVICE, 1)
    monkeypatch.setattr(supervisor, "_run_process", processes)
    alerts.set_alert(folder, 0, "no such device", "Choose another.")
    supervise(folder)
    assert processes.codes == [1]
    assert problems(client) == ["no such device"]


@pytest.mark.usefixtures("at_once")
def test_requeueing_is_retried_until_it_succeeds_before_a_restart(client, job, folder, monkeypatch):
    monkeypatch.setattr(supervisor, "_run_process", FakeProcesses(1))
    failures = [StorageError("the disk is full", "Make room."), RuntimeError("what nobody thought of")]
    recover = queue.recover

    def fails_at_first(*arguments, **choices):
        if failures:
            raise failures.pop()
        recover(*arguments, **choices)

    queue.claim(folder)
    monkeypatch.setattr(queue, "recover", fails_at_first)
    supervise(folder)
    assert failures == []
    assert client.get(f"/api/jobs/{job}").json()["state"] == "queued"


class Broken(Stylizer):
    """A stylizer whose device has failed."""

    def __init__(self, error):
        super().__init__("cpu")
        self.error = error

    def run(self, *_arguments, **_choices):
        raise self.error


def run_next(folder, stylizer, worker=0):
    """Run the next job as the worker does."""
    JobRun(folder, queue.claim(folder, worker), Limits()).run(stylizer)


@pytest.mark.usefixtures("job")
def test_the_first_painted_preview_does_not_wait_after_that_of_the_start(folder, monkeypatch):
    shown = []
    monkeypatch.setattr(PreviewWriter, "write", lambda _self, picture: shown.append(np.asarray(picture.rgb)))
    monkeypatch.setattr(PreviewWriter, "is_due", lambda _self: not shown)
    run_next(folder, Stylizer("cpu"))
    start, painted = shown
    assert np.abs(start.astype(float) - painted).mean() > 0.1


def test_an_unexpected_failure_ends_the_process_and_the_job_is_tried_once_more(client, job, folder):
    broken = Broken(RuntimeError("illegal memory access"))
    for state in ("running", "failed"):
        with pytest.raises(RuntimeError):
            run_next(folder, broken)
        assert client.get(f"/api/jobs/{job}").json()["state"] == state
        queue.recover(folder, Limits(), 0, exited="crash")
    error = client.get(f"/api/jobs/{job}").json()["error"]
    assert error["problem"] == "unexpected RuntimeError: illegal memory access"


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize(
    "error",
    [
        StorageError("disk full", "Make room."),
        pytest.param(OutputError("denied", "Allow it."), marks=pytest.mark.slow),
    ],
)
def test_a_file_that_cannot_be_written_is_no_crash_of_the_job(client, job, folder, monkeypatch, error):
    def refuse(*_arguments):
        raise error

    with monkeypatch.context() as context:
        context.setattr(supervisor, "_run_process", FakeProcesses())
        context.setattr(worker, "replace_file", refuse)
        for _ in range(Limits.crashes + 1):
            with pytest.raises(StorageError, match=error.problem):
                run_next(folder, Stylizer("cpu"))
            supervisor._run_process.codes.append(supervisor.EXIT_STORAGE)
            supervise(folder)
    assert client.get(f"/api/jobs/{job}").json()["state"] == "queued"
    run_next(folder, Stylizer("cpu"))
    assert client.get(f"/api/jobs/{job}").json()["state"] == "finished"


def test_a_job_whose_files_can_never_be_written_does_not_return_for_ever(client, job, folder):
    for number in range(3):
        assert client.get(f"/api/jobs/{job}").json()["state"] == "queued", number
        queue.claim(folder)
        queue.recover(folder, Limits(write_failures=3), exited="storage")
    error = client.get(f"/api/jobs/{job}").json()["error"]
    assert error["problem"] == "writing this job's files failed 3 times"


@pytest.mark.parametrize("format_name", ["png", "webp"])
def test_a_result_that_cannot_be_encoded_fails_its_job(client, job, folder, monkeypatch, format_name):
    encode = images.encode

    def refuse(picture, format, **choices):  # noqa: A002
        if format == format_name:
            raise OutputError(f"a {format} file cannot hold this picture", "Choose another size.")
        return encode(picture, format, **choices)

    monkeypatch.setattr(images, "encode", refuse)
    run_next(folder, Stylizer("cpu"))
    found = client.get(f"/api/jobs/{job}").json()
    assert found["state"] == "failed"
    assert found["error"]["problem"] == f"a {format_name} file cannot hold this picture"


def test_a_worker_claims_no_job_while_the_folder_may_not_be_written(client, job, folder, monkeypatch):
    def wait(_seconds):
        raise InterruptedError

    monkeypatch.setattr(worker.time, "sleep", wait)
    shutil.rmtree(folder.previews(1).parent)
    folder.previews(1).parent.write_bytes(b"no folder")
    with pytest.raises(InterruptedError):
        worker._run_jobs(folder, 0, Stylizer("cpu"), Limits())
    assert client.get(f"/api/jobs/{job}").json()["state"] == "queued"
    (alert,) = client.get("/api/jobs").json()["problems"]
    assert str(folder.previews(1).parent) in alert["problem"]
    assert alert["hint"] == "Allow the studio to write there, or start it with another --data."


@pytest.mark.parametrize("name", ["previews", "results"])
def test_a_folder_that_was_deleted_does_not_stop_the_queue(client, job, folder, monkeypatch, name):
    def wait(_seconds):
        raise InterruptedError

    monkeypatch.setattr(worker.time, "sleep", wait)
    shutil.rmtree(folder.root / name)
    with pytest.raises(InterruptedError):
        worker._run_jobs(folder, 0, Stylizer("cpu"), Limits())
    assert client.get(f"/api/jobs/{job}").json()["state"] == "finished"
    assert problems(client) == []


def test_previews_of_a_slow_job_are_kept_while_another_worker_starts(client, job, folder):
    slow, ended = queue.claim(folder).id, 99
    for number in (slow, ended):
        folder.preview(number, 1).parent.mkdir()
        folder.preview(number, 1).write_bytes(png())
        os.utime(folder.previews(number), (0, 0))
    enqueue(client, upload(client, 1), upload(client, 2), iterations=2)
    run_next(folder, Stylizer("cpu"), worker=1)
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
            assert folder.size_bytes() <= 5
    finally:
        ended.set()
        churning.join()


def test_a_full_folder_is_freed_of_unreferenced_pictures(client, job, folder):
    unused = client.post("/api/pictures", content=png(3, 1600, 1200)).json()["id"]
    most = folder.size_bytes() - 1
    with pytest.raises(QuotaError):
        quota.check(folder, Limits(folder_bytes=most))
    assert folder.picture(unused).exists(), "a page may have it in its form"
    aged(folder, 2 * 3600)
    quota.check(folder, Limits(folder_bytes=most))
    assert not folder.picture(unused).exists()
    assert client.get(f"/api/jobs/{job}").json()["photo"], "what a job uses stays"


def test_a_jobs_own_pictures_are_not_deleted_to_free_space_for_it(opened, folder):
    client = opened(Limits(folder_bytes=400_000))
    ordered = client.post("/api/pictures", content=png(3, 300, 200)).json()["id"]
    unused = client.post("/api/pictures", content=png(4, 900, 700)).json()["id"]
    assert folder.size_bytes() > 400_000
    aged(folder, 2 * 3600)
    answer = client.post("/api/jobs", json={"photo": ordered, "paintings": [ordered]})
    assert answer.status_code == 201, answer.text
    assert not folder.picture(unused).exists()


def test_a_picture_whose_files_were_lost_is_restored_by_uploading_it_again(client, folder):
    picture = upload(client, 1)
    folder.delete_picture(picture)  # as a kill between the files and the row would leave it
    assert upload(client, 1) == picture
    assert client.get(f"/api/pictures/{picture}/display").status_code == 200


@pytest.mark.usefixtures("client")
def test_a_full_disk_is_reported(folder, monkeypatch):
    monkeypatch.setattr(shutil, "disk_usage", lambda _: shutil._ntuple_diskusage(10**12, 10**12, 1000))
    with pytest.raises(QuotaError, match="the disk of the studio's folder is full"):
        quota.check(folder, Limits())
