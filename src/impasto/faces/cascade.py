"""The cascade: windows of every size are proposed, refined, and judged (Zhang et al. 2016, section II.A).

What it finds depends on the image's size: bring photographs to a long side of `LONG_SIDE`.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from impasto.faces.networks import OUTPUT, PROPOSAL, REFINEMENT, Network

LONG_SIDE = 512
"""Of the image that is searched, pixels: it takes 0.1 to 0.2 s of one core."""
SMALLEST_FACE = 24
"""Side of the smallest face that is found, pixels."""
STEP = 0.709
"""From one size of windows to the next: half the area."""
STRIDE = 2
"""From one window to the next, pixels of the first network's input."""
THRESHOLDS = (0.6, 0.7)
"""Probability of a face from which the first two networks pass a window on."""
SURE = 0.95
"""Probability from which the last one does, in a photograph: what is no face had 0.44 at most in those tried."""
PROPOSED_OVERLAP, REFINED_OVERLAP = 0.5, 0.7
"""Intersection over union from which the less probable of two windows is dropped: of one size, and of all."""
LEAST_APART = 0.7
"""Likewise for two faces, as a share of the smaller."""
MOST_PROPOSED = 300
"""Windows that are looked at again: enough for a crowd, and what a picture of nothing but eyes may cost."""


@dataclass(frozen=True)
class Face:
    """A face in an image, in pixels of that image."""

    box: tuple[float, float, float, float]
    """Left, top, right and bottom: from forehead to chin."""
    confidence: float
    """Probability that there is one, 0..1."""
    landmarks: tuple[tuple[float, float], ...]
    """Across and down: of the eye on the left, that on the right, the nose, and the corners of the mouth."""


@torch.no_grad()
def find_faces(image: Tensor, confidence: float = SURE) -> list[Face]:
    """Find the faces in an image, the most probable first.

    Args:
        image: (1, 3, H, W), RGB, 0..255.
        confidence: that a face has at least, 0..1.
    """
    image = image.float().cpu()
    boxes = _square(_propose(image))
    found = _judge(REFINEMENT, image, boxes, THRESHOLDS[1])
    kept = _distinct(found.boxes, found.faces, REFINED_OVERLAP)
    found = _judge(OUTPUT, image, _square(found.moved[kept]), confidence)
    kept = _distinct(found.moved, found.faces, LEAST_APART, of_smaller=True)
    corners, sides = found.boxes[:, :2, None], found.boxes[:, 2:, None] - found.boxes[:, :2, None]
    landmarks = (corners + sides * found.landmarks.view(-1, 2, 5)).mT  # (n, 5, 2)
    return [
        Face(_four(found.moved[number].tolist()), float(found.faces[number]), _points(landmarks[number].tolist()))
        for number in kept.tolist()
    ]


@dataclass(frozen=True)
class _Judged:
    """What a network makes of windows."""

    boxes: Tensor
    """(n, 4) of the windows that pass: left, top, right, bottom, pixels."""
    faces: Tensor
    """(n,), probabilities."""
    moved: Tensor
    """(n, 4), the boxes as the network corrects them."""
    landmarks: Tensor
    """(n, 10), in sides of the windows; (n, 0) of a network that knows none."""


def _propose(image: Tensor) -> Tensor:
    """Propose windows of all sizes: (n, 4), the most probable of those that overlap."""
    height, width = image.shape[2:]
    boxes, faces, moved = [image.new_zeros(0, 4)], [image.new_zeros(0)], [image.new_zeros(0, 4)]
    for scale in _scales(min(height, width)):
        # With a pixel more, the last window reaches the border.
        small = F.interpolate(image, size=(int(height * scale + 1), int(width * scale + 1)), mode="area")
        probability, offsets = PROPOSAL(small)
        rows, columns = (probability[0] >= THRESHOLDS[0]).nonzero(as_tuple=True)
        corners = STRIDE * torch.stack([columns, rows], dim=1)
        windows = torch.cat([corners, corners + PROPOSAL.side], dim=1) / scale
        likely = probability[0, rows, columns]
        kept = _distinct(windows, likely, PROPOSED_OVERLAP)
        boxes.append(windows[kept])
        faces.append(likely[kept])
        moved.append(_move(windows, offsets[0, :, rows, columns].T)[kept])
    return torch.cat(moved)[_distinct(torch.cat(boxes), torch.cat(faces), REFINED_OVERLAP)[:MOST_PROPOSED]]


def _scales(short_side: int) -> Iterator[float]:
    """Yield by how much an image is made smaller, until a window is as large as it."""
    scale = PROPOSAL.side / SMALLEST_FACE
    while short_side * scale >= PROPOSAL.side:
        yield scale
        scale *= STEP


def _judge(network: Network, image: Tensor, boxes: Tensor, threshold: float) -> _Judged:
    """Show windows of an image to a network, and keep those in which it sees a face."""
    if not len(boxes):
        return _Judged(boxes, boxes[:, 0], boxes, boxes.new_zeros(0, 10))
    faces, offsets, *landmarks = (
        it.flatten(1) for it in network(torch.cat([_cut(image, box, network.side) for box in boxes]))
    )
    passed = faces[:, 0] >= threshold
    boxes, offsets = boxes[passed], offsets[passed]
    points = landmarks[0][passed] if landmarks else offsets[:, :0]
    return _Judged(boxes, faces[passed, 0], _move(boxes, offsets), points)


def _cut(image: Tensor, box: Tensor, side: int) -> Tensor:
    """Cut a window out of an image and bring it to (1, 3, side, side); what is beyond the image is black."""
    left, top, right, bottom = (round(edge) for edge in box.tolist())
    right, bottom = max(right, left + 1), max(bottom, top + 1)
    height, width = image.shape[2:]
    within = image[:, :, max(0, top) : max(0, bottom), max(0, left) : max(0, right)]
    if not within.numel():
        return image.new_zeros(1, 3, side, side)
    beyond = max(0, -left), max(0, right - max(width, left)), max(0, -top), max(0, bottom - max(height, top))
    return F.interpolate(F.pad(within, beyond), size=(side, side), mode="area")


def _move(boxes: Tensor, offsets: Tensor) -> Tensor:
    """Move the four edges of boxes (n, 4) by offsets (n, 4) in their sides."""
    sides = boxes[:, 2:] - boxes[:, :2]
    return boxes + offsets * torch.cat([sides, sides], dim=1)


def _square(boxes: Tensor) -> Tensor:
    """Make boxes (n, 4) square about their centers, by their longer sides."""
    centers, half = (boxes[:, :2] + boxes[:, 2:]) / 2, (boxes[:, 2:] - boxes[:, :2]).amax(dim=1, keepdim=True) / 2
    return torch.cat([centers - half, centers + half], dim=1)


def _distinct(boxes: Tensor, faces: Tensor, most: float, *, of_smaller: bool = False) -> Tensor:
    """Choose boxes that do not overlap with a more probable one (non-maximum suppression); gives their numbers.

    Args:
        boxes: (n, 4).
        faces: (n,), their probabilities.
        most: that two may share.
        of_smaller: whether that is of the smaller of the two, and not of what both cover together.
    """
    area = (boxes[:, 2:] - boxes[:, :2]).prod(dim=1)
    left, kept = faces.argsort(descending=True, stable=True), []
    while len(left):
        first, left = left[0], left[1:]
        kept.append(first)
        shared = torch.minimum(boxes[first, 2:], boxes[left, 2:]) - torch.maximum(boxes[first, :2], boxes[left, :2])
        common = shared.clamp(min=0).prod(dim=1)
        whole = torch.minimum(area[first], area[left]) if of_smaller else area[first] + area[left] - common
        left = left[common <= most * whole]
    return torch.stack(kept) if kept else faces.new_zeros(0, dtype=torch.long)


def _four(edges: list[float]) -> tuple[float, float, float, float]:
    left, top, right, bottom = edges
    return left, top, right, bottom


def _points(rows: list[list[float]]) -> tuple[tuple[float, float], ...]:
    return tuple((across, down) for across, down in rows)
