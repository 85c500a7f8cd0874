"""Command-line options out of `Settings`: names, help, groups, ranges and choices are read there and never restated."""

import inspect
from collections.abc import Callable, Collection, Mapping
from types import MappingProxyType
from typing import Annotated, Any, Literal, TypeVar, get_args, get_origin

from cyclopts import Group, Parameter
from pydantic.fields import FieldInfo

from impasto.cli import stored_settings
from impasto.cli.terminal import STREAM
from impasto.errors import ImageError, SettingsError
from impasto.settings import FORMER_NAMES, Settings, option_name

_Command = TypeVar("_Command", bound=Callable[..., Any])

_BOUNDS = {"ge": "from", "gt": "above", "le": "to", "lt": "below"}
_NO_LIMIT = 2**31  # a bound that nobody will reach is not worth a reader's time
_PLACEHOLDERS = {int: "N", float: "X", str: "TEXT"}


def with_settings(
    command: _Command,
    *,
    defaults: Settings | None = None,
    without: Collection[str] = frozenset(),
    names: Mapping[str, str] = MappingProxyType({}),
) -> _Command:
    """Give a command one option for each setting in place of its `**values`; those not given are absent from it.

    Args:
        command: what to change.
        defaults: what the help is to name as such; the default recipe's values if not given.
        without: settings that mean nothing to this command.
        names: options that are to stand before a setting's own.
    """
    signature = inspect.signature(command)
    own = [parameter for parameter in signature.parameters.values() if parameter.kind is not parameter.VAR_KEYWORD]
    offered = [parameter for parameter in _parameters(defaults or Settings(), names) if parameter.name not in without]
    vars(command)["__signature__"] = signature.replace(parameters=own + offered)
    return command


def settings(values: Mapping[str, Any], stored_in: str | None = None) -> Settings:
    """Settings out of the options that were given, over those stored in a picture if one is named.

    Args:
        values: by the names of the settings; text as the command line has it.
        stored_in: a PNG file, or `sheet.png#ROW,COLUMN`; see `stored_settings.read`.

    Raises:
        SettingsError: a value is out of its range, or both a recipe and a picture are to supply the rest.
        ImageError: the picture cannot be read, or holds no settings.
    """
    for name, given in {"settings_from": stored_in, **values}.items():
        if given == STREAM:
            raise SettingsError(f"{option_name(name)} cannot read stdin", "Name a file.")
    if stored_in is None:
        return Settings(**values)
    if "recipe" in values:
        problem = "--recipe and --settings-from both supply all values that are not given"
        raise SettingsError(problem, "Give one of the two.")
    stored = stored_settings.read(stored_in)
    try:
        Settings(**stored)
    except SettingsError as error:
        problem = f"{stored_in} holds settings that this version cannot use: {error.problem}"
        raise ImageError(problem, "Update Impasto, or give the settings as options.") from None
    return Settings(**{**stored, **values})


def group_of(name: str) -> str:
    """The heading under which a setting stands."""
    return extra(Settings.model_fields[name], "group")


def _parameters(defaults: Settings, others: Mapping[str, str]) -> list[inspect.Parameter]:
    shown = defaults.model_dump(mode="json")
    headings = dict.fromkeys(extra(field, "group") for field in Settings.model_fields.values())
    groups = {heading: Group.create_ordered(heading) for heading in headings}
    return [
        inspect.Parameter(
            name,
            inspect.Parameter.KEYWORD_ONLY,
            default=None,
            annotation=_annotation(
                [*filter(None, [others.get(name)]), option_name(name), *map(option_name, former_names(name))],
                field,
                groups[extra(field, "group")],
                shown[name],
            ),
        )
        for name, field in Settings.model_fields.items()
    ]


def former_names(setting: str) -> list[str]:
    """Names that a setting had; options by them still work and are not shown first."""
    return [former for former, name in FORMER_NAMES.items() if name == setting]


def _annotation(names: list[str], field: FieldInfo, group: Group, default: Any) -> Any:
    if field.annotation is bool:
        parameter = Parameter(name=names, help=_help(field, default), group=group)
        return Annotated[bool | None, parameter]
    parameter = Parameter(
        name=names,
        help=_help(field, default),
        group=group,
        choices=get_args(field.annotation) if get_origin(field.annotation) is Literal else None,
        metavar=_placeholder(field),
    )
    # Text, whatever the field's type: Settings is the only judge of a value.
    return Annotated[str | None, parameter]


def _help(field: FieldInfo, default: Any) -> str:
    """The field's own line, its range and unit, and what the recipe says."""
    bounds = " ".join(f"{_BOUNDS[key]} {value:.7g}" for key, value in limits(field).items())
    notes = [f"{bounds} {extra(field, 'unit')}".strip(), _shown(default)]
    stated = "; ".join(note for note in notes if note)
    return f"{field.description} [{stated}]" if stated else str(field.description)


def limits(field: FieldInfo) -> dict[str, float]:
    """The bounds of a setting by pydantic's names (ge, gt, le, lt), but for those that nobody will reach."""
    found = {key: getattr(limit, key) for key in _BOUNDS for limit in field.metadata if hasattr(limit, key)}
    return {key: value for key, value in found.items() if value < _NO_LIMIT}


def _shown(default: Any) -> str:
    if default in (None, "", []):
        return ""
    if isinstance(default, bool):
        return f"default: {'yes' if default else 'no'}"
    if isinstance(default, dict):
        return "default: " + ",".join(f"{layer}={weight:g}" for layer, weight in default.items())
    return f"default: {default:g}" if isinstance(default, float) else f"default: {default}"


def _placeholder(field: FieldInfo) -> str:
    if stated := extra(field, "placeholder"):
        return stated
    kinds = get_args(field.annotation) or (field.annotation,)
    if get_origin(field.annotation) in (dict, tuple):
        return "LIST"
    return next((text for kind, text in _PLACEHOLDERS.items() if kind in kinds), "NAME")


def extra(field: FieldInfo, key: str) -> str:
    """What the schema says of a setting beside pydantic's own words: its `group`, `unit` or `placeholder`."""
    stated = field.json_schema_extra
    return str(stated[key]) if isinstance(stated, dict) else ""
