"""Names of files as text: for messages, metadata and JSON."""

import re
from pathlib import Path
from typing import Any
from urllib.parse import quote_from_bytes

MANIFEST = "manifest.jsonl"
"""Of the results of many jobs: what each was made of, and how, one line of JSON a picture."""
_NO_TEXT = re.compile("[\ud800-\udfff]")
"""What Python puts for a byte of a name that is no UTF-8; no encoding holds it."""
_SEPARATORS = re.compile(r"[/\\]")


def to_text(name: str) -> str:
    """Replace what is not text, bytes of a name in another encoding, by U+FFFD."""
    return _NO_TEXT.sub("\N{REPLACEMENT CHARACTER}", name)


def base_name(path: str) -> str:
    """Give a path's last part, whatever system's separators it has, as text."""
    return to_text(_SEPARATORS.split(path.rstrip("/\\"))[-1])


def is_path(name: str) -> bool:
    """Whether a name is that of a file, by a dot or any system's separator, and not of what Impasto keeps by name."""
    return "." in name or _SEPARATORS.search(name) is not None


def json_fields(path: Path | None) -> dict[str, Any]:
    """Give a path for a line of JSON: `path`, and where that is not all text `path_uri`, a file URI with its bytes."""
    if path is None:
        return {"path": None}
    name = str(path)
    if _NO_TEXT.search(name) is None:
        return {"path": name}
    return {"path": to_text(name), "path_uri": f"file://{quote_from_bytes(bytes(path.absolute()))}"}
