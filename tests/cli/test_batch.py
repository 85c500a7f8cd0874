"""`impasto batch`: whatever is asked for is painted once, and only that; nothing of anybody else's is replaced."""

import errno
import itertools
import json
import os
import re
import shlex
import time
from pathlib import Path, PurePosixPath

import PIL.Image
import pytest
from batches import QUICK_BATCH, InlineExecutor, files_of, records_of, save_photos
from quick import listing

from impasto.batch import sheet, watch
from impasto.batch.estimate import estimate_batch
from impasto.batch.events import BatchStarted, JobPostponed, JobStarted
from impasto.batch.executor import TaskFailed, TaskStarted, WorkersChanged
from impasto.batch.manifest import Manifest
from impasto.batch.plan import BatchJob, PlannedJob
from impasto.cli.commands import batch_runner
from impasto.cli.display.batch import BatchBars
from impasto.engine import cores
from impasto.engine.worker_process import WorkerStartError
from impasto.errors import InputError, OutOfMemoryError, StorageError
from impasto.settings import Settings

STYLE = ["--style", "painting.jpg"]
LONG = "n" * 300


@pytest.fixture
def batch(impasto, monkeypatch):
    """Run a batch whose pictures are painted within this process."""
    monkeypatch.setattr(batch_runner, "LocalExecutor", InlineExecutor)
    InlineExecutor.tasks.clear()
    return lambda *arguments: impasto("batch", *arguments, *QUICK_BATCH)


def size_of(path):
    with PIL.Image.open(path) as picture:
        picture.load()
        return picture.size


def test_each_painting_is_painted_on_each_photograph_of_files_folders_and_patterns(batch, folder):
    save_photos(folder / "a", ["p10.png", "p2.png", ".hidden.png"])
    (folder / "a" / "notes.txt").write_text("no picture")
    save_photos(folder / "b", ["q1.png", "r1.png"])
    save_photos(folder, ["other.png"])
    done = batch("photo.jpg", "a", "b/q*.png", "--style", "painting.jpg", "other.png", "-o", "out")
    assert done.code == 0, done.err
    assert done.out == "out/contact-sheet.jpg\n"
    lines = (folder / "out" / "manifest.jsonl").read_text().splitlines()
    names = [f"{photo}-{style}.png" for photo in ("photo", "p2", "p10", "q1") for style in ("painting", "other")]
    assert [it["output"] for it in map(json.loads, lines)] == names
    assert {size_of(folder / "out" / name) for name in names} == {(64, 48)}
    assert set(files_of(folder / "out")) == {
        *names,
        "contact-sheet.jpg",
        ".impasto-batch/lock",
        ".impasto-batch/sheets.json",
    }
    assert "8 pictures: 8 to paint; into out" in done.err
    assert "8 of 8: q1-other.png" in done.err


def test_pairs_and_blends_are_told_apart_from_every_combination(batch, folder):
    save_photos(folder, ["a.png", "b.png", "s.png", "t.png"])
    two = ["a.png", "b.png", "--style", "s.png", "t.png", "-o", "out"]
    assert batch(*two, "--pairs").code == 0
    assert batch(*two, "--blend", "--name", "{photo}-of-{style}", "--style-blend", "2,1").code == 0
    assert {it["output"] for it in records_of(folder / "out")} == {
        *("a-s.png", "b-t.png"),
        *("a-of-s-t.png", "b-of-s-t.png"),
    }
    refused = batch("a.png", "b.png", "--style", "s.png", "-o", "out", "--pairs")
    assert (refused.code, refused.err.count("\n")) == (2, 1)
    assert "2 photographs and 1 paintings make no pairs" in refused.err


def test_sub_folders_are_taken_with_recursive_alone_and_kept(batch, folder):
    save_photos(folder / "in" / "day 1", ["a.png"])
    save_photos(folder / "in", ["b.png"])
    assert batch("in", *STYLE, "-o", "in/out").code == 0
    assert batch("in", *STYLE, "-o", "in/out", "-r").code == 0
    assert {it["output"] for it in records_of(folder / "in/out")} == {"b-painting.png", "day 1/a-painting.png"}


def test_the_folder_of_a_photograph_stands_where_the_name_has_it(batch, folder):
    save_photos(folder / "in" / "day 1", ["a.png"])
    save_photos(folder / "in", ["a.png"])
    assert batch("in", *STYLE, "-o", "out", "-r", "--name", "{style}/{folder}/{photo}").code == 0
    assert {it["output"] for it in records_of(folder / "out")} == {"painting/a.png", "painting/day 1/a.png"}
    table = "photo,style\nday 1/a.png,../painting.jpg\n../photo.jpg,../painting.jpg\n"
    (folder / "in" / "jobs.csv").write_text(table)
    assert batch("--jobs", "in/jobs.csv", "-o", "table", "--name", "{folder}/{photo}").code == 0
    assert {it["output"] for it in records_of(folder / "table")} == {"day 1/a.png", "photo.png"}


def test_results_are_not_taken_for_photographs_where_they_are_beside_them(batch, folder):
    save_photos(folder / "in", ["a.png"])
    for _ in range(2):
        assert batch("in", *STYLE, "-o", "in").code == 0
    assert [it["output"] for it in records_of(folder / "in")] == ["a-painting.png"]


def test_what_is_done_is_skipped_and_what_changed_is_painted_again(batch, folder):
    save_photos(folder, ["a.png", "b.png"])
    both = ["a.png", "b.png", *STYLE, "-o", "out"]
    assert batch(*both).code == 0
    before = files_of(folder / "out")
    done = batch(*both)
    assert "0 painted, 2 done already" in done.err
    assert files_of(folder / "out") == before
    save_photos(folder, ["c.png"])[0].rename(folder / "a.png")
    (folder / "out" / "b-painting.png").unlink()
    InlineExecutor.tasks.clear()
    assert batch(*both).code == 0
    assert len(InlineExecutor.tasks) == 2
    after = files_of(folder / "out")
    assert after["b-painting.png"] == before["b-painting.png"]
    assert after["a-painting.png"] != before["a-painting.png"]
    assert "2 painted" in batch(*both, "--strength", "0.7").err
    assert "0 painted, 2 done already" in batch(*both, "--strength", "0.7", "--threads", "1").err


def test_repaint_paints_what_is_done_and_still_replaces_no_file_of_others(batch, folder):
    save_photos(folder, ["a.png", "b.png"])
    both = ["a.png", "b.png", *STYLE, "-o", "out"]
    assert batch(*both).code == 0
    (folder / "out" / "b-painting.png").write_bytes(b"mine")
    InlineExecutor.tasks.clear()
    done = batch(*both, "--repaint")
    assert "1 painted, 1 failed" in done.err
    assert [task.photo for task in InlineExecutor.tasks] == ["a.png"]
    assert (folder / "out" / "b-painting.png").read_bytes() == b"mine"
    assert "2 painted" in batch(*both, "--repaint", "--force").err


@pytest.mark.parametrize("edited", [False, True], ids=["foreign", "edited since"])
def test_a_file_that_the_batch_did_not_make_is_replaced_with_force_alone(batch, folder, edited):
    save_photos(folder, ["a.png", "b.png"])
    both = ["a.png", "b.png", *STYLE, "-o", "out"]
    mine = folder / "out" / "a-painting.png"
    if edited:
        assert batch(*both).code == 0
    else:
        mine.parent.mkdir()
    mine.write_bytes(b"mine")
    for _ in range(2):
        refused = batch(*both)
        assert refused.code == 3
        assert refused.err.count("impasto: error: a-painting.png: out/a-painting.png") == 1
        assert mine.read_bytes() == b"mine"
    assert (folder / "out" / "b-painting.png").exists()
    assert [it["output"] for it in records_of(folder / "out") if it["error"]] == ["a-painting.png"]  # told once
    assert batch(*both, "--force").code == 0
    assert size_of(mine) == (64, 48)


def test_a_bad_file_costs_one_line_and_nothing_else(batch, folder):
    save_photos(folder, ["a.png", "b.png"])
    data = (folder / "a.png").read_bytes()
    (folder / "cut.png").write_bytes(data[: len(data) // 2])
    (folder / "text.dat").write_text("no picture")
    (folder / "empty.jpg").touch()
    done = batch("a.png", "cut.png", "text.dat", "empty.jpg", "b.png", *STYLE, "-o", "out")
    assert done.code == 3
    assert [line.split(":")[2].strip() for line in done.err.splitlines() if "error" in line] == [
        f"{name}-painting.png" for name in ("cut", "text", "empty")
    ]
    assert "2 painted, 3 failed" in done.err
    assert sum(it["error"] is None for it in records_of(folder / "out")) == 2


def test_a_bad_file_costs_no_other_where_the_names_have_the_size(batch, folder):
    (folder / "empty.jpg").touch()
    done = batch("photo.jpg", "empty.jpg", *STYLE, "-o", "out", "--name", "{photo}-{size}")
    assert "1 painted, 1 failed" in done.err
    assert {it["output"] for it in records_of(folder / "out") if not it["error"]} == {"photo-64.png"}


def test_fail_fast_stops_at_the_first_failure(batch, folder):
    (folder / "empty.jpg").touch()
    done = batch("empty.jpg", "photo.jpg", *STYLE, "-o", "out", "--fail-fast")
    assert done.code == 3
    assert "0 painted, 1 failed, 1 left" in done.err


class Failing(InlineExecutor):
    """Runs out of memory at the first tries."""

    failures = 1

    def run(self, tasks, stop):
        for task in tasks:
            if task is None:
                continue
            if Failing.failures:
                Failing.failures -= 1
                yield TaskStarted(task.number)
                yield TaskFailed(task.number, OutOfMemoryError("there is not enough memory", "Use less."))
            else:
                yield from super().run(iter([task]), stop)


class Changing(InlineExecutor):
    """Loses a worker, and gets another."""

    def run(self, tasks, stop):
        yield WorkersChanged(1, WorkerStartError("no worker can start: it was killed", "Use less."))
        yield WorkersChanged(2, None)
        yield from super().run(tasks, stop)


@pytest.mark.usefixtures("folder")
def test_fewer_and_more_pictures_at_once_are_said_in_one_line_each(batch, monkeypatch):
    monkeypatch.setattr(batch_runner, "LocalExecutor", Changing)
    done = batch("photo.jpg", *STYLE, "-o", "out")
    assert "\n1 at once for a while: no worker can start: it was killed. Use less.\n" in done.err
    assert "\n2 at once again: all has gone well for a while\n" in done.err
    done = batch("photo.jpg", *STYLE, "-o", "out", "--json")
    changes = [it for it in map(json.loads, done.out.splitlines()) if it["event"] == "workers"]
    assert [(it["workers"], it["error"]) for it in changes] == [
        (1, "no worker can start: it was killed. Use less."),
        (2, None),
    ]


@pytest.mark.parametrize(("failures", "code"), [(1, 0), (2, 3)])
def test_what_is_not_the_inputs_fault_is_tried_again_as_often_as_asked_for(batch, folder, monkeypatch, failures, code):
    monkeypatch.setattr(batch_runner, "LocalExecutor", Failing)
    monkeypatch.setattr(Failing, "failures", failures)
    done = batch("photo.jpg", *STYLE, "-o", "out", "--retries", "1")
    assert done.code == code
    assert ("photo-painting.png is painted again: there is not enough memory" in done.err) is True
    assert (folder / "out" / "photo-painting.png").exists() is (code == 0)


def test_the_name_of_two_results_is_refused_before_anything_is_written(batch, folder):
    save_photos(folder, ["a.png", "a.webp"])
    before = listing(folder)
    refused = batch("a.png", "a.webp", *STYLE, "-o", "out")
    assert (refused.code, refused.err.count("\n")) == (2, 1)
    assert "two results would be named a-painting.png: a.png with painting.jpg and a.webp with" in refused.err
    assert listing(folder) == before
    assert batch("a.png", "a.webp", *STYLE, "-o", "out", "--name", "{style}/{photo}-{suffix}-{number:03}").code == 0
    assert {it["output"] for it in records_of(folder / "out")} == {
        "painting/a-png-001.png",
        "painting/a-webp-002.png",
    }


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["photo.jpg", *STYLE, "-o", "out", "--name", "{what}"], "unknown field 'what'. There are: photo, folder"),
        (["photo.jpg", *STYLE, "-o", "out", "--name", "../{photo}"], "outside of the folder"),
        (["photo.jpg", *STYLE, "-o", "out", "--name", "{photo"], "is no template"),
        (["photo.jpg", *STYLE, "-o", "out", "--name", "contact-sheet"], "the batch itself uses it"),
        (["photo.jpg", *STYLE, "-o", "out", "--format", "gif"], "'gif' is not a format that Impasto writes"),
        (["photo.jpg", *STYLE, "-o", "photo.jpg"], "photo.jpg is not a folder"),
        (["photo.jpg", *STYLE], "--output"),
        (["photo.jpg", "-o", "out"], "no paintings are given"),
        ([*STYLE, "-o", "out"], "no photographs are given"),
        (["no.jpg", *STYLE, "-o", "out"], "no.jpg does not exist"),
        (["no*.jpg", *STYLE, "-o", "out"], "no picture matches no*.jpg"),
        (["-", *STYLE, "-o", "out"], "a batch reads files, and - is none"),
        (["photo.jpg", *STYLE, "-o", "out", "--style-blend", "1,2"], "--style-blend has 2 weights for 1 painting"),
        (["photo.jpg", *STYLE, "-o", "out", "--keep-mask", "no.png"], "--keep-mask names no.png, which is no file"),
        (["photo.jpg", *STYLE, "-o", "out", "--workers", "no"], "--workers takes auto or a number"),
        (["photo.jpg", *STYLE, "-o", "out", "--watch"], "photo.jpg is none"),
        ([".", *STYLE, "-o", "out", "--watch", "--name", "{number}"], "--watch cannot number the results"),
        (["photo.jpg", "--jobs", "jobs.csv", "-o", "out"], "photographs and --jobs contradict each other"),
        (["--jobs", "jobs.csv", "-o", "out"], "jobs.csv does not exist"),
        ([LONG, *STYLE, "-o", "out"], "does not exist"),
        (["photo.jpg", "--style", LONG, "-o", "out"], "does not exist"),
        (["photo.jpg", *STYLE, "-o", LONG], "File name too long"),
        (["photo.jpg", *STYLE, "-o", "out", "--keep-mask", LONG], "which is no file"),
        (["--jobs", f"{LONG}.csv", "-o", "out"], "cannot be read: File name too long"),
        ([".", "--style", "no.jpg", "-o", "out", "--watch"], "no.jpg does not exist"),
    ],
)
def test_wrong_use_is_told_in_one_line_and_nothing_is_written(batch, folder, arguments, said):
    before = listing(folder)
    done = batch(*arguments)
    assert (done.code, done.out, done.err.count("\n")) == (2, "", 1), done.err
    assert said in done.err
    assert "unexpected" not in done.err
    assert listing(folder) == before


TABLES = {
    "jobs.csv": 'photo,style,output,size,mask\na.png,"../painting.jpg, b.png",both.png,48,"a.png,b.png"\n'
    "b.png,b.png,,,\n",
    "jobs.jsonl": '{"photo": "a.png", "style": ["../painting.jpg", "b.png"], "output": "both.png", "size": 48,'
    ' "mask": ["a.png", "b.png"]}\n\n{"photo": "b.png", "style": "b.png"}\n',
    "jobs.toml": '[[job]]\nphoto = "a.png"\nstyle = ["../painting.jpg", "b.png"]\noutput = "both"\nsize = 48\n'
    'mask = "a.png, b.png"\n[[job]]\nphoto = "b.png"\nstyle = "b.png"\n',
}


@pytest.mark.parametrize("name", TABLES)
def test_a_table_gives_jobs_with_paths_relative_to_itself(batch, folder, name):
    save_photos(folder / "in", ["a.png", "b.png"])
    (folder / "in" / name).write_text(TABLES[name])
    done = batch("--jobs", f"in/{name}", "-o", "out")
    assert done.code == 0, done.err
    single, both = records_of(folder / "out")
    assert (single["output"], both["output"]) == ("b-b.png", "both.png")
    assert [it["name"] for it in both["inputs"]] == ["a.png", "painting.jpg", "b.png"]
    assert both["settings"]["mask"] == ["a.png", "b.png"]
    assert size_of(folder / "out" / "both.png") == (48, 36)
    assert size_of(folder / "out" / "b-b.png") == (64, 48)


BAD_TABLES = {
    "odd.jsonl": (
        "".join(
            json.dumps({"photo": "photo.jpg", "style": "painting.jpg", **row}) + "\n"
            for row in ({"photo": LONG}, {"style": LONG}, {"mask": LONG}, {"output": "a\0b"}, {"output": "a/\ud800/b"})
        ),
        {
            1: "does not exist",
            2: "does not exist",
            3: "which is no file",
            4: "cannot be the name of a file",
            5: "cannot be the name of a file",
        },
    ),
    "bad.csv": (
        "photo,style,size\nphoto.jpg,painting.jpg,9\nphoto.jpg,painting.jpg,64\nno.jpg,painting.jpg,\n,x,\na,b,c,d\n",
        {2: "--size takes", 4: "no.jpg does not exist", 5: "names no photograph", 6: "more than 3 cells"},
    ),
    "bad.jsonl": (
        '{"photo": "photo.jpg"}\n[]\n{"photo": "photo.jpg", "style": "painting.jpg", "sise": 3}\n{\n',
        {1: "names no painting", 2: "not an object", 3: "no setting 'sise'. Did you mean 'size'?", 4: "not valid JSON"},
    ),
    "bad.toml": (
        '[[job]]\nphoto = "photo.jpg"\nstyle = 3\n\n[[job]]\nphoto = "photo.jpg"\nstyle = "painting.jpg"\nseed = -1\n',
        {1: "neither a name nor a list", 5: "--seed takes"},
    ),
}


@pytest.mark.parametrize("name", BAD_TABLES)
def test_all_bad_rows_are_told_with_their_lines_before_anything_is_painted(batch, folder, name):
    text, expected = BAD_TABLES[name]
    (folder / name).write_text(text)
    before = listing(folder)
    done = batch("--jobs", name, "-o", "out")
    *rows, last = done.err.splitlines()
    assert done.code == 2
    assert len(rows) == len(expected), done.err
    for line, (number, said) in zip(rows, expected.items(), strict=True):
        assert line.startswith(f"impasto: error: {name}, line {number}: ")
        assert said in line
    assert f"{len(expected)} of" in last
    assert listing(folder) == before


def test_a_dry_run_lists_what_would_be_done_and_writes_nothing(batch, folder):
    save_photos(folder, ["a.png", "b.png"])
    (folder / "empty.jpg").touch()
    assert batch("a.png", *STYLE, "-o", "out").code == 0
    before = listing(folder / "out")
    done = batch("a.png", "b.png", "empty.jpg", *STYLE, "-o", "out", "--dry-run")
    assert (done.code, done.err) == (0, "")
    *lines, last = done.out.splitlines()
    assert [line.split()[:2] for line in lines] == [
        ["skip", "a-painting.png:"],
        ["paint", "b-painting.png:"],
        ["refuse", "empty-painting.png:"],
    ]
    assert "64 x 48 px, b.png with painting.jpg" in lines[1]
    assert last.startswith("3 pictures: 1 to paint, 1 done already, 1 refused; into out; ")
    assert listing(folder / "out") == before
    assert batch("b.png", *STYLE, "-o", "new", "--dry-run").code == 0
    assert not (folder / "new").exists()


def test_json_has_an_event_a_line_and_ends_with_the_summary(batch, folder):
    (folder / "empty.jpg").touch()
    done = batch("photo.jpg", "empty.jpg", *STYLE, "-o", "out", "--json")
    events = [json.loads(line) for line in done.out.splitlines()]
    kinds = [event["event"] for event in events if event["event"] != "job_progress"]
    assert kinds == ["started", "job_started", "job_done", "job_failed", "finished"]
    assert events[-1]["done"] == events[-1]["failed"] == 1
    assert events[-1]["sheets"] == ["out/contact-sheet.jpg"]
    assert done.err == ""


def test_quiet_says_nothing_but_errors(batch, folder):
    done = batch("photo.jpg", *STYLE, "-o", "out", "--quiet")
    assert (done.code, done.out, done.err) == (0, "", "")
    (folder / "empty.jpg").touch()
    done = batch("empty.jpg", *STYLE, "-o", "out", "--quiet")
    assert (done.code, done.out, done.err.count("\n")) == (3, "", 1)


def test_a_second_batch_into_one_folder_is_refused(batch, folder):
    with Manifest.open(folder / "out"):
        done = batch("photo.jpg", *STYLE, "-o", "out")
    assert (done.code, done.err.count("\n")) == (2, 1)
    assert "another batch is writing into out" in done.err
    assert batch("photo.jpg", *STYLE, "-o", "out").code == 0


def test_a_picture_carries_what_makes_it_again(batch, impasto, folder):
    assert batch("photo.jpg", *STYLE, "-o", "out").code == 0
    made = folder / "out" / "photo-painting.png"
    assert impasto("photo.jpg", "painting.jpg", "-o", "again.png", "--settings-from", made).code == 0
    assert (folder / "again.png").read_bytes() == made.read_bytes()


def test_a_result_whose_place_cannot_be_written_is_refused_before_it_is_painted_and_costs_no_other(batch, folder):
    outputs = ["one/two.png", "ä" * 126 + ".png", "/".join(["x" * 250] * 20), "ä" * 125 + ".png", "b.png"]
    rows = "".join(f"photo.jpg,painting.jpg,{output}\n" for output in outputs)
    (folder / "jobs.csv").write_text(f"photo,style,output\n{rows}")
    (folder / "out").mkdir()
    (folder / "out" / "one").write_text("a file")
    done = batch("--jobs", "jobs.csv", "-o", "out")
    assert done.code == 3, done.err
    assert "5 pictures: 2 to paint, 3 refused" in done.err
    assert "out/one is a file, and cannot be a folder" in done.err
    assert done.err.count("too long") == 2
    assert len(InlineExecutor.tasks) == 2
    assert {it["output"] for it in records_of(folder / "out") if not it["error"]} == set(outputs[3:])
    assert (folder / "out" / "one").read_text() == "a file"


def test_a_result_that_would_be_the_folder_of_another_is_refused_before_anything_is_written(batch, folder):
    rows = "photo.jpg,painting.jpg,a.png\nphoto.jpg,painting.jpg,a.png/b.png\n"
    (folder / "jobs.csv").write_text(f"photo,style,output\n{rows}")
    done = batch("--jobs", "jobs.csv", "-o", "out")
    assert (done.code, done.err.count("\n")) == (2, 1)
    assert "a.png would be a result and the folder of a.png/b.png" in done.err
    assert not (folder / "out").exists()


def test_planning_that_takes_a_while_says_how_far_it_is(batch, folder, monkeypatch):
    monkeypatch.setattr(batch_runner, "REPORT_SECONDS", 0.0)
    save_photos(folder, ["a.png", "b.png"])
    both = ["a.png", "b.png", *STYLE, "-o", "out"]
    done = batch(*both, "--json")
    events = [json.loads(line) for line in done.out.splitlines()]
    assert [(it["planned"], it["jobs"]) for it in events if it["event"] == "planning"] == [(1, 2), (2, 2)]
    assert [it["event"] for it in events[:3]] == ["planning", "planning", "started"]
    assert batch(*both, "--dry-run").err == ""  # nobody waits for seconds


def test_a_contact_sheet_of_somebody_else_stays(batch, folder):
    (folder / "out").mkdir()
    sheet = folder / "out" / "contact-sheet.jpg"
    sheet.write_bytes(b"mine")
    done = batch("photo.jpg", *STYLE, "-o", "out")
    assert done.code == 0
    assert "no contact sheet is written" in done.err
    assert sheet.read_bytes() == b"mine"
    second = folder / "out" / "contact-sheet-2.jpg"
    second.write_bytes(b"mine, too")
    done = batch("photo.jpg", *STYLE, "-o", "out", "--seed", "5")  # a batch has painted here by now
    assert done.code == 0
    assert (sheet.read_bytes(), second.read_bytes()) == (b"mine", b"mine, too")
    assert batch("photo.jpg", *STYLE, "-o", "other", "--no-contact-sheet").code == 0
    assert not (folder / "other" / "contact-sheet.jpg").exists()


def test_what_no_picture_could_be_painted_with_ends_the_batch_in_one_line(batch, folder):
    save_photos(folder, ["a.png", "b.png"])
    done = batch("a.png", "b.png", *STYLE, "-o", "out", "--network", "vgg19", "--quiet")
    assert (done.code, done.err.count("\n")) == (2, 1), done.err
    assert "vgg19" in done.err


def test_a_row_of_the_table_with_a_device_or_a_network_of_its_own_that_is_missing_costs_no_other(batch, folder):
    save_photos(folder, ["a.png", "b.png", "c.png"])
    rows = "a.png,painting.jpg,cuda:7,\nb.png,painting.jpg,,vgg19\nc.png,painting.jpg,,\n"
    (folder / "jobs.csv").write_text(f"photo,style,device,network\n{rows}")
    listed = batch("--jobs", "jobs.csv", "-o", "out", "--dry-run")
    assert (listed.code, listed.err) == (0, "")
    done = batch("--jobs", "jobs.csv", "-o", "out")
    assert done.code == 3, done.err
    assert "1 painted, 2 failed" in done.err
    assert "a-painting.png: this machine has no device 'cuda:7'" in done.err
    assert "b-painting.png: the network 'vgg19' is not on this machine yet" in done.err


class Ending(InlineExecutor):
    """Is lost after some pictures."""

    pictures = 0

    def run(self, tasks, stop):
        yield from super().run(itertools.islice(tasks, self.pictures), stop)
        raise InputError("the cluster does not answer", "Start it.")


@pytest.mark.parametrize(("pictures", "code"), [(0, 2), (1, 1)])
@pytest.mark.usefixtures("folder")
def test_what_ends_a_batch_after_its_first_picture_is_no_wrong_use(batch, monkeypatch, pictures, code):
    monkeypatch.setattr(batch_runner, "LocalExecutor", Ending)
    monkeypatch.setattr(Ending, "pictures", pictures)
    done = batch("photo.jpg", *STYLE, "-o", "out", "--json")
    assert done.code == code
    assert json.loads(done.out.splitlines()[-1])["exit_code"] == code
    assert done.err == "impasto: error: the cluster does not answer. Start it.\n"


@pytest.mark.usefixtures("folder")
def test_a_disk_that_fills_as_the_contact_sheet_is_written_costs_the_sheet_alone(batch, monkeypatch):
    def fail(*_):
        raise StorageError("out/contact-sheet.jpg cannot be written: No space left on device", "Make room.")

    monkeypatch.setattr(sheet.SheetWriter, "_draw", fail)
    done = batch("photo.jpg", *STYLE, "-o", "out")
    assert (done.code, done.out) == (0, "")
    assert "no contact sheet is written: out/contact-sheet.jpg cannot be written: No space left on device" in done.err
    assert "finished: 1 painted" in done.err


def test_more_workers_than_cores_do_not_shorten_the_estimate(folder, monkeypatch):
    monkeypatch.setattr(cores, "core_count", lambda: 4)
    (photo,) = save_photos(folder, ["a.png"])
    job = BatchJob(1, photo, (), Settings(recipe="fast", threads=2), PurePosixPath("a.png"))
    planned = [PlannedJob(job, "paint", (64, 48), 10**9)] * 100
    seconds = [estimate_batch(planned, 100, workers)[0] for workers in (None, 1, 2, 16)]
    assert seconds[0] == seconds[2] == seconds[3] < seconds[1]


def test_a_dry_run_for_a_cluster_says_whose_time_it_estimates(batch, folder):
    done = batch("photo.jpg", *STYLE, "-o", "out", "--dry-run", "--cluster", "127.0.0.1:1", "--workers", "10000")
    assert done.code == 0, done.err
    assert " on this machine alone" in done.out.splitlines()[-1]
    assert "alone" not in batch("photo.jpg", *STYLE, "-o", "out", "--dry-run").out
    lacking = ["photo.jpg", *STYLE, "-o", "out", "--dry-run", "--device", "cuda:7"]
    assert batch(*lacking).code == 2
    done = batch(*lacking, "--cluster", "127.0.0.1:1")
    assert done.code == 0, done.err
    assert done.out.endswith("no estimate, since this machine does not have the device\n")
    assert not (folder / "out").exists()


def test_a_name_that_is_no_text_is_kept_to_the_byte(batch, folder):
    name = os.fsdecode(b"caf\xe9.png")
    save_photos(folder, ["a.png"])[0].rename(folder / name)
    for count in ("1 painted", "0 painted, 1 done already"):
        assert count in batch(name, *STYLE, "-o", "out").err
    assert (folder / "out" / os.fsdecode(b"caf\xe9-painting.png")).exists()


def test_no_bar_is_left_for_a_photograph_that_is_waited_for():
    job = BatchJob(1, Path("a.png"), (), Settings(), PurePosixPath("a-b.png"))
    with BatchBars() as bars:
        bars.on_event(BatchStarted(0, 0, 0, 0, Path("out"), watching=True))
        bars.on_event(JobStarted(PlannedJob(job, "paint", (64, 48))))
        assert [task.description for task in bars._progress.tasks] == ["0 painted", "  a-b.png"]
        bars.on_event(JobPostponed(job, InputError("cut short", "Wait.")))
        assert [task.description for task in bars._progress.tasks] == ["0 painted"]


@pytest.fixture
def watching(batch, monkeypatch):
    """Watch a folder, with something done before each look, and end some looks after the last of these."""

    def run(*actions, options=()):
        left = iter([*actions, *[lambda: None] * 40])
        ended = []
        look = watch.Watcher._look

        def act_and_look(watcher):
            next(left, lambda: ended.append(True))()
            look(watcher)

        class Ending(InlineExecutor):
            def run(self, tasks, stop):
                return super().run(itertools.takewhile(lambda _: not ended, tasks), stop)

        monkeypatch.setattr(watch, "LOOK_SECONDS", 0.02)
        monkeypatch.setattr(watch, "PATIENCE_SECONDS", 0.5)
        monkeypatch.setattr(watch.Watcher, "_look", act_and_look)
        monkeypatch.setattr(batch_runner, "LocalExecutor", Ending)
        return batch("in", *STYLE, "-o", "out", "--watch", *options)

    return run


def nothing():
    pass


def test_watching_is_not_held_up_by_a_contact_sheet(watching, folder, monkeypatch):
    """The first page is drawn while the photograph after it is painted: a sheet waits for that one here."""
    read, painted = sheet.images.read_thumbnail, folder / "out" / "p3-painting.png"

    def read_after_the_third(*arguments):
        for _ in range(1000):
            if painted.exists():
                return read(*arguments)
            time.sleep(0.01)
        raise AssertionError("the sheet held up the third photograph")

    monkeypatch.setattr(sheet, "ROWS_PER_PAGE", 2)
    monkeypatch.setattr(sheet.images, "read_thumbnail", read_after_the_third)
    save_photos(folder / "in", ["p1.png", "p2.png"])
    done = watching(*[nothing] * 4, lambda: save_photos(folder / "in", ["p3.png"]))
    assert done.code == 0, done.err
    assert done.out.split() == ["out/contact-sheet.jpg", "out/contact-sheet-2.jpg"]


def test_watching_goes_on_where_a_photograph_can_have_no_result(watching, folder):
    save_photos(folder / "in", ["contact-sheet.png", "p.png"])
    done = watching(options=["--name", "{photo}"])
    assert (done.code, done.err.count("impasto: error")) == (3, 1)
    assert "'contact-sheet.png' is not the name of a result" in done.err
    assert (folder / "out" / "p.png").exists()


def test_watching_an_empty_folder_chooses_the_threads_as_for_many_pictures(watching, folder, monkeypatch):
    monkeypatch.setattr(cores, "core_count", lambda: 4)
    (folder / "in").mkdir()
    assert watching(nothing, lambda: save_photos(folder / "in", ["a.png"])).code == 0
    assert [task.settings.threads for task in InlineExecutor.tasks] == [1]


def test_watching_takes_a_file_when_it_is_whole_and_reports_one_that_never_is(watching, folder):
    save_photos(folder, ["whole.png"])
    save_photos(folder / "in", ["first.png"])
    data = (folder / "whole.png").read_bytes()
    slow, broken = folder / "in" / "slow.png", folder / "in" / "broken.png"

    def write(path, share):
        return lambda: path.write_bytes(data[: int(share * len(data))])

    slowly = [write(slow, 0.01), write(slow, 0.5), *[nothing] * 3, write(broken, 0.5), nothing, write(slow, 1)]
    done = watching(*slowly)
    assert done.code == 3
    assert done.err.count("error") == 1, done.err
    assert {it["output"]: it["error"] is None for it in records_of(folder / "out")} == {
        "first-painting.png": True,
        "slow-painting.png": True,
        "broken-painting.png": False,
    }


def test_watching_passes_over_a_sub_folder_that_cannot_be_listed_and_forgets_nothing(watching, folder, monkeypatch):
    save_photos(folder / "in" / "open", ["a.png"])
    save_photos(folder / "in" / "closed", ["b.png"])
    scandir, hidden, planned = os.scandir, set(), []

    def refuse(path):
        if Path(path).name in hidden:
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
        return scandir(path)

    plan_job = batch_runner.plan.plan_job
    monkeypatch.setattr(os, "scandir", refuse)
    monkeypatch.setattr(
        batch_runner.plan,
        "plan_job",
        lambda job, *rest, **more: planned.append(job.photo.name) or plan_job(job, *rest, **more),
    )

    def close_one():
        hidden.add("closed")
        save_photos(folder / "in" / "open", ["c.png"])

    def close_all():
        hidden.add("in")

    actions = [*[nothing] * 4, close_one, *[nothing] * 3, close_all, nothing, hidden.clear]
    done = watching(*actions, options=["--recursive"])
    assert done.code == 0, done.err
    assert sorted(planned) == ["a.png", "b.png", "c.png"]
    assert {it["output"] for it in records_of(folder / "out")} == {
        "closed/b-painting.png",
        "open/a-painting.png",
        "open/c-painting.png",
    }


def test_watching_repaints_each_result_once_even_if_its_photograph_goes_and_comes_back(watching, batch, folder):
    save_photos(folder / "in", ["a.png"])
    assert batch("in", *STYLE, "-o", "out").code == 0
    InlineExecutor.tasks.clear()
    photo, away = folder / "in" / "a.png", folder / "away.png"
    actions = [*[nothing] * 4, lambda: photo.rename(away), nothing, lambda: away.rename(photo)]
    done = watching(*actions, options=["--repaint"])
    assert done.code == 0, done.err
    assert len(InlineExecutor.tasks) == 1


PAGE = (Path(__file__).parents[2] / "docs" / "batch.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL)
COMMANDS = [line for block in BLOCKS for line in block.splitlines() if "--watch" not in line]  # which would not end
MADE = {
    "painted": {"cat-painting.png", "dog-painting.png"},
    "blended": {"cat-wave-scream.png", "dog-wave-scream.png", "more/bird-wave-scream.png"},
    "pairs": {"cat-wave.png", "dog-scream.png"},
    "table": {"cat.png", "dog-wave-scream.png"},
}


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_of_the_page_does_what_it_shows(impasto, monkeypatch, folder, command):
    save_photos(folder / "photos", ["cat.jpg", "dog.jpg"])
    save_photos(folder / "photos" / "more", ["bird.jpg"])
    save_photos(folder, ["painting.jpg", "wave.jpg", "scream.jpg"])
    (folder / "jobs.csv").write_text(re.search(r"```csv\n(.*?)```", PAGE, re.DOTALL)[1])
    program, *arguments = shlex.split(command)
    assert program == "impasto"
    monkeypatch.setattr(batch_runner, "LocalExecutor", InlineExecutor)
    done = impasto(*arguments, *(QUICK_BATCH[2:] if "--recipe" in arguments else QUICK_BATCH))
    assert done.code == 0, done.err
    out = arguments[arguments.index("-o") + 1]
    if "--dry-run" in arguments:
        made = set(re.findall(r"paint +(\S+):", done.out))
    else:
        made = {it["output"] for it in records_of(folder / out)}
    named = {f"{style}/{photo}.png" for style in ("wave", "scream") for photo in ("cat", "dog")}
    assert made == (named if "{style}/{photo}" in arguments else MADE[out])
