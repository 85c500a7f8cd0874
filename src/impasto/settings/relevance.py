"""Which settings have an effect beside which values of others, stated once: the page hides those that have none.

A test paints with two values of each where it is said to have no effect, and compares the pictures.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from impasto.settings import Settings


@dataclass(frozen=True)
class Requirement:
    """That a setting has one of some values, or has none of them."""

    setting: str
    values: tuple[Any, ...]
    negated: bool = False

    def is_met(self, settings: Settings) -> bool:
        """Tell whether it holds for settings."""
        return (getattr(settings, self.setting) in self.values) != self.negated


Alternatives = tuple[Requirement, ...]
"""Of which one has to be met."""


def _is(setting: str, *values: Any) -> Requirement:
    return Requirement(setting, values)


def _is_not(setting: str, value: Any) -> Requirement:
    return Requirement(setting, (value,), negated=True)


_PAINTING: tuple[Alternatives, ...] = ((_is_not("style_layers", {}),),)
"""Recipes without layers of style are painted without a painting; others may start from it, or copy its strokes."""
_STYLE: tuple[Alternatives, ...] = (*_PAINTING, (_is_not("style_weight", 0.0),))
_EDGES = _is_not("laplacian_weight", 0.0)
_PHOTO: tuple[Alternatives, ...] = ((_is_not("content_layers", {}), _EDGES),)
"""Recipes without layers of content are painted without a photograph."""
_CONTENT: tuple[Alternatives, ...] = (*_PHOTO, (_is_not("content_weight", 0.0), _EDGES))
_FINER: tuple[Alternatives, ...] = ((_is_not("scales", 1),),)
_LBFGS: tuple[Alternatives, ...] = ((_is("optimizer", "lbfgs", "scipy-lbfgsb"),),)
_ADAM: tuple[Alternatives, ...] = ((_is("optimizer", "adam"),),)
_NOISE = (_is("init", "noise", "gaussian"), _is_not("noise_share", 0.0))

RELEVANCE: Mapping[str, tuple[Alternatives, ...]] = MappingProxyType(
    {
        "content_layers": ((_is_not("content_weight", 0.0),),),
        "style_layers": ((_is_not("style_weight", 0.0),),),
        "statistic": _STYLE,
        "style_scale": _PAINTING,
        "style_blend": _PAINTING,
        "style_fit": _PAINTING,
        "style_crop": _PAINTING,
        "faces": (*_STYLE, *_CONTENT, (_is_not("strength", 0.0),), (_is_not("strength", 1.0),)),
        "fill": (*_STYLE, *_PHOTO),
        "size_rule": ((_is("size", None),),),
        "fine_scale_block": _FINER,
        "iterations_decay": _FINER,
        "detail": (*_FINER, *_PHOTO),
        "style_detail": (*_FINER, *_PAINTING),
        "noise_share": ((_is("init", "content", "palette", "gray", "style"),),),
        "noise_amplitude": (_NOISE,),
        "seed": ((*_NOISE, _is("init", "style"), _is_not("style_detail", 0.0)),),
        "history": _LBFGS,
        "learning_rate": _ADAM,
        "beta1": _ADAM,
        "beta2": _ADAM,
        "epsilon": _ADAM,
        "clip": ((_is("optimizer", "adam", "scipy-lbfgsb"),),),
    }
)
"""All of its alternatives must be met for a setting to have an effect; those not named here always have one."""


def has_effect(name: str, settings: Settings) -> bool:
    """Tell whether another value of a setting could change the picture that settings make."""
    return all(any(it.is_met(settings) for it in alternatives) for alternatives in RELEVANCE.get(name, ()))
