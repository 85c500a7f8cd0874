"""Whether a small picture predicts the large one: the default look at several sizes, all judged at the smallest.

    PYTHONPATH=benchmarks python -m scorecard.sizes [--largest 4096]

Writes scorecard/sizes.json. On two cores the largest takes the better part of an hour a pair.
"""

import argparse
from dataclasses import asdict
from pathlib import Path

import shared

from impasto import Settings
from scorecard import painters, pairs
from scorecard.__main__ import scores_at

SIZES = (256, 512, 1024, 2048, 4096)
PAIRS: tuple[pairs.Pair, ...] = (pairs.ONCE[0], pairs.ONCE[4])
FILE = Path(__file__).parent / "sizes.json"


def main() -> None:
    """Paint, judge, print and write JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--largest", type=int, default=max(SIZES))
    largest, rows = parser.parse_args().largest, []
    for pair in PAIRS:
        for size in (it for it in SIZES if it <= largest):
            one = painters.ours(pair, "painterly", Settings().content_weight, size)
            scores = {name: round(value, 4) for name, value in asdict(scores_at(one, min(SIZES))).items()}
            rows.append({"photo": pair[0], "painting": pair[1], "size": size, **scores})
            print(rows[-1], flush=True)
    shared.write(FILE, {"judged_at": min(SIZES)}, pictures=rows)


if __name__ == "__main__":
    main()
