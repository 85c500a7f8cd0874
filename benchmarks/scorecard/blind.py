"""Sheets for choosing blindly between ours and `neural-style`, and the count of what was chosen.

    PYTHONPATH=benchmarks python -m scorecard.blind sheets FOLDER
    PYTHONPATH=benchmarks python -m scorecard.blind count

Each voter gets the six pairs in an order, and with sides, of their own: photograph and painting above, A and B below,
both at 384 px, ours by the default recipe and theirs at content weight 5, without names. They were asked which they
would rather hang on a wall as that photograph painted in that painting's manner. The votes are in blind/votes.json.
"""

import json
import random
import sys
from collections.abc import Iterator
from pathlib import Path

import peer_neural_style
import shared
from PIL import Image, ImageDraw

from impasto import Settings
from scorecard import painters, pairs, peers

VOTES = Path(__file__).parent / "blind" / "votes.json"
VOTERS = (1, 2, 3)
ABOVE = 340
"""Pixels for the photograph and the painting."""


def ballots(voter: int) -> Iterator[tuple[pairs.Pair, str]]:
    """A voter's pairs in order, and on which side ours is."""
    generator = random.Random(100 + voter)  # noqa: S311  to shuffle
    order = list(pairs.ONCE)
    generator.shuffle(order)
    for pair in order:
        yield pair, "AB"[round(generator.random())]


def sheet(pair: pairs.Pair, side: str) -> Image.Image:
    """A pair's four pictures."""
    ours = painters.opened(painters.ours(pair, "painterly", Settings().content_weight, peers.SIZE))
    with Image.open(peers.kept(pair, peer_neural_style.CONTENT_WEIGHT)) as opened:
        theirs = opened.convert("RGB").resize(ours.size, Image.Resampling.LANCZOS)
    left, right = (ours, theirs) if side == "A" else (theirs, ours)
    width, height = (2 * it for it in ours.size)
    page = Image.new("RGB", (2 * width + 20, height + ABOVE), "white")
    for name, x in zip(pair, (10, 440), strict=True):
        with Image.open(shared.picture(name)) as opened:
            shown = opened.convert("RGB")
        shown.thumbnail((400, 300), Image.Resampling.LANCZOS)
        page.paste(shown, (x, 5))
    for picture, letter, x in ((left, "A", 0), (right, "B", width + 20)):
        page.paste(picture.resize((width, height), Image.Resampling.LANCZOS), (x, ABOVE))
        ImageDraw.Draw(page).text((x + 10, ABOVE - 20), letter, fill="black")
    return page


def main(command: str, *rest: str) -> None:
    """Write the sheets, or count the votes."""
    votes = json.loads(VOTES.read_text(encoding="utf-8")) if command == "count" else {}
    chosen = 0
    for voter in VOTERS:
        for number, (pair, side) in enumerate(ballots(voter), 1):
            if command == "sheets":
                target = Path(rest[0]) / f"voter{voter}" / f"{number}.png"
                target.parent.mkdir(parents=True, exist_ok=True)
                sheet(pair, side).save(target)
            else:
                ours = votes[f"voter {voter}"][number - 1].startswith(side)
                chosen += ours
                print(voter, *pair, "ours" if ours else "theirs")
    if command == "count":
        print(f"ours: {chosen} of {len(VOTERS) * len(pairs.ONCE)}")


if __name__ == "__main__":
    main(*sys.argv[1:])
