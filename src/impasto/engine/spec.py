"""Settings and inputs, as the plain values that the engine works with: the only reader of `Settings` but `sizing`."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal

from impasto.core.init_image import Init
from impasto.core.losses import KINDS, FaceSpec, ObjectiveSpec
from impasto.core.losses.statistics import StatisticName
from impasto.core.network.pooling import Pooling
from impasto.core.network.tiles import TileSpec
from impasto.core.network.vgg import Padding
from impasto.core.optim import LBFGS, Adam, Optimizer, ScipyLBFGSB
from impasto.core.spec import TransferSpec
from impasto.engine import sizing
from impasto.engine.device import ComputeSpec
from impasto.engine.inputs import Inputs, InputSpec
from impasto.engine.memory import MemoryPlan
from impasto.errors import SettingsError
from impasto.images import Picture
from impasto.layers import Layer
from impasto.settings import INIT_IMAGES, LARGEST_SIZE, SMALLEST_SIZE, Settings
from impasto.settings.per_painting import split_crops, style_weights
from impasto.sizing import Size
from impasto.wording import argument

_LEAST_STRENGTH = 1e-3
_RELU2_1, _RELU3_1 = Layer.parse("relu2_1"), Layer.parse("relu3_1")
_FACES = {
    "gentle": FaceSpec({3: 0.4, 4: 0.1, 5: 0.1}, 3.0, {_RELU2_1: 0.01, _RELU3_1: 0.1}),
    "keep": FaceSpec({3: 0.2, 4: 0.0, 5: 0.0}, 3.0, {_RELU2_1: 0.1, _RELU3_1: 0.3}),
}
"""How faces are painted, by the setting; "paint" has nothing."""
_CHEEKS = {"gentle": 0.12, "keep": 0.8}
"""How much of that there is beside eyes, nose and mouth."""


@dataclass(frozen=True)
class NetworkSpec:
    """Which network, and how it runs."""

    name: str
    normalize: bool
    pooling: Pooling
    padding: Padding


def input_spec(settings: Settings) -> InputSpec:
    """Read what the settings say of the inputs."""
    return InputSpec(
        style_crop=settings.style_crop,
        color=settings.color,
        masks=settings.mask,
        keep_mask=settings.keep_mask,
        init=None if settings.init in INIT_IMAGES else settings.init,
        cheek=_CHEEKS.get(settings.faces) if _has_both(settings) else None,
    )


def _has_both(settings: Settings) -> bool:
    """Tell whether there are both content and style, between which something is to be chosen."""
    return settings.has_content and settings.has_style and 0 < settings.strength < 1


def face_layers(settings: Settings) -> Sequence[Layer]:
    """Read at which further layers content is compared where there are faces."""
    return list(_FACES[settings.faces].layers)


def copies_strokes(settings: Settings) -> bool:
    """Tell whether anything is copied of the paintings themselves."""
    return settings.style_detail > 0


def network_spec(settings: Settings) -> NetworkSpec:
    """Read what the settings say of the network."""
    return NetworkSpec(sizing.network_name(settings), settings.normalize, settings.pooling, settings.padding)


def compute_spec(settings: Settings) -> ComputeSpec:
    """Read what the settings say of the machine."""
    return ComputeSpec(settings.device, settings.precision, settings.threads)


def preview_interval(settings: Settings) -> int:
    """Read the iterations between previews."""
    return settings.save_every


def checkpoint_choice(settings: Settings) -> Literal["auto", "always", "never"]:
    """Read whether the state of a run is kept."""
    return settings.checkpoint


def for_evaluation(settings: Settings, size: Size) -> Settings:
    """Give the settings with which an existing picture is evaluated.

    They have no margin, one scale, so that all layers are compared, and float32 unless another precision is given.
    """
    side = min(max(SMALLEST_SIZE, *size), LARGEST_SIZE)
    exact = {"precision": "float32"} if settings.precision == "auto" else {}
    return settings.model_copy(update={"margin": 0, "size": side, "scales": 1, **exact})


def for_measuring(settings: Settings, side: int, crop: str) -> Settings:
    """Give the settings with which one painting is measured at a long side, as a run with it does.

    Those that `check_measurable` refuses are not among them.
    """
    alone = {"content_weight": 0.0, "laplacian_weight": 0.0, "style_weight": 1.0, "strength": 0.5, "init": "noise"}
    plain = {"mask": (), "keep_mask": None, "style_blend": (), "style_scale": 1.0, "margin": 0}
    return settings.model_copy(update={**alone, **plain, "size": side, "style_crop": crop})


def style_layers(settings: Settings) -> frozenset[Layer]:
    """Read the layers at which styles are compared.

    Raises:
        SettingsError: there is none.
    """
    layers = frozenset(Layer.parse(name) for name, weight in settings.style_layers.items() if weight > 0)
    if not layers:
        problem = f"{argument('style_layers')} names no layer with a weight"
        raise SettingsError(problem, "Name at least one.")
    return layers


def style_crops(settings: Settings, paintings: int) -> list[str]:
    """Read the part of each painting to learn from, empty for all of it.

    Raises:
        SettingsError: there is not one for each.
    """
    return split_crops(settings.style_crop, paintings) or [""] * paintings


def statistic(settings: Settings) -> StatisticName:
    """Read what is compared of styles."""
    return settings.statistic


def transfer_spec(settings: Settings, inputs: Inputs, memory: MemoryPlan) -> TransferSpec:
    """Make the specification of a transfer.

    Raises:
        SettingsError: no term is left, the weights do not fit the style images, or the settings ask for content or
            style of a picture that is not there.
    """
    objective = _objective_spec(settings)
    if inputs.faces:
        objective = replace(objective, faces=_FACES[settings.faces])
    active = _active_kinds(objective)
    if inputs.content is None:
        _check_without_content(settings, [kind for kind in active if KINDS[kind].compares == "content"])
    if not inputs.styles:
        _check_without_styles(settings, [kind for kind in active if KINDS[kind].compares == "style"])
    return TransferSpec(
        size=result_size(settings, inputs.subject, may_turn=inputs.content is not None),
        objective=objective,
        fine_scale_objective=_fine_scale_objective(settings, objective),
        optimizer=_optimizer(settings, memory),
        iterations=settings.iterations,
        scales=settings.scales,
        iterations_decay=settings.iterations_decay,
        rounds=settings.rounds,
        tolerance=settings.tolerance,
        output_iterate=settings.output_iterate,
        init=_init(settings),
        noise_share=settings.noise_share,
        noise_amplitude=settings.noise_amplitude,
        seed=settings.seed,
        style_weights=style_weights(settings.style_blend, len(inputs.styles)),
        style_scale=settings.style_scale,
        style_fit=settings.style_fit,
        detail=settings.detail,
        style_detail=settings.style_detail,
        fill=settings.fill,
        margin=settings.margin,
        luminance_only=settings.color == "photo",
        content_only=settings.strength == 0,
        tiles=TileSpec(memory.side, memory.keep, memory.whole) if memory.side else None,
    )


def result_size(settings: Settings, picture: Picture, *, may_turn: bool = True) -> Size:
    """Give the size of the result for a picture whose aspect it takes; see `sizing.result_size`."""
    return sizing.result_size(settings, (picture.width, picture.height), may_turn=may_turn)


def content_share(strength: float) -> float:
    """Give the weight of content at a strength 0..1, as a multiple of its weight at 0.5: ((1 - s) / s)^2.

    At 1 it is 0; below 0.001, where nothing of the style is left to be seen, it is that of 0.001. Style gap closed goes
    about with the logarithm of the weights' ratio, so a step anywhere on the scale has about the same visible effect;
    at 0, where style weighs nothing, content keeps its weight.
    """
    strength = max(strength, _LEAST_STRENGTH) if strength else 0.0
    return ((1 - strength) / strength) ** 2 if strength else 1.0


def _objective_spec(settings: Settings) -> ObjectiveSpec:
    sizing.deepest_layers(settings)  # refuses settings without any layer
    content, style = sizing.compared_layers(settings)
    weights = {kind: float(getattr(settings, f"{kind}_weight")) for kind in KINDS}
    for kind, entry in KINDS.items():
        weights[kind] *= content_share(settings.strength) if entry.compares == "content" else bool(settings.strength)
    return ObjectiveSpec(
        weights=weights,
        content_layers=content,
        style_layers=style,
        convention=settings.convention,
        statistic=settings.statistic,
    )


def _fine_scale_objective(settings: Settings, coarsest: ObjectiveSpec) -> ObjectiveSpec:
    """Limit the depth of an objective, unless nothing would be left of its style."""
    content, style = sizing.fine_scale_layers(settings, coarsest.content_layers, coarsest.style_layers)
    return replace(coarsest, content_layers=content, style_layers=style)


def _active_kinds(objective: ObjectiveSpec) -> list[str]:
    """Give the kinds of loss that weigh anything.

    Raises:
        SettingsError: none does.
    """
    layers = {"content": objective.content_layers, "style": objective.style_layers}
    active = [
        kind
        for kind, weight in objective.weights.items()
        if weight > 0 and (kind not in layers or any(layers[kind].values()))
    ]
    if not active:
        raise _all_zero(objective, layers)
    return active


def _all_zero(objective: ObjectiveSpec, layers: Mapping[str, Mapping[Layer, float]]) -> SettingsError:
    """Name the settings that make every weight 0: those of layers, where the kind itself weighs something."""
    by_layers = [argument(f"{kind}_layers") for kind in layers if objective.weights[kind] > 0]
    if by_layers:
        hint = f"Give a layer of {' or '.join(by_layers)} a weight above 0."
        return SettingsError(f"all layers of {' and '.join(by_layers)} have weight 0, and nothing else counts", hint)
    *names, last = (argument(f"{kind}_weight") for kind in objective.weights)
    hint = f"Raise {', '.join(names)} or {last}, or see whether {argument('strength')} leaves any of them."
    return SettingsError("all weights are 0", hint)


def _init(settings: Settings) -> Init:
    """Give the start by its name; one from a file replaces it."""
    return next((name for name in INIT_IMAGES if name == settings.init), "content")


def _optimizer(settings: Settings, memory: MemoryPlan) -> Callable[[], Optimizer]:
    if settings.optimizer == "adam":
        return partial(
            Adam, settings.learning_rate, settings.beta1, settings.beta2, settings.epsilon, clip=settings.clip
        )
    if settings.optimizer == "scipy-lbfgsb":
        return partial(ScipyLBFGSB, memory.history, clip=settings.clip)
    return partial(LBFGS, settings.history, large=memory.whole + 1 if memory.compact else None, few=memory.history)


def _check_without_content(settings: Settings, comparing: Sequence[str]) -> None:
    """Refuse settings that ask something of the content image; `comparing` are the kinds of loss that do."""
    for kind in comparing:
        name, weight = f"{kind}_weight", getattr(settings, f"{kind}_weight")
        problem = f"no photograph was given for {argument(name, weight)}"
        raise SettingsError(problem, f"Give one, or use {argument(name, 0)} as the recipe 'texture' does.")
    if settings.keep_mask is not None:
        mask = argument("keep_mask")
        raise SettingsError(f"{mask} needs a photograph to keep", f"Give one, or leave out {mask}.")
    if settings.color != "style":
        problem = f"{argument('color', settings.color)} needs a photograph"
        raise SettingsError(problem, f"Give one, or use {argument('color', 'style')}.")
    if settings.init in ("content", "palette"):
        problem = f"{argument('init', settings.init)} needs a photograph"
        raise SettingsError(problem, "Give one, or start from noise, gray or style.")


def _check_without_styles(settings: Settings, comparing: Sequence[str]) -> None:
    """Refuse settings that ask something of a style image; `comparing` are the kinds of loss that do."""
    for kind in comparing:
        name, weight = f"{kind}_weight", getattr(settings, f"{kind}_weight")
        problem = f"no painting was given for {argument(name, weight)}"
        raise SettingsError(problem, f"Give one, or use {argument(name, 0)} as the recipe 'rebuild' does.")
    if settings.init in ("style", "palette"):
        problem = f"{argument('init', settings.init)} needs a painting"
        raise SettingsError(problem, "Give one, or start from noise, gray or content.")
