"""The network as a feature extractor."""

from dataclasses import replace

import pytest
import torch

from impasto import images, weights
from impasto.core.network.vgg import VGG, smallest_side
from impasto.errors import SettingsError
from impasto.layers import Layer


def layers(*names):
    return [Layer.parse(name) for name in names]


@pytest.fixture(scope="module")
def image():
    return torch.rand(1, 3, 48, 64, generator=torch.Generator().manual_seed(3)) * 255


def test_every_layer_has_the_shape_that_the_paper_gives(vgg_weights, image):
    features = VGG(vgg_weights, vgg_weights.architecture.layers())(image)
    assert len(features) == 13
    for layer, maps in features.items():
        channels = min(512, 64 * 2 ** (layer.block - 1))
        assert maps.shape == (1, channels, 48 >> (layer.block - 1), 64 >> (layer.block - 1))


def test_a_relu_layer_is_its_convolution_without_the_negatives(vgg_weights, image):
    before, after = layers("conv3_2", "relu3_2")
    features = VGG(vgg_weights, [before, after])(image)
    assert (features[before] < 0).any()
    assert torch.equal(features[after], features[before].clamp(min=0))


def test_only_layers_up_to_the_last_one_used_are_computed(vgg_weights, image):
    tensors = {name: tensor for name, tensor in vgg_weights.tensors.items() if name[4] in "12"}
    shallow = VGG(replace(vgg_weights, tensors=tensors), layers("relu2_1"))
    assert list(shallow(image)) == layers("relu2_1")


def test_a_truncated_network_gives_its_layers_and_leaves_the_whole_one_as_it_was(vgg_weights, image):
    network = VGG(vgg_weights, layers("relu1_1", "relu2_1", "conv3_2"))
    fewer = network.truncate(frozenset(layers("relu2_1")))
    assert (fewer.blocks, network.blocks) == (range(1, 3), range(1, 4))
    whole, part = network(image), fewer(image)
    assert list(part) == layers("relu2_1")
    assert torch.equal(part[layers("relu2_1")[0]], whole[layers("relu2_1")[0]])
    assert network.truncate(network.layers) is network
    with pytest.raises(ValueError, match="does not read relu3_1"):
        network.truncate(frozenset(layers("relu3_1")))


def test_a_layer_that_the_network_does_not_have_is_named_with_the_last_one_it_has(vgg_weights):
    with pytest.raises(SettingsError, match=r"no layer relu5_4.*ends at relu5_3"):
        VGG(vgg_weights, layers("relu5_4"))


@pytest.mark.parametrize("name", ["vgg16", "vgg19-8bit"])
def test_normalized_layers_have_a_mean_activation_near_one_on_the_example_pictures(name, photo):
    network = weights.load(name).to(torch.device("cpu"), torch.float32)
    measured = network.activations
    picture = images.resize(images.read(photo), 256, 171)
    image = torch.from_numpy(picture.rgb).permute(2, 0, 1).unsqueeze(0)
    every = network.architecture.layers()
    plain, normalized = VGG(network, every)(image), VGG(network.normalize(), every)(image)
    for layer in every:
        mean = measured.means[str(layer.conv)]
        torch.testing.assert_close(normalized[layer] * mean, plain[layer], rtol=1e-3, atol=1e-3 * mean)
        assert 0.5 < normalized[layer].mean() < 2


def test_average_scaled_pooling_keeps_the_mean_activation_of_max_pooling(vgg_weights, photo):
    picture = images.resize(images.read(photo), 256, 171)
    image = torch.from_numpy(picture.rgb).permute(2, 0, 1).unsqueeze(0)
    wanted = layers("relu2_1", "relu3_1", "relu4_1", "relu5_1")
    scaled, maximum = (VGG(vgg_weights, wanted, pooling=pooling)(image) for pooling in ("average-scaled", "max"))
    for layer in wanted:
        assert 0.8 < scaled[layer].mean() / maximum[layer].mean() < 1.25


def test_average_scaled_pooling_is_refused_where_nothing_was_measured(vgg_weights):
    with pytest.raises(SettingsError, match='pooling="average"'):
        VGG(replace(vgg_weights, activations=None), layers("relu2_1"), pooling="average-scaled")


def test_replicated_borders_leave_no_frame_on_a_flat_picture(vgg_weights):
    flat = torch.full((1, 3, 32, 32), 200.0)
    first = layers("relu1_1")
    zeros, replicated = (VGG(vgg_weights, first, padding=padding)(flat)[first[0]] for padding in ("zeros", "replicate"))
    interior = zeros[:, :, 5:6, 5:6]
    torch.testing.assert_close(replicated, interior.expand_as(replicated), rtol=1e-4, atol=1e-2)
    assert (zeros[:, :, 0] - interior[:, :, 0]).abs().max() > 10


def test_the_smallest_side_leaves_one_position_at_the_deepest_layer(vgg_weights):
    deepest = layers("relu5_1")
    side = smallest_side(deepest)
    assert side == 16
    assert VGG(vgg_weights, deepest)(torch.zeros(1, 3, side, side))[deepest[0]].shape[2:] == (1, 1)
