"""What is saved of settings as a recipe of the user's own."""

from collections.abc import Collection
from typing import Any

from impasto.settings import MACHINE_SETTINGS, Settings

_OF_ONE_RUN = MACHINE_SETTINGS | {"seed", "mask", "keep_mask"}
"""Saved only if they are given."""


def recipe_keys(settings: Settings, given: Collection[str], description: str) -> dict[str, Any]:
    """Give the keys of a recipe that holds some settings, for `recipes.save`.

    All are stated, so that the recipe stays the same when the one that it is based on changes.

    Args:
        settings: all of them.
        given: the names of those that were given, rather than left to the recipe they are based on.
        description: one line.
    """
    values = settings.model_dump(mode="json", exclude={"recipe"})
    return {"description": description} | {
        name: value for name, value in values.items() if name in given or name not in _OF_ONE_RUN
    }
