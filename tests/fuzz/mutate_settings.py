"""Gives mutated settings, recipes and stored settings; yields each that does other than be taken or refused."""

import io
import json
import math
import random
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import tomlkit
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from impasto.cli.stored_settings import SWEEP_KEY, read_stored_settings
from impasto.errors import ImpastoError
from impasto.settings import METADATA_KEY, Settings, recipes

SECONDS = 2.0
_NUMBERS = (0, -1, 1, 0.5, 1e300, -1e-300, math.inf, -math.inf, math.nan, 2**63, 10**30, True)
_MARKS = b'[]{}=",.\n\0\xff19e-ax'
_TEXTS = (
    "",
    " ",
    "\0",
    "\udc80",
    "x" * 5000,
    "relu1_1",
    "relu9_9=x",
    "1,2",
    "1,,",
    '"',
    "long:512",
    "0,0,1,1;",
    "~",
    "../x",
)


def value(rng: random.Random, depth: int = 0) -> Any:
    """Anything that JSON, TOML or a caller may hold, and some that they may not."""
    simple: list[Any] = [
        rng.choice(_NUMBERS),
        rng.choice(_TEXTS),
        rng.randrange(-(2**40), 2**40),
        rng.random() * 1e6,
        None,
    ]
    if depth == 3 or rng.random() < 0.7:
        return rng.choice(simple)
    many = range(rng.randrange(4))
    return (
        {rng.choice(_TEXTS): value(rng, depth + 1) for _ in many}
        if rng.random() < 0.5
        else [value(rng, depth + 1) for _ in many]
    )


def mutate(values: dict[str, Any], rng: random.Random) -> dict[str, Any]:
    """Change some values, and now and then a name."""
    changed = dict(values)
    for _ in range(rng.randrange(1, 4)):
        name = rng.choice(list(changed) or ["size"])
        if rng.random() < 0.1:
            changed[rng.choice((*_TEXTS, "self", "values", "frame"))] = changed.pop(name, 1)
        else:
            changed[name] = value(rng)
    return changed


def spoil(text: str, rng: random.Random) -> bytes:
    """Change some bytes of a text."""
    data = bytearray(text.encode(errors="replace"))
    for _ in range(rng.randrange(1, 5)):
        place = rng.randrange(len(data))
        data[place : place + rng.randrange(3)] = bytes(
            rng.choice(b'[]{}=",.\n\0\xff19e-ax') for _ in range(rng.randrange(4))
        )
    return bytes(data)


def problems(seed: int, count: int, folder: Path) -> Iterator[str]:
    """Give `count` mutated settings by each of three ways."""
    rng = random.Random(seed)
    every = json.loads(Settings().model_dump_json())
    tomls = [tomlkit.dumps(recipes.read(name)) for name in recipes.shipped()]

    def by_keyword() -> None:
        Settings(**{str(name): it for name, it in mutate(every, rng).items()})

    def by_recipe() -> None:
        path = folder / "mutated.toml"
        path.write_bytes(spoil(rng.choice(tomls), rng))
        Settings(recipe=str(path))

    def by_picture() -> None:
        path = folder / "mutated.png"
        text = (
            json.dumps(mutate(every, rng))
            if rng.random() < 0.5
            else spoil(json.dumps(every), rng).decode(errors="replace")
        )
        path.write_bytes(_png(rng.choice((METADATA_KEY, SWEEP_KEY)), text))
        Settings(**read_stored_settings(str(path)))

    for number in range(count):
        for way in (by_keyword, by_recipe, by_picture):
            if problem := _problem_of(way):
                yield f"{way.__name__} {number}: {problem}"


def _problem_of(way: Callable[[], None]) -> str | None:
    start = time.process_time()
    try:
        way()
    except ImpastoError as error:
        if "\n" in str(error) or len(str(error)) > 3000:
            return f"a message of {len(str(error))} characters"
        str(error).encode()
    except Exception as error:  # noqa: BLE001 -- what is looked for
        return f"{type(error).__name__}: {error}"[:300]
    seconds = time.process_time() - start
    return f"{seconds:.1f} s" if seconds > SECONDS else None


def _png(key: str, text: str) -> bytes:
    out, beside = io.BytesIO(), PngInfo()
    beside.add_itxt(key, text.encode(errors="replace").decode())
    Image.new("L", (1, 1)).save(out, "PNG", pnginfo=beside)
    return out.getvalue()
