"""Write web/openapi.json, which the page's types are made of: `python scripts/studio_openapi.py`."""

import json
import tempfile
from pathlib import Path

from impasto.studio.app import create_app
from impasto.studio.folder import Folder

TARGET = Path(__file__).resolve().parent.parent / "web" / "openapi.json"


def text() -> str:
    """The OpenAPI as JSON."""
    with tempfile.TemporaryDirectory() as folder:
        return json.dumps(create_app(Folder(Path(folder)), devices=()).openapi(), indent=2) + "\n"


if __name__ == "__main__":
    TARGET.write_text(text(), encoding="utf-8")
    print(TARGET)
