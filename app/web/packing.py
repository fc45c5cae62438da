"""Pages and static files leave gzipped.

What tells how long a secret is can tell the secret, where somebody else's words are packed with it (BREACH). Here nobody
else can have a page fetched that holds one: the session cookie is SameSite, secrets that last are shown once, in the
answer to a form, and no page repeats what a link from elsewhere says beside a lease's token.
"""

from starlette.middleware.gzip import GZipMiddleware
from starlette.types import ASGIApp, Receive, Scope, Send

LEVEL = 6
LEAST = 1_000  # bytes: less is one packet anyway
PLAIN = ("/api/", "/health/", "/metrics")  # annotators' answers are short and many, exports pack themselves


class Packed:
    """ASGI middleware: gzip for whoever takes it, of everything but what machines ask for."""

    def __init__(self, app: ASGIApp) -> None:
        self.app, self.packing = app, GZipMiddleware(app, LEAST, LEVEL)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        packs = scope["type"] == "http" and not scope["path"].startswith(PLAIN)
        await (self.packing if packs else self.app)(scope, receive, send)
