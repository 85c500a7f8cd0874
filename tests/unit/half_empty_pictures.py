"""Pictures with nothing on their left half, and dots on the other."""

import torch


def noise(seed, height=120, width=160, amplitude=60.0):
    drawn = torch.rand((1, 3, height, width), generator=torch.Generator().manual_seed(seed))
    return 128 + amplitude * (drawn - 0.5)


def half_empty(seed=1, amplitude=1.0):
    """Dots on the right, next to nothing on the left."""
    picture = noise(seed)
    picture[..., :80] = 72 + noise(seed + 1, width=80, amplitude=amplitude)
    return picture
