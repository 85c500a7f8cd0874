"""The queue and the history, without a worker."""

import re
from pathlib import Path

import pytest
from studios import enqueue, events, upload

from impasto import studio
from impasto.engine.events import Step
from impasto.settings import Settings
from impasto.studio.limits import Limits
from impasto.studio.server import queries
from impasto.studio.store import alerts, cleanup, database, queue

pytestmark = pytest.mark.usefixtures("quick_uploads")


@pytest.fixture
def picture(client):
    return upload(client)


def add(client, picture, number):
    return [enqueue(client, picture, picture)["id"] for _ in range(number)]


def order(client):
    waiting = [job for job in client.get("/api/jobs").json()["jobs"] if job["state"] == "queued"]
    return [job["id"] for job in sorted(waiting, key=lambda job: job["queue_position"])]


def step(number=1):
    return Step(1, 1, 48, 36, number, 9, 1.5, {"style relu1_1": 1.5}, 0.1, 2.0)


def test_jobs_wait_in_the_order_in_which_they_came(client, picture):
    first, second, third = add(client, picture, 3)
    assert order(client) == [first, second, third]
    assert [client.get(f"/api/jobs/{job}").json()["queue_position"] for job in (first, second, third)] == [1, 2, 3]


def test_a_queued_job_can_be_moved(client, picture, folder):
    first, second, third = add(client, picture, 3)
    assert client.post(f"/api/jobs/{third}/move", json={"before": first}).json()["queue_position"] == 1
    assert order(client) == [third, first, second]
    assert client.post(f"/api/jobs/{third}/move", json={}).json()["queue_position"] == 3
    assert order(client) == [first, second, third]
    assert queue.claim(folder).id == first
    assert client.post(f"/api/jobs/{first}/move", json={}).status_code == 409
    assert client.post(f"/api/jobs/{third}/move", json={"before": first}).status_code == 409
    assert client.post("/api/jobs/99/move", json={}).status_code == 404


def test_a_queued_job_is_cancelled_at_once_and_can_be_retried(client, picture):
    (job,) = add(client, picture, 1)
    assert client.post(f"/api/jobs/{job}/cancel").json()["state"] == "cancelled"
    assert client.post(f"/api/jobs/{job}/cancel").status_code == 409
    again = client.post(f"/api/jobs/{job}/retry").json()
    assert (again["state"], again["photo"]["id"], again["settings"]["size"]) == ("queued", picture, 48)
    assert again["id"] != job


def test_only_a_running_job_can_be_kept_as_it_is(client, picture, folder):
    (job,) = add(client, picture, 1)
    assert client.post(f"/api/jobs/{job}/keep").status_code == 409
    queue.claim(folder)
    assert client.post(f"/api/jobs/{job}/keep").status_code == 200
    assert queue.record_step(folder, job, 1, step()) == "keep"


def test_a_job_can_be_deleted_except_while_it_runs(client, picture, folder):
    first, second = add(client, picture, 2)
    queue.claim(folder)
    assert client.delete(f"/api/jobs/{first}").status_code == 409
    assert client.delete(f"/api/jobs/{second}").status_code == 204
    assert client.get(f"/api/jobs/{second}").status_code == 404
    assert client.delete(f"/api/jobs/{second}").status_code == 404
    assert queries.changes(folder, 0)[0].deleted == [second]


def test_the_history_is_paged_newest_first(client, picture):
    made = add(client, picture, 5)
    first = client.get("/api/jobs", params={"limit": 2}).json()
    second = client.get("/api/jobs", params={"limit": 2, "before": first["next"]}).json()
    third = client.get("/api/jobs", params={"limit": 2, "before": second["next"]}).json()
    found = [job["id"] for page in (first, second, third) for job in page["jobs"]]
    assert found == made[::-1]
    assert third["next"] is None


def test_changes_that_were_missed_are_all_reported(client, picture, folder):
    made = add(client, picture, 12)
    seen, version = set(), 0
    while (found := queries.changes(folder, version)[0]).version != version:
        version = found.version
        seen |= {job.id for job in found.jobs}
    assert seen == set(made)
    client.post(f"/api/jobs/{made[3]}/cancel")
    changed = {job.id: job for job in queries.changes(folder, version)[0].jobs}
    assert changed[made[3]].state == "cancelled"
    assert changed[made[4]].queue_position == 4, "those behind it have moved up"


def test_many_changes_are_split_without_losing_any(client, picture, folder, monkeypatch):
    monkeypatch.setattr(queries, "MAX_CHANGES", 3)
    made = add(client, picture, 10)
    for job in made:  # each has a version of its own
        queue.claim(folder)
        queue.record_step(folder, job, 1, step())
    seen, version, answers = [], 0, 0
    while (found := queries.changes(folder, version)[0]).version != version:
        version, answers = found.version, answers + 1
        seen += [job.id for job in found.jobs]
    assert sorted(seen) == made
    assert answers >= 3


def test_a_stream_of_one_job_has_every_step_once_and_ends(client, picture, folder):
    (job,) = add(client, picture, 1)
    queue.claim(folder)
    for number in range(1, 8):
        queue.record_step(folder, job, number, step(number))
    queue.finish(folder, job, (48, 36), kept_early=False)
    received = list(events(client, f"/api/jobs/{job}/events"))
    assert [name for name, _, _ in received] == ["steps", "end"]
    assert [one["number"] for one in received[0][2]["steps"]] == list(range(1, 8))
    assert received[-1][2]["state"] == "finished"
    after = list(events(client, f"/api/jobs/{job}/events", **{"last-event-id": "1.5"}))
    assert [one["number"] for one in after[0][2]["steps"]] == [6, 7]


@pytest.mark.parametrize("last", ["", "x", "1.x", "9" * 40 + ".1", "1." + "9" * 40, "\u0663.1"])
def test_a_stream_with_an_invalid_event_id_starts_over(client, picture, folder, last):
    (job,) = add(client, picture, 1)
    queue.claim(folder)
    queue.record_step(folder, job, 1, step())
    queue.mark_cancelled(folder, job)
    received = list(events(client, f"/api/jobs/{job}/events", **{"last-event-id": last.encode()}))
    assert [name for name, _, _ in received] == ["steps", "end"]


def test_a_stream_of_a_missing_job_is_a_404(client):
    assert client.get("/api/jobs/7/events").status_code == 404


def test_the_loss_curve_can_be_requested_from_any_step(client, picture, folder):
    (job,) = add(client, picture, 1)
    queue.claim(folder)
    for number in (1, 2, 3):
        queue.record_step(folder, job, number, step(number))
    answer = client.get(f"/api/jobs/{job}/steps", params={"attempt": 1, "after": 1}).json()
    assert (answer["attempt"], [one["number"] for one in answer["steps"]]) == (1, [2, 3])
    assert answer["steps"][0]["loss"] == 1.5
    latest = client.get(f"/api/jobs/{job}/steps", params={"after": 2}).json()
    assert [one["number"] for one in latest["steps"]] == [3]
    of_another = client.get(f"/api/jobs/{job}/steps", params={"attempt": 7, "after": 1}).json()
    assert [one["number"] for one in of_another["steps"]] == [1, 2, 3]


def test_the_job_of_a_crashed_worker_returns_to_the_head_of_the_queue(client, picture, folder):
    first, second = add(client, picture, 2)
    queue.claim(folder)
    queue.record_step(folder, first, 1, step())
    queue.recover(folder, Limits(), exited="crash")
    found = client.get(f"/api/jobs/{first}").json()
    assert (found["state"], found["attempt"], found["queue_position"], found["progress"]) == ("queued", 2, 1, None)
    assert queue.claim(folder).id == first
    assert client.get(f"/api/jobs/{first}/steps").json() == {"attempt": 2, "steps": []}, "the curve starts over"
    assert second


def test_a_job_that_crashes_the_worker_repeatedly_fails(client, picture, folder):
    (job,) = add(client, picture, 1)
    for _ in range(Limits.crashes):
        assert queue.claim(folder).id == job
        queue.recover(folder, Limits(), exited="crash")
    assert queue.claim(folder) is None
    found = client.get(f"/api/jobs/{job}").json()
    assert found["state"] == "failed"
    assert found["error"]["problem"] == f"the worker crashed {Limits.crashes} times while running this job"


def test_a_cancelled_job_of_a_crashed_worker_stays_cancelled(client, picture, folder):
    (job,) = add(client, picture, 1)
    queue.claim(folder)
    client.post(f"/api/jobs/{job}/cancel")
    queue.recover(folder, Limits(), exited="crash")
    assert client.get(f"/api/jobs/{job}").json()["state"] == "cancelled"


def test_a_server_that_is_killed_is_no_crash_of_the_job(client, picture, folder):
    (job,) = add(client, picture, 1)
    for _ in range(Limits.crashes + 2):
        assert queue.claim(folder).id == job
        queue.recover(folder, Limits(), exited="server")
    assert client.get(f"/api/jobs/{job}").json()["state"] == "queued"


def test_each_worker_has_its_own_jobs(client, picture, folder):
    first, second, third = add(client, picture, 3)
    assert (queue.claim(folder, worker=0).id, queue.claim(folder, worker=1).id) == (first, second)
    queue.recover(folder, Limits(), 1, exited="crash")
    states = [client.get(f"/api/jobs/{job}").json()["state"] for job in (first, second, third)]
    assert states == ["running", "queued", "queued"]
    queue.recover(folder, Limits(), exited="server")
    assert order(client) == [first, second, third]


def test_problems_of_workers_are_listed_once_and_cleared(client, folder):
    def problems():
        return [alert["problem"] for alert in client.get("/api/jobs").json()["problems"]]

    for worker in (0, 1):
        alerts.set_alert(folder, worker, "full", "Make room.")
    assert problems() == ["full"], "of both, and listed once"
    version = queries.changes(folder, 0)[0].version
    alerts.set_alert(folder, 1, "full", "Make room.")
    assert queries.changes(folder, version)[0].version == version, "nothing new"
    alerts.set_alert(folder, 1, "stopped", "Wait.")
    assert [one.problem for one in queries.changes(folder, version)[0].problems] == ["full", "stopped"]
    alerts.clear(folder, 0)
    assert problems() == ["stopped"]
    alerts.clear(folder)
    assert problems() == []


def test_a_full_queue_refuses_jobs(opened):
    client = opened(Limits(queued_jobs=2))
    picture = upload(client)
    add(client, picture, 2)
    answer = client.post("/api/jobs", json={"photo": picture, "paintings": [picture]})
    assert answer.status_code == 429


def test_recently_used_pictures_are_listed_newest_first(client):
    one, two, three = (upload(client, seed) for seed in range(3))
    enqueue(client, one, two)
    enqueue(client, three, two)
    recent = client.get("/api/pictures/recent", params={"role": "photo"}).json()
    assert [picture["id"] for picture in recent] == [three, one]
    recent = client.get("/api/pictures/recent", params={"role": "painting"}).json()
    assert [picture["id"] for picture in recent] == [two]


def test_unreferenced_pictures_are_deleted_except_recent_ones(client, folder):
    used, unused, lately = (upload(client, seed) for seed in (1, 2, 3))
    enqueue(client, used, used)
    with database.write_transaction(folder.database) as connection:
        connection.execute("UPDATE pictures SET added = 0 WHERE id != ?", (lately,))
    cleanup.delete_orphans(folder)
    for kept in (used, lately):
        assert client.get(f"/api/pictures/{kept}/display").status_code == 200
    assert client.get(f"/api/pictures/{unused}").status_code == 404
    assert not folder.picture(unused).exists()


def test_deleting_a_job_frees_what_only_it_used(client, folder):
    one, other = upload(client, 1), upload(client, 2)
    first, second = enqueue(client, one, other)["id"], enqueue(client, other, other)["id"]
    with database.write_transaction(folder.database) as connection:
        connection.execute("UPDATE pictures SET added = 0")
    client.delete(f"/api/jobs/{first}")
    assert not folder.picture(one).exists()
    assert folder.picture(other).exists()
    client.delete(f"/api/jobs/{second}")
    assert not folder.picture(other).exists()


def test_files_without_a_row_are_deleted(picture, folder):
    orphans = [folder.picture("0" * 64), folder.result(99), folder.result_thumbnail(99)]
    orphans.append(folder.result(99).with_name(".99.png.part-abcd"))
    for path in orphans:
        path.write_bytes(b"left behind")
    cleanup.delete_orphans(folder)
    assert not any(path.exists() for path in orphans)
    assert folder.picture(picture).exists()


def test_a_job_with_unusable_settings_does_not_block_the_queue(client, picture, folder):
    first, second = add(client, picture, 2)
    with database.write_transaction(folder.database) as connection:
        connection.execute("UPDATE jobs SET settings = ? WHERE id = ?", ('{"recipe": "of-mine"}', first))
    assert queue.claim(folder) is None
    assert queue.claim(folder).id == second
    failed = client.get(f"/api/jobs/{first}").json()
    assert failed["state"] == "failed"
    assert "of-mine" in failed["error"]["problem"]


@pytest.mark.parametrize(
    ("settings", "problem"),
    [
        ('{"style_scale": 70}', "Brush size takes a number"),
        ('{"recipe": "fast", "size": "12"', "they cannot be read"),
    ],
)
def test_settings_that_can_no_longer_be_used_are_named_as_the_page_does(client, picture, folder, settings, problem):
    (job,) = add(client, picture, 1)
    with database.write_transaction(folder.database) as connection:
        connection.execute("UPDATE jobs SET settings = ? WHERE id = ?", (settings, job))
    assert queue.claim(folder) is None
    with database.read_transaction(folder.database) as connection:
        stored = connection.execute("SELECT problem, hint FROM jobs WHERE id = ?", (job,)).fetchone()
    assert stored["problem"].startswith(f"the settings can no longer be used: {problem}")
    assert "style_scale" not in stored["problem"]
    assert stored["hint"] == "Choose the settings again."


@pytest.mark.parametrize(
    ("settings", "problem", "hint"),
    [
        ('{"recipe": "gone"}', "there is no recipe 'gone'", "Choose a recipe on the page."),
        ('{"former": 1}', "there is no setting 'former'", "Choose the settings again."),
    ],
)
def test_a_job_that_can_no_longer_be_retried_is_told_in_the_words_of_the_page(
    client, picture, folder, settings, problem, hint
):
    (job,) = add(client, picture, 1)
    with database.write_transaction(folder.database) as connection:
        connection.execute("UPDATE jobs SET settings = ? WHERE id = ?", (settings, job))
    assert client.post(f"/api/jobs/{job}/retry").json() == {"problem": problem, "hint": hint}


def test_no_error_reaches_the_page_in_pythons_words():
    """`problem`, `hint` and `str` of an error are in Python's words; `words_for` gives the page's."""
    for module in Path(studio.__file__).parent.rglob("*.py"):
        assert not re.findall(r"\b(?:error|failure)\.(?:problem|hint)\b", module.read_text(encoding="utf-8")), (
            module.name
        )


def test_a_cancel_while_the_result_is_written_is_honored(client, picture, folder):
    (job,) = add(client, picture, 1)
    queue.claim(folder)
    client.post(f"/api/jobs/{job}/cancel")
    queue.finish(folder, job, (48, 36), kept_early=False)
    assert client.get(f"/api/jobs/{job}").json()["state"] == "cancelled"


def test_settings_come_back_as_they_were_given(client, picture):
    job = enqueue(client, picture, picture, strength=0.7, style_layers={"relu2_1": 2.0}, seed=5)
    again = Settings(**client.get(f"/api/jobs/{job['id']}").json()["settings"])
    assert again == Settings(recipe="fast", size=48, strength=0.7, style_layers={"relu2_1": 2.0}, seed=5)
