"""Which settings change a picture: what the identity of a result and that of a run's checkpoint have in common."""

from typing import Any

from impasto.settings import INIT_IMAGES, MACHINE_SETTINGS, Settings
from impasto.storage.names import is_path

_WITHOUT_EFFECT = MACHINE_SETTINGS | {"recipe", "save_every"}
"""A recipe's values change a picture, not its name; where a picture is computed changes it by rounding alone."""


def effective_values(settings: Settings) -> dict[str, Any]:
    """Give the settings that change a picture, as JSON has them, without those that name a file: see `named_files`."""
    files = named_files(settings)
    values = settings.model_dump(mode="json")
    return {name: value for name, value in values.items() if name not in _WITHOUT_EFFECT and name not in files}


def named_files(settings: Settings) -> dict[str, list[str]]:
    """Give the files that settings name and whose contents change a picture, by setting."""
    named = {
        "mask": list(settings.mask),
        "keep_mask": [settings.keep_mask] if settings.keep_mask else [],
        "init": [] if settings.init in INIT_IMAGES else [settings.init],
        "network": [settings.network] if is_path(settings.network) else [],
    }
    return {name: paths for name, paths in named.items() if paths}
