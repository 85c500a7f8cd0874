"""What a coarser scale cannot hold is copied from where the painting looks alike."""

import pytest
import torch

from impasto import images
from impasto.core import style_detail as module
from impasto.core.pyramid import detail_beyond, resize
from impasto.core.style_detail import StylePicture, style_detail


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


def tensor(path, width, height):
    rgb = images.resize(images.read(path), width, height).rgb
    return torch.from_numpy(rgb).permute(2, 0, 1).unsqueeze(0).contiguous()


@pytest.fixture(scope="module")
def brushwork(painting):
    return tensor(painting, 192, 150)


def likeness(one, other):
    one, other = (it - it.mean() for it in (one, other))
    return float((one * other).sum() / (one.norm() * other.norm()))


@pytest.mark.parametrize("compared", [2**18, 3000])
def test_a_painting_that_lost_its_detail_gets_it_back(brushwork, compared, monkeypatch):
    monkeypatch.setattr(module, "COMPARED", compared)
    coarse = resize(brushwork, 96, 75)
    found = style_detail(coarse, [StylePicture(brushwork, None, 1.0)], 192, 150, seeded())
    own = detail_beyond(brushwork, 96, 75)
    assert found.shape == own.shape
    assert likeness(found[..., 12:-12, 12:-12], own[..., 12:-12, 12:-12]) > 0.9
    assert 0.8 < float(found.std() / own.std()) < 1.1


def test_a_part_of_it_gets_that_parts_detail(brushwork):
    part = brushwork[:, :, 30:130, 40:146]
    found = style_detail(resize(part, 53, 50), [StylePicture(brushwork, None, 1.0)], 106, 100, seeded())
    inner = (..., slice(12, -12), slice(12, -12))
    assert likeness(found[inner], detail_beyond(part, 53, 50)[inner]) > 0.5


def test_sizes_that_are_no_multiples_get_as_much_detail(brushwork):
    part = brushwork[:, :, 30:131, 40:147]
    found = style_detail(resize(part, 53, 50), [StylePicture(brushwork, None, 1.0)], 107, 101, seeded())
    assert found.shape == part.shape
    assert 0.6 < float(found.std() / detail_beyond(part, 53, 50).std()) < 1.2


def test_a_photograph_gets_a_part_of_the_detail_that_the_painting_has(brushwork, photo):
    coarse = tensor(photo, 96, 64)
    found = style_detail(coarse, [StylePicture(brushwork, None, 1.0)], 192, 128, seeded())
    assert 0.2 < float(found.std() / detail_beyond(brushwork, 96, 75).std()) < 1
    again = style_detail(coarse, [StylePicture(brushwork, None, 1.0)], 192, 128, seeded())
    assert torch.equal(found, again)
    other = style_detail(coarse, [StylePicture(brushwork, None, 1.0)], 192, 128, seeded(1))
    assert not torch.equal(found, other)


def test_smooth_places_get_no_specks():
    specks = 128 + 90 * (torch.rand((1, 1, 96, 96), generator=seeded(2)) > 0.97).float().expand(1, 3, 96, 96)
    found = style_detail(torch.full((1, 3, 48, 48), 128.0), [StylePicture(specks, None, 1.0)], 96, 96, seeded())
    assert float(found.std() / detail_beyond(specks, 48, 48).std()) < 0.1


def stripes(dimension, size=64):
    """A gray image with fine stripes: nothing of them is left at half the size."""
    wave = 40 * (torch.arange(size) % 2 * 2 - 1.0)
    shape = [1, 1, 1, 1]
    shape[dimension] = size
    return 128 + wave.reshape(shape).expand(1, 3, size, size)


def runs(detail):
    """How much changes down, and across."""
    return tuple(float(detail.diff(dim=dimension).abs().mean()) for dimension in (2, 3))


def test_each_region_takes_its_own_paintings_detail():
    left = torch.zeros(1, 1, 64, 64)
    left[..., :32] = 1
    styles = [StylePicture(stripes(2), None, left), StylePicture(stripes(3), None, 1 - left)]
    found = style_detail(torch.full((1, 3, 32, 32), 128.0), styles, 64, 64, seeded())
    (down, across), (other_down, other_across) = runs(found[..., :26]), runs(found[..., 38:])
    assert down > 20 * across
    assert other_across > 20 * other_down


def test_nothing_is_copied_of_what_is_hidden():
    style, opacity = stripes(2), torch.ones(1, 1, 64, 64)
    style[..., 32:] = stripes(3)[..., 32:]
    opacity[..., 32:] = 0
    found = style_detail(torch.full((1, 3, 32, 32), 128.0), [StylePicture(style, opacity, 1.0)], 64, 64, seeded())
    down, across = runs(found)
    assert down > 20 * across


def test_a_painting_smaller_than_a_patch_has_no_detail_to_give():
    tiny = StylePicture(stripes(2, 12), None, 1.0)
    assert not style_detail(torch.full((1, 3, 32, 32), 128.0), [tiny], 64, 64, seeded()).any()
    found = style_detail(
        torch.full((1, 3, 32, 32), 128.0), [tiny, StylePicture(stripes(3), None, 1.0)], 64, 64, seeded()
    )
    assert found.any()


def test_a_picture_of_other_precision_than_the_painting_is_no_obstacle(brushwork):
    coarse = resize(brushwork, 96, 75)
    single, double = (
        style_detail(coarse.to(dtype), [StylePicture(brushwork, None, 1.0)], 192, 150, seeded())
        for dtype in (torch.float32, torch.float64)
    )
    assert double.dtype == torch.float64
    assert likeness(single, double.float()) > 0.99
