"""The crop test at 1024 px: a crop of a result beside one of its painting, and which of them did the painter paint?

    PYTHONPATH=benchmarks python -m scorecard.crops sheets RESULTS TO
    PYTHONPATH=benchmarks python -m scorecard.crops count [NAME]

RESULTS is a folder of pictures of 1024 px named PHOTO+PAINTING.png. `impasto judge --crops` chooses its places itself;
these were chosen by hand where neither picture shows an object, so that paint is judged and not the subject. Each
reader gets the trials in an order, and with sides, of their own. The answers are in blind/crops.json, or in
blind/NAME.json.
"""

import json
import random
import sys
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Literal, NamedTuple

import shared
from PIL import Image, ImageDraw

from impasto.judge.statistics import bootstrap_share
from impasto.sizing import with_long_side

ANSWERS = Path(__file__).parent / "blind"
READERS = (1, 2, 3)
SIZE, SIDE, SHOWN = 1024, 144, 288
A_PAGE = 6
Spot = tuple[int, int]


class Trial(NamedTuple):
    """A place of a result and one of its painting, left and top, both seen with a long side of `SIZE` pixels."""

    photo: str
    painting: str
    result: Spot
    painter: Spot


MONET, HOKUSAI, STARRY = "water_lilies", "great_wave", "starry_night"
MUNCH, WHEAT, TURNER = "the_scream", "wheat_field_with_cypresses", "wreck_of_a_transport_ship"
TRIALS = (
    Trial("astronaut", MONET, (610, 180), (520, 60)),
    Trial("astronaut", WHEAT, (145, 20), (330, 30)),
    Trial("cat", MUNCH, (800, 400), (560, 170)),
    Trial("cat", MUNCH, (870, 20), (540, 600)),
    Trial("cat", WHEAT, (850, 420), (500, 60)),
    Trial("cat", WHEAT, (860, 180), (240, 640)),
    Trial("coffee", HOKUSAI, (850, 150), (690, 560)),
    Trial("coffee", HOKUSAI, (860, 520), (110, 840)),
    Trial("coffee", MONET, (870, 250), (100, 480)),
    Trial("coffee", MONET, (860, 500), (760, 480)),
    Trial("flower", HOKUSAI, (620, 30), (300, 240)),
    Trial("flower", HOKUSAI, (850, 250), (880, 560)),
    Trial("flower", TURNER, (820, 120), (100, 30)),
    Trial("flower", TURNER, (100, 480), (850, 540)),
    Trial("rocket", STARRY, (360, 40), (700, 250)),
    Trial("rocket", STARRY, (745, 300), (420, 90)),
    Trial("rocket", TURNER, (640, 60), (600, 10)),
    Trial("rocket", TURNER, (160, 90), (820, 20)),
    Trial("summer_palace", STARRY, (660, 30), (440, 250)),
    Trial("summer_palace", STARRY, (640, 300), (880, 230)),
    Trial("summer_palace", MUNCH, (720, 120), (230, 40)),
    Trial("summer_palace", MUNCH, (10, 60), (560, 690)),
)


def ballots(reader: int) -> Iterator[tuple[Trial, Literal["left", "right"]]]:
    """A reader's trials in order, and on which side the painter is."""
    generator = random.Random(f"hand {reader}")  # noqa: S311  to shuffle
    order = list(TRIALS)
    generator.shuffle(order)
    for trial in order:
        yield trial, generator.choice(["left", "right"])


def crop(path: Path, spot: Spot) -> Image.Image:
    """A crop, doubled."""
    with Image.open(path) as opened:
        picture = opened.convert("RGB").resize(with_long_side(opened.size, SIZE), Image.Resampling.LANCZOS)
    left, top = min(spot[0], picture.width - SIDE), min(spot[1], picture.height - SIDE)
    return picture.crop((left, top, left + SIDE, top + SIDE)).resize((SHOWN, SHOWN), Image.Resampling.LANCZOS)


def write_sheets(results: Path, to: Path) -> None:
    """Write each reader's pages."""
    for reader in READERS:
        trials = list(ballots(reader))
        for first in range(0, len(trials), A_PAGE):
            page = Image.new("RGB", (2 * SHOWN + 44, A_PAGE * (SHOWN + 24)), "white")
            for row, (trial, side) in enumerate(trials[first : first + A_PAGE]):
                ours = crop(results / f"{trial.photo}+{trial.painting}.png", trial.result)
                theirs = crop(shared.picture(trial.painting), trial.painter)
                top = row * (SHOWN + 24)
                for picture, left in zip((theirs, ours), (10, SHOWN + 34)[:: 1 if side == "left" else -1], strict=True):
                    page.paste(picture, (left, top + 20))
                ImageDraw.Draw(page).text((10, top + 4), str(first + row + 1), fill="black")
            target = to / f"reader{reader}" / f"{first // A_PAGE + 1}.png"
            target.parent.mkdir(parents=True, exist_ok=True)
            page.save(target)


def count(name: str = "crops") -> None:
    """Say how many answers were right, trial by trial; a spot that was recognized counts as none."""
    answers = json.loads((ANSWERS / f"{name}.json").read_text(encoding="utf-8"))
    found: dict[Trial, str] = dict.fromkeys(TRIALS, "")
    for reader in READERS:
        for (trial, side), answer in zip(ballots(reader), answers[f"reader {reader}"], strict=True):
            word = answer.split(":")[0]
            found[trial] += "recognized " if word == "recognized" else "right " if word == side else "wrong "
    for trial, words in found.items():
        print(trial.photo, trial.painting, trial.result, trial.painter, words)
    by_picture: dict[str, list[str]] = defaultdict(list)
    for trial, words in found.items():
        by_picture[f"{trial.photo}+{trial.painting}"] += words.split()
    told = [words.count("right") for words in by_picture.values()]
    lowest, highest = bootstrap_share(told, [each.count("right") + each.count("wrong") for each in by_picture.values()])
    right, wrong = ("".join(found.values()).count(word) for word in ("right", "wrong"))
    print(f"right: {right} of {right + wrong}, {right / (right + wrong):.0%} [{lowest:.0%}, {highest:.0%}]")


if __name__ == "__main__":
    command, *folders = sys.argv[1:]
    if command == "sheets":
        write_sheets(*map(Path, folders))
    else:
        count(*folders)
