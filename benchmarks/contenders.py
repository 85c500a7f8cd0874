"""One way to paint, as a process that takes a step when it is told to; `engine.py` runs several in turn.

    python benchmarks/contenders.py NAME PHOTO PAINTING SIZE DEVICE

All minimize the objective of neural-style: content start, relu4_2 and relu1_1 to relu5_1 of the bundled VGG-16, L-BFGS
with a history of 100. A line on stdin asks for a step and gets one line of JSON with its seconds; at the end of stdin
the last line tells the peak of memory.
"""

import functools
import json
import os
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import peer_neural_style
import shared
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor

import impasto
from impasto.core.network.convolution import Convolution, convolution
from impasto.engine.device import ComputeConfig, configure
from impasto.engine.spec import compute_spec
from impasto.layers import Layer
from impasto.weights import Architecture

MIB = 2**20
LAST = "relu5_1"

Pause = Callable[[], None]


class Stopwatch:
    """Between two steps: tells how long the last one took, and waits to be asked for the next."""

    def __init__(self, device: torch.device, answers: Any) -> None:
        self._device, self._answers = device, answers
        self._begin: float | None = None

    def __call__(self) -> None:
        """End a step, and wait."""
        if self._device.type == "cuda":
            torch.cuda.synchronize(self._device)
        if self._begin is not None:
            self._tell({"seconds": time.perf_counter() - self._begin})
        if not sys.stdin.readline():
            self._tell({"peak_mib": self._peak(), "threads": torch.get_num_threads()})
            os._exit(0)
        self._begin = time.perf_counter()

    def _peak(self) -> float:
        if self._device.type == "cuda":
            return torch.cuda.max_memory_allocated(self._device) / MIB
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / MIB

    def _tell(self, answer: dict[str, Any]) -> None:
        self._answers.write(json.dumps(answer) + "\n")
        self._answers.flush()


def ours(pause: Pause, photo: Path, painting: Path, size: int, device: str, precision: str) -> None:
    """Impasto itself, with everything that happens around a step."""
    settings = impasto.Settings(
        recipe="neural-style", init="content", size=size, tolerance=0, precision=precision, device=device
    )
    for event in impasto.Stylizer().run(photo, painting, settings):
        if isinstance(event, impasto.Started | impasto.Step):
            pause()


def tutorial(pause: Pause, photo: Path, painting: Path, size: int, device: str) -> None:
    """The loop of PyTorch's tutorial: modules, autograd, torch's L-BFGS."""
    weights = shared.bundled().to(torch.device(device), torch.float32)
    layers = {str(layer): weights.layer(layer) for layer in _used(weights.architecture)}
    content, style = (_pixels(path, size, weights.mean).to(device) for path in (photo, painting))

    def features(image: Tensor) -> dict[str, Tensor]:
        found = {}
        for name, (weight, bias) in layers.items():
            if name.endswith("_1") and name != "relu1_1":
                image = F.max_pool2d(image, 2)
            image = F.relu(F.conv2d(image, weight, bias, padding=1))
            found[name] = image
        return found

    def gram(maps: Tensor) -> Tensor:
        flat = maps.reshape(maps.shape[1], -1)
        return flat @ flat.T / flat.numel()  # as neural-style divides

    with torch.no_grad():
        target = features(content)["relu4_2"]
        grams = {name: gram(maps) for name, maps in features(style).items() if name.endswith("_1")}
    image = content.clone().requires_grad_()
    optimizer = torch.optim.LBFGS([image], max_iter=10**6, max_eval=10**6, tolerance_change=-1, tolerance_grad=-1)

    def closure() -> Tensor:
        optimizer.zero_grad()
        found = features(image)
        loss = 5 * F.mse_loss(found["relu4_2"], target)
        for name, wanted in grams.items():
            loss = loss + 100 * F.mse_loss(gram(found[name]), wanted)
        loss = loss + 1e-3 * (image.diff(dim=2).abs().sum() + image.diff(dim=3).abs().sum())
        loss.backward()  # type: ignore[no-untyped-call]
        pause()
        return loss

    pause()
    optimizer.step(closure)  # type: ignore[no-untyped-call]


def peer(pause: Pause, photo: Path, painting: Path, size: int, device: str) -> None:
    """The command `neural-style`; it is found on PYTHONPATH."""
    peer_neural_style.paint(
        photo, painting, Path(os.devnull), size=size, iterations=10**6, device=device, after_evaluation=pause
    )


class Stock:
    """torch's own operators for a convolution, as autograd calls them."""

    def __init__(self, weight: Tensor, bias: Tensor, padding: int) -> None:
        self._weight, self._bias, self._padding = weight.contiguous(memory_format=torch.channels_last), bias, padding

    def forward(self, maps: Tensor, *, rectify: bool) -> Tensor:
        """See `Convolution.forward`."""
        self._maps = maps
        found = F.conv2d(maps, self._weight, self._bias, padding=self._padding)
        return found.relu_() if rectify else found

    def backward(self, gradient: Tensor) -> Tensor:
        """See `Convolution.backward`."""
        found: Tensor = torch.ops.aten.convolution_backward(
            gradient,
            self._maps,
            self._weight,
            None,
            [1, 1],
            [self._padding] * 2,
            [1, 1],
            False,
            [0, 0],
            1,
            [True, False, False],
        )[0]
        return found


@torch.no_grad()
def roofline(pause: Pause, photo: Path, size: int, compute: ComputeConfig, kernel: Callable[..., Convolution]) -> None:
    """The convolutions alone, forward and back, on maps that lie ready."""
    with Image.open(photo) as picture:
        width, height = (round(side * size / max(picture.size)) for side in picture.size)
    weights = shared.bundled().to(compute.device, compute.dtype)
    ready = []
    for layer in _used(weights.architecture):
        weight, bias = weights.layer(layer)
        side = 2 ** (layer.block - 1)
        maps, gradient = (
            torch.rand(1, channels, height // side, width // side, device=compute.device)
            .to(compute.dtype)
            .contiguous(memory_format=torch.channels_last)
            for channels in (weight.shape[1], weight.shape[0])
        )
        ready.append((kernel(weight.to(compute.dtype), bias, padding=1), maps, gradient))
    while True:
        pause()
        for convolved, maps, _ in ready:
            convolved.forward(maps, rectify=False)
        for convolved, _, gradient in reversed(ready):
            convolved.backward(gradient)


def _used(architecture: Architecture) -> list[Layer]:
    """The layers up to the last one that is compared."""
    return [layer for layer in architecture.layers() if str(layer) <= LAST]


def _pixels(path: Path, size: int, mean: tuple[float, float, float]) -> Tensor:
    with Image.open(path) as picture:
        scaled = picture.convert("RGB").resize([round(side * size / max(picture.size)) for side in picture.size])
    pixels = torch.from_numpy(np.asarray(scaled, dtype=np.float32)) - torch.tensor(mean)
    return pixels.permute(2, 0, 1).unsqueeze(0).contiguous()


CONTENDERS: dict[str, Callable[[Pause, Path, Path, int, str], None]] = {
    "neural-style": peer,
    "tutorial": tutorial,
    "float32": functools.partial(ours, precision="float32"),
    "auto": functools.partial(ours, precision="auto"),
}
KERNELS: dict[str, Callable[..., Convolution]] = {"torch": Stock, "ours": convolution}


def main() -> None:
    """Prepare, and answer."""
    name, photo, painting, size, device = sys.argv[1:]
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what a contender prints is not an answer
    compute = configure(
        compute_spec(impasto.Settings(device=device, precision="float32" if name.endswith("float32") else "auto"))
    )
    pause = Stopwatch(compute.device, answers)
    if name in CONTENDERS:
        CONTENDERS[name](pause, Path(photo), Path(painting), int(size), device)
    else:
        _, kernel, _ = name.split()
        roofline(pause, Path(photo), int(size), compute, KERNELS[kernel])


if __name__ == "__main__":
    main()
