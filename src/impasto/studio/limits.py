"""All limits of the studio, each stated once; docs/studio.md lists them."""

from dataclasses import dataclass, field
from typing import Any


def _limit(default: Any, meaning: str, unit: str = "") -> Any:
    return field(default=default, metadata={"meaning": meaning, "unit": unit})


@dataclass(frozen=True)
class Limits:
    """Bounds on what a studio takes from its clients and gives to them, in bytes, seconds and numbers of things."""

    upload_bytes: int = _limit(100_000_000, "size of an uploaded file", "bytes")
    pixels: int = _limit(100_000_000, "width times height of an uploaded picture")
    uploads: int = _limit(4, "uploads at the same time")
    upload_seconds: float = _limit(120.0, "duration of an upload", "s")
    inspection_seconds: float = _limit(60.0, "time to decode a picture, or to convert a result", "s")
    folder_bytes: int = _limit(10_000_000_000, "size of the studio's folder (`--quota`)", "bytes")
    free_bytes: int = _limit(100_000_000, "free space that the disk must have for another picture", "bytes")
    queued_jobs: int = _limit(500, "jobs in the queue")
    paintings: int = _limit(16, "paintings of a job")
    crashes: int = _limit(5, "crashes of the worker after which a job fails")
    connections: int = _limit(512, "open connections; fewer where the system allows few open files")
    header_seconds: float = _limit(10.0, "time for the headers of a request to arrive", "s")
    body_bytes: int = _limit(1_000_000, "size of a request other than an upload", "bytes")
    body_seconds: float = _limit(10.0, "time for the body of a request other than an upload to arrive", "s")
    stall_seconds: float = _limit(20.0, "time that a client may read nothing of an answer", "s")
    streams: int = _limit(100, "open event streams")
    event_bytes: int = _limit(100_000, "size of an event of a stream; more is told by further events", "bytes")
    threads: int = _limit(16, "threads that answer requests")
    conversions: int = _limit(2, "results converted to another format at the same time")
    waiting: int = _limit(8, "conversions, and pictures that the studio adds itself, that wait for their turn")
