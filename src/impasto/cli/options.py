"""Options that several commands share, each once: those about files, and one for each setting.

The names, help, groups, ranges and choices of the settings' options are read from `Settings` and never restated.
"""

import inspect
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Annotated, Any, Literal, TypeVar, get_args, get_origin

from cyclopts import Group, Parameter
from pydantic.fields import FieldInfo

from impasto.cli.help import COMMON_GROUPS, RareGroup
from impasto.cli.stored_settings import read_stored_settings
from impasto.cli.terminal import STREAM
from impasto.errors import ImageError, SettingsError
from impasto.settings import FORMER_NAMES, Settings
from impasto.settings.messages import read_extra, read_limits
from impasto.settings.stored import find_files
from impasto.wording import COMMAND, option_name

OUTPUT = Group.create_ordered("Output")

Photo = Annotated[str, Parameter(help="The photograph, which gives the content; - reads stdin.")]
Paintings = Annotated[
    list[str], Parameter(name="PAINTING", help="The paintings, which give the style; - reads stdin.", negative="")
]
Force = Annotated[bool, Parameter(name=["--force", "-f"], negative="", help="Replace files that exist.", group=OUTPUT)]
Quiet = Annotated[bool, Parameter(name=["--quiet", "-q"], negative="", help="Print nothing but errors.", group=OUTPUT)]
DryRun = Annotated[
    bool, Parameter(negative="", help="Check everything, say what the run would take, and stop.", group=OUTPUT)
]
SettingsFrom = Annotated[
    str | None,
    Parameter(
        help="Load the settings stored in a PNG made by Impasto; other options override them. "
        "For a sweep's sheet, add the row and column of a picture: sheet.png#2,3.",
        metavar="PNG",
        group=OUTPUT,
    ),
]


def output_option(default: str) -> Parameter:
    """Describe the option `--output`; `default` says where the picture is written if it is not given."""
    return Parameter(
        name=["--output", "-o"],
        help=f"Where to write the picture; - writes PNG to stdout. Unset: {default}.",
        metavar="FILE",
        group=OUTPUT,
    )


def json_option(records: str) -> Parameter:
    """Describe the option `--json`; `records` says what its lines are."""
    return Parameter(negative="", help=f"Write {records}.", group=OUTPUT)


@Parameter(name="*")
@dataclass(frozen=True, kw_only=True)
class OutputOptions:
    """The further outputs of a command that makes one picture, and how it reports the run."""

    force: Force = False
    save_dir: Annotated[
        str | None,
        Parameter(
            help="Folder for the pictures of --save-every and of each round, and losses.csv. "
            "Unset: OUT-steps beside OUT.",
            metavar="DIR",
            group=OUTPUT,
        ),
    ] = None
    sheet: Annotated[
        str | None, Parameter(help="Write all inputs and the result side by side.", metavar="FILE", group=OUTPUT)
    ] = None
    regions: Annotated[
        str | None,
        Parameter(
            help="Show which places of the photograph and the paintings count as empty; the others are gray and dark.",
            metavar="FILE",
            group=OUTPUT,
        ),
    ] = None
    plot: Annotated[
        str | None,
        Parameter(
            help="Plot each loss term against iterations and seconds: .png, .svg or .pdf.",
            metavar="FILE",
            group=OUTPUT,
        ),
    ] = None
    animation: Annotated[
        str | None,
        Parameter(
            help="Make a film of the run: .mp4, .webm, .mov, .mkv, .gif, .webp or .apng.", metavar="FILE", group=OUTPUT
        ),
    ] = None
    profile: Annotated[
        Literal["srgb", "source"],
        Parameter(help="Color profile of the result: sRGB, or the input's own.", show_default=True, group=OUTPUT),
    ] = "srgb"
    strip: Annotated[
        bool,
        Parameter(
            negative="",
            help="Write the pixels alone: without the settings, and without the photograph's date, author and place.",
            group=OUTPUT,
        ),
    ] = False
    settings_from: SettingsFrom = None
    dry_run: DryRun = False
    json: Annotated[bool, json_option("each event as a line of JSON to stdout; the last is the result")] = False
    quiet: Quiet = False


DEFAULT_OUTPUTS = OutputOptions()

_Command = TypeVar("_Command", bound=Callable[..., Any])

_BOUNDS = {"ge": "from", "gt": "above", "le": "to", "lt": "below"}
_PLACEHOLDERS = {int: "N", float: "X", str: "TEXT"}


def with_settings(
    *,
    defaults: Settings | None = None,
    without: Collection[str] = frozenset(),
    names: Mapping[str, str] = MappingProxyType({}),
) -> Callable[[_Command], _Command]:
    """Replace a command's `**values` by one option for each setting; `values` holds those that are given.

    Args:
        defaults: the values that the help shows as defaults; the default recipe's if not given.
        without: settings that do not apply to this command.
        names: an additional option for a setting, listed before its own.
    """

    def decorate(command: _Command) -> _Command:
        signature = inspect.signature(command)
        own = [parameter for parameter in signature.parameters.values() if parameter.kind is not parameter.VAR_KEYWORD]
        added = [option for option in _setting_options(defaults or Settings(), names) if option.name not in without]
        vars(command)["__signature__"] = signature.replace(parameters=own + added)
        return command

    return decorate


def build_settings(values: Mapping[str, Any], settings_from: str | None = None, *, with_files: bool = True) -> Settings:
    """Make settings from the options given, over those stored in a picture if one is named.

    Args:
        values: by the names of the settings; text, as on the command line.
        settings_from: a PNG file, or `sheet.png#ROW,COLUMN`; see `read_stored_settings`.
        with_files: whether the files that the picture's settings name are needed.

    Raises:
        SettingsError: a value is out of its range, or both a recipe and a picture are to supply the rest; or a file
            that the picture's settings name is neither in the working folder nor beside it.
        ImageError: the picture cannot be read, or holds no settings.
    """
    for name, given in {"settings_from": settings_from, **values}.items():
        if given == STREAM:
            raise SettingsError(f"{option_name(name)} cannot read stdin", "Name a file.")
    if settings_from is None:
        return Settings(**values)
    if "recipe" in values:
        problem = "--recipe and --settings-from both supply all values that are not given"
        raise SettingsError(problem, "Give one of the two.")
    stored = read_stored_settings(settings_from)
    if with_files:
        stored = find_files(stored, settings_from, values)
    try:
        Settings(**stored)
    except SettingsError as error:
        problem = f"{settings_from} holds settings that this version cannot use: {error.words_for(COMMAND)[0]}"
        raise ImageError(problem, "Update Impasto, or give the settings as options.") from None
    return Settings(**{**stored, **values})


def _setting_options(defaults: Settings, additional: Mapping[str, str]) -> list[inspect.Parameter]:
    shown = defaults.model_dump(mode="json")
    headings = dict.fromkeys(
        (*COMMON_GROUPS, *(read_extra(field, "group") for field in Settings.model_fields.values()))
    )
    groups = {
        heading: Group.create_ordered(heading, help_formatter=None if heading in COMMON_GROUPS else RareGroup())
        for heading in headings
    }
    options = []
    for name, field in Settings.model_fields.items():
        former = [option_name(old) for old, new in FORMER_NAMES.items() if new == name]  # they still work
        names = [*filter(None, [additional.get(name)]), option_name(name), *former]
        # What a command gives a name of its own is not rare there.
        heading = COMMON_GROUPS[0] if name in additional else read_extra(field, "group")
        annotation = _annotate(names, field, groups[heading], shown[name])
        options.append(inspect.Parameter(name, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=annotation))
    return options


def _annotate(names: list[str], field: FieldInfo, group: Group, default: Any) -> Any:
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
    # Text, whatever the field's type: only Settings validates values.
    return Annotated[str | None, parameter]


def _help(field: FieldInfo, default: Any) -> str:
    """The field's own line, its range and unit, and its default."""
    bounds = " ".join(f"{_BOUNDS[key]} {value:.7g}" for key, value in read_limits(field).items())
    notes = [f"{bounds} {read_extra(field, 'unit')}".strip(), _format_default(default)]
    stated = "; ".join(note for note in notes if note)
    return f"{field.description} [{stated}]" if stated else str(field.description)


def _format_default(default: Any) -> str:
    if default in (None, "", []):
        return ""
    if isinstance(default, bool):
        return f"default: {'yes' if default else 'no'}"
    if isinstance(default, dict):
        return "default: " + ",".join(f"{layer}={weight:g}" for layer, weight in default.items())
    return f"default: {default:g}" if isinstance(default, float) else f"default: {default}"


def _placeholder(field: FieldInfo) -> str:
    if stated := read_extra(field, "placeholder"):
        return stated
    kinds = get_args(field.annotation) or (field.annotation,)
    if get_origin(field.annotation) in (dict, tuple):
        return "LIST"
    return next((text for kind, text in _PLACEHOLDERS.items() if kind in kinds), "NAME")
