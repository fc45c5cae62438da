"""The web application: API v1, pages, static files."""

from asyncio import Semaphore
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter, FastAPI
from fastapi.staticfiles import StaticFiles
from starlette.datastructures import State
from starlette.types import Scope

from app.operations.requests import Observed
from app.settings import Settings
from app.storage.session import make_engine, make_sessions
from app.web import errors, operations
from app.web.api import (
    assignments,
    audit,
    batches,
    comparisons,
    description,
    exporting,
    groups,
    leases,
    people,
    projects,
    training,
)
from app.web.desks import Desks
from app.web.janitor import janitor
from app.web.languages import Language
from app.web.packing import Packed
from app.web.pages import (
    annotate,
    guidelines,
    home,
    inviting,
    judgements,
    overview,
    practice,
    qualifications,
    quality,
    quiz,
    signing,
    uploading,
)
from app.web.pages import audit as audit_pages
from app.web.pages import batches as batch_pages
from app.web.pages import comparisons as comparison_pages
from app.web.pages import exporting as export_pages
from app.web.pages import groups as group_pages
from app.web.pages import leases as lease_pages
from app.web.pages import people as people_pages
from app.web.pages import projects as project_pages
from app.web.pages import run_charts as run_chart_pages
from app.web.pages import run_pairs as run_pair_pages
from app.web.pages import runs as run_pages
from app.web.pages import training as training_pages
from app.web.security import Security
from app.web.streams import Streams
from app.web.templating import STATIC, digest

SLOTS = 16  # requests that hold a connection at the same time, beside those of annotators


class Static(StaticFiles):
    """Static files that browsers keep, since their URLs change with their content."""

    async def get_response(self, path: str, scope: Scope) -> Any:
        response = await super().get_response(path, scope)
        # beside another version of the app, a page may ask for a file that this one has otherwise
        own = scope["query_string"] == f"v={digest(path)}".encode()
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable" if own else "no-cache"
        return response


def equipped(settings: Settings, clock: Callable[[], datetime]) -> State:
    """All that an application remembers, of a migrated database."""
    sessions = make_sessions(make_engine(settings.url))
    kept = {"settings": settings, "clock": clock, "sessions": sessions, "slots": Semaphore(SLOTS)}
    return State(kept | {"desks": Desks(sessions), "streams": Streams()})


def create_app(settings: Settings, clock: Callable[[], datetime] = lambda: datetime.now(UTC)) -> FastAPI:
    """The application on a migrated database; knows no global state."""
    app = FastAPI(title="Touchstone", version="1", docs_url=None, redoc_url=None, openapi_url=None, lifespan=janitor)
    app.state = equipped(settings, clock)
    api = APIRouter(prefix="/api/v1", responses=description.ANSWERS)
    # the first is found first, and nearly all requests are for it
    nouns = (assignments, people, groups, projects, batches, comparisons, leases, exporting, training, audit)
    for module in (*nouns, description):
        api.include_router(module.router)
    app.include_router(api)
    project = (
        project_pages,
        overview,
        uploading,
        batch_pages,
        comparison_pages,
        lease_pages,
        quality,
        training_pages,
        run_pair_pages,  # what is compared comes before what is one run
        run_pages,
        run_chart_pages,
        export_pages,
    )
    onboarding = (guidelines, practice, quiz, qualifications)
    accounts = (inviting, people_pages, group_pages, audit_pages)
    for pages in (signing, home, annotate, judgements, *onboarding, *project, *accounts):
        app.include_router(pages.router)
    app.include_router(operations.router)
    app.mount("/static", Static(directory=STATIC), name="static")
    errors.install(app)
    app.add_middleware(Packed)
    app.add_middleware(Security)
    app.add_middleware(Language)
    app.add_middleware(Observed)
    return app
