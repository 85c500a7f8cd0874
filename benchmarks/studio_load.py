"""Measure the studio under load: clients queue small jobs, others follow them, and pages are requested.

    python benchmarks/studio_load.py [--clients 8] [--jobs 40] [--watchers 20] [-o benchmarks/studio_load.json]

Latencies of page and status requests, in milliseconds, while the worker uses both cores; the server's memory before and
after. `tests/studio/test_load.py` runs the same, smaller, and checks what does not depend on the machine.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

import httpx2
import numpy as np
import shared

SETTINGS = {"recipe": "fast", "size": 64}
_PATIENCE = 600.0
_PAUSE = 0.05
"""Seconds between requests."""


@dataclass
class Load:
    """What was measured."""

    watched: list[dict[str, Any]] = field(default_factory=list)
    """The last event of each stream: its name, its job and the steps that preceded it."""
    milliseconds: list[float] = field(default_factory=list)
    """Of each page and status request."""
    memory: list[float] = field(default_factory=list)
    """Of the server in MiB, before and after."""


def start(data: Path, *options: str, port: int = 0, **environment: str) -> tuple[subprocess.Popen[str], str]:
    """Start a studio as a user does; returns its process and the address that it prints."""
    command = [sys.executable, "-m", "impasto", "studio", "--no-browser", "--port", str(port), "--data", str(data)]
    process = subprocess.Popen(
        [*command, *options], stdout=subprocess.PIPE, text=True, env={**os.environ, **environment}
    )
    found = re.search(r"http://[\d.]+:\d+", process.stdout.readline() if process.stdout else "")
    if not found:
        process.kill()
        raise SystemExit(f"the studio did not start: it ended with {process.wait()}")
    return process, found[0]


@contextmanager
def studio(data: Path) -> Iterator[tuple[str, int]]:
    """Run a studio in a separate process; yields its address and process."""
    process, address = start(data)
    with process:
        try:
            yield address, process.pid
        finally:
            process.terminate()


@contextmanager
def fresh_studio() -> Iterator[httpx2.Client]:
    """Run a studio of its own folder, whose worker has measured its speed; yields a client of it."""
    with tempfile.TemporaryDirectory() as data:
        os.environ["IMPASTO_HOME"] = str(Path(data) / "home")
        with studio(Path(data) / "studio") as (address, _), httpx2.Client(base_url=address, timeout=60) as client:
            time.sleep(10.0)  # the worker measures its speed
            yield client


def run(address: str, process: int, *, clients: int, jobs: int, watchers: int) -> Load:
    """Queue jobs, follow them and request pages at the same time, until the last job has ended."""
    load = Load()
    with httpx2.Client(base_url=address, timeout=_PATIENCE) as client:
        photo, painting = (client.post(f"/api/samples/{name}").json()["id"] for name in ("cat", "starry_night"))
        body = {"photo": photo, "paintings": [painting], "settings": SETTINGS}
        client.post("/api/jobs", json=body)
        load.memory.append(_memory(process))
        ended = threading.Event()
        with ThreadPoolExecutor(clients + watchers + 1) as pool:
            asking = pool.submit(_ask, address, ended, load)
            queued = list(pool.map(lambda _: _queue(address, body), range(jobs)))
            last = [queued[-1 - number % jobs] for number in range(watchers)]
            load.watched += pool.map(partial(_watch, address), last)
            load.watched += map(partial(_watch, address), queued)
            ended.set()
            asking.result()
        load.memory.append(_memory(process))
    return load


def _queue(address: str, body: dict[str, Any]) -> int:
    with httpx2.Client(base_url=address, timeout=_PATIENCE) as client:
        return int(client.post("/api/jobs", json=body).json()["id"])


def _watch(address: str, job: int) -> dict[str, Any]:
    """Read a job's stream to its end."""
    name, steps, last = "", [], {}
    with (
        httpx2.Client(base_url=address, timeout=_PATIENCE) as client,
        client.stream("GET", f"/api/jobs/{job}/events") as answer,
    ):
        for line in answer.iter_lines():
            key, _, value = line.partition(": ")
            if key == "event":
                name = value
            elif key == "data":
                last = json.loads(value)
                steps += [step["number"] for step in last["steps"]] if name == "steps" else []
    return {"event": name, "job": last, "steps": steps}


def _ask(address: str, ended: threading.Event, load: Load) -> None:
    """Request what an open page requests, repeatedly."""
    with httpx2.Client(base_url=address, timeout=_PATIENCE) as client:
        while not ended.wait(_PAUSE):
            for where in ("/", "/api/jobs", "/api/jobs/1"):
                begin = time.perf_counter()
                client.get(where).raise_for_status()
                load.milliseconds.append(1000 * (time.perf_counter() - begin))


def _memory(process: int) -> float:
    """Return the resident memory of a process in MiB; 0 where the system does not report it."""
    status = Path(f"/proc/{process}/status")
    found = re.search(r"VmRSS:\s+(\d+) kB", status.read_text()) if status.exists() else None
    return int(found[1]) / 1024 if found else 0.0


def main() -> None:
    """Measure and write JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--jobs", type=int, default=40)
    parser.add_argument("--watchers", type=int, default=20)
    parser.add_argument("-o", "--output", type=Path, default=shared.BENCHMARKS / "studio_load.json")
    chosen = parser.parse_args()
    begin = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder, studio(Path(folder)) as (address, process):
        load = run(address, process, clients=chosen.clients, jobs=chosen.jobs, watchers=chosen.watchers)
    about = {"clients": chosen.clients, "jobs": chosen.jobs, "watchers": chosen.watchers, "cores": os.cpu_count()}
    median, most, worst = (float(np.percentile(load.milliseconds, share)) for share in (50, 99, 100))
    shared.write(
        chosen.output,
        about,
        seconds=round(time.perf_counter() - begin, 1),
        requests=len(load.milliseconds),
        milliseconds={"median": round(median, 1), "p99": round(most, 1), "worst": round(worst, 1)},
        server_mib=[round(value, 1) for value in load.memory],
        streams=len(load.watched),
        streams_with_result=sum(one["job"].get("state") == "finished" for one in load.watched),
    )
    print(chosen.output.read_text(encoding="utf-8"))


if __name__ == "__main__":
    main()
