"""The settings as the page offers them; everything is read off `Settings`, nothing is said again."""

import re
from collections.abc import Mapping
from typing import Any, Literal

from impasto import weights
from impasto.errors import ImpastoError, SettingsError
from impasto.settings import DEFAULT_RECIPE, INIT_IMAGES, Settings, recipes
from impasto.studio.schemas import Knob, RecipeOut

SHOWN = ("strength", "style_scale", "color", "size")
"""In sight, in this order."""
_LABELS = {"style_scale": "Brush size", "color": "Colors", "tv_weight": "Smoothness"}
_NAMES_FILES = frozenset({"mask", "keep_mask"})
_OF_THE_MACHINE = frozenset({"device", "threads", "save_every"})
_NOT_OFFERED = _NAMES_FILES | _OF_THE_MACHINE | {"recipe"}
_LARGEST_SIZE = 4096

Kind = Literal["number", "integer", "boolean", "choice", "text", "layers", "numbers"]


def knobs() -> list[Knob]:
    """Every setting that the page offers: those in sight first."""
    names = [*SHOWN, *(name for name in Settings.model_fields if name not in (*SHOWN, *_NOT_OFFERED))]
    defaults, properties = Settings().model_dump(mode="json"), Settings.model_json_schema()["properties"]
    return [_knob(name, properties[name], defaults[name]) for name in names]


def layers() -> list[str]:
    """Every layer of a network, by the name that settings use."""
    convolutions = {name for network in weights.ARCHITECTURES.values() for name, *_ in network.layers()}
    return sorted(convolutions | {name.replace("conv", "relu") for name in convolutions})


def recipe_list(cards: Mapping[str, str]) -> list[RecipeOut]:
    """The recipes in their order, then the user's own; `cards` are addresses of their pictures."""
    ordered = [*recipes.shipped(), *recipes.saved()]
    return [recipe for name in ordered if (recipe := _recipe(name, cards.get(name)))]


def settings_of(values: Mapping[str, Any]) -> Settings:
    """Settings that came over the network: nothing in them names a file.

    Raises:
        SettingsError: one does, or is out of its range.
    """
    if unknown := sorted(values.keys() - Settings.model_fields.keys()):
        raise SettingsError(f"there is no setting {unknown[0]!r}", "Ask /api/about for those that there are.")
    recipe = values.get("recipe", DEFAULT_RECIPE)
    if not isinstance(recipe, str) or recipe not in {*recipes.shipped(), *recipes.saved()}:
        raise SettingsError(f"there is no recipe {recipe!r}", "Choose one of the cards.")
    settings = Settings(**values)
    for name, value in settings.model_dump().items():
        if refusal := _refusal(name, value):
            raise refusal
    largest = settings.size or max(int(number) for number in re.findall(r"\d+", settings.size_rule))
    if largest > _LARGEST_SIZE:
        raise SettingsError(f"a size of {largest} is too large for the studio", f"Choose at most {_LARGEST_SIZE}.")
    return settings


def usable(values: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Of the settings that a picture states, those that the studio has a place for; and the names of the others.

    What decides how and not what is painted is in neither.
    """
    stated = {name: value for name, value in values.items() if name not in _OF_THE_MACHINE}
    left_out = [name for name, value in stated.items() if not _is_usable(name, value)]
    return {name: value for name, value in stated.items() if name not in left_out}, left_out


def _is_usable(name: str, value: Any) -> bool:
    try:
        settings_of({name: value})
    except SettingsError:
        return False
    return True


def _refusal(name: str, value: Any) -> SettingsError | None:
    """Why the studio cannot use a setting's value that the command can."""
    if name in _OF_THE_MACHINE and value != Settings.model_fields[name].default:
        return SettingsError(f"{name} is not for a picture to choose", "Choose it when you start the studio.")
    if name in _NAMES_FILES and value:
        return SettingsError(f"the studio cannot use {name}", "Use the command for that: `impasto --help`.")
    if name == "init" and value not in INIT_IMAGES:
        return SettingsError(f"the studio cannot start from {value!r}", f"Choose one of {', '.join(INIT_IMAGES)}.")
    if name == "network" and value not in (there := _networks()):
        return SettingsError(f"there is no network {value!r} on this machine", f"Choose one of {', '.join(there)}.")
    return None


def _networks() -> list[str]:
    """Those that are on this machine."""
    return [status.name for status in weights.available() if status.path]


def _knob(name: str, schema: Mapping[str, Any], default: Any) -> Knob:
    value = next((part for part in schema.get("anyOf", ()) if part["type"] != "null"), schema)
    choices = _choices(name, value)
    low, high = _bound(value, "minimum"), _bound(value, "maximum")
    return Knob(
        name=name,
        label=_LABELS.get(name, name.replace("_", " ").capitalize()),
        group=str(schema["group"]),
        help=str(schema["description"]),
        unit=str(schema["unit"]),
        kind=_kind(value, choices),
        default=default,
        choices=choices,
        minimum=low[0],
        maximum=_LARGEST_SIZE if name == "size" else high[0],
        above=low[1],
        below=high[1],
        nullable="anyOf" in schema,
        shown=name in SHOWN,
    )


def _choices(name: str, schema: Mapping[str, Any]) -> list[str]:
    if name == "network":
        return _networks()
    return [str(choice) for choice in (INIT_IMAGES if name == "init" else schema.get("enum", ()))]


def _bound(schema: Mapping[str, Any], name: str) -> tuple[float | None, bool]:
    """A limit, and whether it is itself out of range."""
    exclusive = "exclusive" + name.capitalize()
    return (schema[exclusive], True) if exclusive in schema else (schema.get(name), False)


def _kind(schema: Mapping[str, Any], choices: list[str]) -> Kind:
    if choices:
        return "choice"
    if schema["type"] == "object":
        return "layers"
    if schema["type"] == "array":
        return "numbers"
    kinds: dict[str, Kind] = {"number": "number", "integer": "integer", "boolean": "boolean", "string": "text"}
    return kinds[schema["type"]]


def _recipe(name: str, card: str | None) -> RecipeOut | None:
    try:
        settings = Settings(recipe=name)
    except ImpastoError:  # one of the user's own that is out of date: the command says what is wrong with it
        return None
    return RecipeOut(
        name=name,
        description=str(recipes.read(name).get("description", "")),
        card=card,
        values=settings.model_dump(mode="json"),
        needs_photo=settings.has_content,
        needs_painting=settings.has_style,
    )
