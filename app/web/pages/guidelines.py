"""The guidelines of a project: what holds, what changed since one read them last, and what held before."""

from typing import Annotated

from fastapi import APIRouter, Form, Path, Request
from starlette.responses import RedirectResponse, Response

from app.domain import guidelines, onboarding
from app.storage.base import LARGEST
from app.web.deps import Annotator, Db, InProject, Now
from app.web.guides import guide
from app.web.richtext import render as rich
from app.web.templating import page

router = APIRouter(include_in_schema=False)
Number = Annotated[int, Path(ge=1, le=LARGEST)]


@router.get("/projects/{slug}/guidelines")
def show_guidelines(request: Request, person: Annotator, project: InProject, session: Db) -> Response:
    """The present version, with what is new in it."""
    context = {
        "person": person,
        "project": project,
        "guide": guide(guidelines.read_by(session, project, person.id)),
        "steps": onboarding.steps(session, [project], person.id)[project.id],
        "versions": guidelines.versions(session, project),
    }
    return page(request, "guidelines.html", context)


@router.get("/projects/{slug}/guidelines/{number}")
def show_version(request: Request, person: Annotator, project: InProject, session: Db, number: Number) -> Response:
    """A version as it was."""
    found = guidelines.version(session, project, number)
    context = {
        "person": person,
        "project": project,
        "found": found,
        "html": rich(found.text) if found.text.strip() else None,
        "versions": guidelines.versions(session, project),
    }
    return page(request, "guidelines_version.html", context)


@router.post("/projects/{slug}/guidelines/reading")
def note_reading(
    person: Annotator,
    project: InProject,
    session: Db,
    now: Now,
    number: Annotated[int, Form(ge=0, le=LARGEST)] = 0,
) -> Response:
    """Remembers that the version with that number is read."""
    guidelines.note_reading(session, project, person.id, number, now)
    return RedirectResponse(f"/projects/{project.slug}/guidelines", 303)
