"""Style files: the picture is that of the painting, and no file can do anything but be refused."""

import json
import math
import pickle
import re
import shutil
import struct
import tracemalloc
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy
import torch
from half_empty_pictures import half_empty
from PIL import Image
from scorecard.measures import Judge, layers

import impasto
from impasto import Settings, Stylizer, images
from impasto.batch import plan as planning
from impasto.core.losses.statistics import average
from impasto.core.network.vgg import VGG
from impasto.core.styles import StoredMoments, StoredStyle, fold, pool_palettes
from impasto.engine import measure_style as measuring
from impasto.engine import style_file
from impasto.engine.measure_style import measure_style
from impasto.engine.sizing import network_name
from impasto.engine.spec import result_size
from impasto.engine.style_file import STYLE_KEY, make_thumbnail, read_style, tensor_shapes, to_half, write_style
from impasto.engine.targets import TargetCache, digest_pixels
from impasto.errors import ImageError, ImpastoError, InputError, SettingsError
from impasto.images.picture import Picture
from impasto.layers import Layer
from impasto.settings import recipes
from impasto.settings.per_painting import check_measurable, check_measured
from impasto.sizing import plan_scales, style_size
from impasto.wording import COMMAND

LAYERS = {"content_layers": "relu2_1", "style_layers": "relu1_1,relu2_1"}
QUICK = {"size": 64, "iterations": 1, "precision": "float32", "margin": 0, "init": "content", **LAYERS}
SIDES = (64, 128)
PAGE = Path(__file__).parents[2] / "docs" / "styles.md"


@pytest.fixture(scope="module")
def stylizer():
    return Stylizer()


@pytest.fixture(scope="module")
def pictures(photo, painting):
    """A photograph, and two paintings of other shapes, all small."""
    scream = images.resize(images.read(photo.parent / "the_scream.jpg"), 70, 90)
    return images.resize(images.read(photo), 128, 85), images.resize(images.read(painting), 128, 101), scream


def measure(stylizer, paintings, sides=SIDES, **choices):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(measuring, "SIDES", sides)
        return measure_style(
            stylizer, paintings, Settings(**{"precision": "float32", **LAYERS, **choices}), name="a.style"
        )


@pytest.fixture(scope="module")
def style(stylizer, pictures):
    return measure(stylizer, [pictures[1]])


@pytest.fixture(scope="module")
def small(stylizer, pictures):
    """A style of one layer, whose file is small."""
    return measure(stylizer, [pictures[1]], style_layers="relu1_1")


def equal(one, other):
    return np.array_equal(one.picture.rgb, other.picture.rgb) and one.losses == other.losses


@pytest.mark.parametrize("seen_at", [{"size": 64}, {"size": 128, "style_scale": 0.5}], ids=["default", "brushwork"])
def test_a_style_file_paints_what_the_painting_paints_to_the_bit(stylizer, pictures, style, seen_at):
    photo, painting, _ = pictures
    choices = {**QUICK, "init": "palette", **seen_at}
    assert equal(stylizer.stylize(photo, style, **choices), stylizer.stylize(photo, painting, **choices))


@pytest.mark.parametrize("count", [1, 2])
def test_a_style_file_has_the_paintings_brushwork_to_the_bit(stylizer, pictures, count):
    photo, *paintings = pictures
    stored = measure(stylizer, paintings[:count], sides=(128, 256), style_detail=1)
    choices = {**QUICK, "size": 256, "scales": 2}
    ours, plain = (stylizer.stylize(photo, stored, style_detail=share, **choices) for share in (1, 0))
    assert equal(ours, stylizer.stylize(photo, *paintings[:count], style_detail=1, **choices))
    assert not equal(ours, plain)


@pytest.mark.slow
def test_that_holds_in_the_fastest_precision_with_all_layers(stylizer, pictures):
    photo, painting, _ = pictures
    stored = measure(stylizer, [painting], precision="auto", style_layers=Settings().style_layers)
    choices = {"size": 64, "iterations": 2, "precision": "auto"}
    assert equal(stylizer.stylize(photo, stored, **choices), stylizer.stylize(photo, painting, **choices))


def test_several_paintings_in_a_file_are_a_blend_with_equal_weights(stylizer, pictures):
    photo, *paintings = pictures
    both = measure(stylizer, paintings)
    assert equal(stylizer.stylize(photo, both, **QUICK), stylizer.stylize(photo, *paintings, **QUICK))
    assert [it.width for it in both.info.paintings] == [128, 70]


def test_the_second_moments_of_many_paintings_take_no_more_memory_than_those_of_one():
    layer, seconds = Layer.parse("relu1_1"), torch.rand(5, 8, 8)
    seconds = seconds + seconds.transpose(1, 2)
    triangles = measuring._MeanTriangles(len(seconds))
    for second in seconds:
        triangles.add(64, layer, second)
    assert sum(it.numel() for it in triangles._sums.values()) == 8 * 9 / 2
    (mean,) = average([(second,) for second in seconds], (1.0,) * len(seconds))
    assert torch.equal(triangles.take(64, layer), fold(mean))


def test_the_palette_of_several_paintings_has_as_many_colors_of_each():
    pooled = pool_palettes([torch.full((3, 8), 1.0), torch.full((3, 8), 2.0)])
    assert pooled.tolist() == [[1, 2, 1, 2, 1, 2, 1, 2]] * 3


def test_masks_and_blends_take_style_files_and_paintings_together(stylizer, pictures, style, tmp_path):
    photo, painting, other = pictures
    left = np.zeros((85, 128), np.uint8)
    left[:, :60] = 255
    for name, plane in (("left.png", left), ("right.png", 255 - left)):
        Image.fromarray(plane).save(tmp_path / name)
    masks = (str(tmp_path / "left.png"), str(tmp_path / "right.png"))
    for choices in ({"style_blend": (2, 1)}, {"mask": masks}):
        ours = stylizer.stylize(photo, [other, style], **QUICK, **choices)
        assert equal(ours, stylizer.stylize(photo, [other, painting], **QUICK, **choices)), choices


def test_the_other_statistic_follows_but_for_rounding(stylizer, pictures, style):
    photo, painting, _ = pictures
    for statistic in ("gram", "moments"):
        chosen = Settings(**LAYERS, statistic=statistic)
        ours, theirs = (stylizer.losses(photo, photo, it, chosen) for it in (style, painting))
        assert ours.total == pytest.approx(theirs.total, rel=1e-5)
    gram = measure(stylizer, [painting], statistic="gram")
    choices = {**QUICK, "statistic": "gram"}
    assert equal(stylizer.stylize(photo, gram, **choices), stylizer.stylize(photo, painting, **choices))


def test_a_transparent_painting_is_measured_where_it_is_visible(stylizer, pictures):
    photo, painting, _ = pictures
    alpha = np.zeros((101, 128), np.float32)
    alpha[20:90, 10:100] = 1
    alpha[30:50, 30:60] = 0.5
    cut = Picture(painting.rgb, alpha)
    of_file, of_cut, of_all = (
        stylizer.losses(photo, photo, it, Settings(**LAYERS)).total for it in (measure(stylizer, [cut]), cut, painting)
    )
    assert of_file == pytest.approx(of_cut, rel=1e-5)
    assert of_all != pytest.approx(of_cut, rel=1e-3)


def test_gray_paintings_in_a_file_make_a_gray_picture_of_a_gray_photograph(stylizer, pictures):
    gray = [Picture(np.repeat(it.rgb[..., :1], 3, axis=2)) for it in pictures[:2]]
    found = stylizer.stylize(gray[0], measure(stylizer, [gray[1]]), **QUICK)
    assert found.picture.is_gray


class Stored:
    """Statistics that are constant at each side, and notes of what is asked for."""

    def __init__(self, values):
        self.values, self.asked = values, []

    def palette(self, side):
        self.asked.append(side)
        return torch.full((3, 4), float(side))

    def moments(self, side, layer):
        self.asked.append((side, str(layer)))
        return StoredMoments(torch.ones(1, 2), fold(torch.full((2, 2), float(self.values[side]))))


def at_side(stored, side, statistic="moments", layer="relu1_1"):
    style = StoredStyle("s", (10, 10), "moments", sorted(stored.values), stored, torch.empty(0))
    layers = frozenset({Layer.parse(layer)})
    return style, style.measure((side, 3), None, layers, statistic)[Layer.parse(layer)][0][0, 1].item()


def test_between_two_sizes_statistics_are_interpolated_by_the_logarithm_and_beyond_they_are_the_last():
    stored = Stored({128: 1, 256: 3, 512: 4})
    assert [at_side(stored, side)[1] for side in (32, 128, 256, 512, 4000)] == [1, 1, 3, 4, 4]
    assert [at_side(stored, side, "gram")[1] for side in (32, 128, 256, 512, 4000)] == [2, 2, 4, 5, 5]
    assert at_side(stored, 181)[1] == pytest.approx(2, abs=0.01)
    assert at_side(stored, 362)[1] == pytest.approx(3.5, abs=0.01)
    style = at_side(stored, 128)[0]
    assert [style.palette((3, side))[0, 0].item() for side in (100, 180, 182, 5000)] == [128, 128, 256, 512]


def test_no_more_of_a_file_is_unpacked_than_is_asked_for():
    stored = Stored({128: 1, 256: 3})
    style, _ = at_side(stored, 128)
    style.palette((128, 128))
    assert stored.asked == [(128, "relu1_1"), 128]
    at_side(stored, 181)
    assert stored.asked[2:] == [(128, "relu1_1"), (256, "relu1_1")]


@pytest.mark.parametrize("count", [2, 5])
def test_the_pictures_of_a_thumbnail_do_not_touch(count):
    black = Picture(np.zeros((300, 300, 3), np.uint8))
    found = images.read(make_thumbnail([black] * count)).rgb.mean(axis=2)
    columns = math.ceil(math.sqrt(count))
    assert max(found.shape) <= style_file.THUMBNAIL_SIDE
    for number in range(1, columns):
        edge = round(found.shape[1] * number / columns)
        assert found[20, edge - 1 : edge + 1].min() > 200
        assert found[20, edge + 20] < 50


def test_half_precision_holds_any_range_of_values():
    for factor in (1e-12, 1.0, 1e9):
        values = factor * np.array([1e-3, 1.0, -123.0, 9e4], np.float32)
        half, scale = to_half(values)
        assert half.dtype == np.float16
        np.testing.assert_allclose(half.astype(np.float32) * scale, values, rtol=1e-3)
    assert to_half(np.zeros(3, np.float32))[1] == [1]


def test_sizes_go_as_far_as_the_painting_and_are_not_narrower_than_the_network_sees():
    without_last = [64, 128, 181, 256, 362, 512, 1024]
    assert measuring._choose_sides([(300, 200)], 16) == without_last
    assert measuring._choose_sides([(1024, 900)], 16) == without_last
    assert measuring._choose_sides([(300, 200), (1300, 900)], 16) == [*without_last, 2048]
    assert measuring._choose_sides([(1000, 50)], 16) == [362, 512, 1024]
    with pytest.raises(ImageError, match="too long and narrow"):
        measuring._choose_sides([(500, 3)], 16)


def test_a_file_has_the_sizes_that_each_recipe_of_its_network_asks_for():
    for recipe in listed("The default's serves (.*?);"):
        settings = Settings(recipe=recipe)
        width, height = result_size(settings, Picture(np.zeros((200, 300, 3), np.uint8)))
        scales = plan_scales(width, height, scales=settings.scales, iterations=9, decay=settings.iterations_decay)
        wanted = {max(style_size((250, 300), it.size, settings.style_scale, squash=False)) for it in scales}
        assert wanted <= set(measuring._choose_sides([(250, 300)], 16)), recipe


def test_one_painting_may_be_given_alone(stylizer, pictures, tmp_path, monkeypatch):
    monkeypatch.setattr(measuring, "SIDES", (64,))
    path = tmp_path / "painting.png"
    pictures[1].to_pil().save(path)
    style = impasto.measure_style(stylizer, str(path), credit="nobody")
    assert [it.name for it in style.info.paintings] == ["painting.png"]
    assert (style.info.credit, set(style.info.layers)) == ("nobody", set(Settings().style_layers))


def test_a_file_is_read_as_it_was_written(small, tmp_path):
    small.save(tmp_path / "a.style")
    found = read_style(tmp_path / "a.style")
    assert (found.info, found.sha256, found.data) == (small.info, small.sha256, small.data)
    assert found.info.network.name == "vgg16-pruned"
    assert (found.thumbnail.width, found.thumbnail.height) == (128, 101)
    assert np.abs(found.thumbnail.rgb.mean() - 100) < 60
    with pytest.raises(ImpastoError, match="exists"):
        small.save(tmp_path / "a.style")


def test_a_batch_that_watches_sees_that_a_file_was_saved_again(small, style, tmp_path):
    path = tmp_path / "a.style"
    for saved in (small, style):
        saved.save(path, overwrite=True)
        assert planning._measured_with(path).layers == set(saved.info.layers)


# Files that are none


def refused(data, name="a.style"):
    with pytest.raises(ImageError) as caught:
        read_style(data, name=name)
    message = caught.value.message_for(COMMAND)
    assert "\n" not in message
    assert name in message
    return message


def test_a_file_that_was_cut_anywhere_is_refused(small):
    data = small.data
    header = 8 + int.from_bytes(data[:8], "little")
    for cut in (0, 1, 7, 8, 9, 20, header - 1, header, header + 1, header + 5000, len(data) // 2, len(data) - 1):
        assert "truncated or damaged" in refused(data[:cut]), cut
    assert "damaged" in refused(data + b"\0")


def test_other_files_are_told_for_what_they_are(tmp_path):
    assert "not a style file" in refused(pickle.dumps({"version": 1}))
    assert "not a style file" in refused(b"\xff\xd8\xff" + bytes(100))
    assert "a safetensors file, and no style" in refused(safetensors.numpy.save({"a": np.zeros(3)}))
    assert "not a style file" in refused(struct.pack("<Q", 2**60) + b"{" + bytes(100))
    large = tmp_path / "large.style"
    with large.open("wb") as file:
        file.truncate(style_file.MOST_BYTES + 1)
    with pytest.raises(ImageError, match="more than 128 MiB"):
        read_style(large)
    with pytest.raises(ImageError, match="does not exist"):
        impasto.stylize("no.jpg", tmp_path / "no.style")
    (tmp_path / "f.style").mkdir()
    with pytest.raises(ImageError, match="is a folder"):
        read_style(tmp_path / "f.style")


def rewritten(style, change=None, tensors=None):
    """The file with other metadata, or other tensors."""
    about = json.loads(style.info.model_dump_json())
    text = json.dumps((change(about) or about) if change else about)
    return safetensors.numpy.save({**style.tensors, **(tensors or {})}, {STYLE_KEY: text})


def set_(path, value):
    def change(about):
        *parents, last = path.split(".")
        for parent in parents:
            about = about[int(parent) if isinstance(about, list) else parent]
        about[last] = value

    return change


HOSTILE = {
    "no version": lambda about: {key: value for key, value in about.items() if key != "version"},
    "version as text": set_("version", "1"),
    "version as truth": set_("version", True),
    "a list": lambda _about: [1],
    "no paintings": set_("paintings", []),
    "too many paintings": lambda about: {**about, "paintings": about["paintings"] * 65},
    "more paintings than means": lambda about: {**about, "paintings": about["paintings"] * 2},
    "an escape sequence": set_("paintings.0.name", "a\x1b[2Jb"),
    "a long name": set_("paintings.0.name", "a" * 1001),
    "a huge painting": set_("paintings.0.width", 10**9),
    "no digest": set_("network.sha256", "x"),
    "another pooling": set_("network.pooling", "sum"),
    "a layer that is none": set_("layers", {"../../etc": 64}),
    "no layers": set_("layers", {}),
    "huge layers": set_("layers", {"relu1_1": 10**9}),
    "other channels": set_("layers", {"relu1_1": 65}),
    "a negative side": set_("sides", [-64, 128]),
    "sides that descend": set_("sides", [128, 64]),
    "many sides": set_("sides", list(range(1, 1000))),
    "a side that is not there": set_("sides", [64, 128, 256]),
    "a side too few": set_("sides", [64]),
    "a side as text": set_("sides", ["64", "128"]),
    "no number of threads": set_("threads", float("inf")),
}


@pytest.mark.parametrize("change", HOSTILE.values(), ids=HOSTILE)
def test_metadata_that_lie_are_refused(small, change):
    assert "truncated or damaged" in refused(rewritten(small, change))


@pytest.mark.parametrize(
    "tensors",
    [
        {"64/palette": np.full((3, style_file.COLORS), np.nan, np.float32)},
        {"64/palette": np.full((3, style_file.COLORS), 1e30, np.float32)},
        {"64/palette": np.zeros((3, 5), np.float32)},
        {"64/relu1_1/triangle": np.full(64 * 65 // 2, np.inf, np.float32)},
        {"64/relu1_1/triangle": np.zeros(64 * 65 // 2, np.float64)},
        {"64/relu1_1/triangle": np.full(64 * 65 // 2, -1e13, np.float32)},
        {"64/relu1_1/means": np.full((1, 64), 1e30, np.float32)},
        {"one/too/many": np.zeros(1, np.float32)},
        {"thumbnail": np.zeros(100, np.uint8)},
        {"thumbnail": np.zeros(2**20 + 1, np.uint8)},
        {"thumbnail": np.frombuffer(images.encode(Picture(np.zeros((8, 8, 3), np.float32)), "png"), np.uint8)},
    ],
    ids=lambda tensors: " ".join(f"{key} {value.shape} {value.flat[0]}" for key, value in tensors.items()),
)
def test_tensors_that_are_none_of_a_style_are_refused(small, tensors):
    assert "truncated or damaged" in refused(rewritten(small, tensors=tensors))


def test_a_later_version_and_endless_nesting_are_refused(small):
    assert "later version" in refused(rewritten(small, set_("version", 2)))
    for text in ("[" * 100_000, "{", '"'):
        assert "damaged" in refused(safetensors.numpy.save(dict(small.tensors), {STYLE_KEY: text}))


def test_a_scale_of_half_precision_is_above_zero_and_no_larger_than_any_style_needs(small):
    info = small.info.model_copy(update={"sides": [1024]})
    tensors = {"thumbnail": small.tensors["thumbnail"]}
    for key, (kind, shape) in tensor_shapes(info).items():
        tensors[key] = np.ones(shape, style_file._DTYPES[kind])
    assert write_style(info, tensors, "a.style").info.sides == [1024]
    about = set_("sides", [1024])
    for scale in (0, -1, np.inf, 3e38, 1e10):
        scaled = {"1024/relu1_1/scale": np.array([scale], np.float32)}
        written = {**tensors, **scaled}
        text = json.loads(info.model_dump_json())
        about(text)
        assert "damaged" in refused(safetensors.numpy.save(written, {STYLE_KEY: json.dumps(text)}))


# Settings that a file does not serve


@pytest.mark.parametrize(
    ("choices", "says"),
    [
        ({"network": "vgg19"}, "was measured with network"),
        ({"network": "vgg19-8bit"}, "was measured with network"),
        ({"pooling": "average"}, "was measured with pooling"),
        ({"padding": "zeros"}, "was measured with padding"),
        ({"normalize": True}, "was measured with normalize"),
        ({"style_layers": "relu1_1,relu2_2"}, "does not have the layers relu2_2"),
        ({"init": "style"}, "without the pixels that init"),
        ({"color": "match"}, "without the pixels that color"),
        ({"color": "photo"}, "without the pixels that color"),
        ({"style_crop": "0,0,50,50"}, "without the pixels that style_crop"),
        ({"style_fit": "squash"}, "without the pixels that style_fit"),
    ],
    ids=str,
)
def test_what_takes_pixels_or_another_network_is_refused(stylizer, pictures, style, choices, says):
    for call in (stylizer.stylize, stylizer.estimate):
        with pytest.raises(SettingsError, match=says) as caught:
            call(pictures[0], style, **{**QUICK, **choices})
        assert "a.style" in str(caught.value)


def listed(pattern):
    """The recipes that the page on style files names after some words."""
    page = " ".join(PAGE.read_text(encoding="utf-8").split())
    return set(re.findall(r"`([a-z-]+)`", re.search(pattern, page)[1]))


def accepts(check, *arguments, **choices):
    try:
        check(*arguments, **choices)
    except SettingsError:
        return False
    return True


def test_the_page_names_the_recipes_that_a_file_of_the_default_serves_and_those_that_none_serves(style):
    names, all_layers = recipes.shipped(), frozenset(Settings().style_layers)
    file = replace(style.measured_with, layers=all_layers)

    def serves(settings):
        is_its_network = network_name(settings) == file.network
        return is_its_network and accepts(check_measured, settings, [file], has_photograph=True)

    served = {it for it in names if serves(Settings(recipe=it))}
    assert listed("The default's serves (.*?);") == served
    unserved = {it for it in names if not accepts(check_measurable, Settings(recipe=it))}
    assert listed("No file serves (.*?):") == unserved


def test_a_texture_needs_a_painting_unless_another_gives_its_aspect(stylizer, pictures, style):
    choices = {**QUICK, "recipe": "texture", "init": "gray", "network": "vgg16-pruned"}
    with pytest.raises(SettingsError, match="a texture without a photograph needs a painting"):
        stylizer.stylize(None, style, **choices)
    found = stylizer.stylize(None, pictures[1], style, **choices)
    assert found.picture.width == 64


def test_other_weights_under_the_same_name_are_refused(stylizer, pictures, style):
    def change(about):
        about["network"]["sha256"] = "0" * 64

    other = read_style(rewritten(style, change), name="other.style")
    with pytest.raises(SettingsError, match=r"other\.style was measured with other weights"):
        stylizer.stylize(pictures[0], other, **QUICK)


def test_the_same_weights_in_a_file_of_another_name_are_the_same_network(stylizer, pictures, style, tmp_path):
    shutil.copy(impasto.weights.path("vgg16-pruned"), tmp_path / "mine.safetensors")
    choices = {**QUICK, "network": str(tmp_path / "mine.safetensors")}
    assert equal(Stylizer().stylize(pictures[0], style, **choices), stylizer.stylize(pictures[0], style, **QUICK))


def test_networks_that_ship_are_told_apart_by_their_weights(stylizer, pictures, style, tmp_path):
    other = tmp_path / "other.safetensors"
    shutil.copy(impasto.weights.path("vgg19-8bit"), other)
    with pytest.raises(SettingsError, match="was measured with other weights than network"):
        stylizer.stylize(pictures[0], style, **QUICK, network=str(other))
    measured = measure(stylizer, pictures[1:], network="vgg19-8bit")
    with pytest.raises(SettingsError, match=r"measured with network=.vgg19-8bit., not"):
        stylizer.stylize(pictures[0], measured, **QUICK, network="vgg16")
    with pytest.raises(SettingsError, match=r"was measured with other weights than network=.vgg16-pruned"):
        stylizer.stylize(pictures[0], measured, **QUICK)


def test_a_file_of_vgg16_is_used_with_it_where_the_network_is_left_open(stylizer, pictures):
    measured = measure(stylizer, pictures[1:2], network="vgg16")
    found = stylizer.stylize(pictures[0], measured, **QUICK)
    assert found.settings.network == json.loads(found.metadata["impasto:settings"])["network"] == "vgg16"
    assert equal(found, stylizer.stylize(pictures[0], pictures[1], **QUICK, network="vgg16"))


def test_files_of_both_networks_are_refused_in_one_line_that_names_them(stylizer, pictures, style):
    other = measure(stylizer, pictures[1:2], network="vgg16")
    with pytest.raises(SettingsError, match=r"a\.style was measured on vgg16, and a\.style on vgg16-pruned"):
        stylizer.stylize(pictures[0], style, other, **QUICK)


def test_a_file_of_the_pruned_network_is_refused_where_that_lacks_a_layer(stylizer, pictures, style):
    with pytest.raises(SettingsError, match=r"Make the style file again with network=.vgg16., or use the painting"):
        stylizer.stylize(pictures[0], style, **{**QUICK, "content_layers": "relu2_2"})


def test_a_file_of_a_long_painting_serves_small_pictures_with_and_without_fill(stylizer):
    photo, scroll = (Picture(half_empty()[0, :, :high].permute(1, 2, 0).numpy().copy()) for high in (120, 12))
    measured = measure(stylizer, [images.resize(scroll, 320, 24)], style_layers="relu1_1,relu4_1")
    choices = {**QUICK, "style_layers": "relu1_1,relu4_1"}
    for fill in (0.5, 1):
        assert stylizer.stylize(photo, measured, **choices, fill=fill).picture.width == 64


def test_a_crop_of_the_painting_beside_a_file_is_taken(stylizer, pictures, style):
    found = stylizer.stylize(pictures[0], style, pictures[1], **QUICK, style_crop=";0,0,60,60")
    assert found.picture.width == 64


@pytest.mark.parametrize(
    ("paintings", "choices", "error"),
    [
        ([], {}, InputError),
        (["x.jpg"] * 65, {}, InputError),
        (None, {"style_layers": ""}, SettingsError),
        (None, {"style_crop": "0,0,9,9;0,0,9,9"}, SettingsError),
        *((None, {"recipe": name}, SettingsError) for name in ("keras-lbfgs", "coursera", "surface")),
    ],
)
def test_what_cannot_be_measured_is_refused_at_once(stylizer, pictures, paintings, choices, error):
    with pytest.raises(error):
        measure(stylizer, pictures[1:2] if paintings is None else paintings, **choices)


# Targets that are measured once


CHANGES = {"style_crop": "0,0,64,51", "statistic": "gram", "color": "match"}


@pytest.fixture
def seen(monkeypatch):
    """The shape of every image that a network is asked to read."""
    shapes, read = [], VGG.read

    def note(self, image, wanted):
        shapes.append(tuple(image.shape[2:]))
        return read(self, image, wanted)

    monkeypatch.setattr(VGG, "read", note)
    return shapes


def test_a_painting_is_measured_once_for_all_photographs_of_a_size(pictures, seen, tmp_path):
    photo, painting, _ = pictures
    other = Picture(photo.rgb[:, ::-1].copy())
    path = tmp_path / "painting.png"
    painting.to_pil().save(path)
    painting_shape = (50, 64)
    stylizer = Stylizer()
    stylizer.stylize(photo, path, **QUICK)
    assert seen.count(painting_shape) == 1
    second = stylizer.stylize(other, path, **QUICK)
    assert seen.count(painting_shape) == 1
    assert equal(second, Stylizer().stylize(other, path, **QUICK))
    assert seen.count(painting_shape) == 2
    for name, value in CHANGES.items():
        changed = {name: value}
        before = len(seen)
        found = stylizer.stylize(other, path, **QUICK, **changed)
        assert len(seen) > before, changed
        assert equal(found, Stylizer().stylize(other, path, **QUICK, **changed)), changed


def test_two_arrays_with_the_same_bytes_are_two_paintings(pictures):
    """Their digests are equal: that of an array is of its bytes."""
    samples = np.random.default_rng(0).integers(0, 256, (48, 96, 3), np.uint8)
    paintings = [images.read(samples), images.read(samples.reshape(96, 48, 3))]
    assert paintings[0].sha256 == paintings[1].sha256
    stylizer = Stylizer()
    found = [stylizer.stylize(pictures[0], it, **QUICK) for it in paintings]
    assert not equal(*found)
    assert equal(found[1], Stylizer().stylize(pictures[0], paintings[1], **QUICK))


@pytest.mark.parametrize("alpha", [None, np.ones((1500, 2000), np.float32)], ids=["opaque", "transparent"])
def test_a_large_painting_is_told_from_others_without_a_copy_of_it(alpha):
    colors = np.zeros((1500, 2000, 3), np.uint8)[:, ::-1]
    known = digest_pixels(Picture(colors, alpha))
    tracemalloc.start()
    assert digest_pixels(Picture(colors, alpha)) == known
    assert tracemalloc.get_traced_memory()[1] < 3_000_000
    tracemalloc.stop()
    changed = colors.copy()
    changed[-1, -1, -1] = 1
    assert digest_pixels(Picture(changed, alpha)) != known
    assert digest_pixels(Picture(colors, np.zeros((1500, 2000), np.float32))) != known


def test_what_is_kept_stays_within_its_bytes():
    cache, made = TargetCache(most_bytes=100), []

    def get(key, numbers):
        def measure():
            made.append(key)
            return torch.zeros(numbers)

        return cache.get(key, measure)

    for key, numbers in (("a", 10), ("b", 10), ("a", 10), ("c", 10), ("a", 10), ("b", 10), ("large", 30)):
        assert len(get(key, numbers)) == numbers
        assert cache.bytes <= 100
    assert made == ["a", "b", "c", "b", "large"]  # the least recently used leaves


# At full size


def as_tensor(picture):
    return torch.from_numpy(picture.rgb).permute(2, 0, 1)[None].contiguous()


@pytest.mark.slow
@torch.no_grad()
def test_the_default_size_is_to_the_bit_and_another_is_near(photo, painting, tmp_path):
    stylizer = Stylizer()
    measure_style(stylizer, [painting], Settings(), name="x").save(tmp_path / "x.style")
    assert (tmp_path / "x.style").stat().st_size < 10_000_000  # its painting at 512 px included
    assert equal(stylizer.stylize(photo, tmp_path / "x.style"), stylizer.stylize(photo, painting))
    width, height = result_size(Settings(size=384), images.read(photo))
    network = VGG(impasto.weights.load("vgg16").to(torch.device("cpu"), torch.float32), layers())
    original, wanted = images.read(photo), images.read(painting)
    shown = images.resize(wanted, width, round(width * wanted.height / wanted.width))
    judge = Judge(network, network, as_tensor(images.resize(original, width, height)), as_tensor(shown))
    painted = (stylizer.stylize(photo, style, size=384).picture for style in (tmp_path / "x.style", painting))
    ours, theirs = (judge.scores(as_tensor(it)) for it in painted)
    assert ours.style == pytest.approx(theirs.style, abs=0.005)
    assert ours.structure == pytest.approx(theirs.structure, abs=0.01)
