"""Converts a result: `python -m impasto.studio.server.convert FILE FORMAT LIMITS`, a process, writes it to stdout."""

import sys
from pathlib import Path

from impasto import images
from impasto.studio.limits import Limits
from impasto.studio.server.processes import limit_process


def main(arguments: list[str]) -> int:
    """Write a picture file in another format to standard output."""
    limit_process(Limits.from_argument(arguments[2]))
    sys.stdout.buffer.write(images.encode(images.read(Path(arguments[0])), arguments[1]))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
