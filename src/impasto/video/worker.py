"""The worker process of a film: `python -m impasto.video.worker` paints the shots that come by stdin."""

from collections.abc import Callable
from typing import Any

from impasto.engine.worker_process import serve
from impasto.video.shot import ShotBegun, ShotTask


def _start(report: Callable[[Any], None]) -> Callable[[ShotTask], None]:
    from impasto.video.paint import ShotWorker  # noqa: PLC0415 - loads torch, which may be what fails

    worker = ShotWorker()

    def paint(task: ShotTask) -> None:
        report(ShotBegun(task.number))
        for update in worker.paint(task):
            report(update)

    return paint


if __name__ == "__main__":
    serve(_start)
