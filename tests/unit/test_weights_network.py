"""The networks that Impasto knows, and what becomes of them in `load`."""

import hashlib
import shutil
import subprocess
import sys
from dataclasses import replace

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch.nn.functional import conv2d

from impasto import weights
from impasto.errors import WeightsError
from impasto.weights import registry
from impasto.wording import COMMAND

SHIPPED = ["vgg16", "vgg16-pruned", "vgg19-8bit"]


@pytest.fixture(autouse=True)
def _own_home(monkeypatch, tmp_path):
    monkeypatch.setenv("IMPASTO_HOME", str(tmp_path / "home"))


@pytest.fixture(scope="module")
def bundled():
    return load_file(weights.path("vgg16"))


@pytest.mark.parametrize("name", SHIPPED)
def test_a_bundled_file_is_the_one_that_its_provenance_names(name):
    entry, file = weights.ENTRIES[name], weights.path(name)
    digest = hashlib.sha256(file.read_bytes()).hexdigest()
    assert digest in file.with_name("PROVENANCE.md").read_text(encoding="utf-8")
    assert digest == entry.checksum.digits
    assert file.stat().st_size == entry.size


def test_every_network_ships_or_has_an_address():
    assert [name for name, entry in weights.ENTRIES.items() if entry.bundled] == SHIPPED
    assert all((entry.bundled is None) != (entry.url is None) for entry in weights.ENTRIES.values())
    assert {file.name for file in weights.path("vgg16").parent.glob("*.safetensors")} == {
        weights.path(name).name for name in SHIPPED
    }


def test_a_file_of_codes_is_read_as_its_tables_values():
    stored = load_file(weights.path("vgg19-8bit"))
    network = weights.load("vgg19-8bit")
    assert (network.architecture.name, network.mean) == ("vgg19", pytest.approx((123.68, 116.779, 103.939)))
    assert len(network.tensors) == 2 * 16
    for name in (name.removesuffix(".bias") for name in stored if name.endswith(".bias")):
        expected = torch.from_numpy(stored[f"{name}.table"].numpy()[stored[f"{name}.codes"].numpy()])
        weight = network.tensors[f"{name}.weight"]
        assert torch.equal(weight, expected.flip(1) if name == "conv1_1" else expected), name
        assert torch.equal(network.tensors[f"{name}.bias"], stored[f"{name}.bias"])


def test_a_file_of_codes_has_the_figures_that_its_provenance_states():
    tensors = weights.load("vgg19-8bit").tensors
    first, bias = tensors["conv1_1.weight"].double(), tensors["conv5_4.bias"].double()
    assert first[:3, 2, 0, 0].tolist() == pytest.approx([0.3406, 0.0951, 0.0181], abs=5e-5)
    assert [first.mean().item(), first.std(correction=0).item()] == pytest.approx([-0.002049, 0.19138], rel=1e-3)
    found = [bias.mean().item(), bias.std(correction=0).item(), bias.max().item()]
    assert found == pytest.approx([0.17162, 0.52039, 9.6113], rel=1e-4)
    assert sum(tensor.numel() for tensor in tensors.values()) == 20_024_384


@pytest.mark.parametrize("name", SHIPPED)
def test_a_copy_of_a_bundled_file_is_known_for_what_it_is(name, tmp_path):
    shutil.copyfile(weights.path(name), tmp_path / "copy.safetensors")
    copy, bundled = weights.load(str(tmp_path / "copy.safetensors")), weights.load(name)
    assert (copy.architecture, copy.convention) == (bundled.architecture, bundled.convention)
    assert copy.tensors.keys() == bundled.tensors.keys()
    assert all(torch.equal(copy.tensors[key], bundled.tensors[key]) for key in bundled.tensors)


def test_a_file_of_codes_can_be_imported_and_is_kept_as_floats(tmp_path):
    shutil.copyfile(weights.path("vgg19-8bit"), tmp_path / "mine.safetensors")
    kept = load_file(weights.import_file(tmp_path / "mine.safetensors"))
    assert weights.load("mine").fingerprint() == replace(weights.load("vgg19-8bit"), activations=None).fingerprint()
    assert kept["conv5_4.weight"].dtype == torch.float32


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"conv3_2.table": torch.zeros(16)}, r"float32 table of shape \(16,\), at conv3_2: expected uint8, and floats"),
        ({"conv3_2.table": torch.zeros(256, 1)}, r"table of shape \(256, 1\), at conv3_2"),
        ({"conv3_2.table": torch.zeros(256, dtype=torch.int32)}, r"int32 table of shape \(256,\), at conv3_2"),
        ({"conv3_2.codes": torch.zeros(256, 256, 3, 3, dtype=torch.int16)}, "int16 codes, .* at conv3_2"),
        ({"conv1_1.codes": torch.zeros(64, 3, 9, dtype=torch.uint8)}, r"not a VGG-16 or VGG-19: .* 16 \(64x3x9,"),
        ({"conv3_2.table": torch.full((256,), float("nan"))}, "values in conv3_2.weight that are not numbers"),
        ({"conv3_2.table": None}, "not a readable safetensors file .*conv3_2.table"),
    ],
)
def test_a_file_of_codes_that_do_not_fit_their_table_is_refused_in_one_line(change, problem, tmp_path):
    changed = load_file(weights.path("vgg19-8bit")) | change
    file = tmp_path / "net.safetensors"
    save_file({name: tensor for name, tensor in changed.items() if tensor is not None}, file)
    for read in (weights.load, weights.import_file):
        with pytest.raises(WeightsError, match=problem) as caught:
            read(str(file))
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", SHIPPED)
@pytest.mark.parametrize("damage", [lambda data: data[:-1000], lambda data: b"\xff" * 8 + data[8:], lambda _: b""])
def test_a_bundled_file_that_is_damaged_is_named_in_one_line(name, damage, tmp_path, monkeypatch):
    file = tmp_path / weights.path(name).name
    file.write_bytes(damage(weights.path(name).read_bytes()))
    entry = replace(weights.ENTRIES[name], bundled=file)
    monkeypatch.setattr(registry, "ENTRIES", {**registry.ENTRIES, name: entry})
    problem = r"is not a readable safetensors file|is not a weights file|is empty"
    with pytest.raises(WeightsError, match=problem) as caught:
        weights.load(name)
    assert str(file) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_the_bundled_vgg16_has_the_figures_that_keras_publishes(bundled):
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
    assert {name: listed[name].state for name in ("vgg16", "vgg19-8bit", "vgg19")} == {
        "vgg16": "bundled",
        "vgg19-8bit": "bundled",
        "vgg19": "not fetched",
    }
    assert listed["vgg16"].path == weights.path("vgg16")
    for name in ("vgg16", "vgg16-keras", "vgg16-pruned", "vgg19", "vgg19-8bit"):
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
