"""Paint the same photograph with one scale and with three, at equal cost, and lay the results side by side.

    python scripts/scales_figure.py

Writes docs/images/scales.jpg. One scale is stopped as soon as it has taken as long as the three.
"""

import time
from pathlib import Path

from impasto import Finished, Picture, Settings, Stylizer, images

ROOT = Path(__file__).resolve().parent.parent
PHOTO = ROOT / "examples" / "pictures" / "cat.jpg"
PAINTING = ROOT / "examples" / "pictures" / "starry_night.jpg"


def painted(stylizer: Stylizer, settings: Settings, seconds: float) -> tuple[Picture, float]:
    """The picture after at most so many seconds, and how long it took."""
    end = time.monotonic() + seconds
    for event in stylizer.run(PHOTO, [PAINTING], settings, stop=lambda: time.monotonic() > end):
        if isinstance(event, Finished):
            return event.picture, event.elapsed
    raise AssertionError("a run ends with Finished")


def main() -> None:
    """Paint and write."""
    stylizer = Stylizer()
    three, taken = painted(stylizer, Settings(), float("inf"))
    one, _ = painted(stylizer, Settings(scales=1, iterations=1000, tolerance=0), taken)
    sheet = images.side_by_side([one, three], [f"one scale, {taken:.0f} s", f"three scales, {taken:.0f} s"])
    target = ROOT / "docs" / "images" / "scales.jpg"
    images.save(sheet, target, overwrite=True)
    print(target)


if __name__ == "__main__":
    main()
