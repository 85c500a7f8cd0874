"""Intermediate pictures: one file for each preview, and a table of their losses."""

import csv
import io
from dataclasses import replace
from pathlib import Path

from impasto import images
from impasto.engine.events import Event, Preview, Step
from impasto.storage.atomic import make_folder, replace_file

TABLE = "losses.csv"


class StepWriter:
    """Saves each preview but the start as `0020.png` (iterations since the run began), and `losses.csv` beside them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._last: Step | None = None
        self._rows: dict[int, dict[str, object]] = {}

    def on_event(self, event: Event) -> Path | None:
        """Save the picture of a preview, and record the losses of a step; returns the path of a picture that was saved.

        Raises:
            OutputError: the folder cannot be made.
            StorageError: a write failed half-way.
        """
        if isinstance(event, Step):
            self._last = event
        if isinstance(event, Preview) and event.total_iterations > 0:
            return self._save(event)
        return None

    def _save(self, preview: Preview) -> Path:
        make_folder(self._folder, elsewhere="Choose another --save-dir.")
        path = self._folder / f"{preview.total_iterations:04d}.png"
        images.save(replace(preview.picture, exif=None), path, overwrite=True)
        self._rows[preview.total_iterations] = self._row(preview, path)
        self._write_table()
        return path

    def _row(self, preview: Preview, path: Path) -> dict[str, object]:
        terms = self._last.terms if self._last else {}
        row = {"file": path.name, "iteration": preview.total_iterations, "scale": preview.scale}
        return {**row, "seconds": round(preview.elapsed, 3), "loss": preview.loss, **terms}

    def _write_table(self) -> None:
        rows = list(self._rows.values())
        columns = dict.fromkeys(column for row in rows for column in row)
        text = io.StringIO()
        table = csv.DictWriter(text, fieldnames=list(columns), lineterminator="\n")
        table.writeheader()
        table.writerows(rows)
        replace_file(self._folder / TABLE, text.getvalue().encode())
