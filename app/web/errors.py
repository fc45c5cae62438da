"""Errors as the web app answers them: problem details (RFC 9457) for the API, a page for people."""

from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from fastapi import FastAPI, Request
from starlette.responses import RedirectResponse, Response

from app import problems
from app.domain.errors import DomainError, Invalid
from app.web.languages import gettext, said
from app.web.security import HEADERS
from app.web.templating import page

MACHINES = ("/api/", "/health/", "/metrics")


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
        return RedirectResponse("/sign-in?next=" + quote(request.url.path), 303)
    context = {"person": None, "status": status, "title": gettext(HTTPStatus(status).phrase)}
    response = page(request, "error.html", context | {"detail": _said(request, detail)}, status)
    response.headers.update(headers or {})
    return response


def _said(request: Request, detail: str) -> str:
    """What happened in the reader's language."""
    error: DomainError | None = getattr(request.state, "error", None)
    if error is None:
        return gettext(detail)
    return f"{error.field}: {said(error)}" if isinstance(error, Invalid) and error.field else said(error)
