"""The real peer `neural-style` (neural-style-pt's package), run on the bundled network; it is found on PYTHONPATH.

python benchmarks/peer_neural_style.py PHOTO PAINTING OUT [--size 384] [--iterations 300] [--content-weight 5]
"""

import argparse
import functools
import itertools
import json
import runpy
import statistics
import sys
import tempfile
import time
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import shared
import torch
from PIL import Image
from torch import Tensor

REQUIREMENT = "neural-style==0.5.7"
CONTENT_WEIGHT = 5.0


def paint(
    photo: Path,
    painting: Path,
    target: Path,
    *,
    size: int,
    iterations: int,
    content_weight: float = CONTENT_WEIGHT,
    device: str = "cpu",
    after_evaluation: Callable[[], None] = lambda: None,
) -> None:
    """Run its command from the photograph as the start."""
    backward = Tensor.backward

    def followed(self: Tensor, *args: Any, **kwargs: Any) -> None:
        backward(self, *args, **kwargs)  # type: ignore[no-untyped-call]
        after_evaluation()

    sys.modules |= _torchvision()
    with tempfile.TemporaryDirectory() as folder:
        model = Path(folder) / "vgg16-00b39a1b.pth"
        torch.save(_caffe_state_dict(), model)
        Tensor.backward = followed  # type: ignore[method-assign]
        options: dict[str, object] = {
            "gpu": "c" if device == "cpu" else torch.device(device).index or 0,
            "model_file": model,
            "content_image": photo,
            "style_image": painting,
            "image_size": size,
            "num_iterations": iterations,
            "content_weight": content_weight,
            "print_iter": 0,
            "save_iter": 0,
            "init": "image",
            "seed": 1,
            "output_image": target,
        }
        sys.argv = ["neural-style", "-disable_check"]
        sys.argv += [word for name, value in options.items() for word in (f"-{name}", str(value))]
        runpy.run_module("neural_style.neural_style", run_name="__main__")


def _caffe_state_dict() -> dict[str, Tensor]:
    """The bundled network as torchvision numbers its layers, for BGR: what the peer reads."""
    weights = shared.bundled()
    found: dict[str, Tensor] = {}
    number = 0
    for layer in weights.architecture.layers():
        if layer.index == 1 and layer.block > 1:
            number += 1
        weight, bias = weights.layer(layer)
        found[f"features.{number}.weight"] = (weight.flip(1) if number == 0 else weight).float()
        found[f"features.{number}.bias"] = bias.float()
        number += 2
    return found


def _torchvision() -> dict[str, types.ModuleType]:
    """The six transforms that the peer wants of torchvision, which has no build for the CPU everywhere."""
    transforms = types.ModuleType("torchvision.transforms")

    def normalize(mean: list[float], std: list[float]) -> Callable[[Tensor], Tensor]:
        return lambda image: (image - torch.tensor(mean).reshape(-1, 1, 1)) / torch.tensor(std).reshape(-1, 1, 1)

    def to_tensor(image: Image.Image) -> Tensor:
        return torch.from_numpy(np.asarray(image.convert("RGB"), dtype=np.float32) / 255).permute(2, 0, 1).contiguous()

    def to_picture(image: Tensor) -> Image.Image:
        return Image.fromarray((image.detach().clamp(0, 1) * 255).byte().permute(1, 2, 0).numpy())

    stand_ins: dict[str, Callable[..., Any]] = {
        "Compose": lambda steps: lambda image: functools.reduce(lambda seen, step: step(seen), steps, image),
        "Resize": lambda size: lambda image: image.resize((size[1], size[0]), Image.Resampling.BILINEAR),
        "ToTensor": lambda: to_tensor,
        "Normalize": normalize,
        "Lambda": lambda function: function,
        "ToPILImage": lambda: to_picture,
    }
    for name, stand_in in stand_ins.items():
        setattr(transforms, name, stand_in)
    package = types.ModuleType("torchvision")
    package.transforms = transforms  # type: ignore[attr-defined]
    return {"torchvision": package, "torchvision.transforms": transforms}


def main() -> None:
    """Paint one picture; the last line of stdout tells seconds, the number of evaluations and the seconds of one."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photo", type=Path)
    parser.add_argument("painting", type=Path)
    parser.add_argument("target", type=Path)
    parser.add_argument("--size", type=int, default=384)
    parser.add_argument("--iterations", type=int, default=300)
    parser.add_argument("--content-weight", type=float, default=CONTENT_WEIGHT)
    chosen = parser.parse_args()
    ticks: list[float] = []
    began = time.perf_counter()
    paint(**vars(chosen), after_evaluation=lambda: ticks.append(time.perf_counter()))
    seconds = round(time.perf_counter() - began, 1)
    steps = [later - earlier for earlier, later in itertools.pairwise(ticks)]
    step = round(statistics.median(steps), 3) if steps else None
    found = {"seconds": seconds, "evaluations": len(ticks), "step": step}
    print(json.dumps(found | {"threads": torch.get_num_threads()}))


if __name__ == "__main__":
    main()
