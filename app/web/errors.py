"""Errors as the web app answers them: problem details (RFC 9457) for the API, a page for people."""

from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from fastapi import FastAPI, Request
from starlette.responses import RedirectResponse, Response

from app import problems
from app.domain.errors import DomainError, Invalid
from app.web.languages import gettext, said
from app.web.listing import continued
from app.web.security import HEADERS
from app.web.templating import page

MACHINES = ("/api/", "/health/", "/metrics")
# outside of a request this is English, so what stands here is what the catalogues translate
TITLES = {
    403: gettext("Forbidden"),
    404: gettext("Not Found"),
    405: gettext("Method Not Allowed"),
    409: gettext("Conflict"),
    413: gettext("Content Too Large"),
    422: gettext("Unprocessable Content"),
    429: gettext("Too Many Requests"),
    500: gettext("Internal Server Error"),
    503: gettext("Service Unavailable"),
}


def install(app: FastAPI) -> None:
    """Registers the handlers."""
    problems.install(app, answer)


def answer(request: Request, status: int, detail: str, headers: dict[str, str] | None = None, **more: Any) -> Response:
    """The error for whoever asked."""
    if status == 500:  # what was not expected is answered outside of the middleware Security
        named = {"X-Request-ID": request.scope["request_id"]}
        headers = (headers or {}) | HEADERS | named | {"Cache-Control": "no-store"}
    if request.url.path.startswith(MACHINES):
        return problems.problem(status, detail, headers, **more)
    if status == 401 and request.method in ("GET", "HEAD"):
        return RedirectResponse("/sign-in?next=" + quote(continued(request, request.url.path)), 303)
    title = TITLES.get(status, HTTPStatus(status).phrase)
    context = {"person": None, "status": status, "title": gettext(title)}
    response = page(request, "error.html", context | {"detail": _said(request, detail)}, status)
    response.headers.update(headers or {})
    return response


def _said(request: Request, detail: str) -> str:
    """What happened in the reader's language."""
    error: DomainError | None = getattr(request.state, "error", None)
    if error is None:
        return gettext(detail)
    return f"{error.field}: {said(error)}" if isinstance(error, Invalid) and error.field else said(error)
