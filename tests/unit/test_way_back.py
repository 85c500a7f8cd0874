"""The whole way from features back to the picture, as it is walked in each precision."""

import weakref

import pytest
import torch
from objectives import make_objective, make_spec
from torch.nn import functional

from impasto.core.network.vgg import VGG
from impasto.core.optim.base import is_finite
from impasto.layers import Layer

TAPS = [Layer.parse(name) for name in ("conv1_2", "relu1_2", "relu2_1", "relu3_3", "relu4_2", "relu5_1")]
CPU = torch.device("cpu")
POOLS = {"max": functional.max_pool2d, "average": functional.avg_pool2d}


@pytest.fixture(scope="module")
def picture():
    return torch.rand(1, 3, 45, 39, generator=torch.Generator().manual_seed(5)) * 255


def by_autograd(vgg_weights, picture, pooling, padding, weights):
    """The same network written with torch's operators, and the gradient of a weighted sum of its features."""
    picture = picture.detach().double().requires_grad_()
    maps, total = picture - torch.tensor(vgg_weights.mean).double().reshape(1, 3, 1, 1), 0
    for number, layer in enumerate(vgg_weights.architecture.layers()[:11]):
        if layer.index == 1 and layer.block > 1:
            maps = POOLS[pooling](maps, 2)
        weight, bias = (tensor.double() for tensor in vgg_weights.layer(layer))
        replicated = padding == "replicate" and number == 0
        around = functional.pad(maps, (1, 1, 1, 1), mode="replicate" if replicated else "constant")
        before = functional.conv2d(around, weight, bias)
        maps = before.relu()
        for tap, features in ((Layer(layer.block, layer.index, "conv"), before), (layer, maps)):
            if tap in TAPS:
                total = total + (features * weights[tap]).sum()
    return torch.autograd.grad(total, picture)[0]


def ours(vgg_weights, picture, pooling, padding, weights):
    tape = VGG(vgg_weights, TAPS, pooling=pooling, padding=padding).record(picture)

    def joined(layer):
        mine = weights[layer].to(tape.features[layer].dtype).contiguous(memory_format=torch.channels_last)
        return lambda gradient: mine.clone() if gradient is None else gradient.add_(mine)

    return tape.gradient({layer: [joined(layer)] for layer in TAPS})


@pytest.mark.parametrize("padding", ["zeros", "replicate"])
@pytest.mark.parametrize("pooling", POOLS)
@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 1e-4), (torch.bfloat16, 0.15)])
def test_the_gradient_is_that_of_autograd_at_odd_sizes_and_at_every_kind_of_layer(
    vgg_weights, picture, pooling, padding, dtype, tolerance
):
    features = VGG(vgg_weights, TAPS)(picture)
    weights = {layer: torch.sign(maps - maps.mean()) / maps.abs().sum() for layer, maps in features.items()}
    exact = by_autograd(vgg_weights, picture, pooling, padding, weights)
    found = ours(vgg_weights.to(CPU, dtype), picture, pooling, padding, weights)
    assert found.shape == picture.shape
    assert torch.linalg.vector_norm(found - exact) < tolerance * torch.linalg.vector_norm(exact)


def test_maps_are_let_go_as_the_way_back_passes_them(vgg_weights, picture):
    deep, shallow = Layer.parse("relu2_1"), Layer.parse("relu1_1")
    tape = VGG(vgg_weights, [deep, shallow]).record(picture)
    alive, seen = weakref.ref(tape.features[deep]), []

    def at_shallow(gradient):
        seen.append(alive() is None)
        return gradient

    features = tape.features[deep]
    joining = {deep: [lambda _, features=features: torch.ones_like(features)], shallow: [at_shallow]}
    del features
    tape.gradient(joining)
    assert seen == [True]


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_picture_with_a_value_that_is_no_number_is_noticed(vgg_weights, picture, dtype):
    content, style = Layer.parse("relu4_2"), Layer.parse("relu3_1")
    spec = make_spec({content: 1.0}, {style: 1.0})
    objective = make_objective(VGG(vgg_weights.to(CPU, dtype), spec.layers), picture, [picture.flip(3)], spec)
    assert is_finite(objective.evaluate(picture))
    broken = picture.clone()
    broken[0, 1, 20, 20] = float("nan")
    assert not is_finite(objective.evaluate(broken))
