"""What every response says to the browser, and which requests are refused because another site made them."""

import re
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.problems import problem

CSP = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "font-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": CSP,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
}
COMMON = [(name.lower().encode(), value.encode()) for name, value in HEADERS.items()]
UNCACHED = [*COMMON, (b"cache-control", b"no-store")]
UPLOAD = re.compile(r"(/api/v1)?/projects/[a-z0-9-]+/batches")  # these limit themselves, after the role is known
SAFE = {"GET", "HEAD", "OPTIONS"}
BODY = 2_000_000  # bytes; the longest of ours is a project with its guidelines
REFUSED = "This request came from another site and was refused."


def same_origin(headers: Headers) -> bool:
    """False when a browser says that another site made the request; other clients send neither header."""
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site in ("same-origin", "none")
    origin = headers.get("origin")
    if origin is None:
        return True
    try:
        return urlsplit(origin).netloc == headers.get("host")
    except ValueError:
        return False


def limited(receive: Receive, limit: int, error: Exception) -> Receive:
    """`receive` that raises `error` once more than `limit` bytes have come: their number need not be announced."""
    size = 0

    async def counted() -> Message:
        nonlocal size
        message = await receive()
        size += len(message.get("body", b""))
        if size > limit:
            raise error
        return message

    return counted


class Security:
    """ASGI middleware: the headers on every response, 403 for unsafe requests from other origins, and 413 for what is
    too large to be a form: it is read before anybody asks who sent it. Uploads have their own limit."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def secured(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = message.get("headers", [])
                there = {name for name, _ in headers}
                more = COMMON if scope["path"].startswith("/static/") else UNCACHED
                message["headers"] = [*headers, *(header for header in more if header[0] not in there)]
            await send(message)

        if scope["method"] not in SAFE and not same_origin(Headers(scope=scope)):
            api = scope["path"].startswith("/api/")
            refused = problem(403, REFUSED) if api else PlainTextResponse(REFUSED, 403)
            await refused(scope, receive, secured)
            return
        if not (scope["method"] == "POST" and UPLOAD.fullmatch(scope["path"])):
            receive = limited(receive, BODY, HTTPException(413, f"This is larger than {BODY // 1_000_000} MB."))
        await self.app(scope, receive, secured)
