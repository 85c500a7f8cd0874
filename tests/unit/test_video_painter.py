"""The frames of a shot, painted small: they agree with each other, and an interrupted shot goes on as it was."""

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from impasto import images
from impasto.core.losses.temporal import TemporalLoss
from impasto.engine.stylizer import Stylizer
from impasto.images import Picture
from impasto.settings import Settings
from impasto.video.defaults import Consistency
from impasto.video.painting.painter import ShotFrame, ShotPainter
from impasto.video.painting.references import KEPT_EVERY, references

PICTURES = Path(__file__).parents[2] / "examples" / "pictures"
SIZE = 128, 72
SETTINGS = Settings(size=SIZE[0], iterations=10, style_detail=0, faces="paint", precision="float32", threads=1)
QUICK = Consistency(iterations=3)


@pytest.fixture(scope="module")
def stylizer():
    return Stylizer()


@pytest.fixture(scope="module")
def painting():
    return images.read(PICTURES / "great_wave.jpg")


@pytest.fixture(scope="module")
def wide():
    """A photograph from which frames are cut."""
    return images.resize(images.read(PICTURES / "summer_palace.jpg"), 256, 171).rgb


def frames(wide, length, *, speed=0, light=lambda _number: 1.0):
    """Give frames of a camera that goes sideways by so many pixels a frame, with noise."""
    random = np.random.default_rng(0)
    for number in range(length):
        left = 20 + speed * number
        frame = wide[30 : 30 + SIZE[1], left : left + SIZE[0]] * light(number) + random.normal(0, 2, (*SIZE[::-1], 3))
        yield ShotFrame(number, Picture(np.clip(np.rint(frame), 0, 255).astype(np.uint8)), SETTINGS)


def painter(stylizer, painting, shot, consistency=QUICK):
    return ShotPainter(stylizer, [painting], [frame.picture for frame in shot[:: max(1, len(shot) // 4)]], consistency)


def apart(one, other):
    return float(np.abs(one.rgb - other.rgb).mean())


@pytest.mark.slow
def test_what_stands_still_is_painted_alike_the_more_the_loss_weighs(stylizer, painting, wide):
    shot = list(frames(wide, 3))
    changes = []
    for weight in (0.5, 5.0):
        paint = painter(stylizer, painting, shot, Consistency(weight, iterations=3)).paint
        first, *_, last = [paint(frame) for frame in shot]
        changes.append(apart(first, last))
    alone = painter(stylizer, painting, shot).paint(shot[-1])
    assert changes[1] < 0.6 * changes[0] < 0.6 * apart(first, alone)


def test_strokes_move_with_what_they_are_on(stylizer, painting, wide):
    shot = list(frames(wide, 4, speed=3))
    paint = painter(stylizer, painting, shot).paint
    *_, before, last = [paint(frame) for frame in shot]
    alone = painter(stylizer, painting, shot).paint(shot[-1])
    seen, was = slice(8, -16), slice(11, -13)  # 3 pixels further
    moved = np.abs(last.rgb[:, seen] - before.rgb[:, was]).mean()
    assert moved < 0.4 * np.abs(alone.rgb[:, seen] - before.rgb[:, was]).mean()


def test_what_comes_into_sight_is_painted_too(stylizer, painting, wide):
    shot = list(frames(wide, 3, speed=12))
    paint = painter(stylizer, painting, shot).paint
    *_, last = [paint(frame) for frame in shot]
    new = slice(SIZE[0] - 20, None)
    assert np.abs(last.rgb[:, new] - shot[-1].picture.rgb[:, new]).mean() > 10
    assert last.rgb[:, new].std() > 15


@pytest.mark.slow
def test_light_that_falls_falls_in_the_painting(stylizer, painting, wide):
    shot = list(frames(wide, 5, light=lambda number: 1 - 0.12 * number))
    paint = painter(stylizer, painting, shot).paint
    levels = [paint(frame).rgb.mean() for frame in shot]
    assert levels == sorted(levels, reverse=True)
    assert levels[-1] < 0.85 * levels[0]


def test_without_weight_and_iterations_to_spare_frames_still_begin_as_those_before(stylizer, painting, wide):
    shot = list(frames(wide, 2))
    paint = painter(stylizer, painting, shot, Consistency(weight=0, iterations=1, coarse_iterations=0)).paint
    first, second = (paint(frame) for frame in shot)
    assert apart(first, second) < 6


@pytest.mark.parametrize("done", [1, pytest.param(KEPT_EVERY + 1, marks=pytest.mark.slow)])
def test_an_interrupted_shot_goes_on_to_the_bit(stylizer, painting, wide, done):
    shot = list(frames(wide, done + 2, speed=2))
    whole = painter(stylizer, painting, shot)
    painted, states = [], []
    for frame in shot:
        painted.append(whole.paint(frame))
        states.append(json.dumps(whole.state))
    again = painter(stylizer, painting, shot)
    again.resume([(shot[place], painted[place]) for place in references(done)], json.loads(states[done - 1]))
    for frame, expected, state in zip(shot[done:], painted[done:], states[done:], strict=True):
        assert np.array_equal(again.paint(frame).colors, expected.colors)
        assert json.dumps(again.state) == state


def test_frames_of_sixteen_bits_are_painted_in_sixteen(stylizer, painting, wide):
    frame = next(frames(wide, 1))
    deep = Picture(frame.picture.colors.astype(np.uint16) * 257, depth=16)
    result = painter(stylizer, painting, [frame]).paint(ShotFrame(0, deep, SETTINGS))
    assert result.colors.dtype == np.uint16
    assert result.depth == 16


def test_the_temporal_loss_has_the_gradient_of_its_value():
    random = torch.Generator().manual_seed(0)
    image, warped = (torch.rand(1, 3, 5, 7, generator=random, dtype=torch.float64) * 255 for _ in range(2))
    trust = torch.rand(1, 1, 5, 7, generator=random, dtype=torch.float64)
    variable = image.clone().requires_grad_()
    expected = 3.0 * (trust * (variable - warped).square()).mean()
    expected.backward()
    value, add_gradient = TemporalLoss(3.0, warped, trust).evaluate(image)
    assert value == pytest.approx(expected.item(), rel=1e-12)
    assert torch.allclose(add_gradient(None), variable.grad, rtol=1e-12)
    assert torch.allclose(add_gradient(torch.ones_like(image)), variable.grad + 1, rtol=1e-12)
