"""Masks from the command line: where each painting goes, and what stays."""

import json
from dataclasses import replace

import numpy as np
import PIL.Image
import pytest
from quick import QUICK, listing

from impasto import images
from impasto.images.picture import to_integers

WIDTH, HEIGHT = 96, 72


@pytest.fixture(autouse=True)
def _masks(folder):
    """The left and the right half, hard; the left one soft; and a painting in red dots."""
    columns = np.arange(WIDTH)
    planes = {
        "left.png": columns < WIDTH // 2,
        "right.png": columns >= WIDTH // 2,
        "soft, left.png": np.clip((WIDTH / 2 - columns) / 30 + 0.5, 0, 1),
    }
    for name, row in planes.items():
        pixels = np.rint(255 * np.broadcast_to(row, (HEIGHT, WIDTH))).astype(np.uint8)
        PIL.Image.fromarray(pixels).save(folder / name)
    y, x = np.mgrid[0:96, 0:96]
    dots = (np.hypot(x % 12 - 6, y % 12 - 6) < 4)[..., None]
    PIL.Image.fromarray(np.where(dots, (200, 20, 30), (240, 235, 225)).astype(np.uint8)).save(folder / "dots.png")


def pixels_of(name):
    with PIL.Image.open(name) as picture:
        return np.asarray(picture)


def photograph(size):
    picture = images.resize(images.read("photo.jpg"), size[0], size[1])
    return to_integers(replace(picture, alpha=None), 8)


def gram(pixels):
    """Of colors and of their differences to the right and down: what a stroke is in its simplest form."""
    colors = pixels.astype(float) / 255
    right, down = colors[:-1, 1:] - colors[:-1, :-1], colors[1:, :-1] - colors[:-1, :-1]
    features = np.concatenate([colors[:-1, :-1], right, down], axis=2).reshape(-1, 9)
    return features.T @ features / len(features)


@pytest.mark.parametrize(
    "paintings", [("painting.jpg", "dots.png"), pytest.param(("dots.png", "painting.jpg"), marks=pytest.mark.slow)]
)
def test_each_painting_goes_to_its_own_half(impasto, paintings):
    options = ["--size", "96", "--iterations", "15", "--margin", "0", "--content-weight", "1", "-o", "out.png"]
    assert impasto("photo.jpg", *paintings, "--mask", "left.png,right.png", *options).code == 0
    result = pixels_of("out.png")
    left, right = gram(result[:, :44]), gram(result[:, 52:])
    first, second = (gram(pixels_of(name)) for name in paintings)
    assert np.linalg.norm(left - first) < 0.75 * np.linalg.norm(left - second)
    assert np.linalg.norm(right - second) < 0.75 * np.linalg.norm(right - first)


@pytest.mark.parametrize(
    "options",
    [
        ["--size", "96"],
        ["--size", "64"],
        ["--size", "64", "--init", "noise"],
        ["--size", "64", "--recipe", "gatys"],
        ["--size", "64", "--recipe", "tf-adam"],
        ["--size", "64", "--recipe", "keras-lbfgs", "--rounds", "2"],
        ["--size", "64", "--recipe", "coursera", "--precision", "float64"],
        ["--size", "64", "--keep", "average", "--statistic", "moments"],
        ["--size", "192", "--scales", "2", "--margin", "0"],
    ],
    ids=" ".join,
)
def test_what_is_kept_is_the_photograph_to_the_last_bit_and_the_rest_is_painted(impasto, options):
    done = impasto(
        "photo.jpg", "painting.jpg", "--keep-mask", "left.png", *options, "--iterations", "3", "-o", "out.png"
    )
    assert done.code == 0, done.err
    result = pixels_of("out.png").astype(int)
    height, width = result.shape[:2]
    difference = np.abs(result - photograph((width, height)))
    border = -(-width // WIDTH)  # a pixel of the mask, in pixels of the result
    assert not difference[:, : width // 2 - border].any()
    assert difference[:, width // 2 + border :].mean() > 3


def test_a_soft_border_lets_the_paint_come_in_bit_by_bit(impasto):
    options = ["--keep-mask", "soft, left.png", "--size", "96", "--iterations", "10", "--margin", "0", "-o", "out.png"]
    assert impasto("photo.jpg", "painting.jpg", *options).code == 0
    change = np.abs(pixels_of("out.png") - photograph((96, 72)).astype(float)).mean(axis=(0, 2))
    assert not change[:33].any()
    assert 0 < change[33:45].mean() < change[52:63].mean()


def test_transparency_stays_where_a_part_is_kept(impasto, folder):
    with PIL.Image.open("photo.jpg") as photo:
        photo.putalpha(PIL.Image.linear_gradient("L").resize(photo.size))
        photo.save(folder / "clear.png")
    assert (
        impasto("clear.png", "painting.jpg", "--keep-mask", "left.png", "--size", "96", "--iterations", "3").code == 0
    )
    result, photo = pixels_of("clear-painting.png"), pixels_of("clear.png")
    assert np.array_equal(result[..., 3], photo[..., 3])
    seen = photo[..., 3] > 0
    assert np.array_equal(result[:, :48][seen[:, :48]], photo[:, :48][seen[:, :48]])


@pytest.mark.slow
def test_a_picture_with_masks_can_be_made_again(impasto, folder):
    given = ["--mask", '"soft, left.png",right.png', "--keep-mask", "left.png"]
    first = impasto("photo.jpg", "painting.jpg", "dots.png", *given, *QUICK, "-o", "first.png")
    again = impasto("photo.jpg", "painting.jpg", "dots.png", "--settings-from", "first.png", "-o", "again.png")
    assert first.code == again.code == 0
    assert (folder / "first.png").read_bytes() == (folder / "again.png").read_bytes()
    stored = json.loads(images.read_metadata("first.png")["impasto:settings"])
    assert stored["mask"] == ["soft, left.png", "right.png"]


def test_masks_are_no_part_of_a_look(impasto, folder):
    impasto("photo.jpg", "painting.jpg", "--keep-mask", "left.png", *QUICK, "-o", "out.png")
    assert impasto("recipes", "save", "look.toml", "--settings-from", "out.png").code == 0
    assert "mask" not in (folder / "look.toml").read_text()


def test_losses_count_each_painting_where_it_goes(impasto):
    halves = np.concatenate([pixels_of("painting.jpg")[:, :48], pixels_of("dots.png")[:72, 48:]], axis=1)
    PIL.Image.fromarray(halves).save("halves.png")

    def style_loss(masks):
        command = ["losses", "halves.png", "--content", "photo.jpg", "--style", "painting.jpg", "--style", "dots.png"]
        found = json.loads(impasto(*command, "--mask", masks, "--json").out)
        return sum(term["value"] for term in found["terms"] if term["kind"] == "style")

    assert style_loss("left.png,right.png") < style_loss("right.png,left.png") / 5


def test_no_result_takes_the_place_of_a_mask(impasto, folder):
    before = listing(folder)
    for option, painting in (("--mask", "left.png"), ("--keep-mask", "left.png")):
        done = impasto("photo.jpg", "painting.jpg", option, painting, "-o", "left.png", "--force", *QUICK)
        assert done.code == 2
        assert "left.png is one of the inputs" in done.err
    assert listing(folder) == before
