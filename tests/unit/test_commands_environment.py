"""What the command sets in its environment before torch is loaded."""

import os

import pytest

from impasto.cli.main import TORCH_ENVIRONMENT, set_torch_environment


@pytest.fixture(autouse=True)
def _without(monkeypatch):
    for name in TORCH_ENVIRONMENT:
        monkeypatch.setenv(name, "")  # so that what is set here is gone after the test
        monkeypatch.delenv(name)


def test_threads_spin_for_a_moment_before_they_sleep():
    set_torch_environment()
    assert {name: os.environ[name] for name in TORCH_ENVIRONMENT} == TORCH_ENVIRONMENT


def test_a_policy_of_the_users_own_is_not_overridden(monkeypatch):
    monkeypatch.setenv("OMP_WAIT_POLICY", "ACTIVE")
    set_torch_environment()
    assert os.environ["OMP_WAIT_POLICY"] == "ACTIVE"
    assert "GOMP_SPINCOUNT" not in os.environ
