"""Mutated files and settings: what is not right is refused in Impasto's own words, soon, and in little memory."""

import subprocess
import sys
from pathlib import Path

import mutate_settings
import pytest

SEED = 14
HERE = Path(__file__).parent


def read_mutated_files(count: int, seed: int = SEED) -> tuple[int, str]:
    """In a process of its own, whose memory is limited, and whose crash is not ours."""
    command = [sys.executable, "-X", "faulthandler", "-W", "error", HERE / "mutate_files.py", str(seed), str(count)]
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", timeout=3000, check=False)
    return done.returncode, done.stdout + done.stderr


def test_mutated_pictures_are_right_or_refused():
    assert read_mutated_files(1500) == (0, "")


@pytest.mark.slow
def test_a_hundred_thousand_mutated_pictures_are_right_or_refused():
    assert read_mutated_files(100_000, seed=SEED + 1) == (0, "")


def test_mutated_settings_are_taken_or_refused(tmp_path):
    assert list(mutate_settings.problems(SEED, 150, tmp_path)) == []


@pytest.mark.slow
def test_twenty_thousand_mutated_settings_are_taken_or_refused(tmp_path):
    assert list(mutate_settings.problems(SEED + 1, 20_000, tmp_path)) == []
