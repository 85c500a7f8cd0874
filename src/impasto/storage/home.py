"""The folder of the user's own files."""

import os
from pathlib import Path

import platformdirs

HOME_VARIABLE = "IMPASTO_HOME"


def home() -> Path:
    """Return the folder for fetched weights and saved recipes: `IMPASTO_HOME`, or the platform's data folder."""
    chosen = os.environ.get(HOME_VARIABLE)
    return Path(chosen).expanduser() if chosen else platformdirs.user_data_path("impasto", appauthor=False)
