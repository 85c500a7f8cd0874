"""The pruned VGG-16: what it sees, what it does not have, and when it is chosen."""

import pytest
import torch

from impasto import Settings, images, weights
from impasto.core.network.vgg import VGG
from impasto.engine import sizing
from impasto.errors import SettingsError, WeightsError
from impasto.layers import Layer
from impasto.settings import AUTO_NETWORK
from impasto.weights import registry

NAME = "vgg16-pruned"
MOST_ERROR = {"relu1_1": 1e-6, "relu2_1": 0.005, "relu3_1": 0.02, "relu4_1": 0.06, "relu4_2": 0.06, "relu5_1": 0.12}
"""Of squared differences of features, over the squares; PROVENANCE.md has what was measured over many pictures."""


@pytest.fixture(scope="module")
def pruned_weights():
    return weights.load(NAME).to(torch.device("cpu"), torch.float32)


def test_it_has_about_the_features_of_vgg16_where_it_was_not_pruned(pruned_weights, vgg_weights, photo):
    layers = [Layer.parse(name) for name in MOST_ERROR]
    picture = images.resize(images.read(photo), 320, 214)
    image = torch.from_numpy(picture.rgb).permute(2, 0, 1).unsqueeze(0)
    pruned, whole = VGG(pruned_weights, layers)(image), VGG(vgg_weights, layers)(image)
    for layer, name in zip(layers, MOST_ERROR, strict=True):
        error = ((pruned[layer] - whole[layer]).square().sum() / whole[layer].square().sum()).item()
        assert error < MOST_ERROR[name], name
    architecture = pruned_weights.architecture
    assert set(layers) == set(architecture.layers()) - architecture.pruned.keys()
    assert not architecture.missing([*layers, Layer.parse("conv1_1")])


@pytest.mark.parametrize("name", ["relu1_2", "conv2_1", "conv2_2", "relu3_3"])
def test_a_layer_that_it_was_pruned_of_is_refused_with_the_network_that_has_it(pruned_weights, name):
    with pytest.raises(SettingsError, match=f"does not have the features of VGG-16 at {name}") as caught:
        VGG(pruned_weights, [Layer.parse(name)])
    assert "vgg16" in caught.value.hint


def test_layers_past_its_end_are_refused_as_for_every_network(pruned_weights):
    with pytest.raises(SettingsError, match=r"no layer relu5_3.*ends at relu5_1"):
        VGG(pruned_weights, [Layer.parse("relu5_3")])


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, NAME),
        ({"recipe": "fast"}, NAME),
        ({"recipe": "neural-style"}, "vgg16"),
        ({"content_layers": {"relu3_3": 1.0}}, "vgg16"),
        ({"content_layers": {"relu3_3": 0.0, "relu4_2": 1.0}}, NAME),
        ({"style_layers": {"conv1_1": 1.0}}, NAME),
        ({"style_layers": {"conv2_1": 1.0}}, "vgg16"),
        ({"pooling": "average"}, "vgg16"),
        ({"style_layers": {"relu5_3": 1.0}}, "vgg16"),
        ({"network": "vgg16"}, "vgg16"),
        ({"network": "my/file.pth", "content_layers": {"relu3_3": 1.0}}, "my/file.pth"),
    ],
)
def test_auto_is_the_pruned_network_where_it_has_all_that_is_compared(changes, expected):
    assert sizing.network_name(Settings(**changes)) == expected


def test_it_can_be_normalized_as_its_activations_were_measured():
    pruned = weights.load(NAME)
    assert set(pruned.activations.means) == {str(layer.conv) for layer in pruned.architecture.layers()}
    assert len(pruned.normalize().tensors) == len(pruned.tensors)


def test_auto_cannot_be_the_name_of_a_network(tmp_path, monkeypatch):
    assert registry.RESERVED == AUTO_NETWORK == Settings().network
    monkeypatch.setenv("IMPASTO_HOME", str(tmp_path / "home"))
    with pytest.raises(WeightsError, match="reserved name"):
        weights.import_file(weights.path("vgg16"), name=AUTO_NETWORK)
