"""What messages call things, in the words of whoever reads them.

The command names options (`--style-blend 1,2`), Python arguments (`style_blend=(1, 2)`), the studio's page the titles
of its controls. A message is written once, with `argument` and `either` where these differ:

    SettingsError(f"{argument('style_blend')} has 2 weights for 1 painting", "Give one weight for each painting.")

An error shows Python's words; `ImpastoError.message_for` gives another reader's.
"""

import re
import reprlib
import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

# Of Unicode's private use area, which no font shows and no name of a file has reason to hold.
_OPEN, _PART, _CLOSE = "\ue000", "\ue001", "\ue002"
_TEXT = f"[^{_OPEN}{_PART}{_CLOSE}]*"
_EITHER = re.compile(f"{_OPEN}{_PART}(?P<python>{_TEXT}){_PART}(?P<command>{_TEXT}){_PART}(?P<page>{_TEXT}){_CLOSE}")
_ARGUMENT = re.compile(f"{_OPEN}(?P<name>\\w+)(?:{_PART}(?P<python>{_TEXT}){_PART}(?P<shell>{_TEXT}))?{_CLOSE}")


@dataclass(frozen=True)
class Audience:
    """Readers of messages, and how they write an argument with a value, or without."""

    name: Literal["python", "command", "page"]
    argument: Callable[[str, str | None], str]
    """Takes the argument's name, and its value in the readers' words or None."""


def option_name(argument: str) -> str:
    """The command-line option of an argument: `--content-weight` for `content_weight`."""
    return "--" + argument.replace("_", "-")


def with_titles(titles: Mapping[str, str]) -> Audience:
    """Readers of a page, on which arguments are controls; `titles` are those that do not follow from the name."""

    def title(name: str, value: str | None) -> str:
        shown = titles.get(name, name.replace("_", " ").capitalize())
        return shown if value is None else f"{shown} {value}"

    return Audience("page", title)


def _as_argument(name: str, value: str | None) -> str:
    return name if value is None else f"{name}={value}"


def _as_option(name: str, value: str | None) -> str:
    return option_name(name) if value is None else f"{option_name(name)} {value}"


PYTHON = Audience("python", _as_argument)
COMMAND = Audience("command", _as_option)

_shorten = reprlib.Repr()
_shorten.maxstring = _shorten.maxother = 80


def argument(name: str, value: Any = None) -> str:
    """Refer to an argument by its name in Python, in a message for all readers; with a value, as one writes it."""
    if value is None:
        return f"{_OPEN}{name}{_CLOSE}"
    return _OPEN + _PART.join((name, _in_python(value), _in_shell(value))) + _CLOSE


def either(*, python: str, command: str, page: str | None = None) -> str:
    """Say a thing to each kind of reader by itself; `page` is as the command's where it is not given."""
    return _OPEN + _PART.join(("", python, command, command if page is None else page)) + _CLOSE


def shorten(value: Any) -> str:
    """Show a value that somebody gave, whatever it is, in at most 80 characters or so; numbers in text as numbers."""
    if isinstance(value, str) and _NUMBER.fullmatch(value):
        return value
    return _shorten.repr(value)


def render(text: str, audience: Audience) -> str:
    """Write a message in the words of an audience."""

    def say(match: re.Match[str]) -> str:
        return str(match[audience.name])

    def refer(match: re.Match[str]) -> str:
        return audience.argument(match["name"], match["python" if audience.name == "python" else "shell"])

    return _ARGUMENT.sub(refer, _EITHER.sub(say, text))


OVERWRITE = either(python="overwrite=True", command="--force")
"""What lets a file be replaced."""
_NUMBER = re.compile(r"[+-]?\d{1,20}(\.\d{1,20})?")


def _in_python(value: Any) -> str:
    return f'"{value}"' if isinstance(value, str) and '"' not in value else repr(value)


def _in_shell(value: Any) -> str:
    if isinstance(value, Mapping):
        value = ",".join(f"{key}={number:g}" for key, number in value.items())
    elif isinstance(value, list | tuple):
        value = ",".join(str(part) for part in value)
    return shlex.quote(f"{value:g}" if isinstance(value, float) else str(value))
