"""Errors as HTTP answers, one status for each: what the web app and the reward server share."""

import logging
from functools import partial
from http import HTTPStatus
from typing import Any, Protocol

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response

from app.domain import errors
from app.storage.session import Unavailable

logger = logging.getLogger(__name__)

STATUS = {
    errors.NotFound: 404,
    errors.Conflict: 409,
    errors.TooLarge: 413,
    errors.Invalid: 422,
    errors.Unauthenticated: 401,
    errors.Forbidden: 403,
    errors.TooManyAttempts: 429,
}


class Answer(Protocol):
    """Makes the response for whoever asked; `more` are further members of the problem."""

    def __call__(
        self, request: Request, status: int, detail: str, headers: dict[str, str] | None = None, **more: Any
    ) -> Response: ...


def problem(status: int, detail: str, headers: dict[str, str] | None = None, **more: Any) -> JSONResponse:
    """A problem details response (RFC 9457)."""
    body = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "detail": detail} | more
    return JSONResponse(body, status, headers=headers, media_type="application/problem+json")


def summary(found: list[dict[str, str]]) -> str:
    """What is wrong with which field, in one line."""
    return "; ".join(f"{entry['field']}: {entry['reason']}" if entry["field"] else entry["reason"] for entry in found)


def install(app: FastAPI, answer: Answer) -> None:
    """Registers handlers of everything that can go wrong; `answer` makes their responses."""
    for kind in STATUS:
        app.add_exception_handler(kind, partial(_domain, answer))
    app.add_exception_handler(Unavailable, partial(_unavailable, answer))
    app.add_exception_handler(HTTPException, partial(_http, answer))
    app.add_exception_handler(RequestValidationError, partial(_validation, answer))
    app.add_exception_handler(Exception, partial(_unexpected, answer))


def _domain(answer: Answer, request: Request, error: Exception) -> Response:
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
    request.state.error = error
    return answer(request, status, str(error), headers, **more)


def _unavailable(answer: Answer, request: Request, error: Exception) -> Response:
    logger.error("the database cannot be used", exc_info=error.__cause__)
    return answer(request, 503, str(error), {"Retry-After": "1"})


def _http(answer: Answer, request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101
    return answer(request, error.status_code, str(error.detail), dict(error.headers or {}))


def _validation(answer: Answer, request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)  # noqa: S101
    found = [
        {"field": ".".join(str(part) for part in entry["loc"][1:]), "reason": entry["msg"]} for entry in error.errors()
    ]
    request.state.error = error
    return answer(request, 422, summary(found), errors=found)


def _unexpected(answer: Answer, request: Request, error: Exception) -> Response:
    return answer(request, 500, "Something broke on our side. Nothing of this request was kept; try it again.")
