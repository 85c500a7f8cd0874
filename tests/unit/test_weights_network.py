"""The networks that Impasto knows, and what becomes of them in `load`."""

import hashlib
import subprocess
import sys

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch.nn.functional import conv2d

from impasto import weights
from impasto.errors import WeightsError
from impasto.weights import registry
from impasto.wording import COMMAND


@pytest.fixture(autouse=True)
def _own_home(monkeypatch, tmp_path):
    monkeypatch.setenv("IMPASTO_HOME", str(tmp_path / "home"))


@pytest.fixture(scope="module")
def bundled():
    return load_file(registry.BUNDLED)


def test_the_bundled_file_is_the_one_that_its_provenance_names():
    digest = hashlib.sha256(registry.BUNDLED.read_bytes()).hexdigest()
    assert digest in registry.BUNDLED.with_name("PROVENANCE.md").read_text(encoding="utf-8")
    assert digest == weights.ENTRIES["vgg16"].checksum.digits
    assert registry.BUNDLED.stat().st_size == weights.ENTRIES["vgg16"].size


def test_the_bundled_file_has_the_figures_that_keras_publishes(bundled):
    first, bias = bundled["conv1_1.weight"].double(), bundled["conv1_1.bias"].double()
    assert first[:3, 0, 0, 0].tolist() == pytest.approx([0.42947057, 0.11727387, 0.03401296], rel=1e-3)
    assert first.mean().item() == pytest.approx(-0.0024379087, rel=1e-2)
    assert first.std(correction=0).item() == pytest.approx(0.20669945, rel=1e-3)
    assert bias.mean().item() == pytest.approx(0.5013912, rel=1e-3)
    last, bias = bundled["conv5_3.weight"].double(), bundled["conv5_3.bias"].double()
    assert last.std(correction=0).item() == pytest.approx(0.008478405, rel=1e-3)
    assert bias.mean().item() == pytest.approx(0.14986369, rel=1e-3)
    assert bias.std(correction=0).item() == pytest.approx(0.4928213, rel=1e-3)
    assert [bias.min().item(), bias.max().item()] == pytest.approx([-0.50036746, 9.431553], rel=1e-3)


def test_the_default_network_loads_with_an_empty_home(bundled):
    network = weights.load("vgg16")
    assert network.architecture.blocks == (2, 2, 3, 3, 3)
    assert network.mean == pytest.approx((123.68, 116.779, 103.939))
    assert network.tensors.keys() == bundled.keys()
    assert network.tensors["conv1_1.weight"].dtype == torch.float32
    assert torch.equal(network.tensors["conv1_1.weight"], bundled["conv1_1.weight"].float().flip(1))
    assert network.tensors["conv5_3.weight"].dtype == torch.float16
    assert torch.equal(network.tensors["conv5_3.weight"], bundled["conv5_3.weight"])


@pytest.mark.parametrize("convention", weights.CONVENTIONS.values(), ids=lambda convention: convention.name)
def test_every_convention_sees_the_same_pixels_as_where_it_was_trained(bundled, convention, tmp_path):
    save_file(bundled, tmp_path / "net.safetensors", {"convention": convention.name})
    network = weights.load(str(tmp_path / "net.safetensors"))
    pixels = torch.rand(1, 3, 8, 8, generator=torch.Generator().manual_seed(1)) * 255

    ordered = pixels.flip(1) if convention.order == "bgr" else pixels
    mean, std = (torch.tensor(values)[:, None, None] for values in (convention.mean, convention.std))
    expected = conv2d((ordered * convention.scale - mean) / std, bundled["conv1_1.weight"].float(), padding=1)
    centered = pixels - torch.tensor(network.mean)[:, None, None]
    got = conv2d(centered, network.tensors["conv1_1.weight"], padding=1)
    assert torch.allclose(got, expected, rtol=1e-4, atol=1e-3 * expected.abs().max().item())


def test_one_function_written_in_two_conventions_gives_equal_features(bundled, tmp_path):
    std = torch.tensor(weights.CONVENTIONS["torchvision"].std)[:, None, None]
    rewritten = {name: tensor.float() for name, tensor in bundled.items()}
    rewritten["conv1_1.weight"] = (rewritten["conv1_1.weight"].flip(1) * 255 * std).contiguous()
    save_file(rewritten, tmp_path / "net.safetensors", {"convention": "torchvision"})

    centered = torch.randn(1, 3, 16, 16, generator=torch.Generator().manual_seed(2)) * 60
    ours, theirs = (_relu1_2(weights.load(name), centered) for name in ("vgg16", str(tmp_path / "net.safetensors")))
    assert theirs.max() > 1
    assert torch.allclose(ours, theirs, rtol=1e-4, atol=1e-3)
    assert weights.load(str(tmp_path / "net.safetensors")).mean == pytest.approx((123.675, 116.28, 103.53))


def _relu1_2(network, centered):
    features = centered
    for layer in ("conv1_1", "conv1_2"):
        weight, bias = (network.tensors[f"{layer}.{part}"].float() for part in ("weight", "bias"))
        features = conv2d(features, weight, bias, padding=1).relu()
    return features


def test_a_network_that_is_not_fetched_says_how_to_fetch_it():
    with pytest.raises(WeightsError, match="not on this machine yet") as caught:
        weights.load("vgg19")
    assert "impasto weights fetch vgg19" in caught.value.message_for(COMMAND)


@pytest.mark.parametrize("name", ["vgg61", "VGG-16", "vgg"])
def test_a_misspelt_network_gets_a_suggestion(name):
    with pytest.raises(WeightsError, match="Did you mean 'vgg1"):
        weights.path(name)


def test_a_name_unlike_any_lists_the_networks():
    with pytest.raises(WeightsError, match="vgg16-torchvision"):
        weights.load("mona lisa")


def test_the_list_shows_every_network_with_its_authors_and_license():
    listed = {status.name: status for status in weights.available()}
    assert listed.keys() == weights.ENTRIES.keys()
    assert (listed["vgg16"].state, listed["vgg19"].state) == ("bundled", "not fetched")
    assert listed["vgg16"].path == registry.BUNDLED
    for name in ("vgg16", "vgg16-keras", "vgg19"):
        assert "Karen Simonyan" in listed[name].source
        assert "Andrew Zisserman" in listed[name].source
        assert listed[name].license == "CC BY 4.0"


def test_listing_networks_does_not_load_torch():
    program = (
        "import sys, impasto.weights as w; assert len(w.available()) > 4; assert w.fetch('vgg16').is_file(); "
        "assert not {'torch', 'scipy', 'h5py', 'onnx'} & sys.modules.keys()"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


@pytest.mark.parametrize(("name", "count"), [("vgg16", 13), ("vgg19", 16)])
def test_architectures_have_the_published_number_of_convolutions(name, count):
    architecture = registry.ARCHITECTURES[name]
    convolutions = [(str(layer), *channels) for layer, *channels in architecture.convolutions()]
    assert len(convolutions) == count
    assert convolutions[0] == ("conv1_1", 3, 64)
    assert convolutions[2] == ("conv2_1", 64, 128)
    assert convolutions[-1][1:] == (512, 512)
    assert [str(layer.conv) for layer in architecture.layers()] == [name for name, *_ in convolutions]
