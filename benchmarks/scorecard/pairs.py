"""Which photographs are painted in the style of which paintings."""

import itertools

PHOTOS = ("summer_palace", "cat", "astronaut", "coffee", "flower", "rocket")
PAINTINGS = (
    "starry_night",
    "the_scream",
    "wheat_field_with_cypresses",
    "water_lilies",
    "great_wave",
    "wreck_of_a_transport_ship",
)

Pair = tuple[str, str]

PAIRS: tuple[Pair, ...] = tuple(itertools.product(PHOTOS, PAINTINGS))


def shifted(*shifts: int) -> tuple[Pair, ...]:
    """Pairs that use every photograph and every painting once for each shift between the two lists."""
    return tuple(
        (photo, PAINTINGS[(number + shift) % len(PAINTINGS)]) for shift in shifts for number, photo in enumerate(PHOTOS)
    )


ONCE: tuple[Pair, ...] = shifted(0)
"""Six, for what takes too long to do 36 times."""
CONTESTED: tuple[Pair, ...] = shifted(0, 1)
"""Twelve that were voted on while copied strokes and fine scales were tuned; some were looked at for that."""
HELD_OUT: tuple[Pair, ...] = shifted(2, 3)
"""Twelve others, which nobody looked at meanwhile."""

UNTOUCHED: tuple[Pair, ...] = shifted(4, 5)
"""The last twelve, which whole strokes were judged on and not tuned on."""


def name(pair: Pair) -> str:
    """How files of a pair are called."""
    return "+".join(pair)
