"""The settings as the page offers them, derived from `Settings`."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

from impasto import weights
from impasto.engine import sizing
from impasto.engine.memory import check_memory
from impasto.errors import ImpastoError, SettingsError
from impasto.settings import (
    AUTO_NETWORK,
    DEFAULT_RECIPE,
    FORMER_NAMES,
    INIT_IMAGES,
    LARGEST_NUMBER,
    MACHINE_SETTINGS,
    Settings,
    recipes,
    with_present_names,
)
from impasto.settings.relevance import RELEVANCE, Requirement
from impasto.sizing import Size
from impasto.studio.limits import Limits
from impasto.studio.schemas import Condition, Control, RecipeOut
from impasto.wording import argument, option_name, render, with_titles

PRIMARY = ("strength", "style_scale", "color", "size")
"""Always visible, in this order."""
LOOK = (
    *("faces", "fill", "detail", "style_detail", "tv_weight"),
    *("style_blend", "style_crop", "style_fit", "init", "iterations", "seed"),
)
"""What painters understand, in this order; all other settings are the laboratory's."""
_LABELS = {"style_scale": "Brush size", "color": "Colors", "tv_weight": "Smoothness", "init": "Start from"}
_HELP = {
    "tv_weight": "Higher smooths grain, and fine strokes with it.",
    "detail": "How much fine detail of the photograph comes back from scale to scale.",
    "style_detail": "How much of the paintings' own brushwork is copied in.",
    "init": "What painting starts from: the photograph, the photograph in the painting's colors (palette), or noise.",
    "iterations": "Steps at the first scale: more takes longer and is more finished.",
    "seed": "Another number lays the strokes elsewhere, where the start has some noise.",
}
"""What the page says of some settings, in painters' words; of all others it says what the command says."""
PAGE = with_titles({**_LABELS, "device": option_name("device")})
"""Readers of the page, in messages; the device is an option of the command that starts the studio."""
_FILE_SETTINGS = frozenset({"mask", "keep_mask"})
_MACHINE_SETTINGS = MACHINE_SETTINGS | {"save_every"}
_HIDDEN = _FILE_SETTINGS | _MACHINE_SETTINGS | {"recipe"}

Kind = Literal["number", "integer", "boolean", "choice", "text", "layers", "numbers"]


def controls(limits: Limits) -> list[Control]:
    """List every setting that the page offers: the always visible ones, those of the look, and the others."""
    first = (*PRIMARY, *LOOK)
    names = [*first, *(name for name in Settings.model_fields if name not in (*first, *_HIDDEN))]
    defaults, properties = Settings().model_dump(mode="json"), Settings.model_json_schema()["properties"]
    return [_control(name, properties[name], defaults[name], limits) for name in names]


def layers() -> list[str]:
    """List every layer of a network, by the name that settings use."""
    layers = {layer for network in weights.ARCHITECTURES.values() for layer in network.layers()}
    return sorted(str(kind) for layer in layers for kind in (layer.conv, layer.relu))


def recipe_list(thumbnails: Mapping[str, str]) -> list[RecipeOut]:
    """List the shipped recipes in their order, then the user's own; `thumbnails` are URLs by recipe name."""
    ordered = [*recipes.shipped(), *recipes.saved()]
    return [recipe for name in ordered if (recipe := recipe_out(name, thumbnails.get(name)))]


def recipe_out(name: str, thumbnail: str | None) -> RecipeOut | None:
    """Describe a recipe; None for one that cannot be used."""
    try:
        settings = _without_own(Settings(recipe=name))
    except ImpastoError:  # an outdated recipe of the user's: the command names its error
        return None
    return RecipeOut(
        name=name,
        description=str(recipes.read(name).get("description", "")),
        thumbnail=thumbnail,
        own=name not in recipes.shipped(),
        values=settings.model_dump(mode="json"),
        needs_photo=settings.has_content,
        needs_painting=settings.has_style,
    )


def settings_of(values: Mapping[str, Any], limits: Limits) -> Settings:
    """Validate settings received over the network, which may not name files.

    Raises:
        SettingsError: one names a file, does not exist, or is out of its range.
    """
    values = with_present_names(values)
    if unknown := sorted(values.keys() - Settings.model_fields.keys()):
        raise SettingsError(f"there is no setting {unknown[0]!r}", "Choose the settings again.")
    recipe = values.get("recipe", DEFAULT_RECIPE)
    # All settings of a look that was renamed or deleted since are stated by the jobs that were painted with it.
    is_stated = isinstance(recipe, str) and recipes.is_name(recipe) and Settings.model_fields.keys() <= values.keys()
    if not is_stated and recipe not in [*recipes.shipped(), *recipes.saved()]:
        raise SettingsError(f"there is no recipe {recipe!r}", "Choose a recipe on the page.")
    settings = Settings(**values)
    if isinstance(settings.size, str) and "size" in values:
        raise SettingsError(f"the studio cannot use a size of '{settings.size}'", "Choose a number of pixels.")
    for name in sorted(_MACHINE_SETTINGS & values.keys()):
        if getattr(settings, name) != Settings.model_fields[name].default:
            raise SettingsError(f"{name} cannot be set for a single picture", "Set it when you start the studio.")
    settings = _without_own(settings)
    for name, value in settings.model_dump().items():
        if refusal := _refusal(name, value):
            raise refusal
    pixels = settings.size if isinstance(settings.size, int) else None
    largest = pixels or max(int(number) for number in re.findall(r"\d+", settings.size_rule))
    if largest > limits.result_side:
        hint = f"Choose at most {limits.result_side}."
        raise SettingsError(f"a size of {largest} is too large for the studio", hint)
    return settings


def without_own(values: Mapping[str, Any]) -> dict[str, Any]:
    """Leave out what the file of a recipe may state and the studio decides, as `recipe_list` does."""
    return {
        name: value
        for name, value in with_present_names(values).items()
        if name not in _MACHINE_SETTINGS and not (name == "size" and isinstance(value, str))
    }


def on_this_machine(settings: Settings, limits: Limits) -> Settings:
    """Give settings as they are painted with here: a job states none of the machine."""
    return settings.model_copy(update={"memory": limits.memory})


def check_sizes(
    settings: Settings, content: Size | None, styles: Sequence[Size], limits: Limits, *, masks: int = 0
) -> None:
    """Refuse a job whose result would be too large for the studio, or takes more memory than this machine has.

    Args:
        settings: the job's.
        content: the photograph's own size; None for a texture.
        styles: the paintings' own sizes.
        limits: the studio's.
        masks: how many there are.

    Raises:
        SettingsError: the result would be too large.
        OutOfMemoryError: it, or a painting beside it, takes too much memory.
    """
    subject = content or styles[0]
    width, height = sizing.result_size(settings, subject, may_turn=content is not None)
    if max(width, height) > limits.result_side:
        problem = f"the result would have {width} x {height} pixels, which is too large for the studio"
        raise SettingsError(problem, f"Choose a size of at most {limits.result_side}.")
    load = sizing.memory_load(on_this_machine(settings, limits), content, styles)
    check_memory(replace(load, masks=load.masks + masks))


def supported(values: Mapping[str, Any], limits: Limits) -> tuple[dict[str, Any], list[str]]:
    """Split the settings stored in a picture into those that the studio supports and the names of the others.

    Settings of the machine that made it are in neither. Former names of settings are replaced by the present ones.
    """
    present = {FORMER_NAMES.get(name, name): value for name, value in values.items()}
    relevant = {name: value for name, value in present.items() if name not in _MACHINE_SETTINGS}
    unsupported = [name for name, value in relevant.items() if not _is_supported(name, value, limits)]
    return {name: value for name, value in relevant.items() if name not in unsupported}, unsupported


def _is_supported(name: str, value: Any, limits: Limits) -> bool:
    try:
        settings_of({name: value}, limits)
    except SettingsError:
        return False
    return True


def _without_own(settings: Settings) -> Settings:
    """Leave out what a recipe may set and the studio decides: the machine, and a size by the photograph's own.

    The page shows sizes as numbers: one that is a factor of the photograph's leaves the choice to the size rule.
    """
    own: dict[str, Any] = {name: Settings.model_fields[name].default for name in _MACHINE_SETTINGS}
    return settings.model_copy(update=own | ({"size": None} if isinstance(settings.size, str) else {}))


def _refusal(name: str, value: Any) -> SettingsError | None:
    """Return the error for a value that the command supports and the studio does not; None if it does."""
    if name in _FILE_SETTINGS and value:
        return SettingsError(f"the studio cannot use {name}", "Use the command for that: `impasto --help-all`.")
    if name == "init" and value not in INIT_IMAGES:
        return SettingsError(f"the studio cannot start from {value!r}", f"Choose one of {', '.join(INIT_IMAGES)}.")
    if name == "network" and value not in (there := _networks()):
        return SettingsError(f"there is no network {value!r} on this machine", f"Choose one of {', '.join(there)}.")
    return None


def _networks() -> list[str]:
    """List `auto`, and the networks whose weights are on this machine."""
    return [AUTO_NETWORK, *(status.name for status in weights.available() if status.path)]


def _control(name: str, schema: Mapping[str, Any], default: Any, limits: Limits) -> Control:
    value = next((part for part in schema.get("anyOf", ()) if part["type"] != "null"), schema)
    choices = _choices(name, value)
    low, high = _bound(value, "minimum"), _bound(value, "maximum")
    return Control(
        name=name,
        label=render(argument(name), PAGE),
        group=str(schema["group"]),
        help=_HELP.get(name, str(schema["description"])),
        unit=str(schema["unit"]),
        kind=_kind(value, choices),
        default=default,
        choices=choices,
        minimum=low[0],
        maximum=limits.result_side if name == "size" else high[0],
        exclusive_minimum=low[1],
        exclusive_maximum=high[1],
        nullable="anyOf" in schema,
        primary=name in PRIMARY,
        level="look" if name in (*PRIMARY, *LOOK) else "laboratory",
        applies=[[_condition(it) for it in alternatives] for alternatives in RELEVANCE.get(name, ())],
    )


def _condition(required: Requirement) -> Condition:
    return Condition(setting=required.setting, values=list(required.values), negated=required.negated)


def _choices(name: str, schema: Mapping[str, Any]) -> list[str]:
    if name == "network":
        return _networks()
    return [str(choice) for choice in (INIT_IMAGES if name == "init" else schema.get("enum", ()))]


def _bound(schema: Mapping[str, Any], name: str) -> tuple[float | None, bool]:
    """Return a limit, and whether it is exclusive; none where only the computer's numbers end there."""
    exclusive = "exclusive" + name.capitalize()
    limit = schema.get(name)
    return (schema[exclusive], True) if exclusive in schema else (None if limit == LARGEST_NUMBER else limit, False)


def _kind(schema: Mapping[str, Any], choices: list[str]) -> Kind:
    if choices:
        return "choice"
    if schema["type"] == "object":
        return "layers"
    if schema["type"] == "array":
        return "numbers"
    kinds: dict[str, Kind] = {"number": "number", "integer": "integer", "boolean": "boolean", "string": "text"}
    return kinds[schema["type"]]
