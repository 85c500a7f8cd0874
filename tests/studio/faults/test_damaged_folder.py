"""Folders of the studio as file servers, crashes and mistakes leave them: it starts, or says in one line why not."""

import signal

import pytest
from hostile_clients import StudioProcess, make_result
from studios import enqueue, upload

from impasto.cli import main
from impasto.errors import OutputError, StorageError
from impasto.studio.limits import Limits
from impasto.studio.server.app import create_app
from impasto.studio.store import cleanup, database, quota
from impasto.studio.store.folder import Folder

pytestmark = pytest.mark.usefixtures("quick_uploads")
SUBFOLDERS = ("pictures", "results", "previews", "incoming")


def start_and_stop(folder):
    """Start a studio as one with a worker does, without it."""
    create_app(folder, devices=())
    cleanup.recover_on_startup(folder, Limits())


@pytest.mark.parametrize("name", ["@eaDir", "1.png", "a" * 64])
def test_S5_a_stray_folder_is_left_alone(folder, name):
    for subfolder in (*SUBFOLDERS, "arriving"):
        (folder.root / subfolder / name / "deep").mkdir(parents=True)
        (folder.root / subfolder / name / "deep" / "file").write_text("a neighbour's")
    start_and_stop(folder)
    folder.delete_job(1)
    folder.delete_picture("a" * 64)
    for subfolder in SUBFOLDERS[:2]:
        assert (folder.root / subfolder / name / "deep" / "file").exists()


@pytest.mark.parametrize("lock", ["server.lock", "worker-0.lock"])
def test_S5_a_lock_that_is_a_folder_is_named(tmp_path, lock, capfd):
    (tmp_path / "studio" / lock).mkdir(parents=True)
    assert main(["studio", "--no-browser", "--port", "0", "--data", str(tmp_path / "studio")]) == 2
    err = capfd.readouterr().err
    assert err.count("\n") == 1
    assert lock in err
    assert "Delete it" in err


@pytest.mark.parametrize(
    ("option", "value", "remedy"),
    [
        ("--quota", "inf", "--quota"),
        ("--quota", "nan", "--quota"),
        ("--host", "..", "--host"),
        ("--host", "no-such-host.invalid", "--host"),
    ],
)
def test_S5_an_option_without_sense_is_refused_in_one_line(tmp_path, option, value, remedy, capfd):
    assert main(["studio", "--no-browser", "--port", "0", "--data", str(tmp_path / "studio"), option, value]) == 2
    err = capfd.readouterr().err
    assert err.count("\n") == 1
    assert "unexpected" not in err
    assert remedy in err


def test_S5_a_database_that_is_a_folder_is_named(folder):
    folder.database.mkdir()
    with pytest.raises((OutputError, StorageError), match=r"studio\.db") as caught:
        create_app(folder, devices=())
    assert "disk space" not in caught.value.hint


def damage_all(file):
    file.write_bytes(b"not a database at all, " * 100)


def damage_middle(file):
    """Overwrite every third page after the first few, which hold the schema."""
    data = bytearray(file.read_bytes())
    for page in range(24, len(data) // 4096, 3):
        data[page * 4096 : (page + 1) * 4096] = b"\xa5" * 4096
    file.write_bytes(data)


def damage_end(file):
    data = file.read_bytes()
    file.write_bytes(data[: len(data) // 2])


@pytest.mark.parametrize(
    "damage", [damage_end, *(pytest.param(it, marks=pytest.mark.slow) for it in (damage_all, damage_middle))]
)
def test_S5_a_damaged_database_is_set_aside_and_nothing_is_lost(opened, folder, damage):
    client = opened()
    photo = upload(client, 1)
    for _ in range(40):
        enqueue(client, photo, upload(client, 2))
    client.__exit__(None, None, None)
    make_result(folder.root, 64, 48)
    files = {file.name for file in folder.root.rglob("*") if file.is_file() and file.parent.name in SUBFOLDERS}
    with database.write_transaction(folder.database) as connection:
        connection.executemany(
            "INSERT INTO steps (job, number, scale, iteration, loss, elapsed) VALUES (1, ?, 1, ?, 0.5, 1.5)",
            [(step, step) for step in range(1, 5000)],
        )
    with database.read_transaction(folder.database) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    damage(folder.database)

    found = opened().get("/api/jobs").json()
    assert "damaged" in found["problems"][0]["problem"]
    assert "damaged-" in found["problems"][0]["hint"]
    assert {file.name for file in folder.root.rglob("*") if file.is_file()} >= files
    if damage is not damage_all:
        assert found["jobs"], "what could be read"
        assert {job["state"] for job in found["jobs"]} <= {"finished", "failed", "cancelled"}
    cleanup.recover_on_startup(folder, Limits())
    assert {file.name for file in folder.root.rglob("*") if file.is_file()} >= files
    again = opened()
    assert enqueue(again, upload(again, 3), upload(again, 4))["state"] == "queued"
    assert again.get("/api/jobs").json()["problems"] == []


def test_S5_a_start_puts_back_what_a_repair_that_was_killed_left_aside(folder):
    job = make_result(folder.root, 64, 48)
    files = {it: it.read_bytes() for it in (folder.result(job), folder.result_thumbnail(job))}
    (folder.root / "damaged-20260102-030405" / "results").mkdir(parents=True)
    for file in files:
        file.rename(folder.root / "damaged-20260102-030405" / "results" / file.name)
    start_and_stop(folder)
    assert {it: it.read_bytes() for it in files} == files


def test_S5_what_was_set_aside_replaces_no_file_of_the_studio(folder):
    job = make_result(folder.root, 64, 48)
    other = folder.root / "damaged-20260102-030405" / "results" / folder.result(job).name
    other.parent.mkdir(parents=True)
    other.write_bytes(b"of another job with the same number")
    own = folder.result(job).read_bytes()
    start_and_stop(folder)
    assert folder.result(job).read_bytes() == own
    assert other.exists()


@pytest.fixture
def aside(folder):
    """What an earlier damage left in a folder, much more than its quota."""
    aside = folder.root / "damaged-20260102-030405"
    (aside / "pictures").mkdir(parents=True)
    (aside / "pictures" / ("0" * 64)).write_bytes(bytes(3_000_000))
    return aside


def test_S5_what_was_set_aside_does_not_use_up_the_quota(opened, folder, aside):
    client = opened(Limits(folder_bytes=1_000_000))
    assert folder.size_bytes() < 1_000_000
    assert enqueue(client, upload(client, 1), upload(client, 2))["state"] == "queued"
    assert aside.exists()


def test_S5_what_was_set_aside_is_named_where_the_disk_is_full(folder, aside):
    hint = quota.full_disk(folder, Limits(free_bytes=10**18))[1]
    assert str(aside) in hint
    assert "look through it before you delete it" in hint


def test_S5_what_was_set_aside_is_named_at_each_start(folder, aside):
    with StudioProcess(folder.root) as studio:
        studio.process.send_signal(signal.SIGINT)
        assert str(aside).encode() in studio.process.stdout.read()


def test_S5_a_sound_database_is_not_touched(opened, folder):
    client = opened()
    enqueue(client, upload(client, 1), upload(client, 2))
    assert len(opened().get("/api/jobs").json()["jobs"]) == 1
    assert not list(folder.root.glob("damaged*"))
    assert Folder(folder.root).database.exists()
