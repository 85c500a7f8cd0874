"""Finds regions of a photograph: `python -m impasto.studio.server.find_regions FILE TARGET LIMITS`, run as a process.

Prints JSON, the share of each region by its name, and writes a mask of each beside the target: `TARGET.faces`, a gray
PNG that is white where the region is. They are what the engine itself sees: the faces of the setting `faces`, and the
busy and empty places of the setting `fill`.
"""

import io
import json
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from impasto import images
from impasto.core.flatness import SIDE, measure_flatness
from impasto.engine.inputs import faces
from impasto.engine.inputs.masks import MaskPlane
from impasto.images import Picture
from impasto.sizing import within_long_side
from impasto.studio.limits import Limits
from impasto.studio.server.processes import limit_process


def main(arguments: list[str]) -> int:
    """Find the regions of the file and print their shares."""
    file, target, limits = Path(arguments[0]), Path(arguments[1]), Limits.from_argument(arguments[2])
    limit_process(limits)
    shares: dict[str, float] = {}
    for name, plane in find_regions(images.read(file, most_pixels=limits.pixels)):
        shares[name] = round(float(plane.mean()), 4)
        target.with_suffix(f".{name}").write_bytes(_encode(plane))
    sys.stdout.write(json.dumps(shares))
    return 0


def find_regions(photograph: Picture) -> Iterator[tuple[str, MaskPlane]]:
    """Give each kind of region that a photograph has, by its name; busy and empty places only where it has both."""
    if found := faces.find(photograph):
        yield "faces", faces.draw_mask(photograph, found, cheek=1.0)
    size = photograph.width, photograph.height
    small = images.resize(photograph, *within_long_side(size, SIDE))
    opacity = None if small.alpha is None else torch.from_numpy(small.alpha)[None, None]
    flatness = measure_flatness(torch.from_numpy(small.rgb).permute(2, 0, 1).unsqueeze(0), opacity)
    if flatness.contrast:
        flat = flatness.plane[0, 0].numpy()
        yield "busy", 1 - flat
        yield "empty", flat


def _encode(plane: MaskPlane) -> bytes:
    stream = io.BytesIO()
    Image.fromarray(np.rint(plane * 255).astype(np.uint8)).save(stream, "PNG")
    return stream.getvalue()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
