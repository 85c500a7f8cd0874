"""What a setting takes, in words, and what somebody meant who gave it something else."""

import difflib
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

from impasto.wording import argument, either, shorten

_NO_LIMIT = 2**31  # a larger bound is never reached, and not worth a reader's time
_LIMITS = ("ge", "gt", "le", "lt")
_TWO_SIDES = re.compile(r" *(\d+) *[xX*] *(\d+) *")
_PERCENT = re.compile(r" *(\d{1,5}(?:\.\d{1,2})?) *%")
_LARGEST_SHARE = 1
_SURELY_PERCENT = 10
"""A number from here on, given for a share of 0 to 1, is a percentage; a smaller one may be a slip."""


def read_limits(field: FieldInfo) -> dict[str, float]:
    """The bounds of a setting by pydantic's names (ge, gt, le, lt), without those too large to matter."""
    return {key: value for key, value in _all_limits(field).items() if value < _NO_LIMIT}


def read_extra(field: FieldInfo, key: str) -> str:
    """A setting's `group`, `unit`, `placeholder` or `form`, which the schema states beside pydantic's own keys."""
    stated = field.json_schema_extra
    return str(stated.get(key, "")) if isinstance(stated, dict) else ""


def problem(name: str, field: FieldInfo, value: Any, within: Sequence[str], *, called: str | None = None) -> str:
    """Say what a setting takes, and that a value is not it.

    Args:
        name: the setting's.
        field: its definition.
        value: what was refused: the whole value, or a part of it.
        within: keys that lead to the part.
        called: what to call the setting, if not by the reader's own word.
    """
    where = f" for {', '.join(within)}" if within else ""
    if isinstance(value, list | tuple) and len(value) > _longest(field) > 0:
        return f"{called or argument(name)} takes at most {_longest(field)} {_takes(field)}, not {len(value)}"
    return f"{called or argument(name)} takes {_takes(field)}, not {shorten(value)}{where}"


def hint(name: str, fields: Mapping[str, FieldInfo], value: Any) -> str:
    """Suggest what was meant, if that is taken; or else show the setting with a value that it takes.

    Args:
        name: the setting's.
        fields: the definitions of all settings.
        value: what was refused.
    """
    for meant, suggestion in _suggestions(name, fields[name], str(value)):
        if _is_taken(fields[meant], suggestion):
            return f"Did you mean {argument(meant, suggestion)}?"
    return f"Try {argument(name, _example(fields[name]))}."


def _suggestions(name: str, field: FieldInfo, text: str) -> Iterator[tuple[str, Any]]:
    """Give what a text may mean, the likeliest first: settings, each with a value that it may or may not take."""
    if name == "size" and (sides := _TWO_SIDES.fullmatch(text)):
        yield "size_rule", "x".join(sides.groups())
    if name == "size" and (percent := _PERCENT.fullmatch(text)):
        yield "size", f"{float(percent[1]) / 100:g}x"
    if _is_number(field):
        meant = _number_meant(text, read_limits(field), whole=int in _kinds(field))
        if meant is not None:
            yield name, meant
    for choice in difflib.get_close_matches(text, _choices(field), n=1):
        yield name, choice


def _is_taken(field: FieldInfo, value: Any) -> bool:
    taken: Any = Annotated[field.annotation, field]
    try:
        TypeAdapter(taken).validate_python(value)
    except ValidationError:
        return False
    return True


def _kinds(field: FieldInfo) -> tuple[Any, ...]:
    """The types of a setting's value."""
    parts = get_args(field.annotation) or (field.annotation,)
    return tuple((get_args(part) or (part,))[0] if get_origin(part) is not Literal else part for part in parts)


def _is_number(field: FieldInfo) -> bool:
    return get_origin(field.annotation) not in (dict, tuple) and not {int, float}.isdisjoint(_kinds(field))


def _all_limits(field: FieldInfo) -> dict[str, float]:
    stated = [*field.metadata, *_limits_of_alternatives(field)]
    return {key: getattr(limit, key) for key in _LIMITS for limit in stated if hasattr(limit, key)}


def _limits_of_alternatives(field: FieldInfo) -> list[Any]:
    """The limits that one of several types of a value has by itself."""
    return _inner_limits(field) if get_origin(field.annotation) in (Union, UnionType) else []


def _limits_of_parts(field: FieldInfo) -> dict[str, float]:
    """The bounds of each number in a list or a mapping."""
    return {key: getattr(limit, key) for key in _LIMITS for limit in _inner_limits(field) if hasattr(limit, key)}


def _inner_limits(field: FieldInfo) -> list[Any]:
    stated = [annotation for part in get_args(field.annotation) for annotation in get_args(part)[1:]]
    return [limit for annotation in stated for limit in getattr(annotation, "metadata", ())]


def _choices(field: FieldInfo) -> list[str]:
    return [str(choice) for choice in get_args(field.annotation)] if get_origin(field.annotation) is Literal else []


def _takes(field: FieldInfo) -> str:
    if form := read_extra(field, "form"):
        return form
    kinds, origin = _kinds(field), get_origin(field.annotation)
    if choices := [repr(choice) for choice in _choices(field)]:
        takes = f"{', '.join(choices[:-1])} or {choices[-1]}"
    elif field.annotation is bool:
        takes = either(python="True or False", command="yes or no")
    elif origin is dict:
        takes = f"layers with weights {_range(_limits_of_parts(field))}, such as relu4_2=1,relu5_2"
    elif origin is tuple:
        takes = "file names" if str in kinds else f"weights {_range(_limits_of_parts(field))}"
    elif _is_number(field):
        takes = _number(_all_limits(field), whole=int in kinds)
    else:
        takes = f"a text of at most {_longest(field)} characters"
    return takes


def _number(limits: dict[str, float], *, whole: bool) -> str:
    kind = "a whole number" if whole else "a number" if {"le", "lt"} & limits.keys() else "a finite number"
    return f"{kind} {_range(limits)}".strip()


def _range(limits: dict[str, float]) -> str:
    """The bounds in words: from 32 to 20000; of at least 0; above 0 and at most 1."""
    low, high = next(iter(limits.keys() & {"ge", "gt"}), None), next(iter(limits.keys() & {"le", "lt"}), None)
    lowest, highest = (_exactly(limits[key]) if key else "" for key in (low, high))
    if low == "ge" and high:
        return f"from {lowest} to {'' if high == 'le' else 'below '}{highest}"
    parts = {
        "ge": f"of at least {lowest}",
        "gt": f"above {lowest}",
        "le": f"at most {highest}",
        "lt": f"below {highest}",
    }
    return " and ".join(parts[key] for key in (low, high) if key)


def _exactly(number: float) -> str:
    return str(number) if isinstance(number, int) else f"{number:g}"


def _longest(field: FieldInfo) -> int:
    return next((limit.max_length for limit in field.metadata if hasattr(limit, "max_length")), 0)


def _example(field: FieldInfo) -> Any:
    """A value that a setting takes: the first choice, or its default."""
    choices, stated = _choices(field), read_extra(field, "example")
    if choices:
        return choices[0]
    return int(stated) if stated.isdecimal() else stated or field.default


def _number_meant(text: str, limits: dict[str, float], *, whole: bool) -> float | int | None:
    """The number that a text means that is not written as one: a percentage, a decimal comma, a unit."""
    text = text.strip().lower()
    bare = text.removesuffix("px").removesuffix("%").strip().replace(",", ".")
    try:
        number = float(bare)
    except ValueError:
        return None
    shares = limits.get("le") == _LARGEST_SHARE and number >= _SURELY_PERCENT
    number = number / 100 if text.endswith("%") or shares else number
    if not math.isfinite(number) or str(number) == text or not _within(number, limits):
        return None
    if whole and number != int(number):
        return None
    return int(number) if whole else float(f"{number:g}")


def _within(number: float, limits: dict[str, float]) -> bool:
    above = number >= limits.get("ge", number) and number > limits.get("gt", number - 1)
    return above and number <= limits.get("le", number) and number < limits.get("lt", number + 1)
