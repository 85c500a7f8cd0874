"""The worker process of a batch: `python -m impasto.batch.worker` paints the tasks that come by stdin."""

from collections.abc import Callable
from typing import Any

from impasto.batch.executor import Task
from impasto.engine.worker_process import serve


def _start(report: Callable[[Any], None]) -> Callable[[Task], None]:
    from impasto.batch.painter import TaskPainter  # noqa: PLC0415 - loads torch, which may be what fails

    return TaskPainter(report).paint


if __name__ == "__main__":
    serve(_start)
