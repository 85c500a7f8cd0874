"""`impasto losses` against the published formulas, computed by an independent reference in NumPy."""

import json
from pathlib import Path
from typing import NamedTuple

import numpy as np
import published
import pytest
from PIL import Image

PICTURES = Path(__file__).parents[2] / "examples/pictures"
SQUASHED = ("keras-lbfgs", "coursera")
COMMAND = ("losses", "image.png", "--content", "content.png", "--style", "style.png", "--json")
TOLERANCE = 1e-4  # relative: the command computes in float32, the reference in float64


class Pair(NamedTuple):
    """A photograph and a painting, with the painting's size for recipes that keep its aspect.

    That size has the photograph's long side, so that the command has nothing to resample.
    """

    photo: str
    size: tuple[int, int]
    painting: str
    painting_size: tuple[int, int]


PAIRS = {
    "summer palace": Pair("summer_palace.jpg", (96, 64), "starry_night.jpg", (96, 76)),
    "cat, odd sizes": Pair("cat.jpg", (75, 50), "great_wave.jpg", (53, 75)),
}


def read(name, size):
    with Image.open(PICTURES / name) as picture:
        return np.asarray(picture.convert("RGB").resize(size, Image.Resampling.LANCZOS))


def half_painted(photo):
    """A third picture: the photograph under noise, so that every term has something to say."""
    noise = np.random.default_rng(0).integers(0, 256, photo.shape)
    return (0.6 * photo + 0.4 * noise).astype(np.uint8)


def one_color(width, height):
    return np.full((height, width, 3), (200, 120, 40), dtype=np.uint8)


def save(folder, **pictures):
    for name, pixels in pictures.items():
        Image.fromarray(pixels).save(folder / f"{name}.png")


def assert_agree(found, expected):
    assert len(found["terms"]) == len(expected)
    assert {(term["kind"], term["layer"]): term["value"] for term in found["terms"]} == pytest.approx(
        {(term.kind, term.layer): term.value for term in expected}, rel=TOLERANCE
    )
    assert found["total"] == pytest.approx(sum(term.value for term in expected), rel=TOLERANCE)


@pytest.mark.parametrize("recipe", published.RECIPES)
@pytest.mark.parametrize("pair", PAIRS.values(), ids=PAIRS)
def test_losses_are_those_of_the_published_formula(pair, recipe, folder, impasto):
    content = read(pair.photo, pair.size)
    style = read(pair.painting, pair.size if recipe in SQUASHED else pair.painting_size)
    image = half_painted(content)
    save(folder, image=image, content=content, style=style)
    done = impasto(*COMMAND, "--recipe", recipe)
    assert done.code == 0, done.err
    assert_agree(json.loads(done.out), published.terms(recipe, image, content, style))


@pytest.mark.parametrize("recipe", ["tf-adam", "coursera", "keras-lbfgs"])
def test_losses_with_vgg19_of_8_bits_are_those_of_its_codes_and_tables(recipe, folder, impasto):
    content, style = read("cat.jpg", (49, 33)), read("great_wave.jpg", (49, 33))
    save(folder, image=half_painted(content), content=content, style=style)
    done = impasto(*COMMAND, "--recipe", recipe, "--network", "vgg19-8bit")
    assert done.code == 0, done.err
    expected = published.terms(recipe, half_painted(content), content, style, network="vgg19-8bit")
    assert_agree(json.loads(done.out), expected)


@pytest.mark.slow
def test_the_command_run_from_a_shell_gives_the_published_losses_too(folder, impasto_process):
    photo, painting = (read(name, (75, 50)) for name in ("cat.jpg", "great_wave.jpg"))
    save(folder, image=half_painted(photo), content=photo, style=painting)
    out, err = impasto_process(*COMMAND, "--recipe", "coursera").communicate(timeout=120)
    assert not err
    assert_agree(json.loads(out), published.terms("coursera", half_painted(photo), photo, painting))


@pytest.mark.parametrize("recipe", published.RECIPES)
def test_a_painting_of_another_size_is_brought_to_the_size_that_the_source_gives_it(recipe, folder, impasto):
    photo = read("cat.jpg", (75, 50))
    painting = one_color(width=60, height=90)  # survives any resampling, so that only its size can differ
    save(folder, image=half_painted(photo), content=photo, style=painting)
    done = impasto(*COMMAND, "--recipe", recipe)
    assert done.code == 0, done.err
    seen = one_color(width=75, height=50) if recipe in SQUASHED else one_color(width=50, height=75)
    assert_agree(json.loads(done.out), published.terms(recipe, half_painted(photo), photo, seen))
