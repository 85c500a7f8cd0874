"""All limits of the studio, each stated once; docs/studio.md lists them."""

import json
from dataclasses import asdict, dataclass, field
from typing import Any, Self


def _limit(default: Any, meaning: str, unit: str = "") -> Any:
    return field(default=default, metadata={"meaning": meaning, "unit": unit})


_BYTES_OF_PIXEL = 2.4
"""That a painted frame takes on disk, about, until its film is whole: brushwork does not compress well."""


def frame_bytes(size: tuple[int, int]) -> float:
    """Estimate what a painted frame of a film takes on disk."""
    return size[0] * size[1] * _BYTES_OF_PIXEL


@dataclass(frozen=True)
class Limits:
    """Bounds on what a studio takes from its clients and gives to them, in bytes, seconds and numbers of things."""

    upload_bytes: int = _limit(100_000_000, "size of an uploaded file", "bytes")
    pixels: int = _limit(100_000_000, "width times height of an uploaded picture")
    clip_bytes: int = _limit(1_000_000_000, "size of an uploaded film", "bytes")
    clip_seconds: float = _limit(1800.0, "length of an uploaded film or animation", "s")
    film_frames: int = _limit(20_000, "frames of a painted film")
    uploads: int = _limit(4, "uploads at the same time")
    upload_seconds: float = _limit(120.0, "duration of an upload", "s")
    clip_upload_seconds: float = _limit(900.0, "duration of the upload of a film", "s")
    inspection_seconds: float = _limit(60.0, "time to decode a picture, to convert a result, or to find regions", "s")
    process_memory_bytes: int = _limit(
        6 * 2**30, "memory of a process that decodes, converts or searches a picture", "bytes"
    )
    process_cpu_seconds: int = _limit(60, "computing time of such a process", "s")
    folder_bytes: int = _limit(10_000_000_000, "size of the studio's folder (`--quota`)", "bytes")
    free_bytes: int = _limit(100_000_000, "free space that the disk must have for another picture", "bytes")
    queued_jobs: int = _limit(500, "jobs in the queue")
    paintings: int = _limit(16, "paintings of a job")
    batch_photos: int = _limit(500, "photographs of a batch")
    sheet_cells: int = _limit(25, "cells of a sheet")
    edited_jobs: int = _limit(500, "jobs that are deleted, changed or downloaded at once")
    name_length: int = _limit(80, "letters in the name of a batch, an album or a look, and in a search")
    recipe_bytes: int = _limit(20_000, "size of the file of a look that is imported", "bytes")
    recipes: int = _limit(200, "looks of one's own")
    description_length: int = _limit(200, "letters in the description of a look")
    undo_seconds: float = _limit(600.0, "time in which a deletion can be undone", "s")
    result_side: int = _limit(4096, "width and height of a result", "pixels")
    memory: str = _limit("auto", "memory that a picture may take (`--memory`); one that needs more is painted in tiles")
    crashes: int = _limit(5, "crashes of the worker after which a job fails")
    write_failures: int = _limit(10, "failures to write the files of a job after which it fails")
    connections: int = _limit(512, "open connections; fewer where the system allows few open files")
    header_seconds: float = _limit(10.0, "time for the headers of a request to arrive", "s")
    body_bytes: int = _limit(1_000_000, "size of a request other than an upload", "bytes")
    body_seconds: float = _limit(10.0, "time for the body of a request other than an upload to arrive", "s")
    stall_seconds: float = _limit(30.0, "time that a client may read nothing of an answer", "s")
    streams: int = _limit(100, "open event streams")
    event_bytes: int = _limit(100_000, "size of an event of a stream; more is told by further events", "bytes")
    threads: int = _limit(16, "threads that answer requests")
    conversions: int = _limit(2, "results converted to another format at the same time")
    waiting: int = _limit(
        8, "conversions, searches, and pictures that the studio adds itself, that wait for their turn"
    )

    def to_argument(self) -> str:
        """Write the limits that are not the usual, for another process of this studio."""
        usual = asdict(Limits())
        return json.dumps({name: value for name, value in asdict(self).items() if value != usual[name]})

    @classmethod
    def from_argument(cls, text: str) -> Self:
        """Read what `to_argument` wrote."""
        return cls(**json.loads(text))
