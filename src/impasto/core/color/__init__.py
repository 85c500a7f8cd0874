"""Colors in OkLab: conversion, another lightness under the same colors, palettes and tones matched.

Pictures are (1, 3, H, W), sRGB, 0..255; opacity is (1, 1, H, W), 0..1, None for opaque.
"""

from impasto.core.color.gamut import replace_lightness
from impasto.core.color.oklab import from_oklab, gray_of, to_oklab
from impasto.core.color.palette import Tone, match_palette, match_tone, palette, tone

__all__ = [
    "Tone",
    "from_oklab",
    "gray_of",
    "match_palette",
    "match_tone",
    "palette",
    "replace_lightness",
    "to_oklab",
    "tone",
]
