import shlex
import subprocess
import sys

import pytest
from quick import QUICK

from impasto.settings import Settings
from impasto.wording import option_name

HEAVY = {"torch", "numpy", "PIL", "matplotlib", "scipy", "safetensors"}
PARSER = {"cyclopts", "rich", "pydantic"}


PROGRAM = """
import sys
from impasto.cli import main
code = main(sys.argv[1:])
print(*sys.modules, file=sys.stderr)
sys.exit(code)
"""


def imported(*arguments):
    """Top-level modules that a fresh Python holds after the command, and its stdout."""
    done = subprocess.run([sys.executable, "-c", PROGRAM, *arguments], capture_output=True, text=True, check=True)
    return {name.partition(".")[0] for name in done.stderr.split()}, done.stdout


def test_version_answers_without_loading_anything():
    modules, out = imported("--version")
    assert out.startswith("impasto 0.")
    assert not modules & (HEAVY | PARSER)


@pytest.mark.parametrize("command", [[], ["sweep"], ["texture"]])
def test_help_does_not_wait_for_torch(command):
    modules, out = imported(*command, "--help")
    assert "PAINTING" in out
    assert not modules & HEAVY


def test_module_and_script_are_the_same_command(impasto_process):
    out, _ = impasto_process("--version").communicate()
    assert out.decode().startswith("impasto 0.")


def test_the_two_examples_in_help_run(impasto, folder):
    examples = [line.strip() for line in impasto("--help").out.splitlines() if line.startswith("  impasto ")]
    assert len(examples) == 2
    for example in examples:
        command = shlex.split(example.replace("--size 768", ""))
        assert command[0] == "impasto"
        assert impasto(*command[1:], *QUICK).code == 0
    assert {path.name for path in folder.glob("*.png")} == {"photo-painting.png", "out.png"}


@pytest.mark.parametrize("command", [pytest.param("sweep", marks=pytest.mark.slow), "texture", "rebuild"])
def test_the_examples_in_a_command_s_help_run(impasto, folder, command):
    examples = [line for line in impasto(command, "--help").out.splitlines() if line.startswith("  impasto ")]
    assert examples[0].startswith(f"  impasto {command} ")
    for example in examples:
        done = impasto(*shlex.split(example)[1:], *QUICK)
        assert done.code == 0, done.err
    assert len(list(folder.glob("*.png"))) == len(examples)


@pytest.mark.parametrize("command", ["sweep", "texture", "rebuild"])
def test_help_lists_the_commands_and_each_offers_the_settings(impasto, command):
    assert f"│ {command} " in impasto("--help-all").out
    out = impasto(command, "--help-all").out
    assert "--tv-weight" in out
    assert "--settings-from" in out


def test_a_command_s_help_names_the_defaults_of_its_own_recipe(impasto, monkeypatch):
    monkeypatch.setenv("COLUMNS", "400")
    for command in ("texture", "rebuild"):
        assert f"default: {Settings(recipe=command).iterations}]" in impasto(command, "--help-all").out
    assert "--layer --content-layers LIST" in impasto("rebuild", "--help").out
    assert "--content-weight" not in impasto("texture", "--help-all").out
    assert "--style-weight" not in impasto("rebuild", "--help-all").out


@pytest.mark.parametrize("name", Settings.model_fields)
def test_every_setting_is_an_option_with_its_help(impasto, name, monkeypatch):
    monkeypatch.setenv("COLUMNS", "400")
    field = Settings.model_fields[name]
    line = next(line for line in impasto("--help-all").out.splitlines() if line.startswith(f"│ {option_name(name)} "))
    assert field.description in line
    assert field.json_schema_extra["unit"] in line


def test_help_shows_ranges_choices_and_the_default_look(impasto, monkeypatch):
    monkeypatch.setenv("COLUMNS", "400")
    out = impasto("--help-all").out
    assert "[from 32 to 20000 px]" in out
    assert "[choices: max, average, average-scaled]" in out
    assert f"default: {Settings().history}]" in out


def test_subcommands_have_help_of_their_own(impasto):
    for command in ("losses", "recipes", "recipes save", "weights", "weights fetch", "doctor", "completion"):
        done = impasto(*command.split(), "--help")
        assert done.code == 0
        assert f"impasto {command}" in done.out
        assert "Examples:" not in done.out


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_knows_the_options(impasto, shell):
    done = impasto("completion", shell)
    assert done.code == 0
    assert "style-weight" in done.out
    assert "coursera" in done.out
    assert all(command in done.out for command in ("sweep", "texture", "rebuild", "--over", "--layer"))


def test_bash_understands_its_completion_script(impasto):
    script = impasto("completion", "bash").out
    assert subprocess.run(["bash", "-n"], input=script, text=True, check=False).returncode == 0
