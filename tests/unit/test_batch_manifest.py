"""The manifest of a batch: whatever moment it was killed at, the next start knows what is done."""

import errno
import hashlib
import json
import subprocess
import sys
from pathlib import PurePosixPath

import pytest

from impasto.batch.manifest import Manifest
from impasto.errors import OutputError, StorageError

A, B = PurePosixPath("a.png"), PurePosixPath("sub/b.png")


def record(output, data=b"data", identity="1"):
    digest = hashlib.sha256(data).hexdigest()
    return {"output": str(output), "sha256": digest, "identity": identity, "error": None}


@pytest.fixture
def folder(tmp_path):
    with Manifest.open(tmp_path) as manifest:
        manifest.commit(A, b"data", record(A))
    return tmp_path


class KilledError(BaseException):
    """Stands for the end of the process: nothing after it is done."""


def kill_at(monkeypatch, step):
    """Have the process end before a step of the next commit."""

    def end(*_):
        raise KilledError

    names = {"part": "pathlib.Path.write_bytes", "name": "pathlib.Path.replace"}
    if step in names:
        monkeypatch.setattr(names[step], end)
    elif step == "record":
        monkeypatch.setattr(Manifest, "_append", end)
    monkeypatch.setattr("impasto.batch.manifest._clean", lambda *_: None)


@pytest.mark.parametrize(("step", "done"), [("part", False), ("name", False), ("record", True)])
def test_a_commit_that_was_killed_is_done_whole_or_not_at_all_at_the_next_start(folder, monkeypatch, step, done):
    with monkeypatch.context() as patch, Manifest.open(folder) as manifest:
        kill_at(patch, step)
        with pytest.raises(KilledError):
            manifest.commit(B, b"other", record(B, b"other"))
    with Manifest.open(folder) as manifest:
        assert ("sub/b.png" in manifest.made) is done
        assert manifest.status_of(B) == ("made" if done else "free")
        assert manifest.status_of(A) == "made"
    lines = (folder / "manifest.jsonl").read_text().splitlines()
    assert [json.loads(line)["output"] for line in lines] == ["a.png", *(["sub/b.png"] if done else [])]
    assert [path.name for path in (folder / ".impasto-batch").iterdir()] == ["lock"]


@pytest.mark.parametrize("kept", [1, 20, -1])
def test_a_last_line_that_was_cut_short_is_completed_from_what_was_pending(folder, kept, monkeypatch):
    with monkeypatch.context() as patch, Manifest.open(folder) as manifest:
        kill_at(patch, "nothing")
        manifest.commit(B, b"other", record(B, b"other"))
    path = folder / "manifest.jsonl"
    first, second = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(first + second[:kept])
    assert list(Manifest.read(folder).made) == ["a.png"]
    with Manifest.open(folder) as manifest:
        assert list(manifest.made) == ["a.png", "sub/b.png"]
    assert path.read_bytes() == first + second


def test_a_torn_line_without_its_picture_is_cut_off(folder):
    path = folder / "manifest.jsonl"
    whole = path.read_bytes()
    path.write_bytes(whole + b'{"output": "x')
    with Manifest.open(folder):
        assert path.read_bytes() == whole


def test_a_result_is_told_from_one_that_was_changed_and_from_what_nobody_here_made(folder):
    (folder / "foreign.png").write_bytes(b"x")
    with Manifest.open(folder) as manifest:
        assert manifest.status_of(A) == "made"
        assert manifest.status_of(PurePosixPath("foreign.png")) == "foreign"
        (folder / "a.png").write_bytes(b"retouched")
        assert manifest.status_of(A) == "changed"


def test_a_failure_is_recorded_once_however_often_it_happens(folder):
    failed = {**record(B), "identity": None, "sha256": None, "error": "no picture"}
    for _ in range(2):
        with Manifest.open(folder) as manifest:
            manifest.fail(B, failed)
    assert len((folder / "manifest.jsonl").read_text().splitlines()) == 2


def test_a_result_whose_record_the_full_disk_did_not_take_is_found_by_the_next_batch(folder, monkeypatch):
    def end(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch, Manifest.open(folder) as manifest:
        patch.setattr(Manifest, "_append", end)
        with pytest.raises(StorageError):
            manifest.commit(B, b"other", record(B, b"other"))
    with monkeypatch.context() as patch:  # still full
        patch.setattr(Manifest, "_append", end)
        with pytest.raises(StorageError), Manifest.open(folder):
            pass
    with Manifest.open(folder) as manifest:
        assert manifest.status_of(B) == "made"


@pytest.mark.parametrize("text", ['{"my": "own data"}', '{"my": "own data"}\n', "notes"])
def test_a_file_of_one_line_that_is_no_manifest_is_left_alone(tmp_path, text):
    (tmp_path / "manifest.jsonl").write_text(text)
    with pytest.raises(OutputError, match="not the manifest of a batch"), Manifest.open(tmp_path):
        pass
    assert (tmp_path / "manifest.jsonl").read_text() == text


def test_somebody_elses_manifest_is_left_alone(tmp_path):
    text = b'{"name": "x"}\n{"name": "y"}\nno json'
    (tmp_path / "manifest.jsonl").write_bytes(text)
    with pytest.raises(OutputError, match="is not the manifest of a batch"), Manifest.open(tmp_path):
        pass
    assert (tmp_path / "manifest.jsonl").read_bytes() == text


HOLDER = """
import sys
from pathlib import Path
from impasto.batch.manifest import Manifest
with Manifest.open(Path(sys.argv[1])):
    print(flush=True)
    sys.stdin.read()
"""


def test_the_lock_keeps_others_out_and_dies_with_its_process(tmp_path):
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, tmp_path], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        holder.stdout.readline()
        with pytest.raises(OutputError, match="another batch is writing"), Manifest.open(tmp_path):
            pass
        holder.kill()
    with Manifest.open(tmp_path) as manifest:
        assert manifest.made == {}
