"""Objectives of a few lines, for tests of losses."""

from impasto.core import ObjectiveSpec, StyleImage, TensorImage
from impasto.core.losses import FeatureObjective, LossInputs, build_losses


def make_spec(content_layers, style_layers, *, convention="mean", statistic="gram", **weights):
    """What is compared; `weights` by the kind of loss, 1 for content and style where they are not given."""
    return ObjectiveSpec(
        weights={"content": 1.0, "style": 1.0, **weights},
        content_layers=content_layers,
        style_layers=style_layers,
        convention=convention,
        statistic=statistic,
    )


def make_objective(network, content, styles, spec, *, style_weights=None, guidance=None):
    """The objective for images of the content image's size."""
    inputs = LossInputs(
        network=network,
        content=content,
        styles=[StyleImage(TensorImage(style)) for style in styles],
        style_sizes=[(style.shape[3], style.shape[2]) for style in styles],
        style_weights=style_weights or (1.0,) * len(styles),
        guidance=guidance,
        size=tuple(content.shape[2:]),
        spec=spec,
    )
    return FeatureObjective(network, build_losses(inputs))
