"""Starting pictures, the coarse-to-fine schedule, and which picture is handed on."""

import pytest
import torch

from impasto.core.init_image import initial_image
from impasto.core.optim import AVERAGING, OptimizerIterate
from impasto.core.optim.averaging import AVERAGE_DECAY
from impasto.core.pyramid import detail_beyond, resize
from impasto.sizing import SMALLEST_LONG_SIDE, plan_scales

CONTENT = torch.rand(1, 3, 40, 60, generator=torch.Generator().manual_seed(1)) * 255
STYLE = torch.rand(1, 3, 20, 20, generator=torch.Generator().manual_seed(2)) * 50
GRAY = (123.68, 116.779, 103.939)
MEAN = torch.tensor(GRAY).reshape(1, 3, 1, 1)


def start(init, share=0.0, amplitude=20.0, seed=0):
    return initial_image(init, CONTENT, STYLE, noise_share=share, noise_amplitude=amplitude, mean=GRAY, seed=seed)


def test_the_content_start_is_a_copy_of_the_photograph():
    begun = start("content")
    assert torch.equal(begun, CONTENT)
    begun.zero_()
    assert CONTENT.max() > 200


def test_the_mixed_start_is_that_of_the_course():
    noise = start("noise", amplitude=20.0) - MEAN
    torch.testing.assert_close(start("content", share=0.6), MEAN + 0.6 * noise + 0.4 * (CONTENT - MEAN))


def test_noise_has_the_amplitude_that_was_asked_for():
    uniform, normal = start("noise", amplitude=30.0) - MEAN, start("gaussian", amplitude=30.0) - MEAN
    assert uniform.abs().max() <= 30
    assert uniform.std().item() == pytest.approx(30 / 3**0.5, rel=0.03)
    assert normal.std().item() == pytest.approx(30, rel=0.03)


def test_the_gray_start_is_flat_and_the_style_start_has_only_the_paintings_colors():
    assert torch.equal(start("gray"), MEAN.expand_as(CONTENT))
    colors = {tuple(color) for color in STYLE.flatten(2)[0].T.tolist()}
    assert {tuple(color) for color in start("style").flatten(2)[0].T.tolist()} <= colors


@pytest.mark.parametrize("init", ["noise", "gaussian", "style"])
def test_the_seed_decides_the_start(init):
    assert torch.equal(start(init, seed=5), start(init, seed=5))
    assert not torch.equal(start(init, seed=5), start(init, seed=6))


def test_a_large_picture_begins_as_small_as_a_small_one_and_takes_about_as_long_a_pixel():
    def cost(width, height):
        schedule = plan_scales(width, height, scales=10, iterations=80, decay=0.5)
        assert 128 <= schedule[0].width < 256
        assert schedule[-1].iterations >= 20 or len(schedule) < 3
        return sum(each.width * each.height * each.iterations for each in schedule) / (width * height)

    assert [len(plan_scales(side, side, scales=10, iterations=80, decay=0.5)) for side in (512, 4096)] == [3, 6]
    assert cost(8192, 6144) < cost(4096, 3072) < cost(1024, 768) < cost(512, 384)


def test_scales_double_and_iterations_fall():
    schedule = plan_scales(512, 342, scales=3, iterations=120, decay=0.5)
    assert [(scale.width, scale.height, scale.iterations) for scale in schedule] == [
        (128, 86, 120),
        (256, 171, 60),
        (512, 342, 30),
    ]


def test_scales_too_small_for_motifs_are_left_out():
    assert [scale.width for scale in plan_scales(300, 200, scales=5, iterations=10, decay=1)] == [150, 300]
    assert [scale.width for scale in plan_scales(64, 64, scales=5, iterations=10, decay=1)] == [64]
    assert SMALLEST_LONG_SIDE == 128
    assert [scale.height for scale in plan_scales(2000, 50, scales=5, iterations=10, decay=1, smallest_side=16)] == [
        25,
        50,
    ]


def test_resizing_keeps_flat_color_and_the_right_size_untouched():
    flat = torch.full((1, 3, 8, 8), 77.0)
    torch.testing.assert_close(resize(flat, 20, 12), torch.full((1, 3, 12, 20), 77.0))
    assert resize(flat, 8, 8) is flat


def test_an_image_is_what_a_smaller_size_holds_and_the_detail_beyond_that():
    sharp = torch.rand((1, 3, 24, 32), generator=torch.Generator().manual_seed(1)) * 255
    small = resize(sharp, 16, 12)
    plain = resize(small, 32, 24)
    torch.testing.assert_close(plain + detail_beyond(sharp, 16, 12), sharp)


def output(name, losses):
    averaging = AVERAGING[name]()
    for number, loss in enumerate(losses):
        averaging.update(OptimizerIterate(torch.full((1, 3, 2, 2), float(number)), loss, (loss,)))
    return averaging.value()


def test_the_last_or_the_best_picture_is_kept_with_its_own_terms():
    assert (output("last", [5.0, 1.0, 3.0])[0][0, 0, 0, 0], output("last", [5.0, 1.0, 3.0])[1]) == (2, (3.0,))
    assert (output("best", [5.0, 1.0, 3.0])[0][0, 0, 0, 0], output("best", [5.0, 1.0, 3.0])[1]) == (1, (1.0,))


def test_the_average_leans_to_the_last_pictures():
    image, terms = output("average", [5.0, 1.0, 3.0])
    shares = torch.tensor([AVERAGE_DECAY**2, AVERAGE_DECAY, 1.0])
    assert image[0, 0, 0, 0].item() == pytest.approx((shares * torch.arange(3)).sum().item() / shares.sum().item())
    assert terms is None
