"""Write web/openapi.json, from which the page's types are generated: `python scripts/studio_openapi.py`."""

import json
import tempfile
from pathlib import Path

from impasto.studio.server.app import create_app
from impasto.studio.store.folder import Folder

TARGET = Path(__file__).resolve().parent.parent / "web" / "openapi.json"


def text() -> str:
    """Return the OpenAPI as JSON."""
    with tempfile.TemporaryDirectory() as folder:
        return json.dumps(create_app(Folder(Path(folder)), devices=()).openapi(), indent=2) + "\n"


if __name__ == "__main__":
    TARGET.write_text(text(), encoding="utf-8")
    print(TARGET)
