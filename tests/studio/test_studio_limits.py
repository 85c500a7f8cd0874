"""A studio keeps the limits that it was started with, wherever they count; and all of them are in the one table."""

import asyncio
import contextlib
import re
from pathlib import Path

import pytest
from studios import SMALL, enqueue, png, upload

from impasto import studio
from impasto.studio.limits import Limits
from impasto.studio.store import alerts, queue
from impasto.studio.worker import supervisor


def refusal(answer, status=422):
    """A request is refused; returns why."""
    assert answer.status_code == status, answer.text
    return answer.json()["problem"]


@pytest.mark.usefixtures("quick_uploads")
def test_a_size_beyond_the_studios_limit_is_refused_and_not_offered(opened):
    client = opened(Limits(result_side=64))
    offered = {it["name"]: it for it in client.get("/api/about").json()["controls"]}
    assert offered["size"]["maximum"] == 64
    photo = upload(client)
    assert client.post("/api/jobs", json={"photo": photo, "settings": {**SMALL, "size": 64}}).status_code == 201
    assert "65 is too large" in refusal(client.post("/api/jobs", json={"photo": photo, "settings": {"size": 65}}))


@pytest.mark.usefixtures("quick_uploads")
def test_more_paintings_than_the_studios_limit_are_refused(opened):
    client = opened(Limits(paintings=1))
    paintings = [upload(client, 1), upload(client, 2)]
    assert refusal(client.post("/api/jobs", json={"paintings": paintings})) == "a job takes at most 1 painting, not 2"
    assert client.get("/api/about").json()["max_paintings"] == 1


@pytest.mark.usefixtures("quick_uploads")
def test_a_disk_with_less_free_space_than_the_studios_limit_refuses_uploads_and_jobs(opened):
    photo = upload(opened())
    client = opened(Limits(free_bytes=10**18))
    full = "the disk of the studio's folder is full"
    assert refusal(client.post("/api/pictures", content=png()), 507) == full
    assert refusal(client.post("/api/jobs", json={"photo": photo, "settings": SMALL}), 507) == full


@pytest.mark.usefixtures("quick_uploads")
def test_a_job_fails_after_as_many_crashes_as_the_studios_limit(opened, folder, monkeypatch):
    client = opened()
    job = enqueue(client, upload(client, 1), upload(client, 2))["id"]
    given = []

    async def crash(*arguments):
        given.append(Limits.from_argument(arguments[-1]))
        if queue.claim(folder) is None:
            raise asyncio.CancelledError
        return 1

    limits = Limits(crashes=2, free_bytes=5, stall_seconds=0.5)
    monkeypatch.setattr(supervisor, "_run_process", crash)
    monkeypatch.setattr(supervisor, "_PAUSE", 0.01)
    with contextlib.suppress(asyncio.CancelledError):
        asyncio.run(supervisor.run_worker(folder, 0, "cpu", limits, alerts.MemoryAlerts()))
    assert given == [limits] * 3, "each worker is told all limits"
    assert client.get(f"/api/jobs/{job}").json()["error"]["problem"].startswith("the worker crashed 2 times")


@pytest.mark.slow
def test_an_upload_is_decoded_with_as_much_memory_as_the_studios_limit(opened):
    client = opened(Limits(process_memory_bytes=30_000_000))
    large = client.post("/api/pictures", params={"name": "large.png"}, content=png(1, 6000, 4000))
    assert "large.png" in refusal(large)


def test_a_job_that_is_retried_is_checked_like_a_new_one(opened):
    client = opened()
    photo = upload(client)
    job = client.post("/api/jobs", json={"photo": photo, "paintings": [photo], "settings": {"size": 96}}).json()["id"]
    again = opened(Limits(result_side=64)).post(f"/api/jobs/{job}/retry")
    assert refusal(again) == "a size of 96 is too large for the studio"
    assert client.post(f"/api/jobs/{job}/retry").status_code == 201


def test_no_module_reads_a_limit_that_another_studio_has():
    for module in Path(studio.__file__).parent.rglob("*.py"):
        assert not re.findall(r"\bLimits\.(?!from_argument)\w+", module.read_text(encoding="utf-8")), module.name
