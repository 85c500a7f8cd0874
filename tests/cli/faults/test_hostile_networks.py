"""Networks from strangers: nothing outside the file given is ever read."""

import h5py
import numpy as np
import pytest

from impasto.errors import WeightsError
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
