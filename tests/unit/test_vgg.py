"""The network as a feature extractor."""

import pytest
import torch

from impasto import images, weights
from impasto.core.network.vgg import VGG, Trunk, layers_of, smallest_side
from impasto.errors import SettingsError
from impasto.layers import Layer


def layers(*names):
    return [Layer.parse(name) for name in names]


@pytest.fixture(scope="module")
def image():
    return torch.rand(1, 3, 48, 64, generator=torch.Generator().manual_seed(3)) * 255


def test_every_layer_has_the_shape_that_the_paper_gives(trunk, image):
    features = VGG(trunk, layers_of(trunk.blocks))(image)
    assert len(features) == 13
    for layer, maps in features.items():
        channels = min(512, 64 * 2 ** (layer.block - 1))
        assert maps.shape == (1, channels, 48 >> (layer.block - 1), 64 >> (layer.block - 1))


def test_a_relu_layer_is_its_convolution_without_the_negatives(trunk, image):
    before, after = layers("conv3_2", "relu3_2")
    features = VGG(trunk, [before, after])(image)
    assert (features[before] < 0).any()
    assert torch.equal(features[after], features[before].clamp(min=0))


def test_only_layers_up_to_the_last_one_used_are_computed(trunk, image):
    tensors = {name: tensor for name, tensor in trunk.tensors.items() if name[4] in "12"}
    shallow = VGG(Trunk(trunk.blocks, tensors, trunk.mean), layers("relu2_1"))
    assert list(shallow(image)) == layers("relu2_1")


def test_a_layer_that_the_network_does_not_have_is_named_with_the_last_one_it_has(trunk):
    with pytest.raises(SettingsError, match=r"no layer relu5_4.*end at relu5_3"):
        VGG(trunk, layers("relu5_4"))


def test_normalized_layers_have_a_mean_activation_near_one_on_the_example_pictures(trunk, photo):
    measured = weights.activations("vgg16")
    picture = images.resize(images.read(photo), 256, 171)
    image = torch.from_numpy(picture.rgb).permute(2, 0, 1).unsqueeze(0)
    every = layers_of(trunk.blocks)
    plain, normalized = VGG(trunk, every)(image), VGG(trunk.normalized(measured.means), every)(image)
    for layer in every:
        mean = measured.means[f"conv{layer.block}_{layer.index}"]
        torch.testing.assert_close(normalized[layer] * mean, plain[layer], rtol=1e-3, atol=1e-3 * mean)
        assert 0.5 < normalized[layer].mean() < 2


def test_average_scaled_pooling_keeps_the_mean_activation_of_max_pooling(trunk, photo):
    picture = images.resize(images.read(photo), 256, 171)
    image = torch.from_numpy(picture.rgb).permute(2, 0, 1).unsqueeze(0)
    wanted = layers("relu2_1", "relu3_1", "relu4_1", "relu5_1")
    measured = Trunk(trunk.blocks, trunk.tensors, trunk.mean, weights.activations("vgg16").pool_gains)
    scaled, maximum = (VGG(measured, wanted, pooling=pooling)(image) for pooling in ("average-scaled", "max"))
    for layer in wanted:
        assert 0.8 < scaled[layer].mean() / maximum[layer].mean() < 1.25


def test_average_scaled_pooling_is_refused_where_nothing_was_measured(trunk):
    with pytest.raises(SettingsError, match="--pooling average"):
        VGG(trunk, layers("relu2_1"), pooling="average-scaled")


def test_replicated_borders_leave_no_frame_on_a_flat_picture(trunk):
    flat = torch.full((1, 3, 32, 32), 200.0)
    first = layers("relu1_1")
    zeros, replicated = (VGG(trunk, first, padding=padding)(flat)[first[0]] for padding in ("zeros", "replicate"))
    interior = zeros[:, :, 5:6, 5:6]
    torch.testing.assert_close(replicated, interior.expand_as(replicated), rtol=1e-4, atol=1e-2)
    assert (zeros[:, :, 0] - interior[:, :, 0]).abs().max() > 10


def test_the_smallest_side_leaves_one_position_at_the_deepest_layer(trunk):
    deepest = layers("relu5_1")
    side = smallest_side(deepest)
    assert side == 16
    assert VGG(trunk, deepest)(torch.zeros(1, 3, side, side))[deepest[0]].shape[2:] == (1, 1)
