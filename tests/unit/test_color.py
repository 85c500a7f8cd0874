"""Colors: the photograph's own put back, palettes matched, and what is transparent left out of it."""

import numpy as np
import pytest
import torch

import impasto
from impasto import Finished, Preview, Settings, Stylizer
from impasto.core import color
from impasto.core.losses.luminance import LuminanceObjective
from impasto.engine.inputs.recolor import recolor
from impasto.images import Picture, read, resize

SMALL = {"size": 64, "iterations": 3, "precision": "float32"}
CONES = np.array(
    [
        [0.4122214708, 0.5363325363, 0.0514459929],
        [0.2119034982, 0.6806995451, 0.1073969566],
        [0.0883024619, 0.2817188376, 0.6299787005],
    ]
)
LAB = np.array(
    [
        [0.2104542553, 0.7936177850, -0.0040720468],
        [1.9779984951, -2.4285922050, 0.4505937099],
        [0.0259040371, 0.7827717662, -0.8086757660],
    ]
)


@pytest.fixture(scope="module")
def stylizer():
    return Stylizer()


def oklab(rgb):
    """Ottosson's formulas, written for this test: (..., 3), 0..255."""
    unit = np.asarray(rgb, np.float64) / 255
    linear = np.where(unit <= 0.04045, unit / 12.92, ((unit + 0.055) / 1.055) ** 2.4)
    return np.cbrt(linear @ CONES.T) @ LAB.T


def srgb(lab):
    linear = (np.asarray(lab) @ np.linalg.inv(LAB).T) ** 3 @ np.linalg.inv(CONES).T
    curved = 1.055 * np.maximum(linear, 0) ** (1 / 2.4) - 0.055
    return 255 * np.where(linear <= 0.0031308, 12.92 * linear, curved)


def palette_distance(one, other):
    """Sliced Wasserstein distance of two pictures' colors, in OkLab."""
    directions = np.random.default_rng(5).normal(size=(3, 64))
    directions /= np.linalg.norm(directions, axis=0)
    shares = (np.arange(256) + 0.5) / 256
    ours, theirs = (np.quantile(oklab(it.rgb).reshape(-1, 3) @ directions, shares, axis=0) for it in (one, other))
    return np.sqrt(((ours - theirs) ** 2).mean())


def planes(*pixels):
    """Pixels in a row, as a picture (1, 3, 1, W)."""
    return torch.tensor(pixels, dtype=torch.float32).T.reshape(1, 3, 1, -1)


def pixels_of(image):
    return image[0].permute(1, 2, 0).numpy()


def small(name, pictures, side=128):
    picture = read(pictures / f"{name}.jpg")
    share = side / max(picture.width, picture.height)
    return resize(picture, round(picture.width * share), round(picture.height * share))


@pytest.fixture
def pictures(photo):
    return photo.parent


def all_colors(step=15):
    levels = torch.arange(0, 256, step, dtype=torch.float32)
    return torch.stack(torch.meshgrid(levels, levels, levels, indexing="ij")).reshape(1, 3, len(levels), -1)


@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 0.01), (torch.float64, 1e-6)])
def test_a_color_comes_back_from_oklab_as_itself(dtype, tolerance):
    image = all_colors(5).to(dtype)
    assert (color.from_oklab(color.to_oklab(image)) - image).abs().max() < tolerance


def test_oklab_is_that_of_its_author():
    image = all_colors()
    np.testing.assert_allclose(pixels_of(color.to_oklab(image)), oklab(pixels_of(image)), atol=2e-6)
    np.testing.assert_allclose(oklab([[255, 0, 0]]), [[0.62796, 0.22486, 0.12585]], atol=1e-4)
    np.testing.assert_allclose(oklab([[0, 0, 255]]), [[0.45201, -0.03246, -0.31153]], atol=1e-4)


def test_the_gray_of_a_picture_has_its_lightness_and_a_gray_picture_stays():
    image = all_colors()
    gray = color.gray_of(image)
    assert torch.equal(gray[:, 0], gray[:, 2])
    np.testing.assert_allclose(oklab(pixels_of(gray))[..., 0], oklab(pixels_of(image))[..., 0], atol=1e-5)
    torch.testing.assert_close(color.gray_of(gray), gray, atol=1e-3, rtol=0)


SATURATED = [
    (0, 0, 255),
    (255, 255, 0),
    (255, 0, 0),
    (0, 255, 255),
    (255, 0, 255),
    (0, 255, 0),
    (0, 0, 0),
    (255, 255, 255),
    (0, 4, 206),  # between 0.38 and 0.53 in lightness such a blue is in the gamut, but for a gap
    (46, 102, 255),
    (128, 128, 128),
    (90, 140, 60),
]


@pytest.mark.parametrize("own", SATURATED, ids=str)
def test_the_painted_lightness_goes_under_any_color_or_to_the_nearest_that_can_be_shown(own):
    wanted = np.linspace(0, 1, 41)
    gray = torch.from_numpy(srgb(np.stack([wanted, 0 * wanted, 0 * wanted], axis=-1))).float()
    lit = color.replace_lightness(gray.T.reshape(1, 3, 1, -1), planes(own).expand(1, 3, 1, 41))
    found, (own_lightness, a, b) = oklab(pixels_of(lit)[0]), oklab(own)
    assert lit.min() >= 0
    assert lit.max() <= 255
    np.testing.assert_allclose(found[:, 1:], np.broadcast_to((a, b), (41, 2)), atol=1e-4)
    scanned = np.append(np.linspace(0, 1, 20001), own_lightness)
    channels = srgb(np.stack([scanned, np.full_like(scanned, a), np.full_like(scanned, b)], axis=-1))
    possible = scanned[((channels > -0.01) & (channels < 255.01)).all(axis=1)]
    nearest = np.abs(possible[:, np.newaxis] - wanted).min(axis=0)
    np.testing.assert_allclose(np.abs(found[:, 0] - wanted), nearest, atol=5e-4)


def test_black_and_white_take_any_lightness():
    gray = planes(*([level] * 3 for level in (0, 1, 60, 200, 255)))
    for own in ((0, 0, 0), (255, 255, 255)):
        lit = color.replace_lightness(gray, planes(own).expand_as(gray))
        torch.testing.assert_close(lit, gray, atol=0.02, rtol=0)


def test_a_picture_under_its_own_lightness_is_itself():
    image = all_colors(5)
    torch.testing.assert_close(color.replace_lightness(image, image), image, atol=0.05, rtol=0)


def test_a_large_picture_in_bands_comes_out_as_in_one_piece(pictures, monkeypatch):
    image, other = (torch.from_numpy(small(it, pictures, 96).rgb).permute(2, 0, 1)[None] for it in ("cat", "rocket"))
    other = other[:, :, : image.shape[2], : image.shape[3]]
    image = image[:, :, : other.shape[2], : other.shape[3]]

    def everything():
        wanted = color.palette(other)
        lit = color.replace_lightness(image, other)
        return lit, color.match_palette(image, wanted), color.match_tone(image, color.tone(other)), color.gray_of(image)

    whole = everything()
    monkeypatch.setattr(color.oklab, "BAND", 7 * image.shape[3])
    for one, other_one in zip(whole, everything(), strict=True):
        torch.testing.assert_close(one, other_one, atol=1e-3, rtol=0)


@pytest.mark.parametrize(
    "pair",
    [
        ("summer_palace", "starry_night"),
        ("coffee", "great_wave"),
        pytest.param(("cat", "water_lilies"), marks=pytest.mark.slow),
        pytest.param(("flower", "wheat_field_with_cypresses"), marks=pytest.mark.slow),
        ("summer_palace", "great_wave"),
    ],
    ids="/".join,
)
def test_a_matched_painting_has_the_photographs_palette(pictures, pair):
    photo, painting = (small(name, pictures, 256) for name in pair)
    _, (matched,) = recolor(photo, (painting,), "match")
    assert palette_distance(matched, photo) < palette_distance(painting, photo) / 3
    assert matched.rgb.min() >= 0
    assert matched.rgb.max() <= 255


def test_a_matched_painting_is_neither_posterized_nor_grainy():
    """Half of the photograph is black, half is white: transport alone would cut a smooth painting in two."""
    ramp = np.broadcast_to(np.linspace(60, 190, 128, dtype=np.float32)[:, np.newaxis], (128, 128, 3))
    halves = np.zeros((64, 64, 3), np.float32)
    halves[:32] = 255
    _, (matched,) = recolor(Picture(halves), (Picture(np.ascontiguousarray(ramp)),), "match")
    steps = np.diff(matched.rgb[0].mean(axis=-1))
    assert np.ptp(matched.rgb) > 200
    assert (steps > -0.5).all()
    assert steps.max() < 12


def test_a_painting_with_the_photographs_palette_already_hardly_changes(pictures):
    photo = small("cat", pictures)
    _, (matched,) = recolor(photo, (Picture(photo.rgb[::-1].copy()),), "match")
    np.testing.assert_allclose(matched.rgb, photo.rgb[::-1], atol=6)


def test_a_painting_gets_the_photographs_mean_and_spread_of_lightness(pictures):
    photo, painting = (small(name, pictures) for name in ("cat", "great_wave"))
    gray_photo, (gray_painting,) = recolor(photo, (painting,), "photo")
    for gray in (gray_photo, gray_painting):
        assert np.array_equal(gray.rgb[..., 0], gray.rgb[..., 2])
        assert oklab(gray.rgb)[..., 0].mean() == pytest.approx(oklab(photo.rgb)[..., 0].mean(), abs=2e-3)
        assert oklab(gray.rgb)[..., 0].std() == pytest.approx(oklab(photo.rgb)[..., 0].std(), abs=2e-3)


def test_a_painting_of_one_color_stays_one():
    flat = Picture(np.full((32, 32, 3), 90, np.float32))
    busy = Picture(np.random.default_rng(0).uniform(0, 255, (32, 32, 3)).astype(np.float32))
    for whose in ("photo", "match"):
        _, (changed,) = recolor(busy, (flat,), whose)
        assert np.ptp(changed.rgb.reshape(-1, 3), axis=0).max() < 0.01


def half_hidden(picture, hidden):
    """The picture in the left half, `hidden` under full transparency in the right; as an array a user might give."""
    rgb = np.concatenate([picture.rgb, np.broadcast_to(np.float32(hidden), picture.rgb.shape)], axis=1)
    alpha = np.ones(rgb.shape[:2], np.float32)
    alpha[:, picture.width :] = 0
    return Picture(rgb, alpha)


@pytest.mark.parametrize("whose", ["photo", "match"])
def test_what_lies_under_transparency_has_no_say(pictures, whose):
    photo, painting = small("cat", pictures), small("great_wave", pictures)
    _, (expected,) = recolor(photo, (painting,), whose)
    _, (found,) = recolor(half_hidden(photo, (255, 0, 255)), (painting,), whose)
    np.testing.assert_allclose(found.rgb, expected.rgb, atol=1)
    _, (found,) = recolor(photo, (half_hidden(painting, (255, 0, 255)),), whose)
    np.testing.assert_allclose(found.rgb[:, : painting.width], expected.rgb, atol=1)
    np.testing.assert_allclose(
        found.rgb[:, painting.width :], np.broadcast_to(expected.rgb.mean(axis=(0, 1)), painting.rgb.shape), atol=1
    )


@pytest.mark.parametrize("whose", ["photo", "match"])
def test_half_transparent_pixels_count_half(whose):
    """A gray photograph of two levels, one at half the opacity, is one where that level is half as frequent."""
    painting = Picture(np.random.default_rng(0).uniform(0, 255, (32, 32, 3)).astype(np.float32))
    rgb = np.full((30, 30, 3), 40, np.float32)
    rgb[:15] = 220
    alpha = np.ones((30, 30), np.float32)
    alpha[:15] = 0.5
    rarer = np.full((30, 30, 3), 40, np.float32)
    rarer[:10] = 220
    _, (found,) = recolor(Picture(rgb, alpha), (painting,), whose)
    _, (expected,) = recolor(Picture(rarer), (painting,), whose)
    np.testing.assert_allclose(found.rgb, expected.rgb, atol=2)


def test_pictures_that_are_transparent_all_over_do_not_break_the_colors(pictures):
    photo = small("cat", pictures)
    clear = Picture(photo.rgb, np.zeros(photo.rgb.shape[:2], np.float32))
    for whose in ("photo", "match"):
        for changed in recolor(clear, (clear,), whose)[1]:
            assert np.isfinite(changed.rgb).all()


def painted(stylizer, photo, paintings, **choices):
    events = list(stylizer.run(photo, paintings, Settings(**{**SMALL, **choices}), preview_every=1))
    return [event.picture for event in events if isinstance(event, Preview | Finished)], events[-1]


WAYS = [
    {},
    {"recipe": "tf-adam"},
    {"recipe": "keras-lbfgs", "rounds": 2},
    pytest.param({"recipe": "gatys"}, marks=pytest.mark.slow),
    pytest.param({"recipe": "coursera"}, marks=pytest.mark.slow),
    {"recipe": "neural-style", "init": "gaussian"},
    {"init": "style", "optimizer": "adam", "keep": "average"},
    {"init": "gray"},
    pytest.param({"precision": "float64"}, marks=pytest.mark.slow),
    {"statistic": "moments", "precision": "bfloat16", "iterations": 1, "margin": 0},
    {"size": 128, "scales": 2, "iterations": 1, "margin": 0},
]


@pytest.mark.parametrize("choices", WAYS, ids=str)
def test_every_picture_on_the_way_has_exactly_the_photographs_hue_and_chroma(stylizer, photo, painting, choices):
    seen, finished = painted(stylizer, photo, [painting], color="photo", **choices)
    for picture in seen:
        colors = resize(read(photo), picture.width, picture.height)
        np.testing.assert_allclose(oklab(picture.rgb)[..., 1:], oklab(colors.rgb)[..., 1:], atol=1e-4)
    assert np.abs(oklab(seen[-1].rgb)[..., 0] - oklab(colors.rgb)[..., 0]).mean() > 0.005
    # In the 8 bits of a file, each channel is the nearest to a color of the photograph's a and b.
    written = np.asarray(finished.picture.to_pil(), np.float64)
    wanted = np.stack([oklab(finished.picture.rgb)[..., 0], *np.moveaxis(oklab(colors.rgb)[..., 1:], -1, 0)], axis=-1)
    assert np.abs(written - srgb(wanted)).max() < 0.6


def test_a_picture_file_as_the_start_and_several_paintings_keep_the_photographs_colors(stylizer, photo, painting):
    paintings = [painting, photo.with_name("great_wave.jpg")]
    seen, _ = painted(stylizer, photo, paintings, color="photo", init=str(painting), style_blend="1,2")
    colors = resize(read(photo), 64, 43)
    for picture in seen:
        np.testing.assert_allclose(oklab(picture.rgb)[..., 1:], oklab(colors.rgb)[..., 1:], atol=1e-4)


def test_the_losses_of_a_picture_painted_in_lightness_are_those_it_was_painted_with(stylizer, photo, painting):
    cat = photo.with_name("cat.jpg")  # whose colors are all in the gamut, however light they become
    _, finished = painted(stylizer, cat, [painting], color="photo", margin=0)
    again = stylizer.losses(finished.picture, cat, [painting], finished.settings)
    assert again.total == pytest.approx(finished.loss, rel=1e-3)
    other = stylizer.losses(finished.picture, cat, [painting], Settings(**SMALL))
    assert other.total != pytest.approx(finished.loss, rel=0.1)


def total(stylizer, photo, paintings, **choices):
    """The objective at the photograph, small."""
    return stylizer.losses(small(photo.stem, photo.parent, 64), photo, paintings, Settings(**SMALL, **choices)).total


def test_painting_with_a_matched_palette_is_painting_from_the_recolored_painting(stylizer, photo, painting):
    _, (matched,) = recolor(read(photo), (read(painting),), "match")
    ours = total(stylizer, photo, [painting], color="match")
    assert ours == pytest.approx(total(stylizer, photo, [matched]), rel=1e-6)
    assert ours != pytest.approx(total(stylizer, photo, [painting]), rel=0.01)


@pytest.mark.slow
def test_a_matched_palette_brings_the_result_nearer_to_the_photographs_colors(stylizer, photo, painting):
    whole = small("summer_palace", photo.parent, 64)
    ours, plain = (painted(stylizer, photo, [painting], color=it, iterations=12)[0][-1] for it in ("match", "style"))
    assert palette_distance(ours, whole) < palette_distance(plain, whole) / 2


@pytest.mark.parametrize("whose", ["photo", "match"])
def test_transparency_and_bit_depth_come_back_whatever_the_colors(painting, whose):
    pixels = np.full((40, 60, 4), 65535, np.uint16)
    pixels[..., 0] = 20000
    pixels[:, :30, 3] = 0
    result = impasto.stylize(pixels, painting, **SMALL, color=whose)
    assert result.picture.depth == 16
    assert result.image.mode == "RGBA"
    assert (result.picture.alpha[:, 2:28] == 0).all()
    assert (result.picture.alpha[:, 36:] == 1).all()
    assert np.isfinite(result.picture.rgb).all()


def luminance_transfer(photo, painting, **choices):
    return Stylizer().open(photo, painting, Settings(**{**SMALL, **choices}, color="photo")).transfer


@pytest.mark.parametrize("init", ["content", "noise", "gaussian", "gray", "style", "file"])
def test_every_start_is_gray_where_only_lightness_is_painted(photo, painting, init):
    transfer = luminance_transfer(photo, painting, init=str(painting) if init == "file" else init)
    start = transfer.initial_image(64, 43)
    assert torch.equal(start[:, 0], start[:, 1])
    assert torch.equal(start[:, 0], start[:, 2])


def test_lightness_has_the_gradient_of_its_own_loss(photo, painting):
    transfer = luminance_transfer(photo, painting, precision="float64", margin=0)
    objective = transfer.objective(64, 43)
    assert isinstance(objective, LuminanceObjective)
    noise = torch.randn(1, 1, 43, 64, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    image, gray = transfer.initial_image(64, 43) + noise, noise.expand(1, 3, 43, 64)
    gradient = objective.evaluate(image).gradient
    assert torch.equal(gradient[:, 0], gradient[:, 1])
    assert torch.equal(gradient[:, 0], gradient[:, 2])
    ahead, behind = (objective.evaluate(image + step * gray).loss for step in (1e-6, -1e-6))
    assert (gradient * gray).sum().item() == pytest.approx((ahead - behind) / 2e-6, rel=1e-5)
