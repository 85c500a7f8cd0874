"""How a film is shown while it is painted: a bar on a terminal, plain lines elsewhere, lines of JSON, or nothing."""

import sys
import time
from typing import Any, Protocol, Self

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn

from impasto.cli.terminal import print_json, print_result, print_status, status_stream
from impasto.engine.progress import format_seconds
from impasto.errors import count_noun
from impasto.storage.names import json_fields, to_text
from impasto.video.events import (
    ClipScanned,
    FilmEvent,
    FilmFinished,
    FilmStarted,
    FilmStopped,
    FrameEncoded,
    FramePainted,
    ShotRetried,
    ShotStarted,
)
from impasto.wording import COMMAND

_LINE_SECONDS = 10.0
"""Between plain lines."""
_FEW_SECONDS = 10


class VideoDisplay(Protocol):
    """Shows a film; entered before the first event and left after the last."""

    def __enter__(self) -> Self: ...

    def __exit__(self, *_: object) -> None: ...

    def on_event(self, event: FilmEvent) -> None:
        """Show an event."""


def choose_video_display(clip: str, *, json: bool, quiet: bool) -> VideoDisplay:
    """Choose what the user asked for and the terminal can show."""
    if json:
        return VideoJsonLines()
    if quiet:
        return VideoErrors()
    return VideoBar(clip) if sys.stderr.isatty() else VideoLines(clip)


class VideoErrors:
    """Shows nothing but what is not as it was asked for: what is wrong with the clip, lost workers, an early end."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def on_event(self, event: FilmEvent) -> None:
        for line in _problem_lines(event):
            print_status(line)


class VideoJsonLines(VideoErrors):
    """One object a line, written at once."""

    def on_event(self, event: FilmEvent) -> None:
        fields = dict(vars(event))
        match event:
            case FilmStarted():
                fields |= {**json_fields(event.output), "folder": str(event.folder)}
                del fields["output"]
            case FramePainted():
                fields |= json_fields(event.path)
            case ShotRetried():
                fields["error"] = event.error.message_for(COMMAND)
            case FilmStopped():
                fields["folder"] = str(event.folder)
            case FilmFinished():
                fields |= json_fields(event.output)
                del fields["output"]
        print_json({"event": _KINDS[type(event)], **fields})


_KINDS: dict[type[Any], str] = {
    ClipScanned: "scanned",
    FilmStarted: "started",
    ShotStarted: "shot_started",
    FramePainted: "frame",
    ShotRetried: "shot_retried",
    FrameEncoded: "encoded",
    FilmStopped: "stopped",
    FilmFinished: "finished",
}


class VideoLines(VideoErrors):
    """A plain line now and then."""

    def __init__(self, clip: str) -> None:
        self._clip = clip
        self._said = self._started = time.monotonic()
        self._painted = 0

    def on_event(self, event: FilmEvent) -> None:
        line = self._line(event)
        if line:
            print_status(line)
        _print_film(event)

    def _line(self, event: FilmEvent) -> str:
        line = ""
        match event:
            case ClipScanned():
                line = self._now_and_then(_scanned_text(event))
            case FilmStarted():
                self._started = time.monotonic()
                line = _started_line(event, self._clip)
            case FramePainted():
                self._painted += 1
                line = self._now_and_then(f"{_painted_text(event)}: {self._pace(event)}", last=_is_last(event))
            case FrameEncoded():
                line = self._now_and_then(_encoded_text(event))
            case ShotRetried():
                line = _retried_line(event)
            case FilmStopped():
                line = _stopped_line(event)
            case FilmFinished():
                line = _finished_line(event)
        return line

    def _now_and_then(self, line: str, *, last: bool = False) -> str:
        if time.monotonic() - self._said < _LINE_SECONDS and not last:
            return ""
        self._said = time.monotonic()
        return line

    def _pace(self, event: FramePainted) -> str:
        each = (time.monotonic() - self._started) / self._painted
        return f"{each:.2g} s a frame, {_round_seconds(event.remaining)} left"


class VideoBar(VideoLines):
    """A bar for all frames."""

    def __init__(self, clip: str) -> None:
        super().__init__(clip)
        self._progress = Progress(
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=None),
            TextColumn("{task.fields[note]}", markup=False),
            console=Console(file=status_stream(), highlight=False),
            expand=True,
        )
        self._task: TaskID | None = None

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._remove()
        self._progress.stop()

    def on_event(self, event: FilmEvent) -> None:
        line = self._line(event)
        if line:
            self._progress.console.print(line, markup=False, highlight=False, soft_wrap=True)
        match event:
            case ClipScanned():
                self._show(event.done, event.frames, _scanned_text(event), "")
            case FilmStarted():
                self._show(event.done, event.frames, "starting", "")
            case FramePainted():
                self._show(event.done, event.frames, _painted_text(event), self._pace(event))
            case FrameEncoded():
                self._show(event.done, event.frames, _encoded_text(event), "")
            case FilmStopped() | FilmFinished():
                self.__exit__()
                _print_film(event)

    def _now_and_then(self, line: str, *, last: bool = False) -> str:  # noqa: ARG002 - the bar shows it at once
        return ""

    def _show(self, done: int, frames: int, text: str, note: str) -> None:
        if self._task is None:
            self._task = self._progress.add_task(text, total=max(1, frames), note=note)
        self._progress.update(self._task, completed=done, total=max(1, frames), description=text, note=note)

    def _remove(self) -> None:
        if self._task is not None:
            self._progress.remove_task(self._task)
            self._task = None


def _started_line(event: FilmStarted, clip: str) -> str:
    size = f"{event.size[0]} x {event.size[1]} px"
    shots = count_noun(event.shots, "shot")
    most = "" if event.cluster is None else " at most"
    where = "" if event.cluster is None else f" on the cluster {to_text(event.cluster)}"
    at_once = f", {event.workers} at once{most}" if event.workers > 1 else ""
    machine = f"{count_noun(event.threads, 'thread')}{' each' if event.workers > 1 else ''}"
    resumed = f"; resuming after {count_noun(event.done, 'frame')}" if event.done else ""
    problems = "".join(f"; {it}" for it in (event.problem, *event.notices) if it)
    frames = count_noun(event.frames, "frame")
    return f"{to_text(clip)}: {frames} of {size} in {shots}{where}{at_once} ({machine}){resumed}{problems}"


def _problem_lines(event: FilmEvent) -> list[str]:
    """Give what is said even where nothing else is."""
    match event:
        case FilmStarted():
            return [f"note: {it}" for it in (event.problem, *event.notices) if it]
        case ShotRetried():
            return [_retried_line(event)]
        case FilmStopped():
            return [_stopped_line(event)]
        case FilmFinished():
            return [f"note: {it}" for it in event.notices]
        case _:
            return []


def _scanned_text(event: ClipScanned) -> str:
    return f"looking for cuts: frame {event.done} of {event.frames}"


def _painted_text(event: FramePainted) -> str:
    return f"frame {event.done} of {event.frames}"


def _is_last(event: FramePainted) -> bool:
    return event.done == event.frames


def _encoded_text(event: FrameEncoded) -> str:
    return f"writing {event.done} of {event.frames}"


def _retried_line(event: ShotRetried) -> str:
    return f"shot {event.shot} is resumed by another worker: {event.error.message_for(COMMAND)}"


def _stopped_line(event: FilmStopped) -> str:
    if not event.done:
        return "stopped: nothing is painted yet"
    painted = f"{event.done} of {count_noun(event.frames, 'frame')} are painted and kept"
    return f"stopped: {painted}; run the same command again to resume"


def _finished_line(event: FilmFinished) -> str:
    notices = "".join(f"; {notice.rstrip('.')}" for notice in event.notices)
    whole = ""
    if event.whole_seconds is not None:
        whole = f"; the whole clip takes about {_round_seconds(event.whole_seconds)}"
    return f"finished: {count_noun(event.frames, 'frame')}, {_round_seconds(event.seconds)}{whole}{notices}"


def _print_film(event: FilmEvent) -> None:
    if isinstance(event, FilmFinished):
        print_result(str(event.output))


def _round_seconds(seconds: float) -> str:
    return format_seconds(seconds if seconds < _FEW_SECONDS else round(seconds))
