"""The command's controls of color and of the painting's part, from file to file."""

import json

import numpy as np
import PIL.Image
import pytest
from quick import QUICK

from impasto import images


def painted(impasto, *options):
    done = impasto("photo.jpg", "painting.jpg", "-o", "out.png", "-f", "-q", *QUICK, *options)
    assert done.code == 0, done.err
    with PIL.Image.open("out.png") as picture:
        return np.asarray(picture, np.float64)


def hue_and_chroma(rgb):
    """OkLab's a and b, by Ottosson's formulas."""
    unit = rgb / 255
    linear = np.where(unit <= 0.04045, unit / 12.92, ((unit + 0.055) / 1.055) ** 2.4)
    to_cones = [[0.4122214708, 0.5363325363, 0.0514459929], [0.2119034982, 0.6806995451, 0.1073969566]]
    cones = np.cbrt(linear @ np.array([*to_cones, [0.0883024619, 0.2817188376, 0.6299787005]]).T)
    return (
        cones @ np.array([[1.9779984951, -2.4285922050, 0.4505937099], [0.0259040371, 0.7827717662, -0.8086757660]]).T
    )


def test_each_choice_of_colors_gives_another_picture_and_photo_keeps_the_photographs(impasto):
    own = hue_and_chroma(images.resize(images.read("photo.jpg"), 64, 48).rgb.astype(np.float64))
    pictures = {whose: painted(impasto, "--color", whose) for whose in ("style", "photo", "match")}
    away = {whose: np.abs(hue_and_chroma(picture) - own) for whose, picture in pictures.items()}
    assert np.quantile(away["photo"], 0.99) < 0.01
    assert away["photo"].mean() < away["match"].mean() < away["style"].mean()


@pytest.mark.parametrize("whose", ["photo", "match"])
def test_a_picture_can_be_painted_again_with_the_colors_and_the_crop_that_it_carries(impasto, whose):
    first = painted(impasto, "--color", whose, "--style-crop", "10,10,60,50")
    done = impasto("photo.jpg", "painting.jpg", "-o", "again.png", "-q", "--settings-from", "out.png")
    assert done.code == 0, done.err
    with PIL.Image.open("again.png") as again:
        assert np.array_equal(np.asarray(again), first)
    stored = json.loads(images.read_metadata("again.png")["impasto:settings"])
    assert (stored["color"], stored["style_crop"]) == (whose, "10,10,60,50")


def test_each_of_two_paintings_has_its_own_crop(impasto):
    command = [
        "losses",
        "photo.jpg",
        "--content",
        "photo.jpg",
        "--style",
        "painting.jpg",
        "--style",
        "photo.jpg",
        "--json",
    ]
    whole, part, other = (impasto(*command, f"--style-crop={crops}").out for crops in ("", "0,0,32,32;", ";0,0,32,32"))
    assert len({json.loads(found)["total"] for found in (whole, part, other)}) == 3
    refused = impasto(*command, "--style-crop", "0,0,32,32")
    assert refused.code == 2
    assert "has 1 crop for 2 paintings. Give 2, separated by ';'" in refused.err


def test_losses_judges_colors_as_painting_does(impasto):
    def total(*options):
        named = [
            "out.png",
            "--content",
            "photo.jpg",
            "--style",
            "painting.jpg",
            "--json",
            "--margin",
            "0",
            "--precision",
            "float32",
        ]
        out = impasto("losses", *named, *options).out
        return json.loads(out)["total"]

    # Kept within the range of pixels, a picture is the same in its file.
    clipped = ["--optimizer", "adam", "--clip"]
    command = ["photo.jpg", "painting.jpg", "-o", "out.png", "--json", *QUICK, *clipped]
    for whose in ("style", "match"):
        finished = json.loads(impasto(*command, "-f", "--color", whose).out.splitlines()[-1])
        assert total("--color", whose) == pytest.approx(finished["loss"], rel=0.01)
        assert total("--color", "photo") != pytest.approx(finished["loss"], rel=0.1)
