"""Sheets for choosing blindly between two sets of pictures of the same pairs, and the count of what was chosen.

    PYTHONPATH=benchmarks python -m scorecard.contest sheets NAME NEW OLD TO [held-out | untouched | cropped]
    PYTHONPATH=benchmarks python -m scorecard.contest count NAME

NEW and OLD are folders of pictures named PHOTO+PAINTING.png. Each voter gets twelve pairs (`pairs.CONTESTED`, or
others, which the votes then say under "pairs") in an order, and with sides, of their own: photograph and painting
above, A and B below at full size, without names, and is asked which they would rather hang as that photograph painted
in that painting's manner. The votes are in blind/NAME.json.
"""

import json
import random
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

import shared
from PIL import Image, ImageDraw

from impasto.judge.statistics import bootstrap_share
from scorecard import crops, pairs

VOTES = Path(__file__).parent / "blind"
VOTERS = (1, 2, 3)
CONTESTED = {
    "contested": pairs.CONTESTED,
    "held-out": pairs.HELD_OUT,
    "untouched": pairs.UNTOUCHED,
    "cropped": tuple(dict.fromkeys((trial.photo, trial.painting) for trial in crops.TRIALS)),
}
ABOVE = 320
"""Pixels for the photograph and the painting."""


def ballots(name: str, voter: int, chosen: Sequence[pairs.Pair]) -> Iterator[tuple[pairs.Pair, str]]:
    """A voter's pairs in order, and on which side the new one is."""
    generator = random.Random(f"{name} {voter}")  # noqa: S311  to shuffle
    order = list(chosen)
    generator.shuffle(order)
    for pair in order:
        yield pair, "AB"[round(generator.random())]


def sheet(pair: pairs.Pair, side: str, new: Path, old: Path) -> Image.Image:
    """A pair's four pictures."""
    left, right = (_open(folder / f"{pairs.name(pair)}.png") for folder in ((new, old) if side == "A" else (old, new)))
    page = Image.new("RGB", (left.width + right.width + 20, left.height + ABOVE), "white")
    for name, x in zip(pair, (10, left.width + 20), strict=True):
        shown = _open(shared.picture(name))
        shown.thumbnail((400, ABOVE - 40), Image.Resampling.LANCZOS)
        page.paste(shown, (x, 5))
    for picture, letter, x in ((left, "A", 0), (right, "B", left.width + 20)):
        page.paste(picture, (x, ABOVE))
        ImageDraw.Draw(page).text((x + 10, ABOVE - 20), letter, fill="black")
    return page


def _open(path: Path) -> Image.Image:
    with Image.open(path) as opened:
        return opened.convert("RGB")


def write_sheets(name: str, new: Path, old: Path, to: Path, chosen: Sequence[pairs.Pair]) -> None:
    """Write each voter's sheets."""
    for voter in VOTERS:
        for number, (pair, side) in enumerate(ballots(name, voter, chosen), 1):
            target = to / f"voter{voter}" / f"{number}.png"
            target.parent.mkdir(parents=True, exist_ok=True)
            sheet(pair, side, new, old).save(target)


def count(name: str) -> None:
    """Say what was chosen."""
    votes = json.loads((VOTES / f"{name}.json").read_text(encoding="utf-8"))
    contested = CONTESTED[votes.get("pairs", "contested")]
    chosen = dict.fromkeys(contested, 0)
    for voter in VOTERS:
        for (pair, side), vote in zip(ballots(name, voter, contested), votes[f"voter {voter}"], strict=True):
            chosen[pair] += vote.startswith(side)
    for pair, found in chosen.items():
        print(*pair, f"new: {found} of {len(VOTERS)}")
    total, all_votes = sum(chosen.values()), len(VOTERS) * len(contested)
    lowest, highest = bootstrap_share([*chosen.values()], [len(VOTERS)] * len(contested))
    print(f"new: {total} of {all_votes}, {total / all_votes:.0%} [{lowest:.0%}, {highest:.0%}]")


if __name__ == "__main__":
    command, contest, *folders = sys.argv[1:]
    if command == "sheets":
        new, old, to, *which = folders
        write_sheets(contest, Path(new), Path(old), Path(to), CONTESTED[which[0] if which else "contested"])
    else:
        count(contest)
