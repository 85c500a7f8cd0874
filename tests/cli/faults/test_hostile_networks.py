"""Networks from strangers: nothing outside the file given is read, and reading takes bounded memory and time."""

import io
import pickle
import resource
import struct
import zipfile
import zlib

import h5py
import numpy as np
import onnx
import pytest
import torch

from impasto import weights
from impasto.errors import WeightsError
from impasto.weights import registry
from impasto.weights.importers import from_keras

SECRET = b"the secret of somebody else. " * 100


def outside(folder):
    (folder / "secret").write_bytes(SECRET)
    return folder / "secret"


def external_storage(file, secret):
    with h5py.File(file, "w") as opened:
        group = opened.create_group("block1_conv1")
        group.create_dataset("kernel:0", (3, 3, 3, 4), "u1", external=[(str(secret), 0, 108)])
        group["bias:0"] = np.zeros(4, np.float32)


def virtual(file, secret):
    with h5py.File(secret.with_suffix(".h5"), "w") as other:
        other["kernel"] = np.ones((3, 3, 3, 4), np.float32)
    layout = h5py.VirtualLayout((3, 3, 3, 4), "f4")
    layout[:] = h5py.VirtualSource(secret.with_suffix(".h5"), "kernel", (3, 3, 3, 4))
    with h5py.File(file, "w") as opened:
        group = opened.create_group("block1_conv1")
        group.create_virtual_dataset("kernel:0", layout)
        group["bias:0"] = np.zeros(4, np.float32)


def linked(file, secret):
    with h5py.File(secret.with_suffix(".h5"), "w") as other:
        other["block1_conv1/kernel:0"] = np.ones((3, 3, 3, 4), np.float32)
        other["block1_conv1/bias:0"] = np.zeros(4, np.float32)
    with h5py.File(file, "w") as opened:
        opened["block1_conv1"] = h5py.ExternalLink(str(secret.with_suffix(".h5")), "block1_conv1")


@pytest.mark.parametrize("make", [external_storage, virtual, linked])
def test_S2_a_network_that_takes_its_numbers_from_other_files_is_refused(tmp_path, make):
    make(tmp_path / "model.h5", outside(tmp_path))
    with pytest.raises(WeightsError, match="keeps its arrays in other files"):
        from_keras.read(tmp_path / "model.h5")


def pickle_bomb(file):
    """A list of 50 million empty lists, as a torch archive of 50 kB."""
    whole = io.BytesIO()
    torch.save({}, whole)
    with zipfile.ZipFile(whole) as good, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as bomb:
        for name in good.namelist():
            lists = b"\x80\x02](" + 50_000_000 * b"]" + b"e."
            bomb.writestr(name, lists if name.endswith("data.pkl") else good.read(name))


def bare_pickle_bomb(file):
    """The same from before torch's archives: a list that states its length only by what follows."""
    file.write_bytes(pickle.dumps(0x1950A86A20F9469CFC6C, 2) + b"\x80\x02](" + 30_000_000 * b"]" + b"e.")


def zeros(length):
    """Deflate zeros without holding them, length a multiple of 2^24."""
    block = zlib.compressobj(9, zlib.DEFLATED, -15)
    packed = block.compress(bytes(1 << 24)) + block.flush(zlib.Z_FULL_FLUSH)
    return b"\x78\x9c" + packed * (length >> 24) + b"\x03\x00" + struct.pack(">I", (length % 65521) << 16 | 1)


def mat_bomb(file):
    """Two gigabytes of zeros, compressed to two megabytes."""
    data = zeros((1 << 31) - (1 << 24))
    file.write_bytes(b"MATLAB 5.0".ljust(126) + b"IM" + struct.pack("<II", 15, len(data)) + data)


def h5_bomb(file):
    """A kernel whose size is stated and whose values were never written."""
    with h5py.File(file, "w") as opened:
        opened.create_dataset("block1_conv1/kernel:0", (3, 3, 1 << 14, 1 << 16), "f4", chunks=(3, 3, 64, 64))
        opened["block1_conv1/bias:0"] = np.zeros(4, np.float32)


def onnx_bomb(file):
    """A kernel that states far more numbers than it has."""
    kernel = onnx.numpy_helper.from_array(np.zeros((64, 3, 3, 3), np.float32), "w")
    kernel.dims[:] = [1 << 15, 1 << 15, 3, 3]
    nodes = [onnx.helper.make_node("Conv", ["x", "w", "w"], ["y"])]
    graph = onnx.helper.make_graph(nodes, "g", [], [], [kernel])
    file.write_bytes(onnx.helper.make_model(graph).SerializeToString())


BOMBS = {
    "model.pth": pickle_bomb,
    "old.pth": bare_pickle_bomb,
    "model.mat": mat_bomb,
    "model.h5": h5_bomb,
    "model.onnx": onnx_bomb,
}


def children():
    """What the processes that this one started have taken."""
    return resource.getrusage(resource.RUSAGE_CHILDREN)


@pytest.mark.parametrize(
    "name", [name if name == "model.h5" else pytest.param(name, marks=pytest.mark.slow) for name in BOMBS]
)
def test_S12_a_file_that_states_gigabytes_is_refused_in_bounded_time_and_memory(impasto, tmp_path, name):
    BOMBS[name](tmp_path / name)
    before = children()
    done = impasto("weights", "import", tmp_path / name)
    assert (done.code, done.out) == (2, ""), done.err
    assert name in done.err
    assert done.err.count("\n") == 1
    assert children().ru_utime - before.ru_utime < 30  # seconds
    assert children().ru_maxrss <= max(before.ru_maxrss, 2.5e6)  # kilobytes, of the largest child so far
    assert not (tmp_path / "home" / "weights").exists()


@pytest.mark.slow
def test_S12_a_sound_network_is_read_by_the_process_of_its_own(tmp_path, monkeypatch):
    monkeypatch.setenv("IMPASTO_HOME", str(tmp_path / "home"))
    state = {}
    for number, (_, before, after) in enumerate(registry.ARCHITECTURES["vgg16"].convolutions()):
        state[f"features.{number}.weight"] = torch.full((after, before, 3, 3), 0.25 * number)
        state[f"features.{number}.bias"] = torch.full((after,), float(number))
    torch.save(state, tmp_path / "own.pth")
    loaded = weights.load(str(tmp_path / "own.pth"))
    assert loaded.architecture.name == "vgg16"
    assert torch.equal(loaded.tensors["conv5_3.weight"], state["features.12.weight"])
    assert torch.equal(loaded.tensors["conv5_3.bias"], state["features.12.bias"])


def test_S12_a_reader_that_takes_too_long_is_ended(tmp_path, monkeypatch):
    monkeypatch.setattr("impasto.weights.importers.isolated._WALL_SECONDS", 0.5)
    file = tmp_path / "slow.pth"
    torch.save({}, file)
    with pytest.raises(WeightsError, match="takes too long to read"):
        weights.load(str(file))


@pytest.mark.slow
def test_U1_what_the_process_of_its_own_refuses_is_said_in_the_words_of_who_reads_it(impasto, tmp_path):
    kernels = []
    for name, before, after in registry.ARCHITECTURES["vgg16"].convolutions():
        for part, shape in (("weight", (after, before, 3, 3)), ("bias", (after,))):
            kernels.append(onnx.numpy_helper.from_array(np.zeros(shape, np.float16), f"{name}.{part}"))
    names = [kernel.name for kernel in kernels]
    nodes = [onnx.helper.make_node("Conv", ["x", *pair], ["x"]) for pair in zip(names[::2], names[1::2], strict=True)]
    graph = onnx.helper.make_graph(nodes, "net", [], [], kernels)
    (tmp_path / "net.onnx").write_bytes(onnx.helper.make_model(graph).SerializeToString())
    done = impasto("weights", "import", tmp_path / "net.onnx")
    assert "does not tell which input it expects. Import it with --convention given as one of" in done.err
    with pytest.raises(WeightsError, match="Import it with convention given as one of"):
        weights.import_file(tmp_path / "net.onnx")
