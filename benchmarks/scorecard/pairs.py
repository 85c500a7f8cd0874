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
ONCE: tuple[Pair, ...] = tuple(zip(PHOTOS, PAINTINGS, strict=True))
"""Six that use every photograph and every painting once, for what takes too long to do 36 times."""


def name(pair: Pair) -> str:
    """How files of a pair are called."""
    return "+".join(pair)
