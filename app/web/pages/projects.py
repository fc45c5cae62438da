"""Making a project, and its settings."""

import hashlib
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from app.domain import audit, effects, projects
from app.domain.audit import Wanted
from app.domain.errors import Conflict, Invalid
from app.storage.audit import Entry
from app.storage.people import Person
from app.storage.projects import Project
from app.storage.session import Session
from app.vocabulary import Act, Asked
from app.web import setting
from app.web.deps import Admin, Db, InProject, Now, look_again, reads
from app.web.forms import Field
from app.web.richtext import render as rich
from app.web.setting import Typed
from app.web.templating import page

router = APIRouter(include_in_schema=False)
Posted = Annotated[Typed, Form()]


@router.get("/projects/new")
def new_project(request: Request, person: Admin) -> Response:
    """The form."""
    return _new(request, person, Typed())


@router.post("/projects")
def create_project(request: Request, person: Admin, session: Db, now: Now, typed: Posted) -> Response:
    """Makes a project and goes to it; what does not make sense is said at its field."""
    try:
        project = projects.create(session, typed.slug.strip(), now=now, **vars(setting.read(typed)))
    except Invalid as error:
        look_again(session)
        return _new(request, person, typed, error)
    except Conflict:
        look_again(session)
        return _new(request, person, typed, Invalid("slug", "is that of another project"))
    return RedirectResponse(f"/projects/{project.slug}", 303)


@router.get("/projects/{slug}/settings")
def show_settings(request: Request, person: Admin, project: InProject, saved: bool = False) -> Response:
    """What may be set, each with what it does."""
    return _settings(request, person, project, setting.written(projects.settings(project)), saved=saved)


@router.post("/projects/{slug}/settings")
def change_settings(
    request: Request, person: Admin, project: InProject, session: Db, now: Now, typed: Posted
) -> Response:
    """Sets them: unless somebody else did meanwhile, and not before one has seen what would surprise whoever works."""
    present = projects.settle(session, project)
    try:
        wanted = projects.checked(project, setting.read(typed))
    except Invalid as error:
        look_again(session)
        return _settings(request, person, project, typed, 422, error=error)
    wanted, clashes = setting.merged(typed.seen, wanted, present)
    if clashes:
        typed = setting.written(wanted).model_copy(update={"seen": setting.marks(present)})
        look_again(session)
        return _settings(request, person, project, typed, 409, clashes=clashes, other=_last_change(session, project))
    warnings = setting.warnings(effects.of(session, project, wanted, now))
    mark = hashlib.sha256(setting.marks(wanted).encode()).hexdigest()[:10]
    if warnings and typed.confirmed != mark:
        look_again(session)
        return _settings(request, person, project, typed, warnings=warnings, mark=mark)
    projects.configure(project, wanted, now)
    return RedirectResponse(f"/projects/{project.slug}/settings?saved=1", 303)


@router.post("/guidelines-preview")
@reads
def preview(person: Admin, guidelines: Field = "") -> Response:
    """Guidelines as annotators would read them, for the script beside the text."""
    return HTMLResponse(rich(guidelines[: projects.LONGEST_GUIDELINES]))


def _last_change(session: Session, project: Project) -> Entry | None:
    wanted = Wanted(project_id=project.id, action=Act.project_changed)
    return next(iter(audit.newest(session, wanted, 1)), None)


def _new(request: Request, person: Person, typed: Typed, error: Invalid | None = None) -> Response:
    context = {"person": person, "typed": typed, "error": error, "preview": _rendered(typed), "asked": list(Asked)}
    return page(request, "project_new.html", context, 422 if error else 200)


def _settings(
    request: Request, person: Person, project: Project, typed: Typed, status: int = 200, **more: Any
) -> Response:
    context = {
        "person": person,
        "project": project,
        "tab": "Settings",
        "typed": typed,
        "preview": _rendered(typed),
        "asked": list(Asked),
        "error": None,
        "saved": False,
        "clashes": [],
        "other": None,
        "warnings": [],
        "mark": "",
    }
    return page(request, "settings.html", context | more, status)


def _rendered(typed: Typed) -> str:
    return rich(typed.guidelines.replace("\r\n", "\n"))
