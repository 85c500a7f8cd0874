"""The worker process: `python -m impasto.studio.worker.worker FOLDER NUMBER DEVICE LIMITS` runs the jobs in the queue.

It shares nothing with the server but the folder and its database, so either may be killed at any moment. It exits when
its standard input closes, which happens when the server that started it exits. Several workers may run, each with its
own number and device.
"""

import contextlib
import os
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

import numpy as np
from filelock import FileLock

from impasto import Event, Finished, Job, Preview, Step, Stylizer, execute, images
from impasto.engine.device import ComputeSpec, configure, device_memory
from impasto.engine.estimate import Processor
from impasto.engine.forecast import forecast
from impasto.errors import DeviceError, ImpastoError, OutputError, StorageError
from impasto.images import Picture
from impasto.settings import Settings
from impasto.storage.atomic import replace_file
from impasto.studio.controls import PAGE, on_this_machine
from impasto.studio.errors import QuotaError
from impasto.studio.limits import Limits
from impasto.studio.store import alerts, cleanup, processors, queue, quota
from impasto.studio.store.folder import Folder
from impasto.studio.store.thumbnails import THUMBNAIL_SIDE, encode_webp
from impasto.studio.worker.films import FilmRun
from impasto.studio.worker.supervisor import EXIT_NO_DEVICE, EXIT_STORAGE
from impasto.studio.worker.writing import PreviewWriter, as_storage_error

_POLL_SECONDS = 0.1
"""Between looks at an empty queue."""
_FULL_POLL_SECONDS = 2.0
"""Between looks at a full folder."""
_TRIAL_SIDE = 128
"""Pixels of a picture that stands for any other where only the time counts."""
_NICENESS = 5
"""Lets the server answer at once while a job uses all cores."""


def main(arguments: list[str]) -> int:
    """Run jobs until the server exits; report any other reason to stop as an alert."""
    folder, worker, device = Folder(Path(arguments[0])), int(arguments[1]), arguments[2]
    limits = Limits.from_argument(arguments[3])
    threading.Thread(target=_exit_with_server, daemon=True).start()
    with contextlib.suppress(AttributeError, OSError):  # Windows has no niceness
        os.nice(_NICENESS)
    with FileLock(folder.worker_lock(worker)):
        try:
            stylizer = Stylizer(device)
            compute = configure(ComputeSpec(device, "auto", 0))
            processors.publish(folder, worker, compute.processor, memory := device_memory(compute.device))
            _measure_speed(folder, stylizer, compute.processor, memory)
            _run_jobs(folder, worker, stylizer, limits, device)
        except ImpastoError as error:
            with contextlib.suppress(StorageError):  # then the supervisor says it from memory
                alerts.set_alert(folder, worker, *error.words_for(PAGE))
            sys.stderr.write(f"{error.message_for(PAGE)}\n")
            return EXIT_NO_DEVICE if isinstance(error, DeviceError) else EXIT_STORAGE
        except Exception as error:
            problem = f"the worker raised an unexpected {type(error).__name__}: {error}"
            alerts.set_alert(folder, worker, problem, "Please report this, with the output in the studio's terminal.")
            raise


def _measure_speed(folder: Folder, stylizer: Stylizer, processor: Processor, memory: int) -> None:
    """Measure how long the default look takes, unless that is known, or somebody waits."""
    usual, size = Settings(), (_TRIAL_SIDE, _TRIAL_SIDE)
    if not forecast(usual, size, [size], processor, memory).rough or queue.has_queued(folder):
        return
    noise = np.random.default_rng(0).integers(0, 256, (_TRIAL_SIDE, _TRIAL_SIDE, 3), np.uint8)
    stylizer.estimate(noise, noise, usual)


def _run_jobs(folder: Folder, worker: int, stylizer: Stylizer, limits: Limits, device: str = "auto") -> NoReturn:
    """Run the queued jobs one after another, waiting while the folder is full or may not be written."""
    alerted = True  # perhaps by the worker before this one
    while True:
        queued = queue.has_queued(folder)
        if queued:
            try:
                quota.check(folder, limits)
                folder.check_writable()
            except (QuotaError, OutputError) as error:
                alerts.set_alert(folder, worker, *error.words_for(PAGE))
                alerted = True
                time.sleep(_FULL_POLL_SECONDS)
                continue
        if alerted:
            alerts.clear(folder, worker)
            alerted = False
        job = queue.claim(folder, worker) if queued else None
        if job:
            JobRun(folder, job, limits, device).run(stylizer)
        else:
            time.sleep(_POLL_SECONDS)


class JobRun:
    """One attempt at a job: its events become rows and files."""

    def __init__(self, folder: Folder, job: queue.ClaimedJob, limits: Limits, device: str = "auto") -> None:
        self._folder, self._job, self._limits, self._device = folder, job, limits, device
        self._action: queue.Action | None = None
        self._steps = 0
        self._previews = PreviewWriter(folder, job)

    def run(self, stylizer: Stylizer) -> None:
        """Run the job and record its end.

        Raises:
            StorageError: its files cannot be written, which is not the job's fault.
            Exception: something unexpected. A device that failed may be unusable in this process: the job fails only
                if another process, after one crash, fails with it too.
        """
        try:
            cleanup.delete_old_previews(self._folder)
            if self._job.film:
                settings = self._settings().model_copy(update={"device": self._device})
                FilmRun(self._folder, self._job, settings, self._limits).run()
            else:
                self._execute(stylizer)
        except StorageError:
            raise
        except ImpastoError as error:
            queue.fail(self._folder, self._job.id, *error.words_for(PAGE))
        except Exception as error:
            if self._job.crash_count:
                queue.fail(
                    self._folder, self._job.id, f"unexpected {type(error).__name__}: {error}", "Please report this."
                )
            raise

    def _execute(self, stylizer: Stylizer) -> None:
        inputs = self._job.inputs
        photo = self._read(inputs.photo) if inputs.photo else None
        paintings = tuple(self._read(painting) for painting in inputs.paintings)
        finished = execute(
            Job(photo, paintings, self._settings()),
            stylizer,
            self._on_event,
            stop=lambda: self._action is not None,
            preview_every=1,
        )
        if self._action == "cancel":
            queue.mark_cancelled(self._folder, self._job.id)
        else:
            self._save(finished)

    def _settings(self) -> Settings:
        """Name the masks' files: only here may settings do that, and their names say what they are."""
        inputs = self._job.inputs
        masks = tuple(str(self._folder.picture(mask.id)) for mask in inputs.masks)
        keep = str(self._folder.picture(inputs.keep.id)) if inputs.keep else None
        settings = self._job.settings.model_copy(update={"mask": masks, "keep_mask": keep})
        return on_this_machine(settings, self._limits)

    def _read(self, upload: queue.UploadRef) -> Picture:
        return images.read(self._folder.picture(upload.id), name=upload.name)

    def _on_event(self, event: Event) -> None:
        if isinstance(event, Step):
            self._steps += 1
            self._action = queue.record_step(self._folder, self._job.id, self._steps, event)
        elif isinstance(event, Preview) and (event.total_iterations == 1 or self._previews.is_due()):
            self._previews.write(event.picture)  # the first that is painted does not wait after the start's

    def _save(self, finished: Finished) -> None:
        """Write the files first and the row last, so that a row never names a missing file."""
        # Whoever has the token gets it: it does not say when, where and by whom the photograph was taken.
        picture, job = replace(finished.result.picture, exif=None), self._job.id
        data = images.encode(picture, "png", metadata=finished.result.metadata)
        thumbnail = encode_webp(picture, THUMBNAIL_SIDE)
        with as_storage_error():
            replace_file(self._folder.result_thumbnail(job), thumbnail)
            replace_file(self._folder.result(job), data)
        queue.finish(self._folder, job, (picture.width, picture.height), kept_early=finished.stopped)


def _exit_with_server() -> None:
    with contextlib.suppress(OSError):
        while os.read(sys.stdin.fileno(), 1):  # a buffered reader would block an orderly exit
            pass
    os._exit(0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
