"""The connection to a cluster: one that runs already, or one of this machine alone that ends with the connection."""

import importlib.util
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from impasto.engine import cores
from impasto.engine.memory import free_memory
from impasto.errors import InputError, install_command
from impasto.wording import argument, shorten

LOCAL, AUTO = "local", "auto"
_CLIENT_PREFIX = "ray://"
PASSED_ON = ("OMP_WAIT_POLICY", "GOMP_SPINCOUNT", "THP_MEM_ALLOC_ENABLE")
"""Environment variables that torch reads, and that processes on other machines get as they are here."""

START_SECONDS = 180.0
"""For any actor to be there: loading torch takes ten seconds, and what else runs on the cluster may end meanwhile."""
_AUTH_MODE = "RAY_AUTH_MODE"
"""Environment variable that Ray reads, of which it is not told otherwise whether a cluster wants a token."""
_ANSWER_SECONDS = 5.0
"""For a port to answer."""
_HEALTH_SECONDS = 20.0
"""For a cluster to say that it is one; its program takes a second or two to start."""
_LEAST_STORE_BYTES = 500_000_000
"""Of the shared memory of a cluster of this machine: for a few pictures a process, and the network."""
_STORE_SHARE = 0.3
"""Of the memory that is free, what it may take: the processes need the rest. What is more goes to the disk."""


class ClusterError(InputError):
    """A cluster that does not answer, or has no machine that fits."""


@contextmanager
def connected(address: str, in_flight: int | None = None) -> Iterator[None]:
    """Be connected to a cluster within this context; within another such context, or where Ray is in use, to that.

    Args:
        address: `local` for processes of this machine alone, which end with the context, or with this process; `auto`
            for the cluster that this machine is part of; or the address of its head, `host:port`, where there are
            several.
        in_flight: bytes that are on their way between the processes at once, beside a few pictures and the network; a
            cluster of this machine has shared memory for them. None for as many as it can.

    Raises:
        InputError: Ray is not installed, or the address is none.
        ClusterError: no cluster answers there, or it has another version of Ray or Python.
    """
    check_address(address)
    check_installed()
    if "ray" in sys.modules and sys.modules["ray"].is_initialized():
        yield
        return
    mode = {} if address == LOCAL else {_AUTH_MODE: _check_answer(address)}
    with _environment(mode):
        ray = load_ray()
        with _own_signal_handlers():
            _connect(ray, address, in_flight)
        try:
            yield
        finally:
            with _own_signal_handlers():
                ray.shutdown()


def check_address(address: str) -> None:
    """Check that an address is one; see `connected`.

    Raises:
        InputError: it is none.
    """
    if address.startswith(_CLIENT_PREFIX):
        problem = f"{shorten(address)} is an address of Ray's client, which passes on nothing of a picture's progress"
        hint = "Join this machine to the cluster with `ray start --num-cpus=0 --address=...`, and use auto."
        raise InputError(problem, hint)
    host, separator, port = address.rpartition(":")
    is_address = separator and host and port.isdecimal() and int(port) < 1 << 16
    if address not in (LOCAL, AUTO) and not is_address:
        problem = f"{argument('cluster')} takes local, auto or an address such as 10.0.0.1:6379, not {shorten(address)}"
        raise InputError(problem, "Give one of these.")


def check_installed() -> None:
    """Check that Ray is there, without loading it.

    Raises:
        InputError: it is not installed.
    """
    if importlib.util.find_spec("ray") is None:
        problem = "a cluster needs packages that are not installed (ray)"
        raise InputError(problem, f"Run: {install_command('cluster')}.")


def load_ray() -> Any:
    """Give the module `ray`, with its messages and its reports to its makers switched off.

    Raises:
        InputError: it is not installed.
    """
    check_installed()
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")  # it warns of a change of its own otherwise
    import ray  # noqa: PLC0415 -- an extra, and half a second to load

    logging.getLogger("ray").setLevel(logging.CRITICAL)
    return ray


def _connect(ray: Any, address: str, in_flight: int | None) -> None:
    quiet: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.CRITICAL, "configure_logging": False}
    variables = {name: os.environ[name] for name in PASSED_ON if name in os.environ}
    own: dict[str, Any] = {}
    if address == LOCAL:
        store = choose_store_bytes(in_flight, free_memory())
        own = {"include_dashboard": False, "object_store_memory": store, "num_cpus": cores.core_count()}
    # It prints what befalls its machines to stdout, where results go; this is the switch that its own debugger uses.
    ray._private.worker._worker_logs_enabled = False  # noqa: SLF001
    try:
        ray.init(address=address, runtime_env={"env_vars": variables}, **quiet, **own)
    except (ray.exceptions.RayError, OSError, RuntimeError, ValueError) as error:
        text = " ".join(str(error).split()) or type(error).__name__
        problem = f"no connection to the cluster {shorten(address)}: {text:.300}"
        raise ClusterError(problem, "See that it runs, with this version of Python and Ray.") from None


def choose_store_bytes(in_flight: int | None, free: int) -> int:
    """Give the bytes of shared memory for a cluster of this machine; see `connected`.

    Args:
        in_flight: bytes that it is to hold at once; None for as many as it can.
        free: bytes of memory.
    """
    most = int(free * _STORE_SHARE)
    return max(_LEAST_STORE_BYTES, most if in_flight is None else min(_LEAST_STORE_BYTES + in_flight, most))


def _check_answer(address: str) -> str:
    """Check that a cluster is there, which Ray itself would try for minutes; gives its mode of authentication."""
    where = f"the cluster {shorten(address)}" if address != AUTO else "a cluster that this machine is part of"
    missing = ClusterError(
        f"{where} does not answer", "Start one with `ray start --head`, or see which there is with `ray status`."
    )
    if address == AUTO:
        return _check_health([], missing)
    host, _, port = address.rpartition(":")
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=_ANSWER_SECONDS).close()
    except OSError:
        raise missing from None
    return _check_health(["--address", address], missing)


def _check_health(options: list[str], missing: ClusterError) -> str:
    """Ask a cluster whether it is one, at first without the token that some want; Ray knows where that is.

    Returns:
        The mode of authentication in which it answers.
    """
    modes = (os.environ[_AUTH_MODE],) if _AUTH_MODE in os.environ else ("disabled", "token")
    wants_token = False
    for mode in modes:
        command = [sys.executable, "-P", "-m", "ray.scripts.scripts", "health-check", *options]
        environment = {**os.environ, _AUTH_MODE: mode}
        try:
            done = subprocess.run(  # noqa: S603 - this Python and a module of Ray's
                command,
                check=False,
                capture_output=True,
                stdin=subprocess.DEVNULL,
                timeout=_HEALTH_SECONDS,
                env=environment,
            )
        except subprocess.TimeoutExpired:
            break
        if done.returncode == 0:
            return mode
        if b"AuthenticationError" not in done.stderr:
            break
        wants_token = True
    if wants_token:
        problem = "the cluster wants a token that this machine does not have, or another"
        raise ClusterError(problem, "Put the cluster's into ~/.ray/auth_token: `ray get-auth-token` shows it there.")
    raise missing


@contextmanager
def _environment(variables: Mapping[str, str]) -> Iterator[None]:
    """Set environment variables, and put back what they were."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


@contextmanager
def _own_signal_handlers() -> Iterator[None]:
    """Put back the handlers of signals that Ray replaces."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
