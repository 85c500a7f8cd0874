"""One rater's questions, in an order and with sides of the rater's own, and what is left of them."""

import hashlib
import io
import secrets
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from impasto import images
from impasto.errors import InputError
from impasto.images import Picture
from impasto.images.picture import on_white
from impasto.judge.comparisons import Comparison, digest_of
from impasto.judge.votes import Answer, Question, Rater, Test, Undo, Vote, VoteFile, check_same_pictures, now

QUESTIONS: dict[Test, dict[str, str]] = {
    "pairs": {
        "style": "Which looks more like the painting's style?",
        "content": "Which keeps the photograph's content better?",
        "hang": "Which would you hang?",
    },
    "crops": {"painter": "Which one did the painter paint?"},
}
"""What is asked in each test, in this order."""
ANSWERS: dict[Test, dict[Answer, str]] = {
    "pairs": {"left": "Left", "tie": "Can't tell", "right": "Right"},
    "crops": {"left": "Left", "recognized": "I recognize the subject", "right": "Right"},
}
"""What may be answered, in the order of the buttons."""
_REFERENCE_SIDE = 2048
"""The longest side of photographs and paintings shown beside, pixels."""
_KEPT = 16
"""Encoded pictures that are kept."""


class StaleQuestionError(InputError):
    """An answer to a question that is not asked now: another page answered it, or took an answer back."""


@dataclass(frozen=True)
class AskedQuestion:
    """A question to this rater."""

    id: str
    """Says nothing of the pictures."""
    comparison: Comparison
    question: Question
    pictures: dict[str, str]
    """The ids of the pictures, by where they are shown: left, right, photo, painting."""


class Session:
    """What one rater is asked, and answers. May be used by several threads.

    Args:
        comparisons: all of them.
        votes: the votes so far, of this rater and others.
        rater: who judges.
        seed: of the order and the sides, with the rater's name.
        questions: names of those to ask; all of the test's where there are none.
        crop: side of the crops, in the crop test.

    Raises:
        InputError: there are votes on other pictures than these, or no such question.
    """

    def __init__(
        self,
        comparisons: Sequence[Comparison],
        votes: VoteFile,
        rater: Rater,
        *,
        seed: int = 0,
        questions: Sequence[str] = (),
        crop: int | None = None,
    ) -> None:
        self.test: Test = comparisons[0].test
        self.rater, self.votes = rater, votes
        self._secret = secrets.token_bytes(32)
        self._lock = threading.Lock()
        self._sources: dict[str, Callable[[], Picture]] = {}
        self._encode = lru_cache(maxsize=_KEPT)(self._encode_picture)
        names = self._check_questions(questions)
        keys = {comparison: digest_of(f"{seed} {rater.name} {_text_of(comparison)}") for comparison in comparisons}
        self.tasks = [
            self._task(comparison, name, crop, turned=bool(keys[comparison][-1] & 1))
            for comparison in sorted(comparisons, key=keys.__getitem__)
            for name in names
        ]
        self._asked = {(task.question.pair, task.question.question) for task in self.tasks}
        check_same_pictures(votes.votes, [task.question for task in self.tasks], votes.path)

    def pending(self) -> list[AskedQuestion]:
        """Give the questions that are left."""
        answered = {(vote.pair, vote.question) for vote in self._own_votes()}
        return [task for task in self.tasks if (task.question.pair, task.question.question) not in answered]

    def state(self) -> dict[str, Any]:
        """Describe the question to be asked and the progress, for a page: no name of a file or a candidate is in it."""
        pending = self.pending()
        done = len(self.tasks) - len(pending)
        state: dict[str, Any] = {"done": done, "total": len(self.tasks), "can_undo": self._last_vote() is not None}
        if not pending:
            return {**state, "task": None, "following": []}
        task = pending[0]
        later = next((it for it in pending if it.comparison is not task.comparison), None)
        return {
            **state,
            "task": {
                "id": task.id,
                "test": self.test,
                "question": task.question.question,
                "text": QUESTIONS[self.test][task.question.question],
                "answers": ANSWERS[self.test],
                "pictures": task.pictures,
            },
            "following": sorted(later.pictures.values()) if later else [],  # to be loaded ahead
        }

    def vote(self, task_id: str, answer: Answer) -> None:
        """Keep an answer to the question that is asked now.

        Raises:
            StaleQuestionError: another question is asked now.
            InputError: the test has no such answer.
            OutputError: the votes cannot be written; nor StorageError.
        """
        with self._lock:
            task = next(iter(self.pending()), None)
            if task is None or task.id != task_id:
                raise StaleQuestionError("that question was answered already", "Answer the one that is shown now.")
            self.votes.append(make_vote(task.question, answer, self.rater))

    def undo(self) -> None:
        """Take back this rater's last answer, if there is one.

        Raises:
            OutputError: the votes cannot be written; nor StorageError.
        """
        with self._lock:
            if self._last_vote() is not None:
                self.votes.append(Undo(rater=self.rater, time=now()))

    def picture(self, picture_id: str) -> bytes | None:
        """Give a picture as a PNG without any metadata; None where there is no such id.

        Raises:
            ImageError: its file was changed or removed since it was listed.
        """
        return self._encode(picture_id) if picture_id in self._sources else None

    def load(self, picture_id: str) -> Picture:
        """Give a picture as it is shown.

        Raises:
            ImageError: as for `picture`.
        """
        return self._sources[picture_id]()

    def _check_questions(self, names: Sequence[str]) -> list[str]:
        known = QUESTIONS[self.test]
        unknown = [name for name in names if name not in known]
        if unknown:
            raise InputError(f"there is no question '{unknown[0]}' in this test", f"Choose from: {', '.join(known)}.")
        return [name for name in known if name in names or not names]

    def _task(self, comparison: Comparison, name: str, crop: int | None, *, turned: bool) -> AskedQuestion:
        left, right = reversed(comparison.sides) if turned else comparison.sides
        question = Question(
            test=self.test,
            picture=comparison.picture,
            trial=comparison.trial,
            question=name,
            left=left.name,
            right=right.name,
            sha256={side.name: side.sha256 for side in comparison.sides},
            spots={side.name: side.spot for side in comparison.sides if side.spot} or None,
            crop=crop,
        )
        # Of one size, lest it tell which is which.
        longest = min(max(side.size) for side in comparison.sides)
        text = _text_of(comparison)
        pictures = {
            "left": self._add(f"left {text}", lambda: images.shrink(left.load(), longest)),
            "right": self._add(f"right {text}", lambda: images.shrink(right.load(), longest)),
        }
        for kind, path in (("photo", comparison.photo), ("painting", comparison.painting)):
            if path is not None:
                pictures[kind] = self._add(f"{kind} {path}", _thumbnail_loader(path))
        return AskedQuestion(self._id(f"task {name} {text}"), comparison, question, pictures)

    def _add(self, text: str, load: Callable[[], Picture]) -> str:
        picture_id = self._id(text)
        self._sources[picture_id] = load
        return picture_id

    def _id(self, text: str) -> str:
        return hashlib.blake2b(text.encode(), key=self._secret, digest_size=12).hexdigest()

    def _encode_picture(self, picture_id: str) -> bytes:
        data = io.BytesIO()
        Picture(on_white(self.load(picture_id))).to_pil().save(data, "PNG", compress_level=1)
        return data.getvalue()

    def _own_votes(self) -> list[Vote]:
        return [vote for vote in self.votes.votes if vote.rater == self.rater]

    def _last_vote(self) -> Vote | None:
        """Give the rater's last vote, where it answers a question of this session."""
        last = next(reversed(self._own_votes()), None)
        return last if last and (last.pair, last.question) in self._asked else None


def make_vote(question: Question, answer: Answer, rater: Rater) -> Vote:
    """Make a vote of an answer.

    Raises:
        InputError: the test has no such answer.
    """
    if answer not in ANSWERS[question.test]:
        choices = ", ".join(ANSWERS[question.test])
        raise InputError(f"'{answer}' is no answer to '{question.question}'", f"Choose from: {choices}.")
    return Vote(**question.model_dump(), answer=answer, rater=rater, time=now())


def _text_of(comparison: Comparison) -> str:
    names = sorted(side.name for side in comparison.sides)
    return repr((comparison.test, comparison.picture, comparison.trial, names))


def _thumbnail_loader(path: Path) -> Callable[[], Picture]:
    return lambda: images.read_thumbnail(path, _REFERENCE_SIDE)
