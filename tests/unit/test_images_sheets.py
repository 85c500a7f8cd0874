"""Resizing and sheets."""

import numpy as np
import pytest

from impasto import images
from impasto.errors import ImageError
from impasto.images import Picture


def flat(color, height=60, width=80, alpha=None):
    opacity = None if alpha is None else np.full((height, width), alpha, np.float32)
    return Picture(np.full((height, width, 3), color, np.float32), opacity)


def test_the_same_size_gives_the_same_picture():
    picture = flat((1, 2, 3))
    assert images.resize(picture, 80, 60) is picture


def test_resizing_keeps_name_depth_and_profile():
    picture = Picture(np.zeros((4, 4, 3), np.float32), None, 16, b"profile", "photo.png", "abc")
    small = images.resize(picture, 2, 3)
    assert (small.width, small.height, small.depth) == (2, 3, 16)
    assert (small.profile, small.name, small.sha256) == (b"profile", "photo.png", "abc")


def test_resizing_keeps_more_than_8_bits():
    ramp = np.repeat(np.linspace(100, 101, 64, dtype=np.float32)[np.newaxis, :, np.newaxis], 3, axis=2)
    large = images.resize(Picture(np.repeat(ramp, 8, axis=0)), 128, 16)
    assert len(np.unique(large.rgb)) > 100
    assert large.rgb.min() >= 99.9
    assert large.rgb.max() <= 101.1


def test_nothing_bleeds_from_under_transparency():
    rgb = np.zeros((32, 32, 3), np.float32)
    rgb[:, :16] = (200, 100, 50)
    rgb[:, 16:] = (0, 255, 255)  # garbage
    alpha = np.zeros((32, 32), np.float32)
    alpha[:, :16] = 1
    for size in (9, 75):
        picture = images.resize(Picture(rgb, alpha), size, size)
        assert np.allclose(picture.rgb, (200, 100, 50), atol=0.05)
        assert picture.alpha.min() == 0
        assert picture.alpha.max() == 1


def test_side_by_side_shows_all_pictures_at_one_height_over_their_labels():
    pictures = [flat((255, 0, 0), 400, 600), flat((0, 0, 255), 800, 800), flat((0, 255, 0), 400, 200, alpha=0)]
    sheet = images.side_by_side(pictures, ["photo", "painting", "result"])
    red, blue = ((sheet.rgb == color).all(axis=2) for color in ((255, 0, 0), (0, 0, 255)))
    assert (red.any(axis=1).sum(), red.any(axis=0).sum()) == (400, 600)
    assert (blue.any(axis=1).sum(), blue.any(axis=0).sum()) == (400, 400)
    assert (sheet.rgb == 255).all(axis=2).sum() >= 400 * 200  # transparency is shown white
    bare = images.side_by_side(pictures)
    assert sheet.height > bare.height
    below = sheet.rgb[np.flatnonzero(red.any(axis=1)).max() + 1 :]
    for left, right in ((0, 600), (640, 1040), (1060, 1280)):
        assert below[:, left:right].min() < 100, "a label is missing"


def test_tiny_pictures_get_room_for_their_labels():
    assert images.side_by_side([flat(0, 4, 4), flat(0, 4, 9)], ["a", "b"]).height > 320


def test_a_long_label_stays_under_its_picture():
    sheet = images.side_by_side([flat((255, 255, 255), 400, 100)], ["a label much too long for so narrow a picture"])
    ink = np.flatnonzero((sheet.rgb[420:] < 120).all(axis=2).any(axis=0))
    assert len(ink) > 20
    assert ink.max() - ink.min() <= 100


def test_a_contact_sheet_has_a_grid_of_equally_wide_cells():
    colors = [(255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 0), (255, 0, 255)]
    pictures = [flat(color, 100 + 20 * index, 200) for index, color in enumerate(colors)]
    sheet = images.contact_sheet(pictures, [f"no. {index}" for index in range(5)], columns=3)
    found = [np.argwhere((sheet.rgb == color).all(axis=2)) for color in colors]
    lefts, widths = [place[:, 1].min() for place in found], [np.ptp(place[:, 1]) + 1 for place in found]
    assert widths == [200] * 5
    assert lefts[:2] == lefts[3:]
    assert lefts[0] < lefts[1] < lefts[2]
    bottoms = [place[:, 0].max() for place in found]
    assert len(set(bottoms[:3])) == len(set(bottoms[3:])) == 1
    assert bottoms[3] > bottoms[0]


def test_a_contact_sheet_takes_fewer_labels_and_more_columns_than_pictures():
    assert images.contact_sheet([flat(0)], [], columns=9).width < 300
    assert images.contact_sheet([flat(0), flat(9)], ["only one"], columns=1).height > 2 * 120


def test_no_pictures_make_no_sheet():
    with pytest.raises(ImageError, match="no pictures"):
        images.side_by_side([])
    with pytest.raises(ImageError, match="no pictures"):
        images.contact_sheet([], [], columns=3)


def test_rows_of_a_contact_sheet_stand_in_columns_whatever_their_shapes():
    tall, wide, small = flat((200, 0, 0), 600, 30), flat((0, 200, 0), 30, 600), flat((0, 0, 200), 20, 20)
    rows = [[(tall, "tall"), (wide, "wide")], [(None, "gone"), (wide, ""), (small, "s")]]
    sheet = images.labeled_rows(rows, side=240)
    rgb = np.asarray(sheet)
    colors = [(rgb[..., channel] > 150) & (rgb.min(axis=2) < 50) for channel in range(3)]
    columns = [np.flatnonzero(found.any(axis=0)) for found in colors]
    assert sheet.width == 3 * (240 + 15) + 15
    assert [len(found) for found in columns] == [12, 2 * 240, 20]  # as they fit into the square, and never enlarged
    assert columns[0].mean() == pytest.approx(15 + 120, abs=2)
    assert columns[2].mean() == pytest.approx(15 + 2 * 255 + 120, abs=2)  # the last is in the last column
    with pytest.raises(ImageError):
        images.labeled_rows([], side=240)
