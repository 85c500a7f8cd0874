"""An image seen in tiles has the loss and the gradient of one that is seen whole."""

import pickle
from dataclasses import replace
from functools import partial
from random import Random

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from torch.nn import functional

from impasto.core import LBFGS, VGG, AutogradLoss, Layer, ObjectiveSpec, StyleTransfer, TransferImages, TransferSpec
from impasto.core.losses import FaceSpec, total_variation
from impasto.core.losses.content import ContentLoss
from impasto.core.losses.guided import LayerRegion
from impasto.core.losses.mapped import feature_objective
from impasto.core.losses.statistics import STATISTICS
from impasto.core.losses.style import StyleLoss
from impasto.core.losses.total_variation import KerasVariationLoss, TotalVariationLoss
from impasto.core.network.parts import Window
from impasto.core.network.tiles import TiledVGG, TileSpec
from impasto.errors import SettingsError

LAYERS = [Layer.parse(name) for name in ("relu1_1", "conv2_2", "relu3_3", "relu4_2", "relu5_1")]
KEEPS = [(), (1, 2, 3, 4), (2, 3, 4), (3, 4), (4,)]
CPU = torch.device("cpu")


class Contrast(AutogradLoss):
    """A loss of somebody else's, which cannot be had from parts: the spread of features over the whole image."""

    def __init__(self, layer):
        super().__init__(f"contrast {layer}", layer, 1e-3)

    def value(self, inputs):
        return inputs.float().std()


def picture(seed, width, height, channels=3):
    """Clouds of several sizes, and grain."""
    generator = torch.Generator().manual_seed(seed)
    shape, total = (height, width), torch.zeros(1, channels, height, width)
    for size in (3, 9, 40):
        coarse = torch.rand(1, channels, size, size, generator=generator)
        total += functional.interpolate(coarse, shape, mode="bicubic", align_corners=False).clamp(0, 1)
    grain = torch.rand(1, channels, *shape, generator=generator) * 0.2
    return (total / 3 + grain).clamp(0, 1) * (255 if channels == 3 else 1)


@pytest.fixture(scope="module")
def networks(vgg_weights):
    """One for each way to pool and to pad, and precision."""
    made = {}

    def make(pooling, padding, dtype=torch.float32):
        key = pooling, padding, dtype
        if key not in made:
            made[key] = VGG(vgg_weights.to(CPU, dtype), LAYERS, pooling=pooling, padding=padding)
        return made[key]

    return make


@st.composite
def cases(draw, largest, sides):
    """Everything that a transfer can be asked for, at sizes that are multiples of nothing."""
    styles = draw(st.integers(1, 3))
    return {
        "width": draw(st.integers(largest // 3, largest)),
        "height": draw(st.integers(largest // 3, largest)),
        "side": draw(sides),
        "keep_maps": draw(st.sampled_from(KEEPS)),
        "pooling": draw(st.sampled_from(["max", "average"])),
        "padding": draw(st.sampled_from(["zeros", "replicate"])),
        "statistic": draw(st.sampled_from(["gram", "moments"])),
        "convention": draw(st.sampled_from(["mean", "gatys", "keras", "neural-style"])),
        "styles": styles,
        "blend": draw(st.lists(st.sampled_from([0.25, 1.0, 2.0]), min_size=styles, max_size=styles)),
        "masks": draw(st.booleans()),
        "keep": draw(st.booleans()),
        "faces": draw(st.booleans()),
        "fill": draw(st.sampled_from([1.0, 0.4, 0.0])),
        "gray": draw(st.booleans()),
        "margin": draw(st.sampled_from([0, 5, 8])),
        "laplacian": draw(st.booleans()),
        "extra": draw(st.booleans()),
    }


class Elsewhere:
    """Computes tiles from what is pickled of them, in an order of its own."""

    def __init__(self, network, side, seed=0):
        self.network, self.side, self.random, self.sent = network, side, Random(seed), []

    def open(self, tiles):
        self.sent = [pickle.dumps(tile) for tile in tiles]
        return self

    def measure(self, pixels):
        self.pixels = list(pixels)
        return self.compute(lambda tile, pixels: tile.measure(self.network, pixels))

    def gradients(self, differences):
        differences = pickle.loads(pickle.dumps(differences))
        return self.compute(lambda tile, pixels: tile.gradient(self.network, pixels, differences))

    def compute(self, work):
        numbers = list(range(len(self.sent)))
        self.random.shuffle(numbers)
        found = {number: work(pickle.loads(self.sent[number]), self.pixels[number]) for number in numbers}
        return (found[number] for number in sorted(found))


def evaluate(network, case, tiles, mapper=None):
    """The objective and its gradient, at the start of a transfer."""
    width, height, shown = case["width"], case["height"], (lambda it: it.mean(1, keepdim=True).repeat(1, 3, 1, 1))
    shown = shown if case["gray"] else (lambda it: it)
    content = shown(picture(1, width, height))
    styles = [shown(picture(10 + number, width - 7, height + 9)) for number in range(case["styles"])]
    masks = [picture(20 + number, width, height, 1).round() for number in range(case["styles"])]
    objective = ObjectiveSpec(
        weights={"content": 5.0, "style": 100.0, "tv": 1e-3, "laplacian": 1e-3 if case["laplacian"] else 0.0},
        content_layers={LAYERS[3]: 1.0, LAYERS[1]: 0.1},
        style_layers=dict.fromkeys(LAYERS, 1.0),
        convention=case["convention"],
        statistic=case["statistic"],
        faces=FaceSpec({3: 0.3, 5: 0.0}, 3.0, {LAYERS[1]: 0.2, LAYERS[2]: 1.0}),
    )
    finer = replace(objective, content_layers={LAYERS[2]: 0.5}, style_layers=dict.fromkeys(LAYERS[:3], 1.0))
    spec = TransferSpec(
        size=(width, height),
        objective=objective,
        fine_scale_objective=finer if case.get("finer") else None,
        scales=2,
        optimizer=partial(LBFGS, 5),
        iterations=1,
        style_weights=tuple(case["blend"]),
        margin=case["margin"],
        luminance_only=case["gray"],
        noise_share=0.3,
        noise_amplitude=40.0,
        fill=case["fill"],
        tiles=tiles,
        tile_mapper=mapper,
    )
    images = TransferImages(
        content,
        styles,
        spec,
        masks=masks if case["masks"] else (),
        keep=picture(30, width, height, 1).round() if case["keep"] else None,
        faces=picture(40, width, height, 1) if case["faces"] else None,
    )
    extra = [lambda _: [Contrast(LAYERS[2])]] if case["extra"] else []
    transfer = StyleTransfer(network, images, spec, extra)
    found, start = transfer.objective(width, height), transfer.initial_image(width, height)
    evaluation = found.evaluate(start)
    rounding = 1e-3 if network.dtype == torch.bfloat16 else 1e-5  # one of them keeps what the backward pass needs
    assert found.values(start).tolist() == pytest.approx(evaluation.terms, rel=rounding)
    return evaluation


def check(network, case, tolerance, mapper=None):
    tiles = None if mapper else TileSpec(case["side"], case["keep_maps"])
    whole, tiled = evaluate(network, case, None), evaluate(network, case, tiles, mapper)
    assert tiled.loss == pytest.approx(whole.loss, rel=tolerance)
    assert tiled.terms == pytest.approx(whole.terms, rel=tolerance, abs=tolerance * whole.loss)
    apart = torch.linalg.vector_norm(tiled.gradient - whole.gradient) / torch.linalg.vector_norm(whole.gradient)
    assert apart < tolerance


QUIET = {"deadline": None, "derandomize": True, "suppress_health_check": [HealthCheck.function_scoped_fixture]}


@settings(max_examples=3, **QUIET)
@given(case=cases(150, st.integers(50, 100)))
def test_tiles_give_the_loss_and_the_gradient_of_the_whole(networks, case):
    check(networks(case["pooling"], case["padding"]), case, 1e-5)


@settings(max_examples=3, **QUIET)
@given(case=cases(90, st.integers(40, 50)))
def test_tiles_computed_elsewhere_give_the_loss_and_the_gradient_of_the_whole(networks, case):
    network = networks(case["pooling"], case["padding"])
    mapper = Elsewhere(network, case["side"])
    check(network, case | {"extra": False}, 1e-5, mapper)
    whole = (case["width"] + 2 * case["margin"]) * (case["height"] + 2 * case["margin"]) <= mapper.side**2
    assert bool(mapper.sent) != whole


@pytest.mark.slow
@pytest.mark.parametrize("elsewhere", [False, True])
def test_a_finer_scale_that_reads_fewer_layers_is_seen_in_tiles_of_those(networks, elsewhere):
    case = {"width": 260, "height": 190, "side": 90, "keep_maps": (1, 2, 3, 4), "styles": 1, "blend": [1.0]}
    case |= {"statistic": "moments", "convention": "neural-style", "margin": 8, "fill": 1.0, "finer": True}
    case |= dict.fromkeys(("masks", "keep", "faces", "gray", "laplacian", "extra"), False)
    network = networks("max", "replicate")
    assert len(evaluate(network, case, None).terms) == len(evaluate(network, case | {"finer": False}, None).terms) - 3
    check(network, case, 1e-5, Elsewhere(network, 90) if elsewhere else None)


@pytest.mark.slow
@settings(max_examples=40, **QUIET)
@given(case=cases(700, st.integers(128, 512)))
def test_tiles_of_128_to_512_pixels_give_the_loss_and_the_gradient_of_the_whole(networks, case):
    check(networks(case["pooling"], case["padding"]), case, 1e-5)


@settings(max_examples=2, **QUIET)
@given(case=cases(100, st.integers(50, 70)))
def test_tiles_in_half_precision_differ_by_its_rounding_alone(networks, case):
    check(networks(case["pooling"], case["padding"], torch.bfloat16), case, 2e-2)


CASE = {
    "width": 96,
    "height": 60,
    "pooling": "max",
    "padding": "replicate",
    "statistic": "moments",
    "convention": "mean",
    "styles": 2,
    "blend": [1.0, 2.0],
    "masks": True,
    "keep": True,
    "faces": False,
    "fill": 1.0,
    "gray": False,
    "margin": 4,
    "laplacian": True,
    "extra": False,
}


def test_the_result_does_not_depend_on_which_tile_is_finished_first_and_each_takes_only_its_part_along(networks):
    network = networks("max", "replicate")
    mappers = [Elsewhere(network, 60, seed) for seed in (1, 2)]
    one, other = (evaluate(network, CASE, None, mapper) for mapper in mappers)
    assert one.terms == other.terms
    assert torch.equal(one.gradient, other.gradient)
    content, regions = 128 / 4 + 512 / 64, 3 * sum(1 / 4 ** (layer.block - 1) for layer in LAYERS)
    assert len(mappers[0].sent) == 4
    assert sum(map(len, mappers[0].sent)) < 1.1 * 4 * (96 + 8) * (60 + 8) * (content + regions) + 4 * 15_000


def test_a_part_of_a_loss_is_a_view_and_its_copy_is_no_more_than_the_part():
    target, mask = torch.rand(1, 8, 100, 100), torch.rand(1, 1, 100, 100)
    content = ContentLoss(LAYERS[0], 1.0, 1.0, target, mask)
    region = LayerRegion(mask, mask.sum().item(), mask.mean().item())
    style = StyleLoss(LAYERS[0], 1.0, 1.0, STATISTICS["gram"], [(torch.eye(8),)], [region])
    for loss, whole in ((content, target), (style, mask)):
        part = loss.cut(Window(range(10), range(10), (100, 100)))
        assert len(pickle.dumps(part)) > whole.nbytes  # a view is sent with all that it is a part of
        assert len(pickle.dumps(part.copy())) < whole.nbytes / 10


def test_a_loss_that_needs_a_whole_layer_is_refused_for_tiles_elsewhere_before_they_are_large(networks):
    network = networks("max", "zeros")
    with pytest.raises(SettingsError, match=r"'contrast relu3_3' needs all features of relu3_3 at once"):
        feature_objective(network, [Contrast(LAYERS[2])], (64, 64), Elsewhere(network, 128))


@pytest.mark.parametrize(
    "keep", [KEEPS[2], *(pytest.param(keep, marks=pytest.mark.slow) for keep in (*KEEPS[:2], *KEEPS[3:]))]
)
def test_the_features_of_tiles_are_those_of_the_whole_and_cover_it_once(networks, keep):
    network, image = networks("max", "replicate"), picture(5, 211, 163)
    whole, parts = network(image), list(TiledVGG(network, TileSpec(70, keep)).read(image, frozenset(LAYERS)))
    assert len(parts) > len(LAYERS)
    for layer, features in whole.items():
        covered = torch.zeros_like(features)
        for part in parts:
            if part.layer == layer:
                part.window.cut(covered).add_(part.features)
        torch.testing.assert_close(covered, features, rtol=1e-5, atol=1e-5 * features.abs().max().item())


def test_only_the_layers_that_are_asked_for_are_given(networks):
    parts = networks("max", "zeros").read(picture(5, 64, 64), frozenset(LAYERS[:2]))
    assert [part.layer for part in parts] == LAYERS[:2]


@pytest.mark.parametrize("loss", [TotalVariationLoss(0.3), KerasVariationLoss(0.3)], ids=["absolute", "keras"])
@pytest.mark.parametrize("strip", [1, 400, 1_000])
def test_the_variation_of_strips_is_that_of_the_whole(monkeypatch, loss, strip):
    image = picture(5, 61, 47).double()
    value, add_gradient = loss.evaluate(image)
    expected = add_gradient(None)
    monkeypatch.setattr(total_variation, "LARGEST_STRIP", strip)
    in_strips, add_gradient = loss.evaluate(image)
    torch.testing.assert_close(in_strips, value)
    torch.testing.assert_close(add_gradient(None), expected)


PLAIN = {
    "width": 230, "height": 170, "side": 60, "keep_maps": (3, 4), "pooling": "max", "padding": "replicate",
    "statistic": "moments", "convention": "neural-style", "styles": 1, "blend": [1.0], "masks": False, "keep": False,
    "gray": False, "margin": 8, "laplacian": False, "extra": False, "faces": False, "fill": 1.0,
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16], ids=["float32", "bfloat16"])
@pytest.mark.parametrize("keep_maps", [(3, 4), ()], ids=str)
def test_the_gradient_jumps_no_more_across_the_borders_of_tiles_than_elsewhere(networks, dtype, keep_maps):
    network, case = networks("max", "replicate", dtype), {**PLAIN, "keep_maps": keep_maps}
    whole = evaluate(network, case, None).gradient
    tiled = evaluate(network, case, TileSpec(case["side"], keep_maps)).gradient
    tiles = TiledVGG(network, TileSpec(case["side"], keep_maps)).tiles(*whole.shape[2:])
    lefts = {tile.own.columns.start for tile in tiles} - {0}
    tops = {tile.own.rows.start for tile in tiles} - {0}
    assert len(lefts) >= 3
    assert len(tops) >= 2
    for dimension, borders in ((3, lefts), (2, tops)):
        jumps, expected = (it.diff(dim=dimension).abs().mean(dim=(1, 5 - dimension)).flatten() for it in (tiled, whole))
        at = torch.tensor(sorted(borders)) - 1
        assert (jumps[at] / expected[at] - 1).abs().max() < 0.005
        elsewhere = torch.ones_like(jumps, dtype=torch.bool).index_fill(0, at, value=False)
        assert jumps[at].mean() < 1.1 * jumps[elsewhere].mean()
