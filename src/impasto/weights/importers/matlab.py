"""MATLAB's MAT 5 files, as far as networks need them.

Not scipy.io.loadmat: given a damaged file, it has been seen to end the process and to allocate gigabytes that the
file only claimed. Here every element is bounded by the bytes of the one around it.
"""

import math
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np

_HEADER = 128
_MATRIX, _COMPRESSED = 14, 15
_CELL, _STRUCT, _CHAR = 1, 2, 4
_NUMERIC = range(6, 16)
_TYPES = {1: "i1", 2: "u1", 3: "<i2", 4: "<u2", 5: "<i4", 6: "<u4", 7: "<f4", 9: "<f8", 12: "<i8", 13: "<u8"}
_CHARACTERS = {1: "latin-1", 2: "latin-1", 4: "utf-16-le", 16: "utf-8", 17: "utf-16-le"}
_MOST_INFLATED = 1 << 31


def read(file: Path) -> dict[str, Any]:
    """The variables of a file, by name.

    Numbers are read-only arrays of the shape that MATLAB states, cells are lists, a struct is a dict and an array of
    structs a list of them, text is str; what else there is (sparse arrays, objects, functions) is None.

    Raises:
        ValueError, struct.error, zlib.error and others: the file is damaged.
    """
    view = np.memmap(file, mode="r").data
    if bytes(view[126:128]) != b"IM":
        raise ValueError("not a little-endian MAT 5 file")
    variables, rest = {}, view[_HEADER:]
    while rest:
        kind, data, rest = _element(rest)
        if kind == _COMPRESSED:
            kind, data, _ = _element(_inflate(data))
        if kind == _MATRIX:
            name, value = _matrix(data)
            variables[name] = value
    return variables


def _element(view: memoryview) -> tuple[int, memoryview, memoryview]:
    """Type and data of the first element, and what follows it."""
    kind, length = struct.unpack_from("<II", view)
    start = 8
    if kind >> 16:  # a small element packs its length and its data into the tag
        kind, length, start = kind & 0xFFFF, kind >> 16, 4
    end = start + length
    if end > len(view):
        raise ValueError(f"an element of {length} bytes where {len(view) - start} are left")
    padded = end if kind == _COMPRESSED else -(-end // 8) * 8
    return kind, view[start:end], view[padded:]


def _inflate(data: memoryview) -> memoryview:
    inflater = zlib.decompressobj()
    content = inflater.decompress(data, _MOST_INFLATED)
    if not inflater.eof:
        raise ValueError("a compressed element that is cut short or too large")
    return memoryview(content)


def _matrix(view: memoryview) -> tuple[str, Any]:
    """Name and value of an array; fields and cells have no name."""
    if not view:
        return "", np.empty((0, 0))
    _, flags, view = _element(view)
    _, dimensions, view = _element(view)
    _, name, view = _element(view)
    shape = [int(size) for size in np.frombuffer(dimensions, "<i4")]
    return bytes(name).decode("latin-1"), _value(flags[0], shape, view)


def _value(kind: int, shape: list[int], view: memoryview) -> Any:
    if kind == _CELL:
        return _values(math.prod(shape), view)[0]
    if kind == _STRUCT:
        return _structs(math.prod(shape), view)
    if kind not in _NUMERIC and kind != _CHAR:
        return None
    stored, data, _ = _element(view)
    if kind == _CHAR:
        return bytes(data).decode(_CHARACTERS[stored])
    return np.frombuffer(data, _TYPES[stored]).reshape(shape, order="F")


def _values(count: int, view: memoryview) -> tuple[list[Any], memoryview]:
    values = []
    for _ in range(count):
        kind, data, view = _element(view)
        if kind != _MATRIX:
            raise ValueError(f"an element of type {kind} where an array belongs")
        values.append(_matrix(data)[1])
    return values, view


def _structs(count: int, view: memoryview) -> Any:
    _, width, view = _element(view)
    _, packed, view = _element(view)
    length = int(np.frombuffer(width, "<i4")[0])
    text = bytes(packed)
    names = [text[at : at + length].split(b"\0")[0].decode("latin-1") for at in range(0, len(text), length)]
    structs = []
    for _ in range(count if names else 0):
        values, view = _values(len(names), view)
        structs.append(dict(zip(names, values, strict=True)))
    return structs[0] if count == 1 and structs else structs
