"""Serves the page to a browser on this machine, by the standard library alone."""

import contextlib
import json
import os
import sys
import threading
import webbrowser
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, ValidationError

from impasto.errors import ImpastoError, InputError
from impasto.judge.session import Session, StaleQuestionError
from impasto.judge.votes import Answer
from impasto.wording import argument

HOST = "127.0.0.1"
_NAMES = frozenset({"127.0.0.1", "localhost"})
_PAGE = Path(__file__).with_name("page")
_FILES = {
    "/": ("index.html", "text/html; charset=utf-8"),
    "/page.js": ("page.js", "text/javascript; charset=utf-8"),
    "/page.css": ("page.css", "text/css; charset=utf-8"),
}
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_MOST_BYTES = 4096
"""Of the body of a request."""
_SECONDS = 30
"""A connection that is silent for longer is closed."""


class _Answer(BaseModel):
    """What the page sends."""

    model_config = ConfigDict(extra="forbid")

    id: str
    answer: Answer


class JudgeServer(ThreadingHTTPServer):
    """Asks one rater's questions on this machine's loopback address.

    Args:
        session: the questions.
        port: 0 for any free one.
        report_error: told of what is wrong with a file, in words that the page does not show: they name it.

    Raises:
        OSError: the port cannot be used.
    """

    daemon_threads = True
    allow_reuse_address = os.name != "nt"  # there it would share a port that is in use

    def __init__(self, session: Session, port: int, report_error: Callable[[str], None]) -> None:
        self.session, self.report_error = session, report_error
        super().__init__((HOST, port), _Handler)

    @property
    def address(self) -> str:
        """Where the page is."""
        return f"http://{HOST}:{self.server_address[1]}/"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Pass over browsers that went away; report anything else as usual."""
        if not isinstance(sys.exception(), ConnectionError | TimeoutError):
            super().handle_error(request, client_address)


@contextmanager
def listening(session: Session, port: int, report_error: Callable[[str], None]) -> Iterator[JudgeServer]:
    """Open the server's socket, for a context.

    Raises:
        InputError: the port cannot be used.
    """
    try:
        server = JudgeServer(session, port, report_error)
    except OSError as error:
        problem = f"{HOST}, port {port}, cannot be used: {error.strerror}"
        raise InputError(problem, f"Choose another {argument('port')}; 0 takes any free one.") from None
    with server:
        yield server


def serve(session: Session, *, port: int, browser: bool, announce: Callable[[str], None]) -> None:
    """Serve the page until interrupted.

    Args:
        session: the questions.
        port: 0 for any free one.
        browser: whether to open the page in one.
        announce: told the address, and what is wrong with a file.

    Raises:
        InputError: the port cannot be used.
    """
    with listening(session, port, announce) as server:
        announce(f"The page is at {server.address}\nCtrl-C ends it; every vote is kept at once.")
        if browser:
            threading.Thread(target=webbrowser.open, args=(server.address,), daemon=True).start()
        with contextlib.suppress(KeyboardInterrupt):  # its proper end
            server.serve_forever()


class _Handler(BaseHTTPRequestHandler):
    """Answers requests of the page; others get nothing to see."""

    server: JudgeServer
    protocol_version = "HTTP/1.1"
    server_version, sys_version = "impasto", ""
    timeout: ClassVar[int] = _SECONDS

    def do_GET(self) -> None:
        """Send a file of the page, a picture or the state."""
        if not self._is_allowed(changes=False):
            return
        path = urlsplit(self.path).path
        if path in _FILES:
            name, kind = _FILES[path]
            self._send(HTTPStatus.OK, kind, (_PAGE / name).read_bytes())
        elif path == "/api/state":
            self._send_json(HTTPStatus.OK, self.server.session.state())
        elif path.startswith("/picture/"):
            self._send_picture(path.removeprefix("/picture/"))
        else:
            self._refuse(HTTPStatus.NOT_FOUND, "There is nothing at this address.")

    def do_POST(self) -> None:
        """Take an answer, or take one back."""
        body = self._body()
        if body is None or not self._is_allowed(changes=True):
            return
        path, session = urlsplit(self.path).path, self.server.session
        try:
            if path == "/api/vote":
                given = _Answer.model_validate_json(body)
                session.vote(given.id, given.answer)
            elif path == "/api/undo":
                session.undo()
            else:
                self._refuse(HTTPStatus.NOT_FOUND, "There is nothing at this address.")
                return
        except StaleQuestionError:
            self._send_json(HTTPStatus.CONFLICT, session.state())
        except (ValidationError, InputError) as error:
            if isinstance(error, InputError):
                self.server.report_error(str(error))
            self._refuse(HTTPStatus.UNPROCESSABLE_ENTITY, "The vote was not kept. The terminal says why.")
        except ImpastoError as error:
            self.server.report_error(str(error))
            self._refuse(HTTPStatus.INSUFFICIENT_STORAGE, "The vote was not kept. The terminal says why.")
        else:
            self._send_json(HTTPStatus.OK, session.state())

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the library's name
        """Say nothing: every picture would be a line."""

    def _send_picture(self, picture_id: str) -> None:
        try:
            data = self.server.session.picture(picture_id)
        except ImpastoError as error:
            self.server.report_error(str(error))
            self._refuse(HTTPStatus.GONE, "The picture cannot be read any more. The terminal says which.")
            return
        if data is None:
            self._refuse(HTTPStatus.NOT_FOUND, "There is no such picture.")
        else:
            self._send(HTTPStatus.OK, "image/png", data)

    def _is_allowed(self, *, changes: bool) -> bool:
        """Refuse what does not come from this page: foreign names of this machine (DNS rebinding), other sites."""
        host, site = self.headers.get("Host", ""), self.headers.get("Sec-Fetch-Site", "same-origin")
        origin = self.headers.get("Origin")
        if host.rpartition(":")[0] not in _NAMES or host.rpartition(":")[2] != str(self.server.server_address[1]):
            self._refuse(HTTPStatus.MISDIRECTED_REQUEST, "This is not the address that was printed.")
        elif (site not in {"same-origin", "none"} and (changes or urlsplit(self.path).path != "/")) or (
            changes and origin is not None and origin != f"http://{host}"
        ):
            self._refuse(HTTPStatus.FORBIDDEN, "This request did not come from the page.")
        else:
            return True
        return False

    def _body(self) -> bytes | None:
        """Read the body of a request; None where it was refused."""
        length = self.headers.get("Content-Length", "")
        if not (length.isascii() and length.isdigit() and int(length) <= _MOST_BYTES):
            self.close_connection = True
            self._refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "The request has no length, or is too long.")
            return None
        return self.rfile.read(int(length))

    def _refuse(self, status: HTTPStatus, problem: str) -> None:
        self._send_json(status, {"problem": problem})

    def _send_json(self, status: HTTPStatus, value: Any) -> None:
        self._send(status, "application/json", json.dumps(value).encode())

    def _send(self, status: HTTPStatus, kind: str, data: bytes) -> None:
        self.send_response(status)
        for name, value in _HEADERS.items():
            self.send_header(name, value)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        # Ids of pictures are new at each start; all else may change.
        self.send_header("Cache-Control", "private, max-age=3600" if kind == "image/png" else "no-store")
        self.end_headers()
        self.wfile.write(data)
