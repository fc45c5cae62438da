"""Domain errors as HTTP: problem details (RFC 9457) for the API, a page for people."""

from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, RedirectResponse, Response

from app.domain import errors
from app.web.templating import page

STATUS = {
    errors.NotFound: 404,
    errors.Conflict: 409,
    errors.Invalid: 422,
    errors.Unauthenticated: 401,
    errors.Forbidden: 403,
    errors.TooManyAttempts: 429,
}


def install(app: FastAPI) -> None:
    """Registers the handlers."""
    for kind in STATUS:
        app.add_exception_handler(kind, _domain)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(RequestValidationError, _validation)
    app.add_exception_handler(Exception, _unexpected)


def problem(status: int, detail: str, headers: dict[str, str] | None = None, **more: Any) -> JSONResponse:
    """A problem details response."""
    body = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail} | more
    return JSONResponse(body, status, headers=headers, media_type="application/problem+json")


def answer(request: Request, status: int, detail: str, headers: dict[str, str] | None = None, **more: Any) -> Response:
    """The error for whoever asked."""
    if request.url.path.startswith("/api/"):
        return problem(status, detail, headers, **more)
    if status == 401 and request.method in ("GET", "HEAD"):
        return RedirectResponse("/sign-in?next=" + quote(request.url.path), 303)
    title = HTTPStatus(status).phrase
    response = page(request, "error.html", {"person": None, "status": status, "title": title, "detail": detail}, status)
    response.headers.update(headers or {})
    return response


def _domain(request: Request, error: Exception) -> Response:
    status = next(STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)
    headers: dict[str, str] = {}
    more: dict[str, Any] = {}
    if isinstance(error, errors.TooManyAttempts):
        headers["Retry-After"] = str(error.retry_after)
    if isinstance(error, errors.Unauthenticated):
        headers["WWW-Authenticate"] = "Bearer"
    if isinstance(error, errors.Invalid):
        more["errors"] = [{"field": error.field, "reason": error.reason}]
    if isinstance(error, errors.DuplicateUpload):
        more["batch"] = error.batch_id
    return answer(request, status, str(error), headers, **more)


def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101
    return answer(request, error.status_code, str(error.detail), dict(error.headers or {}))


def _validation(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101
    found = [
        {"field": ".".join(str(part) for part in entry["loc"][1:]), "reason": entry["msg"]} for entry in error.errors()
    ]
    detail = "; ".join(f"{entry['field']}: {entry['reason']}" for entry in found)
    return answer(request, 422, detail, errors=found)


def _unexpected(request: Request, error: Exception) -> Response:
    return answer(request, 500, "Something broke on our side. Nothing of this request was kept; try it again.")
