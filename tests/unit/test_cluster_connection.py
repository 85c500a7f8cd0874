"""What a connection to a cluster leaves behind in the process."""

import os
from types import SimpleNamespace

import pytest

from impasto.cluster import connect
from impasto.cluster.connect import connected

AUTH_MODE = "RAY_AUTH_MODE"


@pytest.fixture
def clusters(monkeypatch):
    """Clusters that want a token or none, the next to be asked first; gives the modes in which each was joined."""
    wanted, joined = [], []

    def check(_command, *, env, **_):
        is_right = env[AUTH_MODE] == wanted[0]
        return SimpleNamespace(returncode=int(not is_right), stderr=b"" if is_right else b"AuthenticationError")

    ray = SimpleNamespace(
        init=lambda **_: joined.append(os.environ[AUTH_MODE]),
        shutdown=lambda: wanted.pop(0),
        exceptions=SimpleNamespace(RayError=OSError),
        _private=SimpleNamespace(worker=SimpleNamespace()),
    )
    monkeypatch.setattr(connect.subprocess, "run", check)
    monkeypatch.setattr(connect, "load_ray", lambda: ray)
    return wanted, joined


def test_one_cluster_does_not_decide_whether_the_next_wants_a_token(clusters, monkeypatch):
    monkeypatch.delenv(AUTH_MODE, raising=False)
    wanted, joined = clusters
    wanted += ["token", "disabled", "token"]
    for _ in range(3):
        with connected("auto"):
            pass
        assert AUTH_MODE not in os.environ
    assert joined == ["token", "disabled", "token"]


def test_what_the_user_says_of_the_token_stays(clusters, monkeypatch):
    monkeypatch.setenv(AUTH_MODE, "token")
    clusters[0].append("token")
    with connected("auto"):
        assert os.environ[AUTH_MODE] == "token"
    assert os.environ[AUTH_MODE] == "token"
