"""Prune the VGG-16 that ships of half the channels that style transfer does not read, and teach it to see as before.

    python scripts/prune_network.py

1. Channels are chosen one after the other, each the one that explains most of what the next layer makes of the rest,
   and the next layer takes over what the others gave by linear regression (He, Zhang and Sun 2017, "Channel pruning for
   accelerating very deep neural networks"; Luo, Wu and Lin 2017, ThiNet).
2. Each stretch from one layer that is read to the next learns what VGG-16 has there (Romero et al. 2015, FitNets).
3. All of them learn together, so that each makes up for those before it.

It sees the pictures in examples/, and what VGG-16 paints of them, in many sizes. Half an hour on two cores. Run it
again only if the bundled VGG-16 or the architecture changes; then renew the checksum in the registry, PROVENANCE.md,
the activations (`scripts/measure_activations.py`) and the golden digests.
"""

import itertools
import math
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file
from torch import Tensor, nn
from torch.nn import functional

from impasto import images, stylize, weights
from impasto.layers import Layer
from impasto.sizing import with_long_side
from impasto.weights.architecture import FIRST, tensor_names

ROOT = Path(__file__).resolve().parent.parent
NAME = "vgg16-pruned"
FILE = ROOT / "src" / "impasto" / "weights" / "data" / "vgg16-pruned-features.safetensors"
PHOTOS = ("summer_palace", "cat", "astronaut", "coffee", "flower", "rocket")
STRETCH_STEPS, JOINT_STEPS = 2500, 3000
STRETCH_RATE, JOINT_RATE = 5e-4, 1.5e-4
SIDE, BATCH = 192, 2
POSITIONS, SAMPLES = 6000, 12
"""Of maps of one picture, and pictures, from which channels are chosen."""
RIDGE = 1e-6
CODED_FROM = Layer.parse("relu4_1")
"""Weights past it are stored at 8 bits: they are four fifths of the file, and count at the coarsest scale alone."""
ROUNDS = 60
"""Of Lloyd's algorithm."""
WARM_UP = 50

ARCHITECTURE = weights.ARCHITECTURES[NAME]
LAYERS = ARCHITECTURE.layers()
READ = [layer for layer in LAYERS if layer not in ARCHITECTURE.pruned]
_LOADED = weights.load("vgg16")
MEAN = torch.tensor(_LOADED.mean).reshape(1, 3, 1, 1)
TEACHER = {layer: tuple(tensor.float() for tensor in _LOADED.layer(layer.conv)) for layer in LAYERS}
"""Weight and bias of each layer."""
Maps = dict[Layer, Tensor]


class Pictures:
    """Pieces of pictures, at sizes from 128 pixels to their own, some turned, recolored, noisy or two in one."""

    def __init__(self) -> None:
        folders = ROOT / "examples/pictures", ROOT / "examples/drawings"
        files = [file for folder in folders for file in sorted(folder.glob("*.jpg"))]
        self._plain = [_tensor(images.read(file)) for file in files]
        pairs = itertools.product(PHOTOS, [file for file in files if file.stem not in PHOTOS])
        self._painted = [_paint(photo, file, size=(256, 512)[n % 2]) for n, (photo, file) in enumerate(pairs)]

    def batch(self) -> Tensor:
        """Give (BATCH, 3, SIDE, SIDE), 0..255."""
        pieces = self._pieces()
        return pieces.lerp(self._pieces(), _between(0.2, 0.8)) if _chance(0.25) else pieces

    def _pieces(self) -> Tensor:
        return torch.cat([self._piece() for _ in range(BATCH)]).clamp(0, 255)

    def _piece(self) -> Tensor:
        pictures = self._plain if _chance(0.7) else self._painted
        picture = pictures[_below(len(pictures))].float()
        own = max(picture.shape[2:])
        share = max(math.exp(_between(math.log(128 / own), 0.0)), SIDE / min(picture.shape[2:]) + 0.01)
        piece = functional.interpolate(picture, scale_factor=share, mode="bicubic", antialias=True)
        top, left = (_below(length - SIDE + 1) for length in piece.shape[2:])
        piece = piece[:, :, top : top + SIDE, left : left + SIDE]
        piece = piece.flip(3) if _chance(0.5) else piece
        piece = piece.transpose(2, 3) if _chance(0.3) else piece
        piece = piece[:, torch.randperm(3)] if _chance(0.2) else piece
        piece = (piece - 128) * _between(0.3, 1.3) + _between(60, 190) if _chance(0.25) else piece
        return piece + torch.randn_like(piece) * _between(0, 25) if _chance(0.25) else piece


def _chance(share: float) -> bool:
    return torch.rand(()).item() < share


def _between(low: float, high: float) -> float:
    return low + (high - low) * torch.rand(()).item()


def _below(count: int) -> int:
    return int(torch.randint(count, ()))


def _paint(photo: str, painting: Path, *, size: int) -> Tensor:
    result = stylize(ROOT / f"examples/pictures/{photo}.jpg", painting, recipe="fast", network="vgg16", size=size)
    return _tensor(result.picture)


def _tensor(picture: images.Picture) -> Tensor:
    """Give a picture at no more than 1024 pixels, (1, 3, H, W), of bytes."""
    size = with_long_side((picture.width, picture.height), min(1024, max(picture.width, picture.height)))
    return torch.from_numpy(images.resize(picture, *size).rgb).permute(2, 0, 1).unsqueeze(0).round().byte()


@torch.no_grad()
def teach(image: Tensor) -> Maps:
    """Run VGG-16."""
    maps: Maps = {}
    features = functional.pad(image - MEAN, (1, 1, 1, 1), mode="replicate")
    with torch.autocast("cpu", torch.bfloat16):
        for layer in LAYERS:
            weight, bias = TEACHER[layer]
            features = functional.conv2d(_pool(features, layer), weight, bias, padding=int(layer != LAYERS[0]))
            maps[layer] = features = features.relu()
    return maps


def _pool(maps: Tensor, before: Layer) -> Tensor:
    """Pool maps where a layer begins a block."""
    return functional.max_pool2d(maps, 2) if before.index == 1 and before.block > 1 else maps


def stretches() -> Iterator[tuple[Layer, list[Layer]]]:
    """Give each layer that is read before pruned ones, and the layers from there to the next that is read."""
    for start, end in itertools.pairwise(READ):
        if between := [layer for layer in LAYERS if start < layer < end]:
            yield start, [*between, end]


class Student:
    """The pruned network as it learns: its maps are in units of the root mean square, so that one rate does for all."""

    def __init__(self, pictures: Pictures) -> None:
        examples = [teach(pictures.batch()) for _ in range(SAMPLES)]
        squares = {layer: [maps[layer].float().square().mean() for maps in examples] for layer in LAYERS}
        self.units = {layer: float(torch.stack(found).mean().sqrt()) for layer, found in squares.items()}
        exact = {layer: [tensor.double() for tensor in TEACHER[layer]] for layer in LAYERS}
        for layer, count in ARCHITECTURE.pruned.items():
            following = LAYERS[LAYERS.index(layer) + 1]
            _prune(exact[layer], exact[following], [_positions(maps[layer], following) for maps in examples], count)
            print(f"{layer}: {count} channels kept", flush=True)
        self.convolutions = {layer: self._convolution(layer, *exact[layer]) for layer in LAYERS[1:]}

    def _convolution(self, layer: Layer, weight: Tensor, bias: Tensor) -> nn.Conv2d:
        convolution = nn.Conv2d(weight.shape[1], weight.shape[0], 3, padding=1)
        with torch.no_grad():
            convolution.weight.copy_(weight * (self._unit_before(layer) / self.units[layer]))
            convolution.bias.copy_(bias / self.units[layer])  # type: ignore[union-attr]  # it has one
        return convolution

    def _unit_before(self, layer: Layer) -> float:
        return self.units[LAYERS[LAYERS.index(layer) - 1]]

    def see(self, maps: Tensor, layers: Sequence[Layer], start: Layer) -> Maps:
        """Run layers in a row on maps of the layer before them, in its own unit."""
        found: Maps = {}
        with torch.autocast("cpu", torch.bfloat16):
            features = maps / self.units[start]
            for layer in layers:
                found[layer] = features = self.convolutions[layer](_pool(features, layer)).relu()
        return found

    def error(self, found: Tensor, layer: Layer, taught: Maps) -> Tensor:
        """Give the squared error of a layer's maps over their squares."""
        exact = taught[layer].float()
        return (found.float() * self.units[layer] - exact).square().sum() / exact.square().sum()

    def save(self) -> None:
        """Write the file that ships."""
        stored = load_file(weights.path("vgg16"))
        tensors = {name: stored[name] for name in tensor_names(FIRST)}
        for layer, convolution in self.convolutions.items():
            weight, bias = tensor_names(layer)
            scale = self.units[layer] / self._unit_before(layer)
            exact = (convolution.weight.detach() * scale).contiguous()
            if layer > CODED_FROM:
                tensors[f"{layer.conv}.codes"], tensors[f"{layer.conv}.table"] = quantize(exact)
            else:
                tensors[weight] = exact.half()
            tensors[bias] = (convolution.bias.detach() * self.units[layer]).half()  # type: ignore[union-attr]  # it has one
        save_file(tensors, FILE, {"architecture": NAME, "convention": "caffe"})


def quantize(weight: Tensor) -> tuple[Tensor, Tensor]:
    """Give 256 values and which of them each weight is nearest to (Lloyd 1982), from quantiles on."""
    flat = weight.flatten().double().sort().values
    table = flat[torch.linspace(0, len(flat) - 1, 256).long()]
    for _ in range(ROUNDS):
        nearest = torch.bucketize(flat, (table[1:] + table[:-1]) / 2)
        counts = torch.bincount(nearest, minlength=256)
        sums = torch.zeros(256, dtype=torch.float64).index_add_(0, nearest, flat)
        table = torch.where(counts > 0, sums / counts.clamp(min=1), table).sort().values
    codes = torch.bucketize(weight.double(), (table[1:] + table[:-1]) / 2)
    return codes.to(torch.uint8), table.float()


def _positions(maps: Tensor, following: Layer) -> Tensor:
    """Give some positions of a layer's maps as the following layer sees them: (N, C)."""
    flat = _pool(maps, following).float().permute(0, 2, 3, 1).flatten(0, 2)
    return flat[torch.randperm(len(flat))[:POSITIONS]].double()


def _prune(own: list[Tensor], following: list[Tensor], positions: Sequence[Tensor], count: int) -> None:
    """Leave some channels of a layer, in place, and let the following layer make up for the others."""
    seen = torch.cat(list(positions))
    mean, covariance = seen.mean(dim=0), torch.cov(seen.T)
    importance = torch.einsum("ocij,odij->cd", following[0], following[0])
    kept = _choose(covariance, importance, count)
    among = covariance[kept][:, kept] + RIDGE * covariance.diag().mean() * torch.eye(count).double()
    regression = torch.linalg.solve(among, covariance[kept]).T  # (C, count)
    following[1] = following[1] + torch.einsum("ocij,c->o", following[0], mean - regression @ mean[kept])
    following[0] = torch.einsum("ocij,ck->okij", following[0], regression)
    own[:] = [tensor[kept] for tensor in own]


def _choose(covariance: Tensor, importance: Tensor, count: int) -> list[int]:
    """Choose channels greedily: each explains most of what is not explained yet, as the following layer weighs it."""
    root = torch.linalg.cholesky(importance + 1e-9 * importance.diag().mean() * torch.eye(len(importance))).T
    rest, kept, least = covariance.clone(), list[int](), 1e-9 * covariance.diag().mean()
    for _ in range(count):
        gain = (root @ rest).square().sum(dim=0) / rest.diag().clamp(min=least)
        gain[kept] = -1
        kept.append(int(gain.argmax()))
        column = rest[:, kept[-1]]
        rest = rest - torch.outer(column, column) / column[kept[-1]]
    return sorted(kept)


class Teaching:
    """Steps of Adam down the sum of errors, at a rate that rises, and falls to nothing."""

    def __init__(self, student: Student, layers: Sequence[Layer], rate: float, steps: int) -> None:
        parameters = [each for layer in layers for each in student.convolutions[layer].parameters()]
        self._optimizer = torch.optim.Adam(parameters, lr=rate)
        shape = lambda step: min(1.0, (step + 1) / WARM_UP) * (0.5 + 0.5 * math.cos(math.pi * step / steps))  # noqa: E731
        self._schedule = torch.optim.lr_scheduler.LambdaLR(self._optimizer, shape)

    def step(self, error: Tensor) -> None:
        """Make one step."""
        self._optimizer.zero_grad()
        error.backward()  # type: ignore[no-untyped-call]
        self._optimizer.step()
        self._schedule.step()


def main() -> None:
    """Prune, teach and save."""
    torch.manual_seed(0)
    pictures = Pictures()
    student = Student(pictures)
    apart = [(start, layers, Teaching(student, layers, STRETCH_RATE, STRETCH_STEPS)) for start, layers in stretches()]
    recent, began = defaultdict[Layer, list[float]](list), time.perf_counter()
    for step in range(STRETCH_STEPS):
        taught = teach(pictures.batch())
        for start, layers, teaching in apart:
            error = student.error(student.see(taught[start], layers, start)[layers[-1]], layers[-1], taught)
            recent[layers[-1]].append(error.item())
            teaching.step(error)
        _report("apart", step, recent, began)
    together = Teaching(student, LAYERS[1:], JOINT_RATE, JOINT_STEPS)
    recent.clear()
    for step in range(JOINT_STEPS):
        taught = teach(pictures.batch())
        found = student.see(taught[LAYERS[0]], LAYERS[1:], LAYERS[0])
        errors = {layer: student.error(found[layer], layer, taught) for layer in READ[1:]}
        for layer, error in errors.items():
            recent[layer].append(error.item())
        together.step(torch.stack(list(errors.values())).sum())
        _report("together", step, recent, began)
    student.save()


def _report(what: str, step: int, recent: dict[Layer, list[float]], began: float) -> None:
    every = 250
    if step % every == every - 1:
        means = ", ".join(f"{layer} {sum(errors[-every:]) / every:.4f}" for layer, errors in recent.items())
        print(f"{what}, {step + 1} steps, {time.perf_counter() - began:.0f} s: {means}", flush=True)


if __name__ == "__main__":
    main()
