"""Faces: that they are found where they are, and nowhere else."""

from pathlib import Path

import numpy as np
import pytest
import torch
from objectives import make_objective, make_spec

from impasto import Settings, Started, Stylizer, images
from impasto.cli.display.text import started_line
from impasto.core.losses import FaceSpec
from impasto.core.losses.content import ContentLoss
from impasto.core.losses.guided import Faces, guidance
from impasto.core.network.vgg import VGG
from impasto.engine.inputs.faces import draw_mask
from impasto.faces import LONG_SIDE, Face, find_faces
from impasto.layers import Layer
from impasto.settings.effect import effective_values

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


RELU1_1, RELU2_1 = Layer.parse("relu1_1"), Layer.parse("relu2_1")
SPEC = FaceSpec({1: 0.5, 2: 0.25}, 3.0, {RELU2_1: 2.0})
FACE = Face((30, 20, 70, 80), 1.0, ((40, 40), (60, 40), (50, 52), (42, 65), (58, 65)))


def random(seed, *shape):
    return torch.rand(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def with_faces(mask, image, masks=(), keep=None):
    return guidance(masks, keep, (1.0,) * max(1, len(masks)), Faces(mask, image, SPEC))


@pytest.fixture(scope="module")
def double_weights(vgg_weights):
    return vgg_weights.to(torch.device("cpu"), torch.float64)


def test_the_mask_is_white_on_eyes_and_mouth_gray_on_cheeks_and_black_beyond_the_face():
    picture = images.read(np.zeros((100, 90, 3), np.uint8))
    mask = draw_mask(picture, [FACE], 0.4)
    assert mask.shape == (100, 90)
    assert [mask[down, across] for down, across in ((40, 40), (40, 60), (65, 50))] == pytest.approx([1, 1, 1], abs=0.02)
    assert mask[55, 37] == pytest.approx(0.4, abs=0.1)
    assert mask[:, :20].max() == mask[:, 80:].max() == mask[95:].max() == 0
    steps = np.abs(np.diff(mask, axis=0)).max(), np.abs(np.diff(mask, axis=1)).max()
    assert max(steps) < 0.35  # over three pixels, where eyes are 20 apart
    twice = draw_mask(picture, [FACE, Face((0, 0, 8, 10), 1.0, ((2, 4), (6, 4), (4, 5), (2, 7), (6, 7)))], 0.4)
    assert np.array_equal(twice[20:], mask[20:])
    assert twice[4, 2] > 0.9


def test_the_weighted_content_loss_has_the_gradient_of_its_finite_difference():
    target, inputs, weights = random(1, 1, 4, 5, 6), random(2, 1, 4, 5, 6), 3 * random(3, 1, 1, 5, 6)
    loss = ContentLoss(RELU1_1, 2.0, 5.0, target, weights)
    gradient = loss.evaluate(inputs)[1](None)
    for step in (torch.zeros_like(inputs).index_fill_(3, torch.tensor(2), 1e-4), 1e-4 * random(4, *inputs.shape)):
        change = loss.evaluate(inputs + step)[0] - loss.evaluate(inputs - step)[0]
        assert change.item() == pytest.approx(2 * (gradient * step).sum().item(), rel=1e-6)
    assert loss.evaluate(inputs)[0] == pytest.approx(10 * (weights * (inputs - target) ** 2).mean().item())


def test_the_objective_with_faces_has_the_gradient_of_its_finite_difference(double_weights):
    network = VGG(double_weights, [RELU1_1, RELU2_1])
    content, style, image, mask = (random(seed, 1, channels, 14, 18) for seed, channels in enumerate((3, 3, 3, 1)))
    spec = make_spec({RELU1_1: 0.1}, {RELU1_1: 1.0, RELU2_1: 1.0}, statistic="moments")
    objective = make_objective(
        network,
        255 * content,
        [255 * style],
        spec,
        guidance=with_faces(mask, 200 * content, keep=random(9, 1, 1, 14, 18)),
    )
    names = [loss.name for loss in objective.losses]
    assert sorted(names) == ["content relu1_1", "face relu2_1", "style relu1_1", "style relu2_1"]
    step = 1e-4 * random(5, 1, 3, 14, 18)
    change = objective.evaluate(255 * image + step).loss - objective.evaluate(255 * image - step).loss
    gradient = objective.evaluate(255 * image).gradient
    assert change == pytest.approx(2 * (gradient * step).sum().item(), rel=1e-5)


def test_a_face_asks_for_less_style_and_more_content_and_nothing_else_does():
    mask = torch.zeros(1, 1, 8, 8, dtype=torch.float64)
    mask[..., :4] = 1
    found = with_faces(mask, 255 * random(1, 1, 3, 8, 8))
    (style,) = found.regions_at(RELU2_1, torch.float64)
    assert style.weights[0, 0, 0].tolist() == [0.25, 0.25, 1, 1]
    assert found.content_at(RELU2_1)[0, 0, 0].tolist() == [4, 4, 1, 1]
    assert found.face_at(RELU2_1)[0, 0, 0].tolist() == [1, 1, 0, 0]
    keep = torch.zeros_like(mask)
    keep[..., 0:2] = 1
    held = with_faces(mask, 255 * random(1, 1, 3, 8, 8), keep=keep)
    assert held.content_at(RELU2_1)[0, 0, 0].tolist() == [0, 4, 1, 1]
    assert held.face_at(RELU2_1)[0, 0, 0].tolist() == [0, 1, 0, 0]
    (left, right) = with_faces(mask, mask, masks=(mask, 1 - mask)).regions_at(RELU1_1, torch.float64)
    assert left.weights[0, 0, 0, :4].tolist() == [0.5] * 4
    assert right.weights[0, 0, 0, 4:].tolist() == [1] * 4


QUICK = {"size": 64, "iterations": 2, "scales": 1, "precision": "float32", "threads": 1}


@pytest.fixture(scope="module")
def stylizer():
    return Stylizer("cpu")


def paint(stylizer, photo, faces, **choices):
    events = list(
        stylizer.run(PICTURES / photo, PICTURES / "the_scream.jpg", Settings(**QUICK, **choices, faces=faces))
    )
    return next(event for event in events if isinstance(event, Started)), events[-1]


def test_a_photograph_without_a_face_is_painted_as_if_nothing_were_said_of_faces(stylizer):
    (told, plain), (started, found) = (paint(stylizer, "cat.jpg", faces) for faces in ("paint", "keep"))
    assert told.faces == started.faces == 0
    assert np.array_equal(found.picture.rgb, plain.picture.rgb)
    assert found.terms == plain.terms


@pytest.mark.slow
def test_a_face_is_nearer_to_the_photograph_the_more_of_it_is_kept_and_the_rest_is_painted_all_the_same(stylizer):
    found = {faces: paint(stylizer, SUBJECT, faces, init="palette") for faces in ("paint", "gentle", "keep")}
    assert {faces: started.faces for faces, (started, _) in found.items()} == {"paint": 0, "gentle": 1, "keep": 1}
    assert "1 photograph, 1 painting, 1 face;" in started_line(found["gentle"][0])
    assert "face" not in started_line(found["paint"][0])
    pictures = {faces: finished.picture.rgb for faces, (_, finished) in found.items()}
    apart = {faces: np.abs(picture - pictures["paint"]) for faces, picture in pictures.items()}
    within, beyond = (slice(10, 20), slice(24, 32)), (slice(0, 6), slice(40, 64))
    assert 0 < apart["gentle"][within].mean() < apart["keep"][within].mean()
    assert apart["keep"][beyond].mean() < apart["keep"][within].mean() / 3
    assert "face relu3_1" in found["gentle"][1].terms


def test_faces_are_not_looked_for_where_nothing_is_painted(stylizer):
    assert paint(stylizer, SUBJECT, "gentle", style_weight=0, content_weight=1, init="content")[0].faces == 0


def test_a_run_with_faces_is_told_from_one_without():
    assert effective_values(Settings(faces="gentle")) != effective_values(Settings(faces="paint"))
