"""Folders and databases of earlier versions are opened with everything in them."""

import contextlib
import json
import sqlite3

import pytest
from studios import events, png

from impasto.images import encode, read
from impasto.settings import INPUTS_KEY, METADATA_KEY, Settings
from impasto.studio.limits import Limits
from impasto.studio.server import queries
from impasto.studio.store import cleanup, database, queue
from impasto.studio.store.folder import Folder
from impasto.studio.store.thumbnails import encode_webp

FIRST_VERSION = """
CREATE TABLE pictures (
    id TEXT PRIMARY KEY, name TEXT NOT NULL, width INTEGER NOT NULL, height INTEGER NOT NULL, bytes INTEGER NOT NULL,
    added REAL NOT NULL, origin TEXT
) STRICT;
CREATE TABLE jobs (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    version INTEGER NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('queued', 'running', 'finished', 'failed', 'cancelled')),
    position REAL NOT NULL,
    wish TEXT CHECK (wish IN ('keep', 'cancel')),
    settings TEXT NOT NULL,
    attempt INTEGER NOT NULL DEFAULT 1,
    deaths INTEGER NOT NULL DEFAULT 0,
    created REAL NOT NULL,
    started REAL,
    ended REAL,
    progress TEXT,
    preview INTEGER NOT NULL DEFAULT 0,
    width INTEGER,
    height INTEGER,
    kept_early INTEGER NOT NULL DEFAULT 0,
    problem TEXT,
    hint TEXT
) STRICT;
CREATE INDEX jobs_by_state ON jobs (state, position);
CREATE INDEX jobs_by_version ON jobs (version);
CREATE TABLE inputs (
    job INTEGER NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    role TEXT NOT NULL CHECK (role IN ('photo', 'painting')),
    place INTEGER NOT NULL,
    picture TEXT NOT NULL REFERENCES pictures (id),
    PRIMARY KEY (job, role, place)
) STRICT, WITHOUT ROWID;
CREATE INDEX inputs_by_picture ON inputs (picture);
CREATE TABLE steps (
    job INTEGER NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    number INTEGER NOT NULL, scale INTEGER NOT NULL, iteration INTEGER NOT NULL, loss REAL NOT NULL,
    elapsed REAL NOT NULL,
    PRIMARY KEY (job, number)
) STRICT, WITHOUT ROWID;
CREATE VIEW placed_jobs AS
    SELECT jobs.*, queue.place FROM jobs LEFT JOIN (
        SELECT id, row_number() OVER (ORDER BY position) AS place FROM jobs WHERE state = 'queued'
    ) AS queue USING (id);
CREATE TABLE removed (job INTEGER PRIMARY KEY, version INTEGER NOT NULL) STRICT;
CREATE TABLE clock (only INTEGER PRIMARY KEY CHECK (only = 1), version INTEGER NOT NULL) STRICT;
INSERT INTO clock VALUES (1, 0);
PRAGMA user_version = 1;
"""
SECOND_VERSION = """
ALTER TABLE jobs ADD COLUMN painter INTEGER;
CREATE TABLE troubles (painter INTEGER PRIMARY KEY, problem TEXT NOT NULL, hint TEXT NOT NULL) STRICT;
PRAGMA user_version = 2;
"""
"""The databases of the first two versions, written out: a change of the migrations that make them must not pass."""

PHOTO, PAINTING, RESULT = "a" * 64, "b" * 64, "c" * 64
QUEUED, RUNNING, FINISHED, FAILED, CANCELLED, STOPPING = 1, 2, 3, 4, 5, 6
STATES = {
    QUEUED: "queued",
    RUNNING: "running",
    FINISHED: "finished",
    FAILED: "failed",
    CANCELLED: "cancelled",
    STOPPING: "running",
}
OWN_SIZE = "long:300"


def connect(path):
    return contextlib.closing(sqlite3.connect(path, isolation_level=None))


def former_settings():
    """A job's settings under the names that they had."""
    settings = Settings(recipe="fast", size_rule=OWN_SIZE, output_iterate="best", seed=7).model_dump(mode="json")
    settings["frame"], settings["keep"] = settings.pop("size_rule"), settings.pop("output_iterate")
    return settings


@pytest.fixture
def former(tmp_path):
    """A studio's folder of the second version, with rows in every table and jobs in every state."""
    root = tmp_path / "studio"
    for name in ("pictures", "results", "previews/2", "arriving"):
        (root / name).mkdir(parents=True)
    for name in ("server.lock", "painter-0.lock", "painter-1.lock"):
        (root / name).touch()
    (root / "arriving" / "interrupted").write_bytes(b"half a picture")
    small = encode_webp(read(png()), 32)
    for digest in (PHOTO, PAINTING, RESULT):
        (root / "pictures" / digest).write_bytes(png())
        for version in ("thumbnail", "display"):
            (root / "pictures" / f"{digest}-{version}.webp").write_bytes(small)
    (root / "results" / "3.png").write_bytes(png(3))
    (root / "results" / "3-thumbnail.webp").write_bytes(small)
    (root / "previews" / "2" / "1000001.webp").write_bytes(small)
    with connect(root / "studio.db") as connection:
        connection.executescript(FIRST_VERSION + SECOND_VERSION)
        fill(connection)
    return root


def fill(connection):
    origin = {"settings": former_settings(), "inputs": [{"role": "content", "name": "1.png", "sha256": PHOTO}]}
    for digest, text in ((PHOTO, None), (PAINTING, None), (RESULT, json.dumps(origin))):
        connection.execute("INSERT INTO pictures VALUES (?, '1.png', 64, 48, 9, 1e12, ?)", (digest, text))
    progress = json.dumps(
        dict.fromkeys(("scale", "scales", "iteration", "iterations", "width", "height"), 1)
        | {"loss": 1.5, "elapsed": 1.0, "remaining": 2.0}
    )
    for job, state in STATES.items():
        connection.execute(
            "INSERT INTO jobs (id, version, state, position, settings, created) VALUES (?, ?, ?, ?, ?, 5)",
            (job, job, state, 10 - job, json.dumps(former_settings())),
        )
        for role, picture in (("photo", PHOTO), ("painting", PAINTING)):
            connection.execute("INSERT INTO inputs VALUES (?, ?, 0, ?)", (job, role, picture))
    connection.execute("INSERT INTO inputs VALUES (1, 'painting', 1, ?)", (RESULT,))
    connection.execute(
        "UPDATE jobs SET painter = 0, deaths = 3, started = 6, preview = 1000001, progress = ? WHERE id = 2",
        (progress,),
    )
    connection.execute("UPDATE jobs SET painter = 1, wish = 'cancel', started = 6 WHERE id = 6")
    connection.execute("UPDATE jobs SET started = 6, ended = 8, width = 64, height = 48, kept_early = 1 WHERE id = 3")
    connection.execute("UPDATE jobs SET problem = 'too small', hint = 'Enlarge it.', ended = 8 WHERE id = 4")
    connection.executemany("INSERT INTO steps VALUES (2, ?, 1, ?, 1.5, 0.1)", [(1, 1), (2, 2)])
    connection.execute("INSERT INTO removed VALUES (77, 3)")
    connection.execute("INSERT INTO troubles VALUES (1, 'full', 'Make room.')")
    connection.execute("UPDATE clock SET version = 40")


def test_the_earlier_migrations_are_unchanged(tmp_path):
    def schema(path):
        with connect(path) as connection:
            connection.row_factory = sqlite3.Row
            tables = {}
            for row in connection.execute("SELECT name, type FROM sqlite_master WHERE name NOT LIKE 'sqlite_%'"):
                columns = connection.execute(f"PRAGMA table_xinfo({row['name']})").fetchall()
                tables[row["name"]] = row["type"], [tuple(column) for column in columns]
            return tables

    with connect(tmp_path / "frozen.db") as connection:
        connection.executescript(FIRST_VERSION + SECOND_VERSION)
    with connect(tmp_path / "migrated.db") as connection:
        for migration in database.MIGRATIONS[:2]:
            migration(connection)
    assert schema(tmp_path / "migrated.db") == schema(tmp_path / "frozen.db")


def test_a_folder_of_the_second_version_is_opened_with_everything_in_it(former, opened):
    client = opened()
    jobs = {job["id"]: job for job in client.get("/api/jobs").json()["jobs"]}
    assert {number: job["state"] for number, job in jobs.items()} == STATES
    for job in jobs.values():
        assert (job["photo"]["id"], job["paintings"][0]["id"]) == (PHOTO, PAINTING)
        assert (job["settings"]["size_rule"], job["settings"]["output_iterate"]) == (OWN_SIZE, "best")
        assert not job["settings"].keys() & {"frame", "keep"}
        assert Settings(**job["settings"]).seed == 7
    assert [painting["id"] for painting in jobs[QUEUED]["paintings"]] == [PAINTING, RESULT]
    assert (jobs[QUEUED]["queue_position"], jobs[RUNNING]["queue_position"]) == (1, None)
    assert (jobs[RUNNING]["progress"]["loss"], jobs[RUNNING]["attempt"]) == (1.5, 1)
    assert (jobs[FINISHED]["width"], jobs[FINISHED]["kept_early"], jobs[FINISHED]["ended"]) == (64, True, 8.0)
    assert jobs[FAILED]["error"] == {"problem": "too small", "hint": "Enlarge it."}
    for url in (jobs[RUNNING]["preview"], jobs[FINISHED]["result"], jobs[FINISHED]["thumbnail"]):
        assert client.get(url).status_code == 200, url
    assert client.get(f"/api/jobs/{FINISHED}/result").content == (former / "results" / "3.png").read_bytes()
    steps = client.get(f"/api/jobs/{RUNNING}/steps").json()["steps"]
    assert [(step["number"], step["loss"]) for step in steps] == [(1, 1.5), (2, 1.5)]


def test_alerts_deletions_and_versions_of_the_second_version_are_kept(former, opened):
    client = opened()
    page = client.get("/api/jobs").json()
    assert page["problems"] == [{"problem": "full", "hint": "Make room."}]
    assert page["version"] == 40
    folder = Folder(former)
    assert queries.changes(folder, 2)[0].deleted == [77]
    assert queries.changes(folder, 40)[0].jobs == []
    client.post(f"/api/jobs/{QUEUED}/cancel")
    assert client.get(f"/api/jobs/{QUEUED}").json()["version"] > 40


@pytest.mark.usefixtures("former")
def test_a_picture_made_by_the_second_version_names_its_settings_and_inputs(opened):
    origin = opened().get(f"/api/pictures/{RESULT}").json()["origin"]
    assert (origin["settings"]["size_rule"], origin["settings"]["output_iterate"]) == (OWN_SIZE, "best")
    assert (origin["unsupported"], origin["photo"], origin["missing"]) == ([], PHOTO, [])


def test_jobs_that_the_second_version_was_running_are_requeued(former, opened):
    client, folder = opened(), Folder(former)
    cleanup.recover_on_startup(folder, Limits())
    states = {job["id"]: job["state"] for job in client.get("/api/jobs").json()["jobs"]}
    assert states == STATES | {RUNNING: "queued", STOPPING: "cancelled"}
    claimed = queue.claim(folder, worker=1)
    assert (claimed.id, claimed.attempt, claimed.crash_count) == (RUNNING, 2, 3), "it returns to the head of the queue"
    assert (claimed.settings.size_rule, claimed.settings.output_iterate) == (OWN_SIZE, "best")
    queue.recover(folder, Limits(), worker=1, exited="crash")
    assert queue.claim(folder, worker=1).id == RUNNING
    queue.recover(folder, Limits(), worker=1, exited="crash")
    assert client.get(f"/api/jobs/{RUNNING}").json()["state"] == "failed", "earlier crashes count"
    assert queue.claim(folder, worker=1).id == QUEUED


def test_former_folder_names_are_cleaned_up(former, opened):
    opened()
    assert not (former / "arriving").exists()
    assert list((former / "incoming").iterdir()) == []


def test_new_jobs_do_not_reuse_numbers_and_deleting_one_deletes_its_rows(former, opened):
    client = opened()
    with connect(former / "studio.db") as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    assert client.delete(f"/api/jobs/{STOPPING}").status_code == 409
    client.delete(f"/api/jobs/{FINISHED}")
    assert not (former / "results" / "3.png").exists()
    new = client.post(
        "/api/jobs", json={"photo": PHOTO, "paintings": [PAINTING], "settings": {"recipe": "fast"}}
    ).json()
    assert new["id"] == 7
    client.delete("/api/jobs/7")
    assert client.post(f"/api/jobs/{CANCELLED}/retry").json()["id"] == 8
    with connect(former / "studio.db") as connection:
        assert connection.execute("SELECT count(*) FROM inputs WHERE job IN (3, 7)").fetchone() == (0,)
        assert connection.execute("SELECT count(*) FROM deleted_jobs").fetchone() == (3,)


@pytest.mark.usefixtures("former")
def test_a_stream_follows_a_job_of_the_second_version(opened):
    received = list(events(opened(), f"/api/jobs/{FINISHED}/events"))
    assert [name for name, _, _ in received] == ["end"]
    assert received[0][2]["result"]


def test_a_database_of_the_first_version_is_migrated_with_its_jobs(folder, opened):
    with connect(folder.database) as connection:
        connection.executescript(FIRST_VERSION)
        for place, state in enumerate(("finished", "running", "queued")):
            connection.execute(
                "INSERT INTO jobs (version, state, position, settings, created) VALUES (1, ?, ?, ?, 0)",
                (state, place, json.dumps(former_settings())),
            )
    client = opened()
    queue.recover(folder, Limits(), exited="server")
    found = {job["id"]: (job["state"], job["queue_position"]) for job in client.get("/api/jobs").json()["jobs"]}
    assert found == {1: ("finished", None), 2: ("queued", 1), 3: ("queued", 2)}
    assert queue.claim(folder, worker=1).id == 2


@pytest.mark.usefixtures("quick_uploads")
def test_settings_under_their_former_names_are_read_from_pictures_and_requests(client):
    metadata = {METADATA_KEY: json.dumps(former_settings()), INPUTS_KEY: "[]"}
    data = encode(read(png()), "png", metadata=metadata)
    picture = client.post("/api/pictures", content=data).json()
    assert picture["origin"]["unsupported"] == []
    restored = picture["origin"]["settings"]
    assert (restored["size_rule"], restored["output_iterate"]) == (OWN_SIZE, "best")
    body = {"photo": picture["id"], "paintings": [picture["id"]], "settings": former_settings()}
    settings = client.post("/api/jobs", json=body).json()["settings"]
    assert (settings["size_rule"], settings["output_iterate"]) == (OWN_SIZE, "best")


def test_a_database_of_a_later_version_is_not_changed(folder, opened):
    opened()
    with database.write_transaction(folder.database) as connection:
        connection.execute("PRAGMA user_version = 99")
    with pytest.raises(Exception, match="later version of Impasto"):
        opened()


def test_a_job_of_the_third_version_is_shown_and_run(folder, opened):
    database.migrate(folder.database, 3)
    with database.write_transaction(folder.database) as connection:
        connection.execute(
            "INSERT INTO jobs (version, state, position, settings, created, crash_count) "
            "VALUES (1, 'queued', 1, ?, 0, 2)",
            (Settings().model_dump_json(),),
        )
    client = opened()
    assert client.get("/api/jobs/1").json()["queue_position"] == 1
    assert queue.claim(folder).crash_count == 2
    queue.recover(folder, Limits(), exited="storage")
    assert client.get("/api/jobs/1").json()["attempt"] == 2
