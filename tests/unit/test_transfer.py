"""The algorithm on tensors, without settings, files and events."""

import importlib.util
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch

import impasto
from impasto import images
from impasto.core import LBFGS, VGG, AutogradLoss, Layer, ObjectiveSpec, TransferSpec, transfer
from impasto.core.losses import KINDS

EXAMPLE = Path(__file__).parents[2] / "examples" / "from_tensors.py"
RELU1_1, RELU2_1 = Layer.parse("relu1_1"), Layer.parse("relu2_1")


def tensor(array):
    return torch.from_numpy(array.astype(np.float32)).permute(2, 0, 1).unsqueeze(0)


def small(path, width, height):
    return np.rint(images.resize(images.read(path), width, height).rgb).astype(np.uint8)


def spec(**choices):
    objective = ObjectiveSpec(
        weights={"content": 1.0, "style": 100.0},
        content_layers={RELU2_1: 1.0},
        style_layers={RELU1_1: 1.0},
        convention="neural-style",
        statistic="gram",
    )
    values = {"size": (48, 32), "objective": objective, "optimizer": partial(LBFGS, 5), "iterations": 3}
    return TransferSpec(**{**values, **choices})


@pytest.fixture(scope="module")
def pair(photo, painting):
    return tensor(small(photo, 48, 32)), tensor(small(painting, 40, 32))


@pytest.fixture(scope="module")
def network(vgg_weights):
    return VGG(vgg_weights, [RELU1_1, RELU2_1])


def test_the_example_paints_from_two_tensors_what_stylize_paints(photo, painting):
    module_spec = importlib.util.spec_from_file_location("from_tensors", EXAMPLE)
    example = importlib.util.module_from_spec(module_spec)
    module_spec.loader.exec_module(example)
    content, style = small(photo, 96, 64), small(painting, 96, 76)
    choices = {"size": 96, "scales": 1, "iterations": 4, "tolerance": 0, "precision": "float32", "network": "vgg16"}
    expected = impasto.stylize(content, style, **choices)
    found = example.paint(tensor(content), tensor(style), iterations=4)
    assert len(EXAMPLE.read_text(encoding="utf-8").splitlines()) <= 40
    np.testing.assert_allclose(found.image[0].permute(1, 2, 0).clamp(0, 255), expected.picture.rgb, atol=0.01)
    assert dict(found.terms) == pytest.approx(dict(expected.losses), rel=1e-4)


def test_the_stages_come_in_the_order_of_the_algorithm(network, pair):
    iterates = list(transfer(network, pair[0], [pair[1]], spec(rounds=2)))
    assert [iterate.stage for iterate in iterates] == ["start", *(["step"] * 3 + ["output"]) * 2, "result"]
    assert iterates[0].loss is None
    assert torch.equal(iterates[0].image, pair[0])
    losses = [iterate.loss for iterate in iterates if iterate.stage == "step"]
    assert losses == sorted(losses, reverse=True)
    assert torch.equal(iterates[-1].image, iterates[-2].image)


def test_a_stopped_transfer_still_ends_with_a_result_of_the_full_size(network, pair):
    big = torch.nn.functional.interpolate(pair[0], (172, 256))
    *_, last = transfer(network, big, [pair[1]], spec(size=(256, 172), scales=2), stop=lambda: True)
    assert (last.stage, last.image.shape) == ("result", (1, 3, 172, 256))


def test_an_image_to_start_from_replaces_the_one_that_the_spec_names(network, pair):
    first, *_ = transfer(network, pair[0], [pair[1]], spec(init="noise"), init=pair[0].flip(3))
    assert torch.equal(first.image, pair[0].flip(3))


def test_masks_and_a_kept_part_work_on_tensors(network, pair):
    left = torch.zeros(1, 1, 32, 48)
    left[..., :24] = 1
    *_, last = transfer(network, pair[0], [pair[1]], spec(), masks=[left], keep=1 - left)
    assert torch.equal(last.image[..., 24:], pair[0][..., 24:])
    assert not torch.equal(last.image[..., :24], pair[0][..., :24])


def test_fine_scales_compare_at_their_own_layers_and_custom_losses_at_any(network, pair):
    big = torch.nn.functional.interpolate(pair[0], (172, 256))
    coarsest = spec().objective
    finer = replace(coarsest, content_layers={RELU1_1: 0.5})
    choices = spec(size=(256, 172), scales=2, iterations=1, fine_scale_objective=finer)

    def losses(*extra):
        steps = [each for each in transfer(network, big, [pair[1]], choices, extra_losses=extra) if each.state]
        return {each.scale: set(each.terms) for each in steps}

    assert losses() == {1: {"content relu2_1", "style relu1_1"}, 2: {"content relu1_1", "style relu1_1"}}
    assert "darkness" in losses(lambda _: [Darkness("darkness", RELU2_1, 10.0)])[2]


class Darkness(AutogradLoss):
    """A loss of a caller's own, of which only the value is written."""

    def value(self, inputs):
        return inputs.square().mean()


@pytest.mark.parametrize("layer", [None, RELU1_1])
def test_a_loss_of_ones_own_needs_only_its_value(network, pair, layer):
    loss = Darkness("darkness", layer, 10.0)

    def paint(*extra):
        *_, last = transfer(network, pair[0], [pair[1]], spec(), extra_losses=extra)
        return loss.value(last.image if layer is None else network(last.image)[layer]).item(), last.terms

    (plain, _), (dark, terms) = paint(), paint(lambda _: [loss])
    assert dark < 0.95 * plain
    assert terms["darkness"] == pytest.approx(10 * dark, rel=1e-4)


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_settings_know_which_image_each_kind_of_loss_compares(kind):
    """So that a new kind that compares an image cannot be forgotten where a missing image is refused."""
    alone = {f"{other}_weight": float(other == kind) for other in KINDS}
    settings = impasto.Settings(**alone)
    assert settings.has_content == (KINDS[kind].compares == "content")
    assert settings.has_style == (KINDS[kind].compares == "style")


def test_losses_are_made_for_the_size_of_each_scale_with_its_margin(network, pair):
    seen = []

    class Closeness(AutogradLoss):
        """To a target of the size of one scale, as a warped frame of a film would be."""

        def __init__(self, inputs):
            super().__init__("closeness", None, 1e-3)
            seen.append(inputs.size)
            self.target = inputs.content.flip(3)

        def value(self, inputs):
            return (inputs - self.target).square().mean()

    big = torch.nn.functional.interpolate(pair[0], (172, 256))
    chosen = spec(size=(256, 172), scales=2, margin=4)
    *_, last = transfer(network, big, [pair[1]], chosen, extra_losses=[lambda inputs: [Closeness(inputs)]])
    assert seen == [(86 + 8, 128 + 8), (172 + 8, 256 + 8)]
    assert "closeness" in last.terms


def test_a_mask_without_weight_is_as_if_it_were_not_there(network, pair):
    left = torch.zeros(1, 1, 32, 48)
    left[..., :24] = 1
    pictures = [pair[1], pair[1].flip(1)]
    chosen = spec(init="palette", style_weights=(1.0, 0.0))
    first, *_ = transfer(network, pair[0], pictures, chosen, masks=[left, 1 - left])
    assert torch.equal(first.image[..., 24:], pair[0][..., 24:]), "nothing is asked for there"


def test_mistakes_of_callers_are_named(network, pair):
    with pytest.raises(ValueError, match="keep mask needs a content image"):
        next(transfer(network, None, [pair[1]], spec(), keep=torch.zeros(1, 1, 32, 48)))
    twice = [lambda _: [Darkness("darkness", None, 1.0), Darkness("darkness", None, 2.0)]]
    with pytest.raises(ValueError, match="name of its own"):
        list(transfer(network, pair[0], [pair[1]], spec(), extra_losses=twice))
