"""Marks that remain in empty places of a result are softened to what its styles have in theirs."""

import numpy as np
import PIL.Image
import pytest
import torch
from half_empty_pictures import half_empty, noise
from objectives import make_spec

from impasto import Settings, Stylizer
from impasto.core import TransferImages, TransferSpec
from impasto.core.empty import EmptyPlaces, flat_energy, soften_marks
from impasto.core.flatness import edge_energy
from impasto.core.optim import LBFGS
from impasto.engine.measure_style import measure_style
from impasto.layers import Layer

LEFT, RIGHT = (..., slice(0, 64)), (..., slice(96, None))
"""Well within the half that is empty, and the one that is not."""


def left_half():
    plane = torch.zeros(1, 1, 120, 160)
    plane[..., :80] = 1
    return plane


def softened(result, styles, weights=None, *, content=None, masks=(), keep=None, **choices):
    """What is made of a result, whose content image is empty on its left."""
    objective = make_spec({Layer.parse("relu3_1"): 1.0}, {})
    choices = {"size": (160, 120), "fill": 0.0, "margin": 8, "style_weights": weights, **choices}
    spec = TransferSpec(objective=objective, optimizer=LBFGS, iterations=1, **choices)
    images = TransferImages(half_empty() if content is None else content, styles, spec, masks=masks, keep=keep)
    return EmptyPlaces(images, spec).soften(result)


def energy(image, where=LEFT):
    return float(edge_energy(image)[where].mean())


def test_marks_are_softened_to_what_is_allowed_and_nothing_else_changes():
    image, allowed = noise(1), torch.full((1, 1, 120, 160), 2.0)
    found = soften_marks(image, left_half(), allowed)
    assert energy(image) > 10
    assert 1 < energy(found) < 2
    assert torch.equal(found[RIGHT], image[RIGHT])
    assert float(found[LEFT].mean()) == pytest.approx(float(image[LEFT].mean()), abs=0.1)
    assert energy(found) < energy(soften_marks(image, left_half() / 2, allowed)) < energy(image)


def test_what_is_as_empty_as_is_allowed_stays_to_the_bit():
    image = half_empty()
    assert torch.equal(soften_marks(image, left_half(), edge_energy(image)), image)


def test_no_object_bleeds_into_an_empty_place_beside_it():
    image = noise(1, amplitude=20) + 100
    image[..., 80:] = 0
    assert soften_marks(image, left_half(), torch.full((1, 1, 120, 160), 0.1))[..., :80].min() > 190


@pytest.mark.parametrize("places", [0.0, 1.0])
@pytest.mark.parametrize("color", [0.0, 255.0])
def test_a_plain_image_stays_what_it_is(color, places):
    image = torch.full((1, 3, 40, 30), color)
    found = soften_marks(image, torch.full((1, 1, 40, 30), places), torch.zeros(1, 1, 40, 30))
    torch.testing.assert_close(found, image, rtol=0, atol=1e-3)


def test_places_are_as_empty_as_those_of_the_styles_by_their_weights():
    plain, busier, result = half_empty(3), half_empty(5, amplitude=20.0), noise(9)
    alone, mixed, busy = (energy(softened(result, [plain, busier], weights)) for weights in ((1, 0), (1, 1), (0, 1)))
    assert 1.05 * alone < mixed < busy / 1.05 < 0.5 * energy(result)
    assert alone < energy(softened(result, [plain, busier], (1, 0), fill=0.5)) < energy(result)
    assert torch.equal(softened(result, [plain], fill=1.0), result)


def test_edges_of_the_photograph_are_no_marks():
    content = half_empty()
    content[..., 30:32] -= 15  # a wire, faint beside the dots
    result = half_empty(7)
    result[..., 30:32] -= 15
    kept = softened(result, [half_empty(3)], content=content)
    assert energy(kept, (..., slice(20, 42))) > 0.9 * energy(result, (..., slice(20, 42)))
    assert energy(softened(result, [half_empty(3)]), (..., slice(20, 42))) < 0.3 * energy(result, (..., slice(20, 42)))


def test_masks_that_overlap_share_a_place_and_where_none_is_nothing_changes():
    result, white = noise(9), torch.ones(1, 1, 120, 160)
    alone = softened(result, [half_empty(3)])
    torch.testing.assert_close(softened(result, [half_empty(3)] * 3, masks=[white] * 3), alone, rtol=0, atol=0.01)
    assert torch.equal(softened(result, [half_empty(3)], masks=[0 * white]), result)


def test_how_much_each_painting_counts_does_not_change_how_much_is_softened():
    result, top = noise(9), torch.zeros(1, 1, 120, 160)
    top[:, :, :60] = 1
    styles, masks = [half_empty(3), half_empty(5)], [top, 1 - top]
    even, uneven = (softened(result, styles, weights, masks=masks) for weights in ((1, 1), (1, 9)))
    torch.testing.assert_close(uneven, even)
    assert energy(even) < 0.2 * energy(result)


@pytest.mark.parametrize("scale", [0.5, 2.0, 8.0])
def test_marks_are_found_whatever_the_brush_size(scale):
    result = noise(9)
    assert energy(softened(result, [half_empty(3)], style_scale=scale)) < 0.2 * energy(result)


def test_a_frame_of_a_film_that_goes_on_from_another_is_not_softened_again():
    result = noise(9)
    assert torch.equal(softened(result, [half_empty(3)], soften_empty=False), result)


def test_what_is_kept_stays_and_does_not_bleed():
    result, keep = noise(9), torch.zeros(1, 1, 120, 160)
    keep[:, :, :60] = 1
    result[:, :, :60] = 0
    found = softened(result, [half_empty(3)], keep=keep)
    assert torch.equal(found[:, :, :60], result[:, :, :60])
    assert found[:, :, 60:].min() > 90
    assert energy(found[:, :, 70:]) < 0.5 * energy(result[:, :, 70:])


def test_a_large_result_is_softened_at_its_own_size():
    result = noise(9, 900, 1200)
    found = softened(torch.nn.functional.interpolate(noise(9), scale_factor=7.5), [half_empty(3)], size=(1200, 900))
    assert found.shape == result.shape
    assert float(found[..., 30:-30, 30:500].std()) < 8
    assert float(found[..., 30:-30, 700:].std()) > 15


@pytest.mark.parametrize("precision", ["float32", "float64"])
def test_a_run_leaves_empty_what_the_painting_does(tmp_path, precision):
    for name, picture in (("photo", half_empty()), ("painting", half_empty(3))):
        array = picture[0].permute(1, 2, 0).numpy().round().astype(np.uint8)
        PIL.Image.fromarray(array).save(tmp_path / f"{name}.png")
    few = {"recipe": "fast", "size": 96, "scales": 1, "iterations": 2, "precision": precision, "init": "noise"}

    def left(fill):
        painted = Stylizer().stylize(tmp_path / "photo.png", tmp_path / "painting.png", Settings(**few, fill=fill))
        return energy(torch.from_numpy(painted.picture.rgb.copy()).permute(2, 0, 1).unsqueeze(0), (..., slice(0, 40)))

    assert left(0.0) < 0.5 * left(1.0)


def test_a_style_file_says_how_empty_places_are_at_any_brush_size(tmp_path, photo):
    stylizer, drawing = Stylizer(), photo.parent.parent / "drawings" / "pencil.jpg"
    path = tmp_path / "pencil.style"
    measure_style(stylizer, drawing, Settings(size=128)).save(path)
    for scale in (1.0, 2.0, 8.0):
        settings = Settings(size=128, style_scale=scale, fill=0.0, precision="float32")
        runs = [stylizer.open(photo, [style], settings).transfer for style in (drawing, path)]
        marks = 128 + 40 * torch.randn(1, 3, 85, 128, generator=torch.Generator().manual_seed(0))
        ours, theirs = (run.empty_places.soften(marks) for run in runs)
        torch.testing.assert_close(ours, theirs, rtol=0, atol=2)
        assert not torch.equal(ours, marks)


def test_an_empty_place_has_the_edges_of_the_flattest_fifth_and_a_little_of_all():
    plain = torch.full((1, 3, 60, 80), 90.0)
    assert flat_energy(plain) == 0
    assert flat_energy(half_empty(amplitude=20.0)) > 2 * flat_energy(half_empty())
