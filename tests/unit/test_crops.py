"""The part of a painting to learn from."""

import numpy as np
import pytest
from PIL import Image

from impasto import Settings, Stylizer
from impasto.errors import ImageError, SettingsError
from impasto.images import Picture, read, resize

SMALL = {"size": 64, "iterations": 3, "precision": "float32"}


@pytest.fixture(scope="module")
def stylizer():
    return Stylizer()


def total(stylizer, photo, paintings, **choices):
    """The objective at the photograph, small."""
    return stylizer.losses(resize(read(photo), 64, 43), photo, paintings, Settings(**SMALL, **choices)).total


def test_a_crop_is_what_the_painting_is_learned_from(stylizer, photo, painting):
    part = read(painting)
    part = Picture(part.rgb[20:170, 10:210].copy())
    ours = total(stylizer, photo, [painting], style_crop="10, 20, 200, 150")
    theirs = total(stylizer, photo, [part])
    assert ours == pytest.approx(theirs, rel=1e-6)


def test_a_crop_counts_pixels_of_the_painting_as_one_sees_it(stylizer, photo, tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (60, 90, 3), np.uint8)
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(pixels).save(tmp_path / "turned.png", exif=exif)
    upright = np.rot90(pixels, -1)
    ours = total(stylizer, photo, tmp_path / "turned.png", style_crop="0,50,60,40")
    theirs = total(stylizer, photo, np.ascontiguousarray(upright[50:90]))
    assert ours == pytest.approx(theirs, rel=1e-6)


def test_one_of_several_paintings_can_be_left_whole(stylizer, photo, painting):
    wave = photo.with_name("great_wave.jpg")
    part = Picture(read(painting).rgb[:100, :100].copy())
    ours = total(stylizer, photo, [painting, wave], style_crop="0,0,100,100;")
    theirs = total(stylizer, photo, [part, wave])
    assert ours == pytest.approx(theirs, rel=1e-6)


def test_a_palette_is_matched_to_the_part_that_is_learned_from(stylizer, photo, painting):
    part = Picture(read(painting).rgb[:100, :100].copy())
    ours = total(stylizer, photo, [painting], style_crop="0,0,100,100", color="match")
    theirs = total(stylizer, photo, [part], color="match")
    assert ours == pytest.approx(theirs, rel=1e-6)


def test_what_lies_outside_a_crop_does_not_show_under_its_transparency(stylizer, photo):
    rgba = np.zeros((64, 128, 4), np.uint8)
    rgba[:, :64] = (250, 20, 20, 255)
    rgba[:, 64:] = (20, 20, 250, 255)
    rgba[16:48, 80:112, 3] = 0
    ours = total(stylizer, photo, rgba, style_crop="64,0,64,64")
    theirs = total(stylizer, photo, rgba[:, 64:].copy())
    assert ours == pytest.approx(theirs, rel=1e-6)


@pytest.mark.parametrize(
    ("crops", "problem", "remedy"),
    [
        ("0,0,9999,10", 'style_crop="0,0,9999,10" reaches beyond', "Keep x + width within"),
        ("500,9000,100,300", "starry_night.jpg, which has", "y + height within"),
        ("1,2,30,30;5,6,70,80", "has 2 crops for 1 painting", "Give one"),
        ("10,20,30", "style_crop takes x,y,width,height", "0,0,200,200"),
        ("0,0,0,30", "style_crop takes x,y,width,height", "0,0,200,200"),
        ("-5,0,30,30", "style_crop takes x,y,width,height", "0,0,200,200"),
        ("a,b,c,d", "style_crop takes x,y,width,height", "0,0,200,200"),
    ],
)
def test_a_crop_that_does_not_fit_its_painting_is_named(stylizer, photo, painting, crops, problem, remedy):
    with pytest.raises(SettingsError) as refusal:
        stylizer.run(photo, [painting], Settings(**SMALL, style_crop=crops))
    assert problem in refusal.value.problem
    assert remedy in refusal.value.hint


def test_one_crop_for_several_paintings_says_how_many_are_expected(stylizer, photo, painting):
    with pytest.raises(SettingsError, match=r"has 1 crop for 3 paintings\. Give 3, separated by ';'"):
        stylizer.run(photo, [painting] * 3, Settings(**SMALL, style_crop="0,0,64,64"))


def test_a_crop_too_small_for_the_network_is_named(stylizer, photo, painting):
    with pytest.raises(ImageError, match=r'style_crop="5,5,8,9" of .*starry_night.jpg: 8 x 9 pixels is too small'):
        stylizer.run(photo, [painting], Settings(**SMALL, style_crop="5,5,8,9"))


def test_crops_are_kept_with_the_settings(tmp_path):
    chosen = Settings(style_crop="10, 20,30,40 ;", color="photo")
    assert Settings.model_validate_json(chosen.model_dump_json()) == chosen
    recipe = tmp_path / "mine.toml"
    recipe.write_text('style_crop = "1,2,30,40;"\ncolor = "match"\n')
    assert (Settings(recipe=str(recipe)).style_crop, Settings(recipe=str(recipe)).color) == ("1,2,30,40;", "match")
