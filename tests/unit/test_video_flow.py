"""Where pixels were: motion found on pictures that were moved by a known way."""

import numpy as np
import pytest
from numpy.typing import NDArray

from impasto.video.painting.flow import find_motion, warp

SIDE = 96


def texture(seed: int = 0) -> NDArray[np.uint8]:
    """Give a picture with something to find everywhere: (SIDE, SIDE, 3)."""
    random = np.random.default_rng(seed)
    coarse = random.uniform(0, 255, (SIDE // 6 + 2, SIDE // 6 + 2, 3))
    large = np.kron(coarse, np.ones((6, 6, 1)))
    smooth = sum(np.roll(large, (y, x), (0, 1)) for y in range(3) for x in range(3)) / 9
    return smooth[:SIDE, :SIDE].astype(np.uint8)


def test_a_picture_that_is_moved_is_found_where_it_was():
    picture = texture()
    moved = np.roll(picture, (3, -5), (0, 1))
    motion = find_motion(moved, picture)
    inside = (slice(16, -16), slice(16, -16))
    assert np.abs(motion.offsets[inside] - [5, -3]).mean() < 0.2
    assert motion.trust[inside].mean() > 0.9
    assert np.abs(warp(picture, motion.offsets)[inside] - moved[inside]).mean() < 2


def test_noise_moves_nothing_and_all_of_it_is_trusted():
    picture, random = texture(), np.random.default_rng(1)
    one, other = (np.clip(picture + random.normal(0, 3, picture.shape), 0, 255).astype(np.uint8) for _ in range(2))
    motion = find_motion(one, other)
    assert np.mean(motion.offsets == 0) > 0.99
    assert motion.trust.mean() > 0.99


def test_what_was_hidden_is_not_trusted_and_what_was_there_is():
    behind, front = texture(2), texture(3)
    before, after = behind.copy(), behind.copy()
    before[30:66, 20:56] = front[30:66, 20:56]
    after[30:66, 26:62] = front[30:66, 20:56]
    motion = find_motion(after, before)
    assert motion.trust[34:62, 21:25].mean() < 0.3  # uncovered
    assert motion.trust[38:58, 36:54].mean() > 0.8  # moved
    assert motion.trust[:20].mean() > 0.95  # stood


def test_nothing_is_trusted_of_another_picture():
    assert find_motion(texture(4), texture(5)).trust.mean() < 0.3


def test_a_picture_too_small_to_search_in_is_not_trusted():
    assert find_motion(texture()[:8, :8], texture()[:8, :8]).trust.max() == 0


@pytest.mark.parametrize("channels", [(), (3,)])
def test_warping_by_nothing_changes_nothing(channels):
    picture = np.random.default_rng(0).uniform(0, 255, (20, 30, *channels)).astype(np.float32)
    assert np.abs(warp(picture, np.zeros((20, 30, 2), np.float32)) - picture).max() < 1e-3
