"""Paints films, each in a process that ends at another change of a file, and resumes each: all must be equal.

python dying_films.py SUFFIX [keep]
"""

import os
import sys
from pathlib import Path

from quick_films import CopiedShots

from impasto.errors import OutputError
from impasto.video.plan import FilmRequest, plan_film
from impasto.video.render import render
from impasto.video.workspace import workspace_folder

KILLED = 9


class Countdown:
    """Ends the process at the change of a file whose turn it is."""

    def __init__(self):
        self.left = 0
        sys.addaudithook(self)

    def __call__(self, event, arguments):
        written = event == "open" and isinstance(arguments[1], str) and arguments[1][0] in "xwa"
        if written or event in {"os.rename", "os.remove", "os.rmdir", "os.mkdir"}:
            self.left -= 1
            if self.left == 0:
                os._exit(KILLED)


def paint(name: str, *, keep: bool):
    request = FilmRequest("in", ("painting.png",), name, keep_frames=keep)
    list(render(plan_film(request), executor=CopiedShots()))


def go_on(name: str, *, keep: bool):
    """Paint again; the film may be in its place already, when little but a name was left to be removed."""
    try:
        paint(name, keep=keep)
    except OutputError as error:
        if not error.problem.endswith(("exists", "has frames already")):
            raise


def contents(name: str):
    path = Path(name.partition("/")[0])
    return [it.read_bytes() for it in sorted(path.iterdir())] if path.is_dir() else path.read_bytes()


def names(folder: Path):
    """What is in a folder, if there is one; an empty lock says nothing, and may be what is left."""
    return sorted(path.name for path in folder.glob("*") if path.name != "lock")


def main(suffix: str, *, keep: bool):
    paint(f"whole{suffix}", keep=keep)
    countdown, turn, died = Countdown(), 0, True
    while died:
        turn += 1
        name = f"try{turn}{suffix}"
        if not (pid := os.fork()):
            countdown.left = turn
            paint(name, keep=keep)
            os._exit(0)
        died = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == KILLED
        if died:
            go_on(name, keep=keep)
        assert contents(name) == contents(f"whole{suffix}"), turn
        assert names(workspace_folder(Path(name))) == names(workspace_folder(Path(f"whole{suffix}"))), turn
    sys.stdout.write(f"{turn}\n")


if __name__ == "__main__":
    main(sys.argv[1], keep=sys.argv[2] == "keep")
