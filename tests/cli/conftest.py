"""A folder with a small photograph and painting, and two ways to run the real command in it."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from quick import Outcome, save_pictures

from impasto.cli import main

Impasto = Callable[..., Outcome]


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch) -> Path:
    """The current folder, with photo.jpg and painting.jpg in it, and a home of its own."""
    monkeypatch.setenv("IMPASTO_HOME", str(tmp_path / "home"))
    monkeypatch.delenv("IMPASTO_DEBUG", raising=False)
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    save_pictures(work)
    return work


@pytest.fixture
def impasto(capfd) -> Impasto:
    """Run the command in this process: as the shell would, but for the second that starting Python takes."""

    def run(*arguments: str | Path) -> Outcome:
        capfd.readouterr()
        code = main([str(argument) for argument in arguments])
        captured = capfd.readouterr()
        return Outcome(code, captured.out, captured.err)

    return run


@pytest.fixture
def impasto_process(folder) -> Callable[..., subprocess.Popen]:
    """Start the command as a process of its own; what it still holds at the end of the test is ended."""
    started = []

    def start(*arguments: str | Path, **options) -> subprocess.Popen:
        command = [sys.executable, "-m", "impasto", *map(str, arguments)]
        options = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **options}
        process = subprocess.Popen(command, cwd=folder, env={**os.environ, "OMP_NUM_THREADS": "1"}, **options)
        started.append(process)
        return process

    yield start
    for process in started:
        if process.poll() is None:
            process.kill()
        process.communicate()
