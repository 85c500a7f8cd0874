"""Convert the weights of MTCNN, as the wheel of facenet-pytorch has them, into the package's own file.

    python scripts/convert_faces.py facenet_pytorch-2.6.0-py3-none-any.whl

The dense layers become convolutions over the whole of their input, which the wheel flattens in the order width, height,
channel; and the values are rounded to float16.
"""

import io
import sys
import zipfile
from pathlib import Path

import torch
from safetensors.torch import save
from torch import Tensor

TARGET = Path(__file__).resolve().parent.parent / "src" / "impasto" / "faces" / "data" / "mtcnn-fp16.safetensors"
NETWORKS = {
    "proposal": ("pnet", {"conv4_1": "face", "conv4_2": "box"}),
    "refinement": ("rnet", {"dense4": "conv4", "prelu4": "slope4", "dense5_1": "face", "dense5_2": "box"}),
    "output": (
        "onet",
        {"dense5": "conv5", "prelu5": "slope5", "dense6_1": "face", "dense6_2": "box", "dense6_3": "landmarks"},
    ),
}
"""Our name of each network, the wheel's, and of its layers those that are renamed beyond `prelu` to `slope`."""
WINDOW = 3
"""Side of the input of the first dense layer of both networks that have one, positions."""


def convert(wheel: Path) -> dict[str, Tensor]:
    """Read the three networks of a wheel: tensors by their names in the package."""
    found: dict[str, Tensor] = {}
    with zipfile.ZipFile(wheel) as archive:
        for name, (file, layers) in NETWORKS.items():
            state = torch.load(io.BytesIO(archive.read(f"facenet_pytorch/data/{file}.pt")), weights_only=True)
            for key, tensor in state.items():
                layer, _, kind = key.rpartition(".")
                ours = layers.get(layer, layer.replace("prelu", "slope"))
                title = f"{name}.{ours}" if ours.startswith("slope") else f"{name}.{ours}.{kind}"
                found[title] = _as_convolution(tensor, first=ours in {"conv4", "conv5"}) if kind == "weight" else tensor
    return {title: tensor.to(torch.float16).contiguous() for title, tensor in found.items()}


def _as_convolution(weight: Tensor, *, first: bool) -> Tensor:
    """Give the weight of a dense layer as that of a convolution; any other as it is."""
    if weight.ndim != 2:  # noqa: PLR2004 -- (out, in)
        return weight
    if not first:
        return weight[:, :, None, None]
    return weight.view(len(weight), WINDOW, WINDOW, -1).permute(0, 3, 2, 1)  # (out, w, h, in) -> (out, in, h, w)


if __name__ == "__main__":
    TARGET.write_bytes(save(convert(Path(sys.argv[1]))))
    print(TARGET, TARGET.stat().st_size)
