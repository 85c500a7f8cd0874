"""Security: which requests are accepted, and the security headers of every response."""

import asyncio
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

from impasto.studio.limits import Limits

UPLOADS = "/api/pictures"
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_LOCAL_NAMES = frozenset({"localhost", "127.0.0.1", "::1"})

HEADERS = {
    "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; "
    "media-src 'self'; "
    "connect-src 'self'; font-src 'self'; manifest-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}


class SecurityMiddleware:
    """Accepts requests of the studio's own page and of programs on this machine, and refuses all others.

    - An unknown Host is refused: it may be a foreign name that resolves to this machine (DNS rebinding).
    - A request that changes something must come from this page, by Origin and Sec-Fetch-Site.
    - Where there is a token, every request needs it: in the cookie that `/?token=...` sets, or as a bearer token.

    Args:
        app: the application to protect.
        hosts: host names that are accepted beside this machine's loopback names; with a token, numeric addresses are
            accepted too.
        token: the secret, or None for a studio that only this machine can reach.
        limits: bounds on the body of a request.
    """

    def __init__(self, app: ASGIApp, hosts: Iterable[str], token: str | None, limits: Limits | None = None) -> None:
        self._app = app
        self._limits = limits or Limits()
        self._hosts = _LOCAL_NAMES | {_without_port(host.lower()) for host in hosts}
        self._token = token
        # Cookies are shared by all ports of a host, so each token's cookie has its own name.
        self._secret = hashlib.sha256((token or "").encode()).hexdigest()
        self.cookie = f"impasto_{self._secret[:8]}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":  # the others are the server's own startup and shutdown
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        send = _with_headers(send)
        if not self._is_known_host(headers.get("host", "")):
            await _refuse(send, 421, "this is not an address of the studio", "Open the address that it printed.")
        elif not _is_same_site(headers, changes=scope["method"] not in _SAFE, page=scope["path"] == "/"):
            await _refuse(send, 403, "this request did not come from the studio's page", "Use the page itself.")
        elif self._token and self._has_token_in_url(scope):
            await _log_in(send, f"{self.cookie}={self._secret}", secure=scope["scheme"] == "https")
        elif self._token and not self._is_authorized(headers):
            await _refuse(send, 401, "the studio's token is missing", "Open the complete address that it printed.")
        elif scope["path"] == UPLOADS:
            await self._app(scope, receive, send)
        else:
            body = _LimitedBody(receive, send, self._limits)
            await self._app(scope, body.receive, body.send)

    def _is_known_host(self, host: str) -> bool:
        name = urlsplit(f"//{host}").hostname if _is_valid(host) else None
        if name is None:
            return False
        return name in self._hosts or (self._token is not None and _is_address(name))

    def _has_token_in_url(self, scope: Scope) -> bool:
        if scope["path"] != "/" or scope["method"] not in _SAFE:
            return False
        token = parse_qs(scope["query_string"].decode("latin-1")).get("token", [""])[0]
        return self._matches(token)

    def _is_authorized(self, headers: Headers) -> bool:
        scheme, _, bearer = headers.get("authorization", "").partition(" ")
        cookie = cookie_parser(headers.get("cookie", "")).get(self.cookie, "")
        return self._matches(bearer if scheme.lower() == "bearer" else "") or hmac.compare_digest(
            cookie.encode(), self._secret.encode()
        )

    def _matches(self, token: str) -> bool:
        """Compare in constant time, so that the duration does not reveal a part of the token."""
        return self._token is not None and hmac.compare_digest(token.encode(), self._token.encode())


def _is_valid(host: str) -> bool:
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


def _is_same_site(headers: Headers, *, changes: bool, page: bool) -> bool:
    """Tell whether the browser's headers allow the request; programs other than browsers send none.

    Another site may link to the page, but may not request anything else.
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


class _LimitedBody:
    """Refuses a request whose body is too long, or takes too long to arrive."""

    def __init__(self, receive: Receive, send: Send, limits: Limits) -> None:
        self._receive, self._send, self._limits = receive, send, limits
        self._size, self._complete, self._started = 0, False, False
        self._deadline = asyncio.get_running_loop().time() + limits.body_seconds

    async def receive(self) -> Message:
        try:
            async with asyncio.timeout_at(None if self._complete else self._deadline):
                message = await self._receive()
        except TimeoutError:
            return self._refuse(408, "the request takes too long to arrive")
        self._size += len(message.get("body", b""))
        self._complete = not message.get("more_body", False)
        if self._size > self._limits.body_bytes:
            return self._refuse(413, "the request is too long")
        return message

    async def send(self, message: Message) -> None:
        self._started = True
        await self._send(message)

    def _refuse(self, status: int, problem: str) -> Message:
        if self._started:  # nothing can be said any more
            return {"type": "http.disconnect"}
        raise HTTPException(status, problem)


def _with_headers(send: Send) -> Send:
    async def send_with_headers(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = MutableHeaders(scope=message)
            for name, value in HEADERS.items():
                headers.setdefault(name, value)
        await send(message)

    return send_with_headers


async def _refuse(send: Send, status: int, problem: str, hint: str) -> None:
    body = json.dumps({"problem": problem, "hint": hint}).encode()
    await _respond(send, status, [(b"content-type", b"application/json")], body)


async def _log_in(send: Send, cookie: str, *, secure: bool) -> None:
    attributes = f"{cookie}; Path=/; HttpOnly; SameSite=Strict" + ("; Secure" if secure else "")
    await _respond(send, 303, [(b"location", b"/"), (b"set-cookie", attributes.encode())], b"")


async def _respond(send: Send, status: int, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})
