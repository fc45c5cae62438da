"""What API v1 offers, in the words of OpenAPI."""

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse

from app.web.deps import PUBLIC

PROBLEM: dict[str, Any] = {"description": "Problem details (RFC 9457)", "content": {"application/problem+json": {}}}
ANSWERS: dict[int | str, dict[str, Any]] = dict.fromkeys((400, 401, 403, 404, 409, 413, 422, 503), PROBLEM)
router = APIRouter()


def lines(kind: str, description: str) -> dict[int | str, dict[str, Any]]:
    """The answer of a route that gives text of that kind and no JSON."""
    return {200: {"description": description, "content": {kind: {"schema": {"type": "string"}}}}}


@router.get("/openapi.json", include_in_schema=False, dependencies=[PUBLIC])
def describe(request: Request) -> JSONResponse:
    """The description, for everyone: it holds nothing of any project."""
    found = request.app.openapi()
    schemes = {"token": {"type": "http", "scheme": "bearer"}}
    components = found["components"] | {"securitySchemes": schemes}
    return JSONResponse(found | {"components": components, "security": [{"token": []}]})
