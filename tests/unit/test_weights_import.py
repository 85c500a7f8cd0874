"""Importing weights files: every format gives the same tensors, and no file of strangers does harm."""

import os
import pickle
import sys
from pathlib import Path

import h5py
import numpy as np
import onnx
import pytest
import scipy.io
import torch
from safetensors.torch import load_file, save_file

from impasto import weights
from impasto.errors import OutputError, WeightsError
from impasto.weights import importers, registry
from impasto.weights.importers import isolated


@pytest.fixture(autouse=True)
def _read_in_this_process(monkeypatch):
    """Start no process for each of hundreds of files; test_hostile_networks has the real thing."""
    monkeypatch.setattr(isolated, "read", importers.read)


@pytest.fixture(autouse=True)
def home(monkeypatch, tmp_path):
    monkeypatch.setenv("IMPASTO_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def make(layers):
    """Tensors of float32 whose values float16 can hold, in the form that Impasto keeps."""
    generator = torch.Generator().manual_seed(0)
    tensors = {}
    for name, before, after in layers:
        tensors[f"{name}.weight"] = torch.randn(after, before, 3, 3, generator=generator).half().float()
        tensors[f"{name}.bias"] = torch.randn(after, generator=generator).half().float()
    return tensors


@pytest.fixture(scope="module")
def vgg16():
    return make(registry.ARCHITECTURES["vgg16"].convolutions())


@pytest.fixture(scope="module")
def small():
    """Two convolutions: no VGG, but quick to write and to damage."""
    return make([("conv1_1", 3, 4), ("conv1_2", 4, 4)])


def pairs(tensors):
    names = [name.removesuffix(".weight") for name in tensors if name.endswith(".weight")]
    return [(name, tensors[f"{name}.weight"], tensors[f"{name}.bias"]) for name in names]


def hwio(weight):
    return weight.permute(2, 3, 1, 0).numpy()


def torch_names(tensors):
    """torchvision's numbering: a ReLU after each convolution, a pool after each block, then the classifier."""
    state, number, block = {}, 0, "1"
    for name, weight, bias in pairs(tensors):
        number += int(name[4] != block)
        block = name[4]
        state |= {f"features.{number}.weight": weight, f"features.{number}.bias": bias}
        number += 2
    return state | {"classifier.0.weight": torch.ones(8, 8), "classifier.0.bias": torch.ones(8)}


def write_own(tensors, file):
    save_file(tensors, file, {"convention": "caffe"})


def write_torch_safetensors(tensors, file):
    save_file(torch_names(tensors), file)


def write_torch(tensors, file):
    torch.save(torch_names(tensors), file)


def write_torch_legacy(tensors, file):
    with file.open("wb") as stream:
        torch.save(torch_names(tensors), stream, _use_new_zipfile_serialization=False)


def write_torch_checkpoint(tensors, file):
    wrapped = {f"module.{name}": tensor for name, tensor in torch_names(tensors).items()}
    torch.save({"epoch": 3, "state_dict": wrapped}, file)


def keras_layer(name):
    return f"block{name[4]}_conv{name[6]}"


def write_keras(tensors, file):
    with h5py.File(file, "w") as opened:
        for name, weight, bias in pairs(tensors):
            layer = keras_layer(name)
            opened[f"{layer}/{layer}_W_1:0"] = hwio(weight)
            opened[f"{layer}/{layer}_b_1:0"] = bias.numpy()
        opened.create_group("block1_pool")


def write_keras_model(tensors, file):
    with h5py.File(file, "w") as opened:
        for name, weight, bias in pairs(tensors):
            layer = keras_layer(name)
            opened[f"model_weights/{layer}/{layer}/bias:0"] = bias.numpy()
            opened[f"model_weights/{layer}/{layer}/kernel:0"] = hwio(weight)
            opened[f"optimizer_weights/Adam/m/{layer}/kernel:0"] = np.zeros((3, 3, 1, 1))
        opened["model_weights/fc1/fc1/kernel:0"] = np.ones((8, 8))
        opened["model_weights/fc1/fc1/bias:0"] = np.ones(8)


def write_keras3(tensors, file):
    with h5py.File(file, "w") as opened:
        for number, (_, weight, bias) in enumerate(pairs(tensors)):
            layer = f"layers/conv2d_{number}" if number else "layers/conv2d"
            opened[f"{layer}/vars/0"] = hwio(weight)
            opened[f"{layer}/vars/1"] = bias.numpy()


def cell(items):
    array = np.empty((1, len(items)), dtype=object)
    array[0, :] = items
    return array


def write_mat(tensors, file, *, mean=(123.68, 116.779, 103.939)):
    layers = []
    for name, weight, bias in pairs(tensors):
        layers.append({"type": "conv", "name": name, "weights": cell([hwio(weight), bias.numpy()[:, None]])})
        layers.append({"type": "relu", "name": name.replace("conv", "relu")})
    layers.append(
        {"type": "conv", "name": "fc6", "weights": cell([np.ones((7, 7, 4, 2), "f4"), np.ones((2, 1), "f4")])}
    )
    layers.append(
        {"type": "conv", "name": "fc8", "weights": cell([np.ones((1, 1, 2, 5), "f4"), np.ones((5, 1), "f4")])}
    )
    layers.append({"type": "softmax", "name": "prob"})
    meta = {"normalization": {"averageImage": np.array(mean).reshape(1, 1, 3)}}
    scipy.io.savemat(file, {"layers": cell(layers), "meta": meta})


def write_mat_compressed(tensors, file):
    write_mat(tensors, file)
    scipy.io.savemat(file, {k: v for k, v in scipy.io.loadmat(file).items() if k[0] != "_"}, do_compression=True)


def write_mat_first_release(tensors, file):
    layers = [
        {"type": "conv", "name": name, "filters": hwio(weight), "biases": bias.numpy()[None]}
        for name, weight, bias in pairs(tensors)
    ]
    picture = np.broadcast_to(np.array((123.68, 116.779, 103.939)), (32, 32, 3))  # 224 x 224 in the real file
    scipy.io.savemat(file, {"layers": cell(layers), "normalization": {"averageImage": picture}})


def write_onnx(tensors, file, *, between=(), location=None):
    nodes, initializers, last = [], [], "x"
    for name, weight, bias in pairs(tensors):
        nodes.append(onnx.helper.make_node("Conv", [last, f"{name}.w", f"{name}.b"], [f"{name}.y"], pads=[1] * 4))
        nodes += [onnx.helper.make_node(kind, [f"{name}.y"], [f"{name}.{kind}"]) for kind in between]
        initializers += [
            onnx.numpy_helper.from_array(weight.numpy(), f"{name}.w"),
            onnx.numpy_helper.from_array(bias.numpy(), f"{name}.b"),
        ]
        last = f"{name}.y"
    if location:
        onnx.external_data_helper.set_external_data(initializers[0], location)
        initializers[0].ClearField("raw_data")
        initializers[0].data_location = onnx.TensorProto.EXTERNAL
    value = onnx.helper.make_tensor_value_info
    ends = [value("x", 1, None)], [value(last, 1, None)]
    graph = onnx.helper.make_graph(nodes, "vgg", *ends, initializer=initializers[::-1])
    onnx.save(onnx.helper.make_model(graph), file)


FORMATS = {
    "own.safetensors": (write_own, "caffe"),
    "torch.safetensors": (write_torch_safetensors, "torchvision"),
    "state.pth": (write_torch, "torchvision"),
    "legacy.pth": (write_torch_legacy, "torchvision"),
    "checkpoint.pt": (write_torch_checkpoint, "torchvision"),
    "keras.h5": (write_keras, "caffe"),
    "model.h5": (write_keras_model, "caffe"),
    "three.weights.h5": (write_keras3, "caffe"),
    "verydeep.mat": (write_mat, "matconvnet"),
    "first-release.mat": (write_mat_first_release, "matconvnet"),
    "network.onnx": (write_onnx, None),
}


FRAGILE = {**FORMATS, "compressed.mat": (write_mat_compressed, "matconvnet")}


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_gives_the_same_tensors(name, vgg16, tmp_path, home):
    write, convention = FORMATS[name]
    write(vgg16, tmp_path / name)
    stored = weights.import_file(tmp_path / name, name="mine", convention=convention or "torchvision")
    assert stored == home / "weights" / "mine.safetensors" == weights.path("mine")
    assert [file.name for file in stored.parent.iterdir()] == [stored.name]
    read = load_file(stored)
    assert read.keys() == vgg16.keys()
    assert all(torch.equal(read[key], vgg16[key]) for key in vgg16)


@pytest.mark.parametrize("name", [name for name, (_, convention) in FORMATS.items() if convention])
def test_the_input_is_told_from_the_format(name, vgg16, tmp_path):
    write, convention = FORMATS[name]
    write(vgg16, tmp_path / name)
    weights.import_file(tmp_path / name, name="mine")
    (status,) = [status for status in weights.available() if status.name == "mine"]
    assert (status.state, status.architecture, status.convention) == ("imported", "vgg16", convention)
    assert weights.load("mine").mean == pytest.approx((123.68, 116.779, 103.939), abs=0.6)


def test_a_vgg19_is_recognized_and_loads_by_its_path(tmp_path):
    tensors = make(registry.ARCHITECTURES["vgg19"].convolutions())
    write_keras(tensors, tmp_path / "vgg19.h5")
    network = weights.load(str(tmp_path / "vgg19.h5"))
    assert network.architecture.blocks == (2, 2, 4, 4, 4)
    assert torch.equal(network.tensors["conv5_4.weight"], tensors["conv5_4.weight"])


def test_a_compressed_matconvnet_file_gives_the_same_tensors(tmp_path):
    # Each filled with its own number: noise takes zlib half a minute.
    shapes = make(registry.ARCHITECTURES["vgg16"].convolutions())
    tensors = {name: torch.full_like(tensor, number) for number, (name, tensor) in enumerate(shapes.items())}
    write_mat_compressed(tensors, tmp_path / "net.mat")
    read = load_file(weights.import_file(tmp_path / "net.mat"))
    assert all(torch.equal(read[key], tensors[key]) for key in tensors)


@pytest.mark.parametrize(("flipped", "convention"), [(False, "caffe"), (True, "matconvnet")])
def test_caffes_vgg16_is_known_whatever_file_it_comes_in(flipped, convention, tmp_path):
    tensors = load_file(weights.path("vgg16"))
    if flipped:
        tensors["conv1_1.weight"] = tensors["conv1_1.weight"].flip(1)
    write_torch(dict(sorted(tensors.items())), tmp_path / "vgg16.pth")
    weights.import_file(tmp_path / "vgg16.pth", name="mine")
    assert {s.name: s.convention for s in weights.available()}["mine"] == convention
    ours, bundled = (weights.load(name).tensors["conv1_1.weight"] for name in ("mine", "vgg16"))
    assert torch.equal(ours, bundled)


def test_a_file_that_does_not_tell_its_input_asks_for_it(vgg16, tmp_path, home):
    write_onnx(vgg16, tmp_path / "net.onnx")
    with pytest.raises(WeightsError, match="does not tell which input it expects") as caught:
        weights.import_file(tmp_path / "net.onnx")
    assert "with convention given as one of caffe" in caught.value.hint
    assert not list(home.rglob("*.safetensors"))


def test_a_matconvnet_file_with_another_mean_asks_for_its_input(vgg16, tmp_path):
    write_mat(vgg16, tmp_path / "net.mat", mean=(90.0, 100.0, 110.0))
    with pytest.raises(WeightsError, match="does not tell which input"):
        weights.import_file(tmp_path / "net.mat")


def test_the_caller_overrules_the_format(vgg16, tmp_path):
    write_torch(vgg16, tmp_path / "net.pth")
    weights.import_file(tmp_path / "net.pth", convention="caffe")
    assert {s.name: s.convention for s in weights.available()}["net"] == "caffe"
    with pytest.raises(WeightsError, match="caffe, matconvnet, torchvision"):
        weights.import_file(tmp_path / "net.pth", name="other", convention="bgr")


@pytest.mark.parametrize("name", FORMATS)
def test_another_network_is_refused_with_what_was_expected_and_found(name, small, tmp_path, home):
    FORMATS[name][0](small, tmp_path / name)
    with pytest.raises(WeightsError, match=r"expected 13 or 16 3x3 convolutions.* found 2 .4x3x3x3, 4x4x3x3") as caught:
        weights.import_file(tmp_path / name)
    assert name in caught.value.problem
    assert not list(home.rglob("*.safetensors"))


def test_a_file_without_any_convolution_is_refused(tmp_path):
    torch.save({"fc.weight": torch.ones(2, 2)}, tmp_path / "net.pth")
    with pytest.raises(WeightsError, match="found none"):
        weights.load(str(tmp_path / "net.pth"))


def test_values_that_are_not_numbers_are_refused(vgg16, tmp_path):
    broken = vgg16 | {"conv3_2.bias": torch.full((256,), float("nan"))}
    write_own(broken, tmp_path / "net.safetensors")
    with pytest.raises(WeightsError, match=r"conv3_2.bias that are not numbers"):
        weights.import_file(tmp_path / "net.safetensors")


def test_a_missing_bias_is_named(vgg16, tmp_path):
    state = torch_names(vgg16)
    del state["features.0.bias"]
    torch.save(state, tmp_path / "net.pth")
    with pytest.raises(WeightsError, match=r"no features.0.bias"):
        weights.import_file(tmp_path / "net.pth")


def test_a_bias_of_another_length_is_named(vgg16, tmp_path):
    write_own(vgg16 | {"conv2_1.bias": torch.ones(64)}, tmp_path / "net.safetensors")
    with pytest.raises(WeightsError, match=r"bias of shape \(64,\) at conv2_1"):
        weights.import_file(tmp_path / "net.safetensors")


def write_normalized_torch(tensors, file):
    torch.save(torch_names(tensors) | {"features.1.running_mean": torch.ones(4)}, file)


def write_normalized_onnx(tensors, file):
    write_onnx(tensors, file, between=("BatchNormalization",))


def write_normalized_keras(tensors, file):
    write_keras(tensors, file)
    with h5py.File(file, "a") as opened:
        for part in ("gamma:0", "beta:0", "moving_mean:0", "moving_variance:0"):
            opened[f"bn1/{part}"] = np.ones(4)


def write_normalized_mat(tensors, file):
    write_mat(tensors, file)
    network = scipy.io.loadmat(file)
    layers = cell([*network["layers"][0], {"type": "bnorm"}])
    scipy.io.savemat(file, {"layers": layers, "meta": network["meta"]})


@pytest.mark.parametrize(
    ("write", "name"),
    [
        (write_normalized_torch, "bn.pth"),
        (write_normalized_onnx, "bn.onnx"),
        (write_normalized_keras, "bn.h5"),
        (write_normalized_mat, "bn.mat"),
    ],
)
def test_a_vgg_with_batch_normalization_is_refused(write, name, small, tmp_path):
    write(small, tmp_path / name)
    with pytest.raises(WeightsError, match="batch normalization"):
        weights.import_file(tmp_path / name)


class Harmful:
    def __init__(self, victim):
        self.victim = victim

    def __reduce__(self):
        return Path.touch, (self.victim,)


@pytest.mark.parametrize("legacy", [False, True, None])
def test_a_weights_file_with_code_inside_does_not_run_it(legacy, tmp_path):
    victim, file = tmp_path / "victim", tmp_path / "net.pth"
    with file.open("wb") as stream:
        if legacy is None:
            pickle.dump(Harmful(victim), stream, protocol=2)
        else:
            torch.save({"a": Harmful(victim)}, stream, _use_new_zipfile_serialization=not legacy)
    with pytest.raises(WeightsError, match=r"net\.pth"):
        weights.import_file(file)
    assert not victim.exists()


@pytest.mark.parametrize("name", FRAGILE)
def test_a_file_cut_short_anywhere_is_refused(name, small, tmp_path):
    file = tmp_path / name
    FRAGILE[name][0](small, file)
    whole = file.read_bytes()
    for length in (1, 9, 64, 150, 200, len(whole) // 2, len(whole) * 3 // 4, len(whole) - 1):
        file.write_bytes(whole[:length])
        with pytest.raises(WeightsError, match=name):
            weights.load(str(file))


@pytest.mark.parametrize("name", FRAGILE)
def test_damaged_bytes_give_no_other_error_than_ours(name, small, tmp_path):
    file = tmp_path / name
    FRAGILE[name][0](small, file)
    whole = file.read_bytes()
    random = np.random.default_rng(0)
    for position in random.integers(0, min(len(whole), 2000), 80):
        damaged = bytearray(whole)
        damaged[position] ^= int(random.integers(1, 256))
        file.write_bytes(damaged)
        with pytest.raises(WeightsError, match=name):
            weights.load(str(file))


@pytest.mark.parametrize("suffix", [".safetensors", ".pth", ".h5", ".mat", ".onnx", ".jpg", ""])
def test_noise_is_refused_whatever_it_is_called(suffix, tmp_path):
    file = tmp_path / f"noise{suffix}"
    file.write_bytes(np.random.default_rng(0).bytes(5000))
    with pytest.raises(WeightsError, match="noise"):
        weights.import_file(file)


def test_a_matlab_file_of_version_7_3_says_how_to_save_it(tmp_path):
    (tmp_path / "net.mat").write_bytes(b"MATLAB 7.3 MAT-file, Platform: GLNXA64".ljust(512) + b"\x89HDF\r\n\x1a\n")
    with pytest.raises(WeightsError, match="-v7"):
        weights.import_file(tmp_path / "net.mat")


def test_an_onnx_file_cannot_point_at_other_files(small, tmp_path):
    (tmp_path / "secret").write_bytes(bytes(1000))
    write_onnx(small, tmp_path / "net.onnx", location="secret")
    with pytest.raises(WeightsError, match="does not hold the kernel and the bias"):
        weights.import_file(tmp_path / "net.onnx")


def test_onnx_without_its_package_says_what_to_install(monkeypatch, small, tmp_path):
    write_onnx(small, tmp_path / "net.onnx")
    monkeypatch.setitem(sys.modules, "onnx", None)
    with pytest.raises(WeightsError, match=r'pip install "onnx>='):
        weights.import_file(tmp_path / "net.onnx")


def test_a_path_that_is_no_file_is_refused(tmp_path):
    (tmp_path / "folder.pth").mkdir()
    (tmp_path / "empty.pth").touch()
    os.mkfifo(tmp_path / "pipe.pth")
    for name, what in [
        ("folder.pth", "is a directory"),
        ("empty.pth", "is empty"),
        ("pipe.pth", "is not a regular file"),
        ("missing.pth", "cannot be read: No such file"),
        ("empty.pth/net.pth", "cannot be read: Not a directory"),
    ]:
        with pytest.raises(WeightsError, match=f"{name} {what}"):
            weights.load(str(tmp_path / name))


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission_is_refused(tmp_path):
    (tmp_path / "net.pth").write_bytes(b"PK\x03\x04")
    (tmp_path / "net.pth").chmod(0)
    with pytest.raises(WeightsError, match="cannot be read: Permission denied"):
        weights.load(str(tmp_path / "net.pth"))


def test_an_import_does_not_replace_another_unasked(vgg16, tmp_path):
    write_own(vgg16, tmp_path / "A Net.safetensors")
    stored = weights.import_file(tmp_path / "A Net.safetensors")
    assert stored.stem == "a-net"
    with pytest.raises(OutputError, match="'a-net' already"):
        weights.import_file(tmp_path / "A Net.safetensors")
    changed = vgg16 | {"conv1_1.bias": torch.zeros(64)}
    write_own(changed, tmp_path / "A Net.safetensors")
    weights.import_file(tmp_path / "A Net.safetensors", overwrite=True)
    assert not weights.load("a-net").tensors["conv1_1.bias"].any()


def test_names_that_would_hide_or_escape_are_refused(vgg16, tmp_path):
    write_own(vgg16, tmp_path / "net.safetensors")
    for name, reason in [
        ("vgg16", "ships with Impasto"),
        ("../up", "cannot name"),
        ("a b", "cannot name"),
        ("vgg19", "not the published file of .vgg19."),
        ("vgg16-torchvision", "not the published file"),
    ]:
        with pytest.raises(WeightsError, match=reason):
            weights.import_file(tmp_path / "net.safetensors", name=name)


def test_a_home_that_is_a_file_is_named(monkeypatch, vgg16, tmp_path):
    (tmp_path / "taken").touch()
    monkeypatch.setenv("IMPASTO_HOME", str(tmp_path / "taken"))
    write_own(vgg16, tmp_path / "net.safetensors")
    with pytest.raises(OutputError, match="IMPASTO_HOME"):
        weights.import_file(tmp_path / "net.safetensors")


def test_a_damaged_network_shows_in_the_list_and_in_load(home):
    (home / "weights").mkdir(parents=True)
    (home / "weights" / "mine.safetensors").write_bytes(b"\x10\0\0\0\0\0\0\0{garbage")
    assert {status.name: status.state for status in weights.available()}["mine"] == "damaged"
    with pytest.raises(WeightsError, match=r"mine.safetensors is not a readable"):
        weights.load("mine")
