"""The web application: API v1, pages, static files."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.staticfiles import StaticFiles
from starlette.types import Scope

from app.settings import Settings
from app.storage.session import make_engine, make_sessions
from app.web import errors
from app.web.api import assignments, batches, exporting, people, projects, training
from app.web.security import Security
from app.web.templating import STATIC

PROBLEM = {"description": "Problem details (RFC 9457)", "content": {"application/problem+json": {}}}
ANSWERS: dict[int | str, dict[str, Any]] = dict.fromkeys((401, 403, 404, 409, 422), PROBLEM)


class Static(StaticFiles):
    """Static files that browsers keep, since their URLs change with their content."""

    async def get_response(self, path: str, scope: Scope) -> Any:
        response = await super().get_response(path, scope)
        if b"v=" in scope["query_string"]:
            response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        return response


def create_app(settings: Settings, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> FastAPI:
    """The application on a migrated database; knows no global state."""
    app = FastAPI(title="Touchstone", version="1", docs_url=None, redoc_url=None, openapi_url="/api/v1/openapi.json")
    app.state.settings, app.state.clock = settings, clock
    app.state.sessions = make_sessions(make_engine(settings.url))
    api = APIRouter(prefix="/api/v1", responses=ANSWERS)
    for module in (people, projects, batches, assignments, exporting, training):
        api.include_router(module.router)
    app.include_router(api)
    app.mount("/static", Static(directory=STATIC), name="static")
    errors.install(app)
    app.add_middleware(Security)
    return app
