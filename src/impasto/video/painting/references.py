"""Which earlier frames of a shot a painter remembers; loads no torch, as those who keep the frames ask for it."""

KEPT_EVERY = 8
"""Every so many frames of a shot one is kept in memory, for what is hidden meanwhile and seen again."""
MOST_KEPT = 8


def references(done: int) -> list[int]:
    """Give which frames of a shot, by their index, a painter needs to resume after so many of them."""
    kept = range(max(0, done - KEPT_EVERY * MOST_KEPT), done)
    return sorted({place for place in kept if place % KEPT_EVERY == 0 or place == done - 1})
