"""Shows a frame of a clip: `python -m impasto.studio.server.clip_frame FILE SECONDS LIMITS`, a process.

Writes the frame that is shown at that time as WebP to standard output.
"""

import bisect
import sys
from fractions import Fraction
from pathlib import Path

from impasto.studio.limits import Limits
from impasto.studio.server.processes import limit_process
from impasto.studio.store.thumbnails import PREVIEW_SIDE, encode_webp
from impasto.video.read.sources import open_clip


def main(arguments: list[str]) -> int:
    """Write the frame of a clip at a time to standard output."""
    limit_process(Limits.from_argument(arguments[2]))
    clip = open_clip(Path(arguments[0]))
    number = max(0, bisect.bisect_right(clip.info.times, Fraction(arguments[1])) - 1)
    frame = next(iter(clip.frames(number, number + 1)))
    sys.stdout.buffer.write(encode_webp(frame, PREVIEW_SIDE))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
