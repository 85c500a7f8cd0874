"""How long it takes from typing the command to the first pictures on disk, at 512 px, with files in the system's cache.

    python benchmarks/startup.py [--rounds 5] [-o benchmarks/startup.json]

Medians over several rounds; each line counts from the start of the process.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import shared

from impasto.cli.main import TORCH_ENVIRONMENT

EVERY = 10
IMPORTS = {
    "Python itself": "pass",
    "and the command line read": "import impasto.cli.app",
    "and torch loaded": "import impasto.cli.app, torch",
    "and all of Impasto loaded": "import impasto.cli.app, impasto.cli.runner",
}


def imports() -> dict[str, float]:
    """Seconds until processes that do no more than load have loaded."""
    found = {}
    for name, code in IMPORTS.items():
        begin = time.perf_counter()
        command = [sys.executable, "-c", f"{code}; print(flush=True)"]
        with subprocess.Popen(command, env=os.environ | TORCH_ENVIRONMENT, stdout=subprocess.PIPE) as process:
            if process.stdout:
                process.stdout.readline()
            found[name] = time.perf_counter() - begin
    return found


def command(size: int) -> dict[str, float]:
    """Seconds until the command tells of its start, and until its first picture lies on disk; then it is ended."""
    with tempfile.TemporaryDirectory() as folder:
        photo, painting = (str(shared.picture(name)) for name in ("summer_palace", "starry_night"))
        options = ["-o", f"{folder}/out.png", "--json", "--save-every", str(EVERY), "--size", str(size)]
        begin = time.perf_counter()
        with subprocess.Popen(
            [sys.executable, "-m", "impasto", photo, painting, *options], stdout=subprocess.PIPE, text=True
        ) as process:
            found: dict[str, float] = {}
            for line in process.stdout or ():
                event = json.loads(line)["event"]
                found.setdefault(event, time.perf_counter() - begin)
                if event == "preview":
                    process.kill()
                    break
    return {
        "and pictures, weights and precision ready": found["started"],
        "and targets measured and one step taken": found["step"],
        f"and the picture of step {EVERY} on disk": found["preview"],
    }


def main() -> None:
    """Measure, print and write JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", type=int, default=512)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("-o", "--output", type=Path, default=shared.BENCHMARKS / "startup.json")
    chosen = parser.parse_args()
    rounds = [imports() | command(chosen.size) for _ in range(chosen.rounds + 1)][1:]  # the first fills the cache
    seconds = {part: round(statistics.median(taken[part] for taken in rounds), 2) for part in rounds[0]}
    for part, taken in seconds.items():
        print(f"{taken:6.2f} s  {part}")
    about = {"size": chosen.size, "rounds": chosen.rounds}
    shared.write(chosen.output, about, seconds=seconds)


if __name__ == "__main__":
    main()
