"""A disk that takes no byte more: the page says so although nothing can be stored, and the queue resumes afterwards."""

import contextlib
import json
import os
import resource
import shutil
import subprocess

import pytest
from hostile_clients import StudioProcess, request, wait_until
from studios import Running, enqueue, upload

FULL = "the disk of the studio's folder is full"


def problems(studio):
    return [alert["problem"] for alert in json.loads(studio.get("/api/jobs")[1])["problems"]]


def test_S14_a_full_disk_is_told_without_a_write(tmp_path):
    with StudioProcess(tmp_path / "studio", free_bytes=10**18) as studio:
        assert wait_until((tmp_path / "studio" / "studio.db-shm").exists)
        resource.prlimit(studio.process.pid, resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
        assert wait_until(lambda: problems(studio) == [FULL])
        with contextlib.closing(studio.connect(request("/api/events"))) as page:
            page.settimeout(5)
            assert wait_until(lambda: FULL.encode() in page.recv(65536))


def forbid_writes(studio):
    """Let the studio's processes write no file at all, until they may again."""
    processes = [studio.process.pid, studio.worker()]
    for process in processes:
        resource.prlimit(process, resource.RLIMIT_FSIZE, (0, resource.RLIM_INFINITY))
    yield
    resource.prlimit(processes[0], resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


def fill(studio):
    """Fill the disk to the last byte, and empty it again."""
    filler = studio.data / "filler"
    with filler.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while file.write(b"x" * 2**20):
            pass
    with filler.open("ab", buffering=0) as file, contextlib.suppress(OSError):
        while file.write(b"x"):
            pass
    assert shutil.disk_usage(studio.data).free == 0
    yield
    filler.unlink()


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 200 MB, where the tests may make one."""
    data = tmp_path / "disk"
    data.mkdir()
    if (
        os.name == "nt"
        or subprocess.run(["mount", "-t", "tmpfs", "-o", "size=200m", "none", data], check=False).returncode
    ):
        pytest.skip("file systems cannot be mounted here")
    yield data
    subprocess.run(["umount", data], check=True)


def try_full_disk(studio, full, problem):
    """Make the disk full while a job runs."""
    job = enqueue(studio.client, upload(studio.client, 1), upload(studio.client, 2), iterations=100_000, tolerance=0.0)
    studio.wait_for(job["id"], "running")
    assert wait_until(lambda: studio.client.get(f"/api/jobs/{job['id']}").json()["progress"], within=60)
    for _ in full(studio):
        assert studio.wait_for_alert(problem)["hint"].startswith("Free some")
    studio.wait_for_alert(None)
    again = studio.wait_for(job["id"], "running")
    assert again["attempt"] > 1
    studio.close()


@pytest.mark.slow
def test_S14_files_that_cannot_be_written_are_told_while_a_job_runs(starts, tmp_path):
    try_full_disk(starts(tmp_path / "studio", "--device", "cpu"), forbid_writes, "studio.db")


@pytest.mark.slow
def test_S14_a_disk_filled_to_the_last_byte_is_told_while_a_job_runs(small_disk):
    studio = Running(small_disk / "studio", "--device", "cpu")
    try:
        try_full_disk(studio, fill, FULL)
    finally:
        studio.close()
