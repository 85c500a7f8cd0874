"""The queue and the history, without anyone who paints."""

import pytest
from studios import asked, events, given

from impasto.engine.events import Step
from impasto.settings import Settings
from impasto.studio import database, history, housekeeping, jobs, troubles


@pytest.fixture
def picture(client):
    return given(client)


def add(client, picture, number):
    return [asked(client, picture, picture)["id"] for _ in range(number)]


def order(client):
    waiting = [job for job in client.get("/api/jobs").json()["jobs"] if job["state"] == "queued"]
    return [job["id"] for job in sorted(waiting, key=lambda job: job["place"])]


def step(number=1):
    return Step(1, 1, 48, 36, number, 9, 1.5, {"style relu1_1": 1.5}, 0.1, 2.0)


def test_jobs_wait_in_the_order_in_which_they_came(client, picture):
    first, second, third = add(client, picture, 3)
    assert order(client) == [first, second, third]
    assert [client.get(f"/api/jobs/{job}").json()["place"] for job in (first, second, third)] == [1, 2, 3]


def test_a_waiting_job_can_be_moved(client, picture, folder):
    first, second, third = add(client, picture, 3)
    assert client.post(f"/api/jobs/{third}/move", json={"before": first}).json()["place"] == 1
    assert order(client) == [third, first, second]
    assert client.post(f"/api/jobs/{third}/move", json={}).json()["place"] == 3
    assert order(client) == [first, second, third]
    assert jobs.take(folder).job == first
    assert client.post(f"/api/jobs/{first}/move", json={}).status_code == 409
    assert client.post(f"/api/jobs/{third}/move", json={"before": first}).status_code == 409
    assert client.post("/api/jobs/99/move", json={}).status_code == 404


def test_a_waiting_job_is_cancelled_at_once_and_can_be_tried_again(client, picture):
    (job,) = add(client, picture, 1)
    assert client.post(f"/api/jobs/{job}/cancel").json()["state"] == "cancelled"
    assert client.post(f"/api/jobs/{job}/cancel").status_code == 409
    again = client.post(f"/api/jobs/{job}/retry").json()
    assert (again["state"], again["photo"]["id"], again["settings"]["size"]) == ("queued", picture, 48)
    assert again["id"] != job


def test_only_a_running_job_can_be_kept_as_it_is(client, picture, folder):
    (job,) = add(client, picture, 1)
    assert client.post(f"/api/jobs/{job}/keep").status_code == 409
    jobs.take(folder)
    assert client.post(f"/api/jobs/{job}/keep").status_code == 200
    assert jobs.step(folder, job, 1, step()) == "keep"


def test_a_deleted_job_is_gone_but_not_while_it_is_painted(client, picture, folder):
    first, second = add(client, picture, 2)
    jobs.take(folder)
    assert client.delete(f"/api/jobs/{first}").status_code == 409
    assert client.delete(f"/api/jobs/{second}").status_code == 204
    assert client.get(f"/api/jobs/{second}").status_code == 404
    assert client.delete(f"/api/jobs/{second}").status_code == 404
    assert history.changes(folder, 0).removed == [second]


def test_the_history_comes_in_pages_the_newest_first(client, picture):
    made = add(client, picture, 5)
    first = client.get("/api/jobs", params={"limit": 2}).json()
    second = client.get("/api/jobs", params={"limit": 2, "before": first["next"]}).json()
    third = client.get("/api/jobs", params={"limit": 2, "before": second["next"]}).json()
    found = [job["id"] for page in (first, second, third) for job in page["jobs"]]
    assert found == made[::-1]
    assert third["next"] is None


def test_whoever_missed_changes_is_told_of_all_of_them(client, picture, folder):
    made = add(client, picture, 12)
    seen, version = set(), 0
    while (found := history.changes(folder, version)).version != version:
        version = found.version
        seen |= {job.id for job in found.jobs}
    assert seen == set(made)
    client.post(f"/api/jobs/{made[3]}/cancel")
    changed = {job.id: job for job in history.changes(folder, version).jobs}
    assert changed[made[3]].state == "cancelled"
    assert changed[made[4]].place == 4, "those behind it have moved up"


def test_many_changes_come_in_several_answers_that_leave_none_out(client, picture, folder, monkeypatch):
    monkeypatch.setattr(history, "MANY_CHANGES", 3)
    made = add(client, picture, 10)
    for job in made:  # each has a version of its own
        jobs.take(folder)
        jobs.step(folder, job, 1, step())
    seen, version, answers = [], 0, 0
    while (found := history.changes(folder, version)).version != version:
        version, answers = found.version, answers + 1
        seen += [job.id for job in found.jobs]
    assert sorted(seen) == made
    assert answers >= 3


def test_a_stream_of_one_job_tells_every_step_once_and_ends(client, picture, folder):
    (job,) = add(client, picture, 1)
    jobs.take(folder)
    for number in range(1, 8):
        jobs.step(folder, job, number, step(number))
    jobs.finish(folder, job, (48, 36), kept_early=False)
    told = list(events(client, f"/api/jobs/{job}/events"))
    assert [name for name, _, _ in told] == ["steps", "end"]
    assert [one["number"] for one in told[0][2]["steps"]] == list(range(1, 8))
    assert told[-1][2]["state"] == "finished"
    after = list(events(client, f"/api/jobs/{job}/events", **{"last-event-id": "1.5"}))
    assert [one["number"] for one in after[0][2]["steps"]] == [6, 7]


@pytest.mark.parametrize("last", ["", "x", "1.x", "9" * 40 + ".1", "1." + "9" * 40, "\u0663.1"])
def test_a_stream_that_is_asked_to_go_on_after_nonsense_begins_anew(client, picture, folder, last):
    (job,) = add(client, picture, 1)
    jobs.take(folder)
    jobs.step(folder, job, 1, step())
    jobs.cancelled(folder, job)
    told = list(events(client, f"/api/jobs/{job}/events", **{"last-event-id": last.encode()}))
    assert [name for name, _, _ in told] == ["steps", "end"]


def test_a_stream_of_no_job_is_no_stream(client):
    assert client.get("/api/jobs/7/events").status_code == 404


def test_the_loss_curve_can_be_had_from_any_step_on(client, picture, folder):
    (job,) = add(client, picture, 1)
    jobs.take(folder)
    for number in (1, 2, 3):
        jobs.step(folder, job, number, step(number))
    answer = client.get(f"/api/jobs/{job}/steps", params={"attempt": 1, "after": 1}).json()
    assert (answer["attempt"], [one["number"] for one in answer["steps"]]) == (1, [2, 3])
    assert answer["steps"][0]["loss"] == 1.5
    latest = client.get(f"/api/jobs/{job}/steps", params={"after": 2}).json()
    assert [one["number"] for one in latest["steps"]] == [3]
    of_another = client.get(f"/api/jobs/{job}/steps", params={"attempt": 7, "after": 1}).json()
    assert [one["number"] for one in of_another["steps"]] == [1, 2, 3]


def test_a_job_that_lost_its_painter_is_the_next_again_and_says_so(client, picture, folder):
    first, second = add(client, picture, 2)
    jobs.take(folder)
    jobs.step(folder, first, 1, step())
    jobs.recover(folder, blame=True)
    found = client.get(f"/api/jobs/{first}").json()
    assert (found["state"], found["attempt"], found["place"], found["progress"]) == ("queued", 2, 1, None)
    assert jobs.take(folder).job == first
    assert client.get(f"/api/jobs/{first}/steps").json() == {"attempt": 2, "steps": []}, "the curve begins anew"
    assert second


def test_a_job_that_takes_the_painter_down_again_and_again_is_given_up(client, picture, folder):
    (job,) = add(client, picture, 1)
    for _ in range(jobs.MOST_DEATHS):
        assert jobs.take(folder).job == job
        jobs.recover(folder, blame=True)
    assert jobs.take(folder) is None
    found = client.get(f"/api/jobs/{job}").json()
    assert found["state"] == "failed"
    assert found["error"]["problem"] == f"the painter stopped {jobs.MOST_DEATHS} times at this picture"


def test_a_cancelled_job_that_lost_its_painter_stays_cancelled(client, picture, folder):
    (job,) = add(client, picture, 1)
    jobs.take(folder)
    client.post(f"/api/jobs/{job}/cancel")
    jobs.recover(folder, blame=True)
    assert client.get(f"/api/jobs/{job}").json()["state"] == "cancelled"


def test_a_job_that_was_under_way_when_the_server_went_is_not_blamed(client, picture, folder):
    (job,) = add(client, picture, 1)
    for _ in range(jobs.MOST_DEATHS + 2):
        assert jobs.take(folder).job == job
        jobs.recover(folder, blame=False)
    assert client.get(f"/api/jobs/{job}").json()["state"] == "queued"


def test_each_painter_has_jobs_of_its_own(client, picture, folder):
    first, second, third = add(client, picture, 3)
    assert (jobs.take(folder, painter=0).job, jobs.take(folder, painter=1).job) == (first, second)
    jobs.recover(folder, 1, blame=True)
    states = [client.get(f"/api/jobs/{job}").json()["state"] for job in (first, second, third)]
    assert states == ["running", "queued", "queued"]
    jobs.recover(folder, blame=False)
    assert order(client) == [first, second, third]


def test_what_keeps_painters_from_painting_is_told_once_and_taken_back(client, folder):
    def told():
        return [trouble["problem"] for trouble in client.get("/api/jobs").json()["troubles"]]

    for painter in (0, 1):
        troubles.note(folder, painter, "full", "Make room.")
    assert told() == ["full"], "of both, and said once"
    version = history.changes(folder, 0).version
    troubles.note(folder, 1, "full", "Make room.")
    assert history.changes(folder, version).version == version, "nothing new"
    troubles.note(folder, 1, "stopped", "Wait.")
    assert [one.problem for one in history.changes(folder, version).troubles] == ["full", "stopped"]
    troubles.clear(folder, 0)
    assert told() == ["stopped"]
    troubles.clear(folder)
    assert told() == []


def test_a_full_queue_says_so(client, picture, monkeypatch):
    monkeypatch.setattr(jobs, "MOST_QUEUED", 2)
    add(client, picture, 2)
    answer = client.post("/api/jobs", json={"photo": picture, "paintings": [picture]})
    assert answer.status_code == 429


def test_pictures_that_were_used_are_offered_again_the_latest_first(client):
    one, two, three = (given(client, seed) for seed in range(3))
    asked(client, one, two)
    asked(client, three, two)
    recent = client.get("/api/pictures/recent", params={"role": "photo"}).json()
    assert [picture["id"] for picture in recent] == [three, one]
    recent = client.get("/api/pictures/recent", params={"role": "painting"}).json()
    assert [picture["id"] for picture in recent] == [two]


def test_pictures_that_no_job_uses_are_deleted_but_not_those_that_came_lately(client, folder):
    used, unused, lately = (given(client, seed) for seed in (1, 2, 3))
    asked(client, used, used)
    with database.writing(folder.database) as connection:
        connection.execute("UPDATE pictures SET added = 0 WHERE id != ?", (lately,))
    housekeeping.sweep(folder)
    for kept in (used, lately):
        assert client.get(f"/api/pictures/{kept}/display").status_code == 200
    assert client.get(f"/api/pictures/{unused}").status_code == 404
    assert not folder.picture(unused).exists()


def test_deleting_a_job_frees_what_only_it_used(client, folder):
    one, other = given(client, 1), given(client, 2)
    first, second = asked(client, one, other)["id"], asked(client, other, other)["id"]
    with database.writing(folder.database) as connection:
        connection.execute("UPDATE pictures SET added = 0")
    client.delete(f"/api/jobs/{first}")
    assert not folder.picture(one).exists()
    assert folder.picture(other).exists()
    client.delete(f"/api/jobs/{second}")
    assert not folder.picture(other).exists()


def test_files_that_nobody_knows_of_are_deleted(picture, folder):
    orphans = [folder.picture("0" * 64), folder.result(99), folder.result_thumbnail(99)]
    orphans.append(folder.result(99).with_name(".99.png.part-abcd"))
    for path in orphans:
        path.write_bytes(b"left behind")
    housekeeping.sweep(folder)
    assert not any(path.exists() for path in orphans)
    assert folder.picture(picture).exists()


def test_a_job_whose_settings_cannot_be_used_any_more_does_not_hold_up_the_others(client, picture, folder):
    first, second = add(client, picture, 2)
    with database.writing(folder.database) as connection:
        connection.execute("UPDATE jobs SET settings = ? WHERE id = ?", ('{"recipe": "of-mine"}', first))
    assert jobs.take(folder) is None
    assert jobs.take(folder).job == second
    failed = client.get(f"/api/jobs/{first}").json()
    assert failed["state"] == "failed"
    assert "of-mine" in failed["error"]["problem"]


def test_a_cancel_that_comes_while_the_result_is_written_holds(client, picture, folder):
    (job,) = add(client, picture, 1)
    jobs.take(folder)
    client.post(f"/api/jobs/{job}/cancel")
    jobs.finish(folder, job, (48, 36), kept_early=False)
    assert client.get(f"/api/jobs/{job}").json()["state"] == "cancelled"


def test_a_database_of_a_later_version_is_left_alone(folder, opened):
    opened()
    with database.writing(folder.database) as connection:
        connection.execute("PRAGMA user_version = 99")
    with pytest.raises(Exception, match="later version of Impasto"):
        opened()


def test_settings_come_back_as_they_were_given(client, picture):
    job = asked(client, picture, picture, strength=0.7, style_layers={"relu2_1": 2.0}, seed=5)
    again = Settings(**client.get(f"/api/jobs/{job['id']}").json()["settings"])
    assert again == Settings(recipe="fast", size=48, strength=0.7, style_layers={"relu2_1": 2.0}, seed=5)
