"""Errors as the web app answers them: problem details (RFC 9457) for the API, a page for people."""

from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.responses import RedirectResponse, Response

from app import problems
from app.domain.errors import DomainError, Invalid
from app.web.deps import credential
from app.web.languages import gettext
from app.web.listing import continued
from app.web.names import said
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
REASONS = {
    "missing": gettext("is missing"),
    "int_parsing": gettext("must be a whole number"),
    "greater_than_equal": gettext("must be %(ge)s or more"),
    "less_than_equal": gettext("must be %(le)s or less"),
}
SENSELESS = gettext("makes no sense")
MISREAD = gettext("What was asked for makes no sense here. Nothing was changed.")


def install(app: FastAPI) -> None:
    """Registers the handlers."""
    problems.install(app, answer)


def answer(request: Request, status: int, detail: str, headers: dict[str, str] | None = None, **more: Any) -> Response:
    """The error for whoever asked: a program reads English, and whoever has signed in in a browser their own language."""
    if status == 500:  # what was not expected is answered outside of the middleware Security
        named = {"X-Request-ID": request.scope["request_id"]}
        headers = (headers or {}) | HEADERS | named | {"Cache-Control": "no-store"}
    error = getattr(request.state, "error", None)
    if request.url.path.startswith(MACHINES):
        if (credential(request) or ("",))[0] == "session":
            detail, more = _translated(error, detail, more)
        return problems.problem(status, detail, headers, **more)
    if status == 401 and request.method == "GET":
        return RedirectResponse("/sign-in?next=" + quote(continued(request, request.url.path)), 303)
    if isinstance(error, RequestValidationError):
        nowhere = any(entry["loc"][0] == "path" for entry in error.errors())
        status, detail, error = (404, "Not Found", None) if nowhere else (status, MISREAD, None)
    title = TITLES.get(status, HTTPStatus(status).phrase)
    context = {"person": None, "status": status, "title": gettext(title), "detail": _translated(error, detail, more)[0]}
    response = page(request, "error.html", context, status)
    response.headers.update(headers or {})
    return response


def _translated(error: Exception | None, detail: str, more: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """What happened in the reader's language, and the same of the problem's further members."""
    if isinstance(error, Invalid):
        reasons = [said(error)]
    elif isinstance(error, RequestValidationError):
        reasons = [_reason(entry["type"], entry.get("ctx") or {}) for entry in error.errors()]
    else:
        return said(error if isinstance(error, DomainError) else detail), more
    found = [entry | {"reason": reason} for entry, reason in zip(more["errors"], reasons, strict=True)]
    return problems.summary(found), more | {"errors": found}


def _reason(kind: str, values: dict[str, Any]) -> str:
    """Why pydantic refuses a value."""
    return gettext(REASONS.get(kind, SENSELESS)) % values
