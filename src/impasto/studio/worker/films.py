"""Films: what is painted of one stays on disk, so that any later attempt goes on with it."""

import bisect
import math
import time
from collections.abc import Sequence
from fractions import Fraction

from impasto import images
from impasto.errors import ImpastoError, StorageError
from impasto.settings import Settings
from impasto.studio.controls import PAGE
from impasto.studio.limits import Limits, frame_bytes
from impasto.studio.schemas import FilmOrder
from impasto.studio.store import queue, quota
from impasto.studio.store.folder import Folder
from impasto.studio.store.thumbnails import PREVIEW_SIDE, THUMBNAIL_SIDE, representative_frame
from impasto.studio.worker.writing import PreviewWriter, write_webp
from impasto.video.events import FilmEvent, FilmFinished, FilmStarted, FramePainted
from impasto.video.plan import FilmPlan, FilmRequest, plan_film
from impasto.video.read.sources import open_clip
from impasto.video.render import render
from impasto.video.workspace import is_waiting, workspace_folder

_ASK_SECONDS = 0.3
"""Between looks whether the film is to be stopped."""


class FilmRun:
    """One attempt at a film.

    Args:
        folder: the studio's folder.
        job: whose photograph is a clip.
        settings: as it is painted with here.
        limits: how much space its frames may take.
    """

    def __init__(self, folder: Folder, job: queue.ClaimedJob, settings: Settings, limits: Limits) -> None:
        assert job.film
        assert job.inputs.photo
        self._folder, self._job, self._settings, self._limits = folder, job, settings, limits
        self._order, self._clip = job.film, folder.picture(job.inputs.photo.id)
        self._output = folder.film(job.id, f".{job.film.format}")
        self._previews = PreviewWriter(folder, job)
        self._asked = 0.0
        self._action: queue.Action | None = None
        self._whole_seconds: float | None = None

    def run(self) -> None:
        """Paint what is not painted yet, write the film, and record its end.

        Raises:
            StorageError: a file cannot be written, which is not the job's fault.
            ImpastoError: the film cannot be painted; what is painted is kept.
        """
        try:
            plan = plan_film(self._request())
            if not self._is_done():
                quota.check(self._folder, self._limits, self._frames_left(plan) * frame_bytes(plan.size))
                self._paint(plan)
            if self._action or not self._is_done():
                queue.mark_cancelled(self._folder, self._job.id)
            else:
                self._finish(plan)
        except StorageError:
            raise
        except ImpastoError as error:
            raise ImpastoError(*(self._with_names(text) for text in error.words_for(PAGE))) from None

    def _request(self) -> FilmRequest:
        part = frames_between(open_clip(self._clip).info.times, self._order)
        return FilmRequest(
            clip=str(self._clip),
            paintings=tuple(str(self._folder.picture(it.id)) for it in self._job.inputs.paintings),
            output=str(self._output),
            settings=self._settings,
            frames=f"{part.start}:{part.stop}",
            every=None if self._order.preview else self._order.every,
            preview=self._order.preview,
            overwrite=True,
            discard_frames=True,  # frames of another version or device cannot be gone on with
        )

    def _frames_left(self, plan: FilmPlan) -> int:
        painted = sum(1 for _ in workspace_folder(self._output).glob("*.png"))
        return max(0, len(plan.numbers) - painted)

    def _is_done(self) -> bool:
        """Whether the film is in its place, by this attempt or by one that was killed before it could say so."""
        return self._output.exists() and not is_waiting(self._output)

    def _paint(self, plan: FilmPlan) -> None:
        for event in render(plan, stop=self._is_stopped):
            self._on_event(event)

    def _is_stopped(self) -> bool:
        if self._action is None and time.monotonic() - self._asked >= _ASK_SECONDS:
            self._action = queue.requested_action(self._folder, self._job.id)
            self._asked = time.monotonic()
        return self._action is not None

    def _on_event(self, event: FilmEvent) -> None:
        match event:
            case FilmStarted():
                self._record(event.done, event.frames, None)
            case FramePainted():
                self._record(event.done, event.frames, event.remaining)
                if self._previews.is_due():
                    self._previews.write(images.read(event.path))
            case FilmFinished():
                # A preview chooses its own few frames, and tells the time of all of them.
                self._whole_seconds = event.whole_seconds and event.whole_seconds / self._order.every

    def _record(self, painted: int, frames: int, remaining: float | None) -> None:
        known = remaining if remaining is not None and math.isfinite(remaining) else None
        queue.record_frames(self._folder, self._job.id, painted=painted, frames=frames, remaining=known)

    def _finish(self, plan: FilmPlan) -> None:
        """Write the pictures that stand for the film first and the row last: it never names a missing file."""
        frame = representative_frame(open_clip(self._output))
        write_webp(self._folder.result_thumbnail(self._job.id), frame, THUMBNAIL_SIDE)
        write_webp(self._folder.poster(self._job.id), frame, PREVIEW_SIDE)
        queue.finish(self._folder, self._job.id, plan.size, whole_seconds=self._whole_seconds)

    def _with_names(self, text: str) -> str:
        """Call files by the names that their owner knows, not by ours."""
        for upload in self._job.inputs.all:
            text = text.replace(str(self._folder.picture(upload.id)), upload.name)
        return text.replace(str(self._output), "the film")


def frames_between(times: Sequence[Fraction], order: FilmOrder) -> range:
    """Give the frames of a part of a clip, at least one: from the one shown at its start to those before its end."""
    first = max(0, bisect.bisect_right(times, Fraction(order.start)) - 1)
    stop = len(times) if order.end is None else bisect.bisect_left(times, Fraction(order.end))
    return range(first, max(first + 1, stop))
