"""Events as lines of JSON on stdout, for programs that run the command."""

from pathlib import Path
from typing import Any

from impasto.cli import terminal
from impasto.cli.display.base import NullDisplay
from impasto.engine.events import Event, Finished, Preview, Restart, Started, Step
from impasto.storage.names import json_fields


class JsonLines(NullDisplay):
    """One object a line, written at once; no step is left out."""

    def on_event(self, event: Event, path: Path | None) -> None:
        match event:
            case Started():
                self.plan(event)
            case Step() | Restart():
                self._write(type(event).__name__.lower(), vars(event))
            case Preview() if path is not None:
                self._write("preview", _preview_fields(event, path))

    def plan(self, event: Started) -> None:
        self._write("started", _started_fields(event))

    def finish(self, event: Finished, path: Path | None) -> None:
        figures = {"loss": event.loss, "terms": event.terms, "elapsed": event.elapsed, "stopped": event.stopped}
        self._write("finished", {**json_fields(path), **figures, "settings": event.settings.model_dump(mode="json")})

    def _write(self, name: str, fields: dict[str, Any]) -> None:
        terminal.print_json({"event": name, **fields})


def _started_fields(event: Started) -> dict[str, Any]:
    return {
        **vars(event),
        "settings": event.settings.model_dump(mode="json"),
        "estimate": vars(event.estimate),
        "resumed": vars(event.resumed) if event.resumed else None,
    }


def _preview_fields(event: Preview, path: Path) -> dict[str, Any]:
    return {**json_fields(path), **{key: value for key, value in vars(event).items() if key != "picture"}}
