"""Cuts and fades, in clips made of pictures that move."""

import tracemalloc

import numpy as np
import pytest

from impasto.images import Picture
from impasto.video.painting.shots import ShotFinder, apply_fade, find_shots, remove_fade

WIDTH, HEIGHT = 120, 68


def scene(seed: int, length: int, speed: float = 1.0):
    """Give frames of a picture that a camera moves over, with noise."""
    random = np.random.default_rng(seed)
    coarse = random.uniform(20, 235, (20, 40, 3))
    large = np.kron(coarse, np.ones((8, 8, 1)))
    for number in range(length):
        left = int(speed * number)
        frame = large[20 : 20 + HEIGHT, left : left + WIDTH] + random.normal(0, 2, (HEIGHT, WIDTH, 3))
        yield np.clip(frame, 0, 255)


def pictures(frames):
    return [Picture(np.rint(frame).astype(np.uint8)) for frame in frames]


def faded(frames, lights, ground=0.0):
    return [ground + (frame - ground) * light for frame, light in zip(frames, lights, strict=True)]


def test_a_cut_begins_a_shot():
    clip = pictures([*scene(1, 12), *scene(2, 9), *scene(3, 7)])
    assert [shot.frames for shot in find_shots(clip)] == [range(12), range(12, 21), range(21, 28)]
    assert not any(shot.fades for shot in find_shots(clip))


def test_numbers_count_from_the_first_frame_that_is_given():
    clip = pictures([*scene(1, 6), *scene(2, 6)])
    assert [shot.frames for shot in find_shots(clip, start=100)] == [range(100, 106), range(106, 112)]


@pytest.mark.parametrize("speed", [0.0, 1.0, 8.0])
def test_a_camera_that_moves_makes_no_cut(speed):
    assert [shot.frames for shot in find_shots(pictures(scene(4, 24, speed)))] == [range(24)]


def test_a_flash_makes_no_cut():
    frames = list(scene(5, 12))
    frames[6] = np.minimum(frames[6] + 120, 255)
    assert [shot.frames for shot in find_shots(pictures(frames))] == [range(12)]


@pytest.mark.parametrize("ground", [0.0, 255.0])
def test_a_fade_out_and_in_is_two_shots_and_its_light_is_known(ground):
    down = [1.0] * 6 + [0.8, 0.6, 0.4, 0.2, 0.0]
    up = [0.0, 0.2, 0.4, 0.6, 0.8] + [1.0] * 6
    clip = pictures([*faded(scene(6, 11), down, ground), *faded(scene(7, 11), up, ground)])
    first, second = find_shots(clip)
    assert (first.frames, second.frames) == (range(11), range(11, 22))
    for shot, lights in ((first, down), (second, up)):
        found = [shot.fades[number].light if number in shot.fades else 1.0 for number in shot.frames]
        assert np.abs(np.array(found) - lights).max() < 0.08
        for number, fade in shot.fades.items():
            assert np.abs(np.array(fade.background) - ground).max() < 6
            assert fade.source_frame in shot.frames
            assert fade.source_frame == number or fade.light < 0.3


def test_a_clip_that_fades_to_black_at_its_end_is_one_shot():
    clip = pictures(faded(scene(8, 16), [1.0] * 10 + [0.8, 0.6, 0.4, 0.2, 0.0, 0.0]))
    (shot,) = find_shots(clip)
    assert shot.frames == range(16)
    assert {number for number, fade in shot.fades.items() if fade.light < 0.9} == set(range(10, 16))


def test_a_clip_of_one_color_is_one_shot_that_is_painted_as_it_is():
    blank = [np.full((HEIGHT, WIDTH, 3), 7.0)] * 5
    (shot,) = find_shots(pictures(blank))
    assert (shot.frames, shot.fades) == (range(5), {})


def test_no_frame_is_no_shot_and_one_frame_is_one():
    assert find_shots([]) == []
    assert [shot.frames for shot in find_shots(pictures(scene(9, 1)))] == [range(1)]


def test_what_is_faded_again_is_as_it_was():
    whole = pictures(scene(10, 12))
    clip = pictures(faded([picture.rgb for picture in whole], [1.0] * 6 + [0.85, 0.7, 0.55, 0.4, 0.2, 0.0]))
    (shot,) = find_shots(clip)
    for number in (7, 9):
        fade = shot.fades[number]
        bright = remove_fade(clip[number], fade)
        assert np.abs(bright.rgb - whole[number].rgb).mean() < 4
        assert np.abs(apply_fade(bright, fade).rgb - clip[number].rgb).mean() < 1.5


def test_short_shots_are_found():
    clip = pictures([frame for seed in range(5) for frame in scene(20 + seed, 3)])
    assert [shot.frames for shot in find_shots(clip)] == [range(3 * it, 3 * it + 3) for it in range(5)]


@pytest.mark.parametrize("held", [2, 3])
def test_animation_that_holds_each_drawing_for_some_frames_has_no_cut(held):
    clip = pictures([frame for frame in scene(30, 8, 9.0) for _ in range(held)])
    assert [shot.frames for shot in find_shots(clip)] == [range(8 * held)]


@pytest.mark.parametrize("length", [30, 120])
def test_a_slow_fade_is_followed_to_its_end(length):
    lights = [number / length for number in range(length)] + [1.0] * 6
    (shot,) = find_shots(pictures(faded(scene(31, length + 6, 0.2), lights)))
    found = [shot.fades[number].light if number in shot.fades else 1.0 for number in shot.frames]
    assert np.abs(np.array(found) - lights).max() < 0.15


def test_a_clip_of_any_length_is_looked_through_with_little_memory():
    clip = pictures([*scene(11, 2), *scene(12, 2)])
    finder = ShotFinder()
    for picture in clip:
        finder.add(picture)
    tracemalloc.start()
    for _ in range(25):
        for picture in clip:
            finder.add(picture)
    kept, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert kept < 100 * 1000  # bytes; a frame has 20 thousand at the size at which it is looked at
