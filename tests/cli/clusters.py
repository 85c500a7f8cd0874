"""What the tests of clusters share: machines that are raylets on this one, and the command as a process."""

import json
import os
import subprocess
import sys

ENVIRONMENT = {"RAY_USAGE_STATS_ENABLED": "0", "OMP_NUM_THREADS": "1"}
MACHINE = {"num_cpus": 1, "object_store_memory": 200_000_000, "include_dashboard": False}


class Driver:
    """The command as a process of its own."""

    def __init__(self, folder, *arguments):
        command = [sys.executable, "-m", "impasto", *arguments, "--json"]
        environment = {**os.environ, **ENVIRONMENT}
        self.process = subprocess.Popen(
            command, cwd=folder, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        self.events = []

    def until(self, kind, count):
        """Read events until a number of one kind."""
        for line in self.process.stdout:
            self.events.append(json.loads(line))
            count -= self.events[-1]["event"] == kind
            if not count:
                return
        raise AssertionError(self.process.stderr.read())

    def finish(self):
        """Read the rest; gives the exit code and what was said on stderr."""
        with self.process.stdout, self.process.stderr:
            self.events += [json.loads(line) for line in self.process.stdout]
            said = self.process.stderr.read()
        return self.process.wait(timeout=60), said
