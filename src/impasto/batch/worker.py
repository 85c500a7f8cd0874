"""The worker process: `python -m impasto.batch.worker` paints the tasks that come by stdin, until that is closed.

Tasks and updates are pickled. It ends with the process that started it, however that one ends.
"""

import io
import os
import pickle
import queue
import sys
import threading

from impasto.batch.executor import Task, Update, WorkerStartError

READY = "ready"
"""The first message of a worker that can paint; one that cannot gives the error."""


def main() -> None:
    """Paint until there is nothing more to do."""
    # Whatever a library prints must not get among the updates.
    updates = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())

    def report(message: Update | WorkerStartError | str) -> None:
        updates.write(pickle.dumps(message))
        updates.flush()

    try:
        from impasto.batch.painter import TaskPainter  # noqa: PLC0415 - loads torch, which may be what fails

        painter = TaskPainter(report)
    except Exception as error:  # noqa: BLE001 - whatever it is, no picture can be painted
        problem = f"no worker can start: {type(error).__name__}: {error}"
        report(WorkerStartError(problem, "Check the installation with `impasto doctor`."))
        return
    report(READY)
    tasks: queue.SimpleQueue[Task] = queue.SimpleQueue()
    threading.Thread(target=_receive, args=(tasks,), daemon=True).start()
    while True:
        painter.paint(tasks.get())


def _receive(tasks: "queue.SimpleQueue[Task]") -> None:
    """Pass on the tasks, and end the process with the one that sends them, even amid a picture."""
    reader = io.BufferedReader(io.FileIO(sys.stdin.fileno(), closefd=False))
    try:
        while True:
            tasks.put(pickle.load(reader))  # noqa: S301 - from the process that started this one
    except (EOFError, OSError, pickle.UnpicklingError):
        os._exit(0)


if __name__ == "__main__":
    main()
