"""Faces: that they are found where they are, and nowhere else."""

from pathlib import Path

import pytest
import torch

from impasto import images
from impasto.faces import LONG_SIDE, find_faces

PICTURES = Path(__file__).parent.parent.parent / "examples" / "pictures"
SUBJECT = "astronaut.jpg"
LANDMARKS = ((203.5, 101.5), (247.5, 103.5), (225.5, 126), (204, 139.5), (245, 141.5))
"""Pupils, tip of the nose and corners of the mouth, by eye, at 512 pixels."""


def photograph(name, side=LONG_SIDE):
    picture = images.read(PICTURES / name)
    share = side / max(picture.width, picture.height)
    picture = images.resize(picture, round(picture.width * share), round(picture.height * share))
    return torch.from_numpy(picture.rgb).float().permute(2, 0, 1)[None]


def test_the_face_is_found_with_its_eyes_nose_and_mouth_where_one_sees_them():
    (face,) = find_faces(photograph(SUBJECT))
    assert face.confidence > 0.99
    assert torch.tensor(face.landmarks).sub(torch.tensor(LANDMARKS)).abs().max() < 5
    left, top, right, bottom = face.box
    assert (left, right) == pytest.approx((178, 266), abs=6)
    assert (top, bottom) == pytest.approx((60, 174), abs=6)


@pytest.mark.parametrize("side", [144, 300])
def test_the_face_is_found_in_the_same_place_in_a_smaller_photograph(side):
    (face,) = find_faces(photograph(SUBJECT, side))
    assert torch.tensor(face.landmarks).mul(LONG_SIDE / side).sub(torch.tensor(LANDMARKS)).abs().max() < 6


@pytest.mark.parametrize("name", sorted(path.name for path in PICTURES.glob("*.jpg") if path.name != SUBJECT))
def test_no_face_is_found_in_cats_flowers_buildings_and_paintings(name):
    assert find_faces(photograph(name)) == []


@pytest.mark.parametrize(("height", "width"), [(11, 300), (24, 24), (64, 33)])
def test_an_image_with_room_for_no_face_has_none(height, width):
    assert find_faces(torch.rand(1, 3, height, width) * 255) == []


def test_a_face_that_is_cut_off_by_the_border_is_found():
    whole = photograph(SUBJECT)
    (face,) = find_faces(whole[:, :, 70:, 190:])
    assert torch.tensor(face.landmarks[1]).sub(torch.tensor((247.5 - 190, 103.5 - 70))).abs().max() < 6
