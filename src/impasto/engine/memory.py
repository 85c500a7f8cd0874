"""What a run holds in memory, and how it makes do with less; plain arithmetic on sizes.

Loads no torch: whoever accepts work for later, as the studio does, refuses here what could never be done.

The whole of an image's features takes 350 numbers a pixel. Where that is more than the budget, the network sees the
image in tiles, with the pooled maps between some of its blocks kept, and L-BFGS remembers fewer pairs. What stays are
the vectors of the optimizer, each of the size of the image.
"""

import contextlib
import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path

import psutil

from impasto.errors import OutOfMemoryError
from impasto.layers import Layer
from impasto.settings import MEMORY_FORM
from impasto.sizing import Size
from impasto.weights.architecture import CHANNELS
from impasto.wording import argument

STEP_NUMBERS = {2: 430, 4: 350, 8: 350}
"""Numbers that a step keeps for each pixel that the network sees in one piece, with VGG to relu5_1, by their bytes."""
SCATTERED = {2: 2.0, 4: 2.5, 8: 2.5}
"""How much more memory those take where what a smaller scale freed is kept; see `device.return_memory_eagerly`."""
LARGEST_KEPT = 64 * 2**20
"""Bytes of the first layer's maps up to which it is: there it is faster, and the memory is little."""
TILE_NUMBERS = 350
"""Likewise in a tile."""
FORWARD_NUMBERS = 250
"""Likewise where features are computed and no gradient."""
SIDES = (960, 640, 448, 320)
"""Of tiles, pixels: the halo of a small one costs more."""
KEEPS = {(1, 2, 3, 4): 8, (2, 3, 4): 8, (3, 4): 24, (): 80}
"""Blocks after which maps are kept, and the halo of a tile then, pixels."""
HISTORIES = {50: 1.0, 20: 1.0, 12: 1.0, 8: 1.02, 5: 1.04, 3: 1.6, 2: 1.6}
"""Pairs that L-BFGS remembers where memory is too short for all, and how much more time each is worth avoiding.

In the default look at 384 pixels, the loss at the end is 0.1 and 0.6 % higher with 8 pairs than with 12, 0.6 and 0.2 %
with 5, and 2.4 and 2.8 % with 3 (summer_palace x starry_night, cat x wheat_field_with_cypresses).
"""
FREE_SHARE = 0.7
"""Of the memory that is free, what a run may take where nothing is said."""
PROCESS_BYTES = 520_000_000
"""Of a process that has loaded torch and the network, and has painted nothing yet."""
_VALUES = 3
"""Of a pixel."""
_PIXEL_BYTES = 12
"""Of a picture that was made here: float32."""
_FILE_BYTES = 6
"""Of a picture that was read: 16-bit integers, and half of that where the file has 8 bits. Measured at 24, 50 and 100
megapixels; 12 where 16 bits were converted by a profile, or something of the picture is transparent all over."""
_IMAGES = 1
"""Of the result's size, beside the optimizer's: what is shown, and what becomes of it."""
_COMPACT_BYTES = 2
_MASK_BYTES = 16
_STROKE_BYTES = 14
"""Of a pixel where strokes are copied, beyond what a step holds: seen at 1024 px; 10 at 3072."""
_SENT_BYTES = 36
"""Of a pixel whose tile is computed in another process, beside its targets: pixels and gradient, with halos."""
_STEP_VECTORS = 5
"""Of an optimizer beside its history: the image, the step, the next image, and their gradients."""
_STYLE_BYTES = 36
"""Of a pixel of a style image as it is resized and handed over."""
_SCIPY_VECTORS = 15
"""Of float64 beside those of the history: SciPy's own workspace, bounds, and what it is handed."""
_CGROUP = Path("/sys/fs/cgroup")
_CGROUP_FILES = (
    ("memory.max", "memory.current", "inactive_file"),
    ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes", "total_inactive_file"),
)
"""Of the second and of the first version: the limit, what is taken, and what of that are files that can be given up."""
_UNITS = {"M": 10**6, "G": 10**9, "MI": 2**20, "GI": 2**30}


@dataclass(frozen=True)
class MemoryPlan:
    """How a run sees its images, and what that takes."""

    needed: int
    """Bytes of the process at its peak."""
    history: int
    """Pairs that L-BFGS remembers."""
    compact: bool = False
    """Whether it remembers them in half precision."""
    side: int = 0
    """Of a tile, pixels; 0 where every image is seen in one piece."""
    keep: tuple[int, ...] = ()
    """The blocks after which maps are kept."""
    whole: int = 0
    """Pixels up to which an image is seen in one piece all the same."""
    remote_tile_side: int = 0
    """Of the tiles in which larger images are computed in other processes, pixels; 0 where none are."""

    @property
    def cost(self) -> float:
        """Give about how much longer a step takes than in one piece, with what a short history is worth added.

        Forward, once more forward, and backward instead of forward and backward; each with the halo.
        """
        if not self.side:
            return 1.0
        worth = min((HISTORIES[pairs] for pairs in HISTORIES if pairs <= self.history), default=1.0)
        return 1.5 * (1 + 2 * KEEPS[self.keep] / self.side) ** 2 * (worth if self.compact else 1.0)

    def is_remote(self, pixels: int) -> bool:
        """Tell whether an image of so many pixels is computed in other processes."""
        return bool(self.remote_tile_side) and pixels > self.remote_tile_side**2

    def sees_whole(self, pixels: int) -> bool:
        """Tell whether an image of so many pixels is seen in one piece."""
        return not self.is_remote(pixels) and (not self.side or pixels <= self.whole)

    def tiles(self, width: int, height: int) -> int:
        """Count the pieces in which an image of a size is seen."""
        if self.sees_whole(width * height):
            return 1
        side = self.remote_tile_side if self.is_remote(width * height) else self.side
        return math.ceil(width / side) * math.ceil(height / side)


def physical_memory() -> int:
    """Bytes of memory that this process can have at most: the machine's, or the container's."""
    limit, _ = _container()
    return min(psutil.virtual_memory().total, limit)


def free_memory() -> int:
    """Bytes of memory that can be had now without others losing theirs."""
    limit, used = _container()
    return min(psutil.virtual_memory().available, max(0, limit - used))


def _container() -> tuple[int, int]:
    """Give the limit on the memory of this process's control group, and what of it is in use, where there is one."""
    for limit, used, cached in _CGROUP_FILES:
        with contextlib.suppress(OSError, ValueError):
            found, taken = (int((_CGROUP / name).read_text(encoding="ascii")) for name in (limit, used))
            text = (_CGROUP / Path(used).with_name("memory.stat")).read_text(encoding="ascii")
            files = re.search(rf"^{cached} (\d+)$", text, re.MULTILINE)
            return found, max(0, taken - int(files[1] if files else 0))
    return 2**63, 0


@dataclass(frozen=True)
class Load:
    """What a run has to hold, whatever it does."""

    result: Size
    pixels: int
    """Of an iterate, with its margin."""
    subject: Size
    """Own size of the picture whose aspect the result takes."""
    recolors: bool
    """Whether it is held in other colors as well."""
    styles: Sequence[Size]
    """As the network sees them."""
    content_layers: Sequence[Layer]
    masks: int
    """How many there are."""
    strokes: bool
    """Whether strokes are copied of the styles."""
    optimizer: str
    history: int
    """Pairs that it is to remember."""
    scales: int
    """How many there are."""
    iterations: int
    """At the finest of them."""
    averages: bool
    """Whether the output of a scale is another image than the last."""
    item_bytes: int
    """Of a number in the network."""
    budget: int | None
    """Bytes of memory that the run may take; None where that is left open."""
    remote_tile_side: int = 0
    """Of the tiles in which larger images are computed in other processes, pixels; 0 where none are."""

    @property
    def pixels_here(self) -> int:
        """Of the largest image that is evaluated in this process."""
        return min(self.pixels, self.remote_tile_side**2) if self.remote_tile_side else self.pixels


def plan_memory(load: Load, free: int) -> MemoryPlan:
    """Plan how a run sees its images, so that it stays within the memory that it may take, if it can.

    Args:
        load: what it has to hold.
        free: bytes that can be had now where the run computes: it may take most of them where the load says nothing.

    Returns:
        The plan of the least cost within the budget, or the one that takes least where none is.
    """
    budget, plans = int(free * FREE_SHARE) if load.budget is None else load.budget, list(_plans(load))
    fitting = [plan for plan in plans if plan.needed <= budget]
    return min(fitting, key=lambda plan: plan.cost) if fitting else min(plans, key=lambda plan: plan.needed)


def tile_bytes(side: int, item_bytes: int) -> int:
    """Give the bytes of a process that computes tiles of a side, pixels, that know nothing of each other."""
    return PROCESS_BYTES + (side + 2 * KEEPS[()]) ** 2 * TILE_NUMBERS * item_bytes


def first_map_bytes(pixels: int, item_bytes: int) -> int:
    """Give the bytes of the maps of the first layer, the largest, of an image of so many pixels."""
    return pixels * CHANNELS[0] * item_bytes


def parse_memory(text: str) -> int | None:
    """Read an amount of memory such as 4GB, in bytes; None for `auto`."""
    found = re.fullmatch(MEMORY_FORM, text)
    if not found or not found["number"]:
        return None
    return int(float(found["number"]) * _UNITS[found["unit"].upper().removesuffix("B")])


def check_memory(load: Load, there: int | None = None) -> None:
    """Refuse what cannot be done in the memory that there is, or in what the run may take, however it is planned.

    Args:
        load: what the run has to hold.
        there: bytes of memory where it computes; unset, this machine's.

    Raises:
        OutOfMemoryError: the result, or a style image at its size beside the result, takes more than there is.
    """
    there = physical_memory() if there is None else there
    most = there if load.budget is None else min(there, load.budget)
    smaller = min(load.subject, load.result, key=_pixels)
    load = replace(load, subject=smaller)  # how large a photograph may be is decided where it is read
    needed = _least(replace(load, styles=()))
    if needed > most:
        what = f"a result of {load.result[0]} x {load.result[1]}"
        raise _too_large(what, load.result, needed, most, argument("size"))
    needed = _least(load)
    if needed > most:
        size, scale = max(load.styles, key=_pixels), argument("style_scale")
        what = f"the painting is to be seen at {size[0]} x {size[1]}, the result's size times {scale}"
        raise _too_large(what, size, needed, most, f"{scale}, or a smaller {argument('size')}")


def _least(load: Load) -> int:
    """Give the bytes that the most frugal plan takes."""
    return min(plan.needed for plan in _plans(load))


def _too_large(what: str, size: Size, needed: int, most: int, remedy: str) -> OutOfMemoryError:
    problem = (
        f"{what}: {_pixels(size) / 1e6:.0f} megapixels need about {needed / 2**30:.1f} GiB of memory and there are "
        f"{most / 2**30:.1f}"
    )
    return OutOfMemoryError(problem, f"Use a smaller {remedy}.")


def _plans(load: Load) -> Iterator[MemoryPlan]:
    """Give all plans; of those that cost the same, the one that takes more memory first."""
    yield _whole(load)
    histories = [(load.history, False)]
    if load.optimizer == "lbfgs":
        histories += [(few, True) for few in (load.history, *HISTORIES) if few <= load.history]
    for (history, compact), keep, side in product(histories, KEEPS, SIDES):
        yield _tiled(load, history, compact=compact, keep=keep, side=side)


def _whole(load: Load) -> MemoryPlan:
    """Plan to see every image in one piece, with all of the history."""
    seen = max((_pixels(size) * FORWARD_NUMBERS for size in load.styles), default=0)
    maps = max(load.pixels_here * STEP_NUMBERS[load.item_bytes], seen) * load.item_bytes
    if load.scales > 1 and first_map_bytes(load.pixels, load.item_bytes) <= LARGEST_KEPT:
        maps = int(maps * SCATTERED[load.item_bytes])
    needed = _fixed(load) + maps + optimizer_bytes(load, load.history)
    return MemoryPlan(needed, load.history, remote_tile_side=load.remote_tile_side)


def _tiled(load: Load, history: int, *, compact: bool, keep: tuple[int, ...], side: int) -> MemoryPlan:
    """Plan to see them in tiles."""
    tile = (side + 2 * KEEPS[keep]) ** 2 * TILE_NUMBERS
    kept = load.pixels_here * _most_kept(keep)
    seen = max((_pixels(size) * sum(_numbers(block) / 4 for block in keep) for size in load.styles), default=0)
    maps = int(max(kept, seen) + tile) * load.item_bytes
    styles = max((_pixels(size) * _STYLE_BYTES for size in load.styles), default=0)
    needed = _fixed(load) + maps + max(optimizer_bytes(load, history, compact=compact), styles)
    whole = int((kept + tile) / STEP_NUMBERS[load.item_bytes])
    return MemoryPlan(needed, history, compact, side, keep, whole, load.remote_tile_side)


def _fixed(load: Load) -> int:
    """Give the bytes of the process, of its images and of the content image's features."""
    subject = _pixels(load.subject) * (_FILE_BYTES + load.recolors * _PIXEL_BYTES)
    images = load.pixels * (_IMAGES * _PIXEL_BYTES + load.masks * _MASK_BYTES + load.strokes * _STROKE_BYTES)
    targets = load.pixels * _target_bytes(load)
    return PROCESS_BYTES + int(subject + images + targets) + sent_bytes(load)


def sent_bytes(load: Load) -> int:
    """Give the bytes that are on their way to other processes and back at once; 0 where no tiles are computed there."""
    return int(load.pixels * (_target_bytes(load) + _SENT_BYTES)) if load.pixels > load.pixels_here else 0


def _target_bytes(load: Load) -> float:
    """Give the bytes of the content image's features, for each pixel."""
    return sum(_numbers(layer.block) for layer in load.content_layers) * load.item_bytes


def optimizer_bytes(load: Load, history: int, *, compact: bool = False) -> int:
    """Give the bytes of what an optimizer holds of the size of the image."""
    numbers, number_bytes = load.pixels * _VALUES, max(4, load.item_bytes)
    if load.optimizer == "scipy-lbfgsb":  # which reserves its history at once, in float64
        return numbers * 8 * (2 * history + _SCIPY_VECTORS)
    pairs = min(history, load.iterations) if load.optimizer == "lbfgs" else 1
    remembered = (pairs + 1) * 2 * _COMPACT_BYTES if compact else (2 * pairs + 1) * number_bytes
    return numbers * (remembered + (_STEP_VECTORS + load.averages) * number_bytes)


def _most_kept(keep: tuple[int, ...]) -> float:
    """Give the numbers a pixel that are held at once: maps between blocks, and the gradients that come back to them."""
    maps = [0.0, *(_numbers(block) / 4 for block in keep), 0.0]
    forward = sum(maps)
    backward = max(sum(maps[: number + 1]) + maps[number] + maps[number + 1] for number in range(len(maps) - 1))
    return max(forward, backward)


def _numbers(block: int) -> float:
    """Give the numbers for each pixel of an image that one layer of a block has."""
    return float(CHANNELS[block - 1] / 4 ** (block - 1))


def _pixels(size: Size) -> int:
    return size[0] * size[1]
