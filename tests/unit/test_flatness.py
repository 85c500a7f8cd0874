"""Which places of an image are empty, and that they are asked for what the style's empty places have."""

import numpy as np
import pytest
import torch
from half_empty_pictures import half_empty, noise
from objectives import make_spec

from impasto import Settings, Stylizer, images
from impasto.core import StyleImage, TransferImages, TransferSpec
from impasto.core.flatness import find_empty, measure_flatness
from impasto.core.images import TensorImage
from impasto.core.losses.guided import Fill, Region, guidance
from impasto.core.losses.statistics import STATISTICS
from impasto.core.network.vgg import VGG
from impasto.core.optim import LBFGS
from impasto.core.pyramid import resize
from impasto.engine.measure_style import measure_style
from impasto.errors import SettingsError
from impasto.layers import Layer

RELU1_1, RELU3_1 = Layer.parse("relu1_1"), Layer.parse("relu3_1")
LAYERS = frozenset((RELU1_1, RELU3_1))


def test_a_plain_half_is_flat_and_the_other_busy_to_a_few_pixels():
    found = measure_flatness(half_empty())
    assert found.plane[..., :64].min() > 0.9
    assert found.plane[..., 96:].max() < 0.1
    assert found.contrast > 2.5


@pytest.mark.parametrize("lightness", [0.3, 1.2])
def test_contrast_hardly_depends_on_how_light_it_is(lightness):
    assert measure_flatness(lightness * half_empty()).contrast == pytest.approx(
        measure_flatness(half_empty()).contrast, abs=1
    )


def test_an_image_that_is_filled_all_over_has_little_contrast():
    assert measure_flatness(noise(3)).contrast < 0.5 * measure_flatness(half_empty()).contrast


@pytest.mark.parametrize("color", [0.0, 128.0, 255.0])
def test_an_image_of_one_color_has_one_kind_of_places(color):
    found = measure_flatness(torch.full((1, 3, 40, 50), color))
    assert found.contrast == 0
    assert not found.plane.any()


def test_a_few_specks_are_no_kind_of_places():
    picture = torch.full((1, 3, 120, 160), 200.0)
    picture[..., 60:64, 80:84] = 0
    assert measure_flatness(picture).contrast == 0


def test_what_is_transparent_does_not_count():
    visible = torch.zeros(1, 1, 120, 160)
    visible[..., 80:] = 1
    busy = half_empty()
    busy[..., 110:140] = noise(2, width=30, amplitude=1)
    alone, cut_out = measure_flatness(busy[..., 80:]), measure_flatness(busy, visible)
    assert cut_out.contrast == pytest.approx(alone.contrast, rel=0.2)
    assert cut_out.plane[..., 120:130].min() > 0.9
    assert cut_out.plane[..., 150:].max() < 0.2
    torch.testing.assert_close(cut_out.color, alone.color, atol=0.01, rtol=0)


def test_a_cut_out_photograph_begins_in_the_colors_of_the_painting_where_it_is_visible():
    rgb = np.full((40, 60, 3), 20.0, np.float32)
    rgb[:, 40:] = np.linspace(100, 250, 20, dtype=np.float32)[:, None]
    visible = np.zeros((40, 60), np.float32)
    visible[:, 40:] = 1
    painting = np.repeat(noise(6, 60, 60, amplitude=100)[0, 0].numpy()[..., None], 3, axis=2)
    choices = {"size": 60, "margin": 0, "precision": "float32", "content_layers": "relu2_1", "style_layers": "relu1_1"}
    opened = Stylizer().open(images.Picture(rgb, visible), images.Picture(painting), Settings(**choices))
    start = opened.transfer.initial_image(60, 40)[..., 40:]
    assert float(start.mean()) == pytest.approx(float(painting.mean()), abs=4)
    assert float(start.std()) == pytest.approx(float(painting.std()), rel=0.15)


def test_a_tiny_image_is_looked_at_too():
    assert measure_flatness(half_empty()[..., :2, 78:82]).plane.shape == (1, 1, 2, 4)


def test_what_is_empty_does_not_change_with_the_rest_of_a_frame_whose_colors_are_held():
    first, later = half_empty(), half_empty()
    later[..., 100:] = (later[..., 100:] + 120).clamp(max=255)
    choices = {"size": (160, 120), "fill": 0.3, "iterations": 1, "optimizer": LBFGS}
    spec = TransferSpec(objective=make_spec({RELU3_1: 1.0}, {}), **choices)
    (one,) = TransferImages(first, [half_empty(5)], spec, colors_like=first).empty
    (two,) = TransferImages(later, [half_empty(5)], spec, colors_like=first).empty
    assert one[..., :60].min() > 0.8
    assert (one - two)[..., :60].abs().max() < 0.05
    (alone,) = TransferImages(later, [half_empty(5)], spec).empty
    assert (one - alone)[..., :60].abs().max() > 0.5


def test_dark_places_are_empty_only_if_nothing_at_all_is_to_be_filled():
    content, paper = measure_flatness(half_empty()), measure_flatness(half_empty(5))
    light, dark = half_empty(), 0.1 * half_empty()
    left = (..., slice(0, 60))
    assert find_empty(content, light, [paper], 0.3)[left].min() > 0.9
    assert find_empty(content, dark, [paper], 0.3)[left].max() == 0
    assert find_empty(content, dark, [paper], 0.0)[left].min() > 0.9
    assert 0.3 < find_empty(content, dark, [paper], 0.15)[left].mean() < 0.7


FLAT = torch.rand((1, 1, 9, 7), generator=torch.Generator().manual_seed(5))


@pytest.mark.parametrize("fill", [0.0, 0.3, 1.0])
def test_what_a_region_is_split_into_adds_up_to_it(fill):
    region = Region(torch.full_like(FLAT, 0.8), (1.0, 3.0))
    parts = list(Fill((FLAT, FLAT), (fill, fill)).split(region))
    torch.testing.assert_close(sum(part.weights for part in parts), region.weights)
    assert [part.subset for part in parts] == (["whole"] if fill == 1 else ["flat", "busy"])
    assert [part.whole for part in parts] == ([0.0] if fill == 1 else [0.0, fill])
    assert all(part.style_weights == region.style_weights for part in parts)


def test_a_mixture_is_filled_by_as_much_as_its_styles_on_average():
    flat, busy = Fill((FLAT, 0 * FLAT), (1.0, 0.0)).split(Region(torch.ones_like(FLAT), (1.0, 3.0)))
    assert busy.whole == 0.25
    torch.testing.assert_close(flat.weights, 0.25 * 0.75 * FLAT)


def test_each_masked_style_is_filled_by_its_own():
    masks = [torch.ones_like(FLAT), torch.zeros_like(FLAT)]
    masks[0][..., :3], masks[1][..., :3] = 0, 1
    found = guidance(masks, None, (1.0, 1.0), fill=Fill((FLAT, FLAT), (1.0, 0.0)))
    assert [(region.subset, region.style_weights) for region in found.regions] == [
        ("whole", (1.0, 0.0)),
        ("flat", (0.0, 1.0)),
        ("busy", (0.0, 1.0)),
    ]
    torch.testing.assert_close(sum(region.weights for region in found.regions), torch.ones_like(FLAT))


@pytest.fixture(scope="module")
def network(vgg_weights):
    return VGG(vgg_weights.to(torch.device("cpu"), torch.float32), LAYERS, padding="replicate")


@pytest.mark.parametrize("statistic", STATISTICS)
def test_the_flat_and_the_busy_places_are_together_the_whole(network, statistic):
    style = StyleImage(TensorImage(resize(half_empty(), 512, 384)))  # smaller ones are brought to that size first
    whole = style.measure((512, 384), network, LAYERS, "gram")
    subsets = style.measure_subsets((512, 384), network, LAYERS, "gram")
    share = style.flatness()[0].plane.mean().item()
    for layer in LAYERS:
        ((flat,), (busy,), (both,)) = subsets["flat"][layer], subsets["busy"][layer], whole[layer]
        mixed = share * flat + (1 - share) * busy
        assert torch.linalg.matrix_norm(mixed - both) < 0.02 * torch.linalg.matrix_norm(both)
    assert len(style.measure_subsets((256, 192), network, LAYERS, statistic)["flat"][RELU1_1]) == (
        1 if statistic == "gram" else 2
    )


def test_one_kind_of_places_stands_for_both(network):
    style = StyleImage(TensorImage(torch.full((1, 3, 384, 512), 90.0)))
    subsets = style.measure_subsets((128, 96), network, LAYERS, "gram")
    torch.testing.assert_close(subsets["flat"], subsets["busy"])
    torch.testing.assert_close(subsets["flat"], style.measure((128, 96), network, LAYERS, "gram"), rtol=1e-3, atol=1)


def test_images_are_split_where_the_spec_asks_for_less_than_all():
    def regions(fill, content=half_empty, style=half_empty):
        spec = TransferSpec(
            size=(160, 120), objective=make_spec({RELU3_1: 1.0}, {}), optimizer=LBFGS, iterations=1, fill=fill
        )
        found = TransferImages(content(), [style()], spec)
        guided = found.guidance(160, 120, (1.0,), lambda _width, _height: None)
        return [region.subset for region in guided.regions] if guided else None

    assert regions(1.0) is None
    assert regions(0.0) == ["flat", "busy"]
    assert regions(0.5) == ["flat", "busy"]
    assert regions(0.0, content=lambda: torch.full((1, 3, 60, 80), 90.0)) is None
    assert regions(0.0, style=lambda: torch.full((1, 3, 60, 80), 90.0)) is None


def write(path, picture):
    images.save(images.Picture(picture[0].permute(1, 2, 0).numpy().astype(np.float32)), path)
    return path


@pytest.mark.slow
def test_empty_places_stay_emptier_the_less_is_filled(photo):
    plain = {"recipe": "painterly", "size": 128, "iterations": 20, "precision": "float32"}
    rgb = images.resize(images.read(photo), 128, 85).rgb
    empty = measure_flatness(torch.from_numpy(rgb).permute(2, 0, 1).unsqueeze(0)).plane[0, 0, 1:, 1:].numpy() > 0.98
    energy = []
    for fill in (0.0, 1.0):
        painted = Stylizer().stylize(photo, photo.with_name("great_wave.jpg"), settings=Settings(**plain, fill=fill))
        luma = painted.picture.rgb.mean(axis=2)
        edges = np.diff(luma, axis=0)[:, 1:] ** 2 + np.diff(luma, axis=1)[1:] ** 2
        energy.append(edges[empty].mean())
    assert energy[0] < 0.8 * energy[1]


@pytest.mark.slow
@pytest.mark.parametrize("size", [256, 600])
def test_a_style_file_leaves_places_empty_at_any_size(tmp_path, photo, size):
    few = {"recipe": "painterly", "fill": 0.0, "iterations": 1, "scales": 1, "precision": "float32"}
    stylizer, drawing = Stylizer(), photo.parent.parent / "drawings" / "pencil.jpg"
    path = tmp_path / "pencil.style"
    measure_style(stylizer, drawing, Settings(recipe="painterly", size=size)).save(path)
    opened = [stylizer.open(photo, [style], Settings(size=size, **few)) for style in (drawing, path)]
    regions = [run.transfer.images.guidance(*run.transfer.spec.size, (1.0,), lambda *_: None) for run in opened]
    for ours, theirs in zip(*(found.regions for found in regions), strict=True):
        torch.testing.assert_close(ours.weights, theirs.weights)
    transfers = [run.transfer for run in opened]
    losses = [it.objective(*it.spec.size).values(it.initial_image(*it.spec.size)) for it in transfers]
    torch.testing.assert_close(*losses, rtol=1e-5 if size <= 512 else 0.5, atol=0)


@pytest.mark.parametrize("fill", [-0.1, 1.1, "some"])
def test_what_is_no_share_is_refused(fill):
    with pytest.raises(SettingsError, match="fill"):
        Settings(fill=fill)


def test_regions_are_shown_dark_where_something_is(tmp_path):
    content, style = write(tmp_path / "content.png", half_empty(1)), write(tmp_path / "style.png", half_empty(7))
    shown = Stylizer().show_regions(content, [style], Settings(fill=0.3, size=160, precision="float32"))
    left = shown.rgb[: shown.height // 2, : shown.width // 2]  # the photograph, without its label
    columns = left.mean(axis=(0, 2))
    inner = columns[len(columns) // 8 : -len(columns) // 8]
    assert inner[: len(inner) // 3].mean() > 2 * inner[-len(inner) // 3 :].mean()
