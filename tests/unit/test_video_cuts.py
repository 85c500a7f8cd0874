"""Cuts and fades in painted films: no ghost of what was, and no jump."""

import numpy as np
from quick_films import QUICK, InlineShots, frame, read_film, save_film, save_painting

from impasto.video.plan import FilmRequest, plan_film
from impasto.video.render import render

SETTINGS = QUICK.model_copy(update={"init": "palette", "threads": 1})


def paint(folder, pictures, name):
    """Paint a clip of some pictures; gives its frames."""
    save_film(folder / f"{name}.mkv", pictures)
    save_painting(folder / "painting.png")
    output = folder / f"{name}-painted.mkv"
    request = FilmRequest(
        str(folder / f"{name}.mkv"), (str(folder / "painting.png"),), str(output), SETTINGS, codec="ffv1"
    )
    list(render(plan_film(request), executor=InlineShots()))
    return [picture.astype(np.float64) for picture in read_film(output)[0]]


def test_after_a_cut_a_frame_is_what_it_is_without_what_was_before(tmp_path):
    before, after = [frame(number) for number in range(4)], [255 - frame(number) for number in range(4)]
    whole = paint(tmp_path, [*before, *after], "whole")
    alone = paint(tmp_path, after, "alone")
    assert len(whole) == 8
    for one, other in zip(whole[4:], alone, strict=True):
        assert np.array_equal(one, other)


def test_a_fade_to_black_fades_the_painting_evenly(tmp_path):
    random = np.random.default_rng(0)
    lights = [1.0] * 5 + [0.84, 0.67, 0.5, 0.33, 0.17, 0.0]
    pictures = [
        np.clip(frame(number) * light + random.normal(0, 1.5, frame(0).shape), 0, 255).astype(np.uint8)
        for number, light in enumerate(lights)
    ]
    painted = [picture.mean() for picture in paint(tmp_path, pictures, "faded")]
    whole = np.mean(painted[:5])
    assert np.abs(np.array(painted) / whole - lights).max() < 0.06


def test_a_fade_in_begins_with_what_comes_and_not_with_noise(tmp_path):
    random = np.random.default_rng(1)
    lights = [0.0, 0.0, 0.17, 0.33, 0.5, 0.67, 0.84] + [1.0] * 5
    pictures = [
        np.clip(frame(number) * light + random.normal(0, 1.5, frame(0).shape), 0, 255).astype(np.uint8)
        for number, light in enumerate(lights)
    ]
    painted = paint(tmp_path, pictures, "faded")
    whole = np.mean([picture.mean() for picture in painted[-5:]])
    assert np.abs(np.array([picture.mean() for picture in painted]) / whole - lights).max() < 0.06
    early, later = painted[4] / painted[4].mean(), painted[7] / painted[7].mean()
    assert np.corrcoef(early.ravel(), later.ravel())[0, 1] > 0.9
