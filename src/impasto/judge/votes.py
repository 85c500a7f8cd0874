"""The file of votes: a line of JSON each, appended at once and never changed."""

import contextlib
import os
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from impasto.errors import InputError
from impasto.storage.atomic import translate_errors

Test = Literal["pairs", "crops"]
Answer = Literal["left", "right", "tie", "recognized"]
RaterKind = Literal["person", "model"]

LONGEST_NAME = 100
"""Of a rater."""
_OTHER_FILE = "Name another file for the votes."


class Rater(BaseModel):
    """Who judges."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = Field(min_length=1, max_length=LONGEST_NAME)
    kind: RaterKind = "person"


class Question(BaseModel):
    """One question about two pictures, with all that an answer to it is to be read by."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    test: Test
    picture: str
    """The name that the files have in common."""
    trial: int = 0
    """Number of the crop; 0 for whole pictures."""
    question: str
    left: str
    """The candidate whose picture was on the left."""
    right: str
    sha256: dict[str, str]
    """Of each candidate's file."""
    spots: dict[str, tuple[int, int]] | None = None
    """Left and top of each crop, pixels."""
    crop: int | None = None
    """Side of the crops, pixels."""

    @property
    def pair(self) -> tuple[str, int, frozenset[str]]:
        """What was compared, whichever was on the left."""
        return self.picture, self.trial, frozenset((self.left, self.right))


class Vote(Question):
    """An answer."""

    event: Literal["vote"] = "vote"
    answer: Answer
    rater: Rater
    time: str

    @property
    def winner(self) -> str | None:
        """The preferred candidate; None where there is none."""
        return {"left": self.left, "right": self.right}.get(self.answer)


class Undo(BaseModel):
    """Takes back the last vote of a rater."""

    model_config = ConfigDict(extra="forbid")

    event: Literal["undo"] = "undo"
    rater: Rater
    time: str


class SheetKey(BaseModel):
    """What is under each number of a sheet."""

    model_config = ConfigDict(extra="forbid")

    event: Literal["sheet"] = "sheet"
    sheet: str
    rater: Rater
    questions: dict[str, list[Question]]
    """By number."""
    time: str


Record = Annotated[Vote | Undo | SheetKey, Field(discriminator="event")]
_RECORDS: TypeAdapter[Vote | Undo | SheetKey] = TypeAdapter(Record)


def now() -> str:
    """Give the time, in UTC, for a record."""
    return datetime.now(UTC).isoformat(timespec="seconds")


class VoteFile:
    """The votes in a file, and those that are added.

    Args:
        path: of the file, which is made at the first vote.

    Raises:
        InputError: it cannot be read, or a line of it is no vote. Half a line at the end, of a program that was
            ended while it wrote, is passed over, and cut off by the next vote.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path).expanduser()
        self._records = _read(self.path)

    @property
    def votes(self) -> list[Vote]:
        """Those that were not taken back, in their order."""
        kept: list[Vote] = []
        for record in self._records:
            if isinstance(record, Vote):
                kept.append(record)
            elif isinstance(record, Undo):
                own = [place for place, vote in enumerate(kept) if vote.rater == record.rater]
                for place in own[-1:]:
                    del kept[place]
        return kept

    @property
    def sheets(self) -> list[SheetKey]:
        """The keys of the sheets that were made."""
        return [record for record in self._records if isinstance(record, SheetKey)]

    def append(self, *records: Vote | Undo | SheetKey) -> None:
        """Add records, which are on the disk when this returns.

        Raises:
            OutputError: the file may not be written.
            StorageError: the disk is full or failed; nothing was added.
        """
        data = "".join(record.model_dump_json(exclude_none=True) + "\n" for record in records).encode()
        with translate_errors(self.path, elsewhere=_OTHER_FILE, room="Make room."):
            self._write(data)
        self._records += records

    def _write(self, data: bytes) -> None:
        """Append in one piece: others may add votes of theirs to the same file meanwhile."""
        with self.path.open("a+b") as file:
            file.seek(0)
            whole, rest = _split_lines(file.read())
            if rest and _parse(rest) is None:
                file.truncate(len(whole))
            elif rest:  # a whole record, of which an editor has taken the end of the line
                data = b"\n" + data
            end = file.seek(0, os.SEEK_END)
            try:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            except OSError:
                with contextlib.suppress(OSError):  # the error before this one is the one to report
                    file.truncate(end)
                raise


def check_same_pictures(votes: Iterable[Vote], questions: Sequence[Question], path: Path) -> None:
    """Check that votes are on these pictures, so that none is counted for others.

    Raises:
        InputError: a vote is of another test, or on a picture that is not among these, or has changed.
    """
    digests: dict[tuple[Any, ...], Question] = {question.pair: question for question in questions}
    for vote in votes:
        found = digests.get(vote.pair)
        if found is None or found.test != vote.test or found.crop != vote.crop:
            what = f"{vote.picture} of {vote.left} and {vote.right}" if vote.test == "pairs" else "other crops"
            raise InputError(f"{path} has votes on {what}, which are not compared now", _OTHER_FILE)
        if found.sha256 != vote.sha256:
            raise InputError(f"{path} has votes on other pictures: {vote.picture} was changed since", _OTHER_FILE)
        if found.spots != vote.spots:
            raise InputError(f"{path} has votes on crops from other places of {vote.picture}", "Use the same seed.")


def _read(path: Path) -> list[Vote | Undo | SheetKey]:
    """Read the records of a file; none where there is no file."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return []
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise InputError(f"{path} cannot be read: {reason}", _OTHER_FILE) from None
    whole, rest = _split_lines(data)
    records: list[Vote | Undo | SheetKey] = []
    for number, line in enumerate(whole.split(b"\n")[:-1], 1):
        record = _parse(line)
        if record is None:
            problem = f"line {number} of {path} is no vote"
            raise InputError(problem, "Take that line out, or name another file for the votes.") from None
        records.append(record)
    last = _parse(rest)
    return records + ([last] if last else [])


def _split_lines(data: bytes) -> tuple[bytes, bytes]:
    """Give the whole lines, and what comes after the last of them."""
    end = data.rfind(b"\n") + 1
    return data[:end], data[end:]


def _parse(line: bytes) -> Vote | Undo | SheetKey | None:
    try:
        return _RECORDS.validate_json(line)
    except ValidationError:
        return None
