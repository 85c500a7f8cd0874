"""The folders of the user's own files, and of what is only kept to save time."""

import os
from pathlib import Path

import platformdirs

HOME_VARIABLE = "IMPASTO_HOME"


def home() -> Path:
    """Return the folder for fetched weights and saved recipes: `IMPASTO_HOME`, or the platform's data folder."""
    chosen = os.environ.get(HOME_VARIABLE)
    return Path(chosen).expanduser() if chosen else platformdirs.user_data_path("impasto", appauthor=False)


def cache() -> Path:
    """Return the folder for what may be deleted: `cache` in `IMPASTO_HOME`, or the platform's cache folder."""
    chosen = os.environ.get(HOME_VARIABLE)
    return Path(chosen).expanduser() / "cache" if chosen else platformdirs.user_cache_path("impasto", appauthor=False)
