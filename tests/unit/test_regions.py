"""Guided statistics, held parts of a picture, and the masks that ask for them."""

import math
from functools import partial

import numpy as np
import PIL.Image
import pytest
import torch
from objectives import make_objective, make_spec

from impasto import Finished, Settings, Started, Stylizer, images
from impasto.core import ObjectiveSpec, TransferImages, TransferSpec
from impasto.core.details import Details
from impasto.core.losses.conventions import CONVENTIONS
from impasto.core.losses.guided import LayerRegion, guidance
from impasto.core.losses.masked import MaskedObjective, blend_with_content
from impasto.core.losses.statistics import STATISTICS
from impasto.core.losses.style import StyleLoss
from impasto.core.network.vgg import VGG
from impasto.core.optim import LBFGS, Adam, ScipyLBFGSB
from impasto.core.pyramid import resize
from impasto.engine import device as devices
from impasto.engine.inputs import masks
from impasto.errors import ImageError, SettingsError
from impasto.layers import Layer

HEIGHT, WIDTH = 18, 22
STEP = 1e-5
RELU1_1, CONV3_1 = Layer.parse("relu1_1"), Layer.parse("conv3_1")
STYLE = {RELU1_1: 0.5, CONV3_1: 0.5}
WHITE = torch.ones(1, 1, HEIGHT, WIDTH, dtype=torch.float64)


def random(seed, *shape):
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def random_picture(seed):
    return random(seed, 1, 3, HEIGHT, WIDTH) * 255


def left(softness):
    """White on the left, black on the right, with a ramp of so many pixels between."""
    ramp = (WIDTH / 2 - torch.arange(WIDTH, dtype=torch.float64) - 0.5) / softness + 0.5
    return ramp.clamp(0, 1).expand(1, 1, HEIGHT, WIDTH).clone()


def channels_last(maps):
    return maps.contiguous(memory_format=torch.channels_last)


def region(weights):
    return LayerRegion(weights, weights.sum().item(), weights.mean().item())


def measure(statistic, features):
    """What a statistic compares."""
    return STATISTICS[statistic].matrices(STATISTICS[statistic].measure(features))


def evaluate(statistic, features, target, where=None, factor=1.0):
    """The value of a style loss in one region, and its gradient."""
    loss = StyleLoss(RELU1_1, 1.0, factor, STATISTICS[statistic], [target], [where])
    value, add_gradient = loss.evaluate(features)
    return value, add_gradient(None)


@pytest.fixture(scope="module")
def double_weights(vgg_weights):
    return vgg_weights.to(torch.device("cpu"), torch.float64)


def objective(vgg_weights, guided, *, convention="mean", statistic="gram", blend=(1.0,), layers=STYLE, **weights):
    spec = make_spec({Layer.parse("relu2_2"): 1.0}, layers, convention=convention, statistic=statistic, **weights)
    network = VGG(vgg_weights, spec.layers, padding="replicate")
    styles = [random_picture(10 + number) for number in range(len(blend))]
    return make_objective(network, random_picture(1), styles, spec, style_weights=blend, guidance=guided)


def assert_is_its_finite_difference(measured, picture):
    gradient = measured.evaluate(picture).gradient
    for seed in (5, 6):
        direction = random_picture(seed) / 255 - 0.5
        ahead, behind = (measured.values(picture + sign * STEP * direction).sum() for sign in (1, -1))
        slope = (ahead - behind) / (2 * STEP)
        torch.testing.assert_close((gradient * direction).sum(), slope, rtol=2e-5, atol=1e-7 * abs(slope.item()))


FEATURES = channels_last(random(1, 1, 5, 4, 6) * 7)
WEIGHTS = random(2, 1, 1, 4, 6)


def test_a_guided_gram_matrix_is_the_weighted_mean_of_outer_products():
    vectors, weights = FEATURES[0].reshape(5, -1).numpy().T, WEIGHTS.numpy().ravel()
    mean = np.average([np.outer(vector, vector) for vector in vectors], axis=0, weights=weights)
    value, _ = evaluate("gram", FEATURES, (torch.zeros(5, 5, dtype=torch.float64),), region(WEIGHTS))
    assert value.item() == pytest.approx((mean**2).mean() * weights.mean())


def test_guided_moments_are_numpys_weighted_covariance_and_mean():
    vectors, weights = FEATURES[0].reshape(5, -1).numpy(), WEIGHTS.numpy().ravel()
    mean = np.average(vectors, axis=1, weights=weights)
    parts = np.cov(vectors, aweights=weights, ddof=0), np.outer(mean, mean)
    nothing = torch.zeros(5, 5, dtype=torch.float64)
    value, _ = evaluate("moments", FEATURES, (nothing, nothing), region(WEIGHTS))
    assert value.item() == pytest.approx(sum((part**2).mean() for part in parts) * weights.mean())


def test_a_region_sees_only_what_is_in_it():
    half = torch.zeros_like(WEIGHTS)
    half[..., :3] = 1
    inside, outside = FEATURES[..., :3], FEATURES.clone()
    outside[..., 3:] = 1000
    for statistic in STATISTICS:
        value, _ = evaluate(statistic, channels_last(outside), measure(statistic, inside), region(half))
        assert value.item() < 1e-20


def test_what_is_asked_of_a_place_does_not_depend_on_how_large_its_region_is():
    tiled = channels_last(FEATURES.repeat(1, 1, 4, 4))
    small, large = torch.zeros(2, 1, 1, 16, 24, dtype=torch.float64)
    small[..., :4, :6] = 1
    large[..., :8, :24] = 1
    target = (torch.eye(5, dtype=torch.float64),)
    _, everywhere = evaluate("gram", tiled, target, factor=3.0)
    for weights in (small, large):
        _, gradient = evaluate("gram", tiled, target, region(weights), factor=3.0)
        torch.testing.assert_close(gradient, everywhere * weights)


@pytest.mark.parametrize("statistic", STATISTICS)
def test_half_precision_keeps_to_the_gradient_of_a_soft_region(statistic):
    features = channels_last(random(3, 1, 8, 40, 40).float() * 300)
    target = measure(statistic, features * 0.9)
    weights = random(4, 1, 1, 40, 40).float()
    exact, expected = evaluate(statistic, features, target, region(weights))
    half, gradient = evaluate(statistic, features.bfloat16(), target, region(weights.bfloat16()))
    assert half.dtype == torch.float32
    assert half.item() == pytest.approx(exact.item(), rel=0.02)
    error = gradient.float() - expected
    assert torch.linalg.vector_norm(error) < 0.02 * torch.linalg.vector_norm(expected)


@pytest.mark.parametrize("statistic", STATISTICS)
def test_a_region_too_small_for_a_layer_asks_for_nothing_there(statistic):
    target = (torch.eye(5, dtype=torch.float64),) * 2
    value, gradient = evaluate(statistic, FEATURES, target, LayerRegion(torch.zeros_like(WEIGHTS), 1.0, 0.0))
    assert value.item() == 0
    assert not gradient.any()


@pytest.mark.parametrize("statistic", STATISTICS)
@pytest.mark.parametrize("convention", CONVENTIONS)
def test_the_gradient_of_soft_regions_is_its_finite_difference(double_weights, convention, statistic):
    guided = guidance([left(6), 1 - left(3)], left(9).flip(2, 3), (2.0, 1.0))
    for weights in ({"content": 0.0}, {"style": 0.0}):
        measured = objective(
            double_weights, guided, convention=convention, statistic=statistic, blend=(2.0, 1.0), **weights
        )
        assert_is_its_finite_difference(measured, random_picture(4))


@pytest.mark.parametrize("statistic", STATISTICS)
@pytest.mark.parametrize("convention", CONVENTIONS)
def test_a_mask_that_is_white_all_over_and_a_black_keep_mask_change_nothing(double_weights, convention, statistic):
    plain = objective(double_weights, None, convention=convention, statistic=statistic).evaluate(random_picture(4))
    for guided in (guidance([WHITE], None, (1.0,)), guidance([], 0 * WHITE, (1.0,))):
        measured = objective(double_weights, guided, convention=convention, statistic=statistic)
        evaluation = measured.evaluate(random_picture(4))
        assert evaluation.terms == pytest.approx(plain.terms, rel=1e-12)
        torch.testing.assert_close(evaluation.gradient, plain.gradient, rtol=1e-9, atol=0)


def test_two_masks_that_are_white_all_over_ask_for_the_blend(double_weights):
    blend = (3.0, 1.0)
    guided = objective(double_weights, guidance([WHITE, WHITE], None, blend), blend=blend)
    plain = objective(double_weights, None, blend=blend)
    torch.testing.assert_close(
        guided.evaluate(random_picture(4)).gradient, plain.evaluate(random_picture(4)).gradient, rtol=1e-9, atol=1e-12
    )


def test_overlapping_masks_share_the_place_and_a_painting_without_weight_has_none():
    both = guidance([WHITE, left(1)], None, (1.0, 1.0))
    shares = [region.weights[0, 0, 0] for region in both.regions]
    torch.testing.assert_close(shares[0], 1 - shares[1])
    assert shares[1][0] == 0.5
    assert shares[1][-1] == 0
    (only,) = guidance([WHITE, left(1)], None, (0.0, 1.0)).regions
    assert only.style_weights == (0, 1)


def test_soft_edges_stay_soft_at_every_layer():
    guided = guidance([left(12)], None, (1.0,))
    for layer, size, columns in ((RELU1_1, (18, 22), 22), (CONV3_1, (4, 5), 20)):
        (grid,) = guided.regions_at(layer, torch.float64)
        assert grid.weights.shape[2:] == size
        assert ((grid.weights > 0.05) & (grid.weights < 0.95)).sum() >= size[0] * 2
        assert grid.share == pytest.approx(left(12)[..., :columns].mean().item())


def test_where_no_mask_is_white_nothing_is_asked_of_style(double_weights):
    style = {RELU1_1: 1.0}  # sees one pixel to either side
    measured = objective(double_weights, guidance([left(1)], None, (1.0,)), layers=style, content=0.0)
    gradient = measured.evaluate(random_picture(4)).gradient
    assert gradient[..., : WIDTH // 2 + 1].abs().amin() > 0
    assert not gradient[..., WIDTH // 2 + 1 :].any()


def test_nothing_is_asked_next_to_what_is_kept():
    guided = guidance([], left(1), (1.0,))
    (grid,) = guided.regions_at(RELU1_1, torch.float64)
    assert not grid.weights[..., :12].any()
    assert (grid.weights[..., 12:] == 1).all()
    assert guided.trainable_at(RELU1_1).sum() == HEIGHT * WIDTH / 2


def test_the_gradient_of_a_held_objective_is_its_finite_difference(double_weights):
    keep = left(9)
    inner = objective(double_weights, guidance([], keep, (1.0,)), tv=0.1)
    assert_is_its_finite_difference(MaskedObjective(inner, random_picture(7), keep), random_picture(4))


MINIMIZERS = {
    "lbfgs": lambda: LBFGS(5),
    "adam": lambda: Adam(5.0, 0.9, 0.999, 1e-8, clip=True),
    "scipy": lambda: ScipyLBFGSB(5, clip=True),
}


@pytest.mark.parametrize("minimizer", MINIMIZERS)
def test_every_minimizer_lowers_a_held_objective_and_what_is_kept_does_not_move(double_weights, minimizer):
    keep, photograph = left(4), random_picture(7)
    measured = MaskedObjective(objective(double_weights, guidance([], keep, (1.0,))), photograph, keep)
    iterates = list(MINIMIZERS[minimizer]().minimize(measured.evaluate, random_picture(4), 8))
    assert iterates[-1].loss < 0.9 * iterates[0].loss
    assert not [iterate for iterate in iterates if iterate.restart]
    kept = (keep == 1).expand_as(photograph)
    assert torch.equal(iterates[-1].image[kept], random_picture(4)[kept])
    assert torch.equal(blend_with_content(iterates[-1].image, photograph, keep)[kept], photograph[kept])


def test_what_grows_without_a_mask_gets_the_photographs_detail_and_what_is_painted_does_not():
    photograph = random_picture(1)
    small = resize(photograph, WIDTH // 2, HEIGHT // 2)
    objective = ObjectiveSpec({}, content_layers={}, style_layers={}, convention="mean", statistic="gram")
    spec = TransferSpec((WIDTH, HEIGHT), objective, optimizer=partial(LBFGS, 5), iterations=1)
    source = TransferImages(photograph, [random_picture(2)], spec, masks=[left(1)])
    detail = Details(source, spec, lambda _width, _height: photograph).make(small, WIDTH, HEIGHT)
    bigger = resize(small, WIDTH, HEIGHT) + detail
    torch.testing.assert_close(bigger[..., WIDTH // 2 :], photograph[..., WIDTH // 2 :])
    plain = torch.nn.functional.interpolate(small, size=(HEIGHT, WIDTH), mode="bicubic", antialias=True)
    torch.testing.assert_close(bigger[..., : WIDTH // 2], plain[..., : WIDTH // 2])


def read(mask, keep_mask=None, paintings=1, size=(12, 8)):
    """Masks by the files that hold them."""
    photograph = images.read(np.zeros((size[1], size[0], 3), np.uint8))
    names = (str(mask),) if mask else ()
    return masks.read_masks(names, keep_mask and str(keep_mask), photograph, paintings)


GRAYS = np.linspace(0, 1, 12 * 8).reshape(8, 12)


@pytest.mark.parametrize(
    ("image", "tolerance"),
    [
        (PIL.Image.fromarray(np.rint(GRAYS * 255).astype(np.uint8)), 0.003),
        (PIL.Image.fromarray(np.rint(GRAYS * 255).astype(np.uint8)).convert("RGB"), 0.003),
        (PIL.Image.fromarray(np.rint(GRAYS * 255).astype(np.uint8)).convert("P"), 0.003),
        (PIL.Image.fromarray(np.rint(GRAYS * 65535).astype(np.uint16)), 1e-5),
        (PIL.Image.fromarray(GRAYS > 0.5), 0.5),
    ],
    ids=["8-bit", "color", "palette", "16-bit", "bilevel"],
)
def test_a_mask_of_any_kind_is_read_as_its_gray(tmp_path, image, tolerance):
    image.save(tmp_path / "mask.png")
    (plane,) = read(tmp_path / "mask.png").styles
    np.testing.assert_allclose(plane, GRAYS, atol=tolerance)
    assert plane.max() == 1
    assert plane.min() == 0


def test_a_colored_mask_counts_by_its_luminance_and_transparency_is_black(tmp_path):
    pixels = np.full((8, 12, 4), 255, np.uint8)
    pixels[:, :4, :3] = (0, 255, 0)
    pixels[:, 8:, 3] = 0
    PIL.Image.fromarray(pixels).save(tmp_path / "mask.png")
    (plane,) = read(tmp_path / "mask.png").styles
    np.testing.assert_allclose(plane[0], [0.7152] * 4 + [1] * 4 + [0] * 4, atol=1e-4)


@pytest.mark.parametrize("size", [(64, 43), (500, 333), (768, 511)])
def test_a_hard_mask_of_any_size_has_no_ghost_beside_its_edge(size):
    plane = np.zeros((43, 64), np.float32)
    plane[:, 32:] = 1
    resized = masks.resize_mask(plane, *size)
    wide = max(1, size[0] / 64)
    middle = size[0] / 2
    assert (resized[:, : int(middle - wide)] == 0).all()
    assert (resized[:, int(np.ceil(middle + wide)) :] == 1).all()
    assert (np.diff(resized, axis=1) >= 0).all()


def test_masks_that_cannot_be_meant_are_refused(tmp_path):
    for name, value, size in (("black", 0, (12, 8)), ("white", 255, (12, 8)), ("square", 255, (8, 8))):
        PIL.Image.new("L", size, value).save(tmp_path / f"{name}.png")
    with pytest.raises(ImageError, match=r"black\.png is black all over.*would not be used"):
        read(tmp_path / "black.png")
    with pytest.raises(ImageError, match=r"white\.png is white all over.*nothing is painted"):
        read(None, tmp_path / "white.png")
    with pytest.raises(ImageError, match=r"square\.png is a mask of another shape than array: 8 x 8 .* not 12 x 8"):
        read(tmp_path / "square.png")
    with pytest.raises(SettingsError, match="names 1 mask for 2 paintings"):
        read(tmp_path / "white.png", paintings=2)


def test_a_mask_may_differ_from_the_photographs_shape_by_rounding(tmp_path):
    PIL.Image.new("L", (64, 43), 255).save(tmp_path / "small.png")
    assert read(tmp_path / "small.png", size=(1000, 667)).styles[0].shape == (43, 64)


@pytest.mark.parametrize(
    ("written", "names"),
    [
        ("one.png", ("one.png",)),
        ("one.png,two.png", ("one.png", "two.png")),
        ('one.png, "sky, night.png"', ("one.png", "sky, night.png")),
        (r"C:\masks\one.png,two.png", (r"C:\masks\one.png", "two.png")),
        ("", ()),
        (["sky, night.png"], ("sky, night.png",)),
    ],
)
def test_names_of_masks_are_told_apart_by_commas(written, names):
    assert Settings(mask=written).mask == names


def test_a_quote_that_does_not_end_is_refused():
    with pytest.raises(SettingsError, match="cannot be told apart"):
        Settings(mask='"sky, night.png')


@pytest.fixture
def half(tmp_path):
    """A mask for the photograph: white on its left."""
    pixels = np.zeros((43, 64), np.uint8)
    pixels[:, :32] = 255
    PIL.Image.fromarray(pixels).save(tmp_path / "half.png")
    return str(tmp_path / "half.png")


@pytest.mark.slow
def test_the_fast_precision_is_compared_with_masks_in_place(photo, painting, half, monkeypatch):
    monkeypatch.setattr(devices, "bfloat16_is_fast", lambda _: True)
    for choices in ({"mask": (half,)}, {"keep_mask": half}):
        settings = Settings(size=48, scales=1, margin=0, iterations=1, **choices)
        first, *_, last = Stylizer().run(photo, painting, settings)
        assert isinstance(first, Started)
        assert first.precision in ("bfloat16", "float32")
        assert (first.precision == "float32") == (first.fallback is not None)
        assert np.isfinite(last.loss)


def test_the_losses_of_a_held_picture_are_those_that_its_painting_reported(photo, painting, half):
    stylizer = Stylizer()
    settings = Settings(recipe="tf-adam", size=64, iterations=3, keep_mask=half)  # which stays in the pixel range
    finished = list(stylizer.run(photo, painting, settings))[-1]
    assert isinstance(finished, Finished)
    again = stylizer.losses(finished.picture, photo, painting, settings)
    assert again.total == pytest.approx(finished.loss, rel=1e-5)


NOT_FINITE = torch.full((1, 3, 40, 40), 100.0)
NOT_FINITE[0, 0, 0, 0] = math.nan


@pytest.mark.parametrize(
    ("content", "style", "choices", "says"),
    [
        (torch.zeros(3, 40, 40), random_picture(1), {}, r"shape \(3, 40, 40\), not \(1, 3, H, W\)"),
        (torch.zeros(2, 3, 40, 40), random_picture(1), {}, r"shape \(2, 3, 40, 40\)"),
        (torch.zeros(1, 4, 40, 40), random_picture(1), {}, r"shape \(1, 4, 40, 40\)"),
        (random_picture(1), NOT_FINITE, {}, "not finite"),
        (random_picture(1), random_picture(2), {"style_weights": (0.0,)}, "all style weights are 0"),
        (random_picture(1), random_picture(2), {"style_weights": (1.0, 2.0)}, "2 style weights for 1 styles"),
        (random_picture(1), random_picture(2), {"masks": [torch.ones(1, 1, 40, 40)] * 3}, "3 masks for 1 styles"),
    ],
    ids=["rank", "batch", "channels", "nan", "no weight", "weights", "masks"],
)
def test_tensors_of_another_kind_are_refused_before_anything_is_computed(content, style, choices, says):
    choices = dict(choices)
    masks = choices.pop("masks", [])
    spec = TransferSpec(objective=make_spec({}, {}), optimizer=LBFGS, size=(40, 40), iterations=1, **choices)
    with pytest.raises(ValueError, match=says):
        TransferImages(content, [style], spec, masks=masks)
