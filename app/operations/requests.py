"""Each request has an id, leaves a line in the log, and is counted."""

import logging
import re
import secrets
import time

from fastapi.routing import iter_route_contexts
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.operations import metrics
from app.operations.logs import request_id

HEADER = b"x-request-id"
METHODS = {"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"}
QUIET = ("/health/", "/static")  # routes that are asked for all the time by machines
CUT = 499  # what nobody was answered with, since one of both ends went away
_clean = re.compile(rb"[A-Za-z0-9._-]{1,64}").fullmatch
log = logging.getLogger("touchstone.requests")


class Observed:
    """ASGI middleware, the outermost. The id is the client's, when that is short and clean, or a new one; the response
    names it. The line and the counts name the template of the path: paths and queries may hold what is secret."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self._templates: dict[int, str] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began, status = time.perf_counter(), 0
        given = next((value for name, value in scope["headers"] if name == HEADER), b"")
        header = given if _clean(given) else secrets.token_hex(8).encode()
        scope["request_id"] = header.decode()
        request_id.set(scope["request_id"])

        async def named(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message.get("headers", ()), (HEADER, header)]
            await send(message)

        failed = False
        try:
            await self.app(scope, receive, named)
        except Exception:
            status, failed = 500, True
            raise
        finally:
            self._tell(scope, status or CUT, time.perf_counter() - began, failed)

    def _tell(self, scope: Scope, status: int, seconds: float, failed: bool) -> None:
        method = scope["method"] if scope["method"] in METHODS else "other"
        route = self._template(scope)
        metrics.request(method, route, status, seconds)
        level = logging.ERROR if failed else logging.DEBUG if route.startswith(QUIET) else logging.INFO
        if log.isEnabledFor(level):
            fields = {
                "request_id": scope["request_id"],
                "method": method,
                "route": route,
                "status": status,
                "ms": round(1000 * seconds, 1),
                "person": scope.get("person_id"),
            }
            line = "%s %s %d in %.1f ms"
            log.log(level, line, method, route, status, 1000 * seconds, exc_info=failed, extra={"fields": fields})

    def _template(self, scope: Scope) -> str:
        if not self._templates:
            self._templates = {
                id(one.original_route): one.path or "" for one in iter_route_contexts(scope["app"].routes)
            }
        mounted: str = scope.get("root_path", "")
        return self._templates.get(id(scope.get("route")), mounted)
