"""The network's operators and their ways back, against torch's operators and autograd."""

import pytest
import torch
from torch.nn import functional

from impasto.core.losses.statistics import STATISTICS
from impasto.core.network.convolution import OneDNN, Plain, Split, convolution
from impasto.core.network.pooling import _max_pool as kernels_max_pool
from impasto.core.network.pooling import average_pool, gated, max_pool

ODD_AND_EVEN = [(8, 10), (9, 10), (8, 11), (7, 13)]


def random(*shape, dtype=torch.float64, seed=1):
    values = torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    return values.to(dtype).contiguous(memory_format=torch.channels_last) if len(shape) == 4 else values.to(dtype)


def by_autograd(function, maps, gradient):
    maps = maps.detach().clone().requires_grad_()
    result = function(maps)
    (back,) = torch.autograd.grad(result, maps, gradient)
    return result.detach(), back


@pytest.mark.parametrize("padding", [0, 1])
@pytest.mark.parametrize(("kind", "dtype"), [(Plain, torch.float64), (Plain, torch.float32), (OneDNN, torch.float32)])
def test_a_convolution_and_its_way_back_are_those_of_autograd(kind, dtype, padding):
    weight, bias, maps = random(5, 3, 3, 3, dtype=dtype), random(5, dtype=dtype), random(1, 3, 9, 12, dtype=dtype)
    if kind is OneDNN and not OneDNN.suits(weight):
        pytest.skip("this machine has no oneDNN")
    gradient = random(1, 5, 7 + 2 * padding, 10 + 2 * padding, dtype=dtype, seed=2)
    result, back = by_autograd(lambda x: functional.conv2d(x, weight, bias, padding=padding), maps, gradient)
    layer = kind(weight, bias, padding)
    torch.testing.assert_close(layer.forward(maps, rectify=False), result)
    torch.testing.assert_close(layer.forward(maps, rectify=True), result.clamp(min=0))
    torch.testing.assert_close(layer.backward(gradient), back)


def test_a_first_layer_in_half_precision_loses_nothing_but_the_rounding_of_what_it_gives():
    weight, bias = random(64, 3, 3, 3, dtype=torch.float32), torch.zeros(64)
    pixels = random(1, 3, 24, 32, dtype=torch.float32) * 70
    exact = functional.conv2d(pixels.double(), weight.double(), padding=1)
    layer = convolution(weight, bias.bfloat16(), padding=1)
    assert isinstance(layer, Split)
    error = (layer.forward(pixels, rectify=False).double() - exact).abs()
    largest = functional.conv2d(pixels.double().abs(), weight.double().abs(), padding=1)
    assert (error <= 2**-8 * exact.abs() + 2**-14 * largest).all()
    gradient = random(1, 64, 24, 32, dtype=torch.bfloat16, seed=2)
    back = functional.conv_transpose2d(gradient.double(), weight.double(), padding=1)
    assert (layer.backward(gradient) - back).square().mean() < 1e-4 * back.square().mean()
    rounded = functional.conv2d(pixels.bfloat16(), weight.bfloat16(), padding=1).double()
    assert error.square().mean() < (rounded - exact).square().mean() / 2


@pytest.mark.parametrize("max_pool", [max_pool, kernels_max_pool])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("size", ODD_AND_EVEN)
def test_maxima_and_their_way_back_through_the_relu_are_those_of_autograd(size, dtype, max_pool):
    before = random(1, 4, *size, dtype=dtype)
    before[:, :, 2:6, 2:8] = 0.5  # equals, of which the first counts
    gradient = random(1, 4, size[0] // 2, size[1] // 2, dtype=dtype, seed=2)
    result, back = by_autograd(lambda x: functional.max_pool2d(functional.relu(x), 2), before, gradient)
    pooled, way_back = max_pool(before.relu())
    assert torch.equal(pooled, result)
    torch.testing.assert_close(way_back(gradient.clone()), back, rtol=1e-6, atol=0)


def test_in_half_precision_equals_share_the_gradient_of_their_maximum():
    maps = torch.tensor([[1.0, 3.0, 2.0, 2.0], [0.0, 3.0, 1.0, 0.0]], dtype=torch.bfloat16).reshape(1, 1, 2, 4)
    pooled, way_back = max_pool(maps)
    assert pooled.flatten().tolist() == [3.0, 2.0]
    gradient = torch.tensor([8.0, 4.0], dtype=torch.bfloat16).reshape(1, 1, 1, 2)
    assert way_back(gradient)[0, 0].tolist() == [[0.0, 4.0, 2.0, 2.0], [0.0, 4.0, 0.0, 0.0]]


@pytest.mark.parametrize("size", ODD_AND_EVEN)
def test_means_and_their_way_back_are_those_of_autograd(size):
    maps, gradient = random(1, 4, *size), random(1, 4, size[0] // 2, size[1] // 2, seed=2)
    result, back = by_autograd(lambda x: functional.avg_pool2d(x, 2) * 1.5, maps, gradient)
    pooled, way_back = average_pool(maps, gain=1.5)
    torch.testing.assert_close(pooled, result)
    torch.testing.assert_close(way_back(gradient), back)


def test_the_way_back_through_a_relu_is_that_of_autograd():
    before, gradient = random(1, 3, 5, 6), random(1, 3, 5, 6, seed=2)
    before[0, 0, 0] = 0
    result, back = by_autograd(functional.relu, before, gradient)
    assert torch.equal(gated(gradient.clone(), result), back)


def test_in_half_precision_a_small_difference_of_large_gram_matrices_keeps_its_digits():
    generator = torch.Generator().manual_seed(3)
    features = torch.rand(1, 16, 60, 80, generator=generator).bfloat16().contiguous(memory_format=torch.channels_last)
    gram = STATISTICS["gram"]
    (matrix,) = gram.matrices(gram.measure(features.double()))
    target = matrix * (1 + 0.01 * torch.randn(16, 16, generator=generator, dtype=torch.float64))
    value = gram.compare_features(features, (target.float(),), None, 60 * 80).value.item()
    assert value == pytest.approx((matrix - target).square().mean().item(), rel=0.01)
