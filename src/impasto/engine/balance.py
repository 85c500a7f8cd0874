"""What the settings ask of an objective: its terms, and how much each painting counts."""

from collections.abc import Collection

from impasto.core.losses.objective import Balance, content_share
from impasto.engine.inputs import Inputs
from impasto.errors import SettingsError
from impasto.layers import Layer
from impasto.settings import Settings


def balance_of(settings: Settings, inputs: Inputs) -> Balance:
    """The terms and their weights.

    Raises:
        SettingsError: no term is left, or the settings ask for content or style of a picture that is not there.
    """
    if not (settings.content_layers or settings.style_layers):
        raise SettingsError("no layer is given", "Name at least one with --content-layers or --style-layers.")
    balance = Balance(
        convention=settings.convention,
        statistic=settings.statistic,
        content={Layer.parse(name): weight for name, weight in settings.content_layers.items()},
        style={Layer.parse(name): weight for name, weight in settings.style_layers.items()},
        content_weight=settings.content_weight * content_share(settings.strength),
        style_weight=settings.style_weight if settings.strength else 0.0,
        tv_weight=settings.tv_weight if settings.strength else 0.0,
    )
    wanted = {term.kind for term in balance.terms()}
    if not wanted:
        raise SettingsError("all weights are 0", "Raise --content-weight, --style-weight or --tv-weight.")
    if inputs.content is None:
        _check_without_photograph(settings, wanted)
    if not inputs.styles:
        _check_without_painting(settings, wanted)
    return balance


def blend_of(settings: Settings, paintings: int) -> tuple[float, ...]:
    """One weight for each painting.

    Raises:
        SettingsError: there is not one for each, or all are 0.
    """
    if not settings.style_blend:
        return (1.0,) * paintings
    if len(settings.style_blend) != paintings:
        problem = f"--style-blend has {len(settings.style_blend)} weights for {paintings} paintings"
        raise SettingsError(problem, "Give one weight for each painting.")
    if not sum(settings.style_blend):
        raise SettingsError("--style-blend has no weight above 0", "Give at least one painting a weight.")
    return settings.style_blend


def _check_without_photograph(settings: Settings, wanted: Collection[str]) -> None:
    if "content" in wanted:
        problem = f"no photograph was given for --content-weight {settings.content_weight:g}"
        raise SettingsError(problem, "Give one, or take --content-weight 0 as the recipe 'texture' does.")
    if settings.keep_mask is not None:
        raise SettingsError("--keep-mask needs a photograph to keep", "Give one, or leave out --keep-mask.")
    if settings.color != "style":
        raise SettingsError(f"--color {settings.color} needs a photograph", "Give one, or take --color style.")
    if settings.init in ("content", "palette"):
        problem = f"--init {settings.init} needs a photograph"
        raise SettingsError(problem, "Give one, or start from noise, gray or style.")


def _check_without_painting(settings: Settings, wanted: Collection[str]) -> None:
    if "style" in wanted:
        problem = f"no painting was given for --style-weight {settings.style_weight:g}"
        raise SettingsError(problem, "Give one, or take --style-weight 0 as the recipe 'rebuild' does.")
    if settings.init in ("style", "palette"):
        problem = f"--init {settings.init} needs a painting"
        raise SettingsError(problem, "Give one, or start from noise, gray or content.")
