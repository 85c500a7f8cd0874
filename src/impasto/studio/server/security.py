"""What stands between the network and the studio: who may ask at all, and what every answer says to the browser."""

import hashlib
import hmac
import ipaddress
import json
from collections.abc import Iterable
from urllib.parse import parse_qs, urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import cookie_parser
from starlette.types import ASGIApp, Message, Receive, Scope, Send

BODY_BYTES = 1_000_000
"""Of a request; pictures have a limit of their own."""
UPLOADS = "/api/pictures"
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_LOCAL_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})

HEADERS = {
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; "
    "connect-src 'self'; font-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}


class Guard:
    """Lets through what the studio's own page asks, and nothing else.

    - A Host that is none of ours is refused: a stranger's name that was made to point here (DNS rebinding).
    - A request that changes something must come from this page, by Origin and Sec-Fetch-Site.
    - Where there is a token, every request needs it: in the cookie that `/?token=...` sets, or as a bearer.

    Args:
        app: what is guarded.
        hosts: names, beside this machine's own loopback names, under which the studio may be asked for; with a token,
            addresses in numbers are taken too.
        token: the secret, or None for a studio that only this machine can reach.
    """

    def __init__(self, app: ASGIApp, hosts: Iterable[str], token: str | None) -> None:
        self._app = app
        self._hosts = _LOCAL_NAMES | {_without_port(host.lower()) for host in hosts}
        self._token = token
        # Cookies are shared by all ports of a host: each token has one of its own name.
        self._secret = hashlib.sha256((token or "").encode()).hexdigest()
        self.cookie = f"impasto_{self._secret[:8]}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":  # there are no others, but for the server's own start and end
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        guarded = _with_headers(send)
        if not self._known_host(headers.get("host", "")):
            await _refuse(guarded, 421, "this is not an address of the studio", "Open the address that it printed.")
        elif not _own_page(headers, changes=scope["method"] not in _SAFE, page=scope["path"] == "/"):
            await _refuse(guarded, 403, "this did not come from the studio's page", "Use the page itself.")
        elif self._token and self._token_given_at_the_door(scope):
            await _let_in(guarded, f"{self.cookie}={self._secret}", secure=scope["scheme"] == "https")
        elif self._token and not self._trusted(headers):
            await _refuse(guarded, 401, "the studio's token is missing", "Open the address that it printed, whole.")
        elif scope["path"] == UPLOADS:
            await self._app(scope, receive, guarded)
        else:
            await self._app(scope, _limited(receive), guarded)

    def _known_host(self, host: str) -> bool:
        name = urlsplit(f"//{host}").hostname if _plain(host) else None
        if name is None:
            return False
        return name in self._hosts or (self._token is not None and _is_address(name))

    def _token_given_at_the_door(self, scope: Scope) -> bool:
        if scope["path"] != "/" or scope["method"] not in _SAFE:
            return False
        given = parse_qs(scope["query_string"].decode("latin-1")).get("token", [""])[0]
        return self._same(given)

    def _trusted(self, headers: Headers) -> bool:
        scheme, _, bearer = headers.get("authorization", "").partition(" ")
        cookie = cookie_parser(headers.get("cookie", "")).get(self.cookie, "")
        return self._same(bearer if scheme.lower() == "bearer" else "") or hmac.compare_digest(
            cookie.encode(), self._secret.encode()
        )

    def _same(self, given: str) -> bool:
        """In a time that does not tell how much of it was right."""
        return self._token is not None and hmac.compare_digest(given.encode(), self._token.encode())


def _plain(host: str) -> bool:
    try:
        return bool(host) and urlsplit(f"//{host}").port != 0
    except ValueError:
        return False


def _without_port(host: str) -> str:
    return host if host.count(":") != 1 else host.partition(":")[0]  # more than one colon: an IPv6 address


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _own_page(headers: Headers, *, changes: bool, page: bool) -> bool:
    """Whether browsers say that the page itself asks; programs that are no browsers say nothing of it.

    A link from elsewhere may lead to the page; what the page asks for is nobody else's.
    """
    site = headers.get("sec-fetch-site", "same-origin")
    if site not in {"same-origin", "none"} and (changes or not page):
        return False
    if not changes:
        return True
    origin = headers.get("origin")
    try:
        return origin is None or urlsplit(origin).netloc == headers.get("host")
    except ValueError:
        return False


def _limited(receive: Receive) -> Receive:
    """A body that ends the request once it is too long."""
    size = 0

    async def receiving() -> Message:
        nonlocal size
        message = await receive()
        size += len(message.get("body", b""))
        if size > BODY_BYTES:
            raise HTTPException(413, "the request is too long")
        return message

    return receiving


def _with_headers(send: Send) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            found = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                found.setdefault(name, value)
        await send(message)

    return sending


async def _refuse(send: Send, status: int, problem: str, hint: str) -> None:
    body = json.dumps({"problem": problem, "hint": hint}).encode()
    await _answer(send, status, [(b"content-type", b"application/json")], body)


async def _let_in(send: Send, cookie: str, *, secure: bool) -> None:
    kept = f"{cookie}; Path=/; HttpOnly; SameSite=Strict" + ("; Secure" if secure else "")
    await _answer(send, 303, [(b"location", b"/"), (b"set-cookie", kept.encode())], b"")


async def _answer(send: Send, status: int, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
