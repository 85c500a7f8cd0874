"""What programs that run the command, and those that keep settings, rely on."""

import json
import os
import re
import sys
from pathlib import Path

import pytest
from quick import QUICK

from impasto import Settings
from impasto.errors import SettingsError

DOCS = Path(__file__).parents[3] / "docs"

FAILURES = [
    ("sweep photo.jpg painting.jpg --over seed=1 --json -o -", 2, "--json and -o - both write to stdout"),
    ("photo.jpg painting.jpg --json -o -", 2, "--json and -o - both write to stdout"),
    ("missing.jpg painting.jpg --json", 2, "missing.jpg does not exist"),
    ("photo.jpg painting.jpg --json --size big", 2, "--size takes a whole number"),
    ("photo.jpg painting.jpg --json --qqq 3", 2, "unknown option: --qqq"),
    ("photo.jpg painting.jpg --json --style-weight 9e37 --size 64 --iterations 1", 1, "not a finite number"),
    ("texture missing.jpg --json", 2, "missing.jpg does not exist"),
    ("sweep missing.jpg painting.jpg --over seed=1 --json", 2, "missing.jpg does not exist"),
    ("losses missing.png --content photo.jpg --style painting.jpg --json", 2, "missing.png does not exist"),
]


@pytest.mark.parametrize(("command", "code", "problem"), FAILURES)
def test_U9_a_failure_is_an_event_too(impasto, command, code, problem):
    done = impasto(*command.split())
    last = json.loads(done.out.splitlines()[-1])
    assert (done.code, last["event"], last["exit_code"]) == (code, "failed", code)
    assert problem in last["problem"]
    assert last["error"] == f"{last['problem']}. {last['hint']}"
    assert done.err == f"impasto: error: {last['error']}\n"


@pytest.mark.skipif(sys.platform == "darwin", reason="macOS takes no names that are not UTF-8")
def test_U9_names_that_are_no_text_do_not_break_the_stream(impasto, folder):
    name = os.fsdecode(b"caf\xe9.jpg")
    failed = impasto(name, "painting.jpg", "--json")
    assert failed.code == 2
    (folder / "photo.jpg").rename(folder / name)
    done = impasto(name, "painting.jpg", "--json", *QUICK)
    assert done.code == 0
    for line in (failed.out + done.out).splitlines():
        json.dumps(json.loads(line), ensure_ascii=False).encode()  # no lone surrogate is in it


def test_U9_an_unexpected_error_with_such_a_name_is_an_event_too(impasto, monkeypatch):
    def fail(_arguments):
        raise ValueError(os.fsdecode(b"caf\xe9.jpg is in no way expected"))

    monkeypatch.setattr("impasto.cli.app.run", fail)
    event = json.loads(impasto("--json").out)
    assert "caf\N{REPLACEMENT CHARACTER}.jpg is in no way expected" in event["error"]


@pytest.mark.slow
@pytest.mark.skipif(not Path("/dev/full").is_char_device(), reason="needs a device that is always full")
def test_U9_a_failure_keeps_its_exit_code_where_stdout_is_full(impasto_process):
    with Path("/dev/full").open("wb") as full:
        process = impasto_process("missing.jpg", "painting.jpg", "--json", stdout=full)
    _, err = process.communicate()
    assert (process.returncode, err.count(b"\n")) == (2, 1), err


def test_U9_the_last_line_is_the_event_that_the_help_says(impasto):
    assert json.loads(impasto("photo.jpg", "painting.jpg", "--json", "--dry-run", *QUICK).out)["event"] == "started"


def test_U9_without_json_stdout_stays_empty_on_failure(impasto):
    assert impasto("missing.jpg", "painting.jpg").out == ""


def test_U9_exit_codes_and_variables_are_in_the_help_and_the_docs(impasto):
    codes = {"0", "1", "2", "3", "129", "130", "141", "143"}
    for text in (impasto("--help").out, (DOCS / "cli.md").read_text(encoding="utf-8")):
        listed = text.partition("Exit codes:")[2].partition("Environment")[0]
        assert set(re.findall(r"^ +(\d+) ", listed, re.MULTILINE)) >= codes
        for variable in ("IMPASTO_HOME", "IMPASTO_DEBUG", "IMPASTO_MIRROR", "IMPASTO_STUDIO_TOKEN", "NO_COLOR"):
            assert variable in text


def test_U9_every_variable_that_is_read_is_documented():
    package = Path(__file__).parents[3] / "src" / "impasto"
    read = {name for path in package.rglob("*.py") for name in re.findall(r"IMPASTO_\w+", path.read_text("utf-8"))}
    documented = (DOCS / "cli.md").read_text(encoding="utf-8")
    assert read
    assert [name for name in read if name not in documented] == []


def test_U9_settings_are_keys():
    one, same, other = Settings(size=512), Settings(size="512"), Settings(size=513)
    assert hash(one) == hash(same)
    assert {one: "x"}[same] == "x"
    assert len({one, same, other, Settings(style_layers="relu1_1=0"), Settings(style_layers="relu1_1=-0.0")}) == 3


def test_U9_a_copy_with_changes_is_checked_as_settings_are():
    settings = Settings(recipe="gatys", seed=5)
    changed = settings.model_copy(update={"size": "64", "keep": "best"})
    assert (changed.size, changed.output_iterate, changed.seed, changed.convention) == (64, "best", 5, "gatys")
    assert settings.model_copy() == settings
    with pytest.raises(SettingsError, match="size takes a whole number"):
        settings.model_copy(update={"size": 3})
    with pytest.raises(SettingsError, match="no setting 'siz'"):
        settings.model_copy(update={"siz": 64})
