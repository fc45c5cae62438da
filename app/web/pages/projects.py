"""Making a project, and its settings."""

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from app.domain import projects
from app.domain.errors import Conflict, Invalid
from app.storage.people import Person
from app.storage.projects import Project
from app.web.deps import Admin, Db, InProject, Now
from app.web.forms import Field, perhaps_whole, whole
from app.web.richtext import render as rich
from app.web.templating import page

router = APIRouter(include_in_schema=False)


@router.get("/projects/new")
def new_project(request: Request, person: Admin) -> Response:
    """The form."""
    typed = {"slug": "", "name": ""} | _typed("1", "", "", "0", "", "")
    return page(request, "project_new.html", {"person": person, "typed": typed, "error": None})


@router.post("/projects")
def create_project(
    request: Request,
    person: Admin,
    session: Db,
    now: Now,
    slug: Field = "",
    name: Field = "",
    overlap: Field = "1",
    guidelines: Field = "",
    base_model: Field = "",
    retrain_every: Field = "0",
    max_per_annotator: Field = "",
    spread: Field = "",
) -> Response:
    """Makes a project and goes to it; what does not make sense is said at its field."""
    typed = {"slug": slug, "name": name} | _typed(
        overlap, guidelines, base_model, retrain_every, max_per_annotator, spread
    )
    try:
        project = projects.create(
            session,
            slug.strip(),
            name,
            now,
            overlap=whole("overlap", overlap),
            guidelines=_text(guidelines),
            base_model=base_model,
            retrain_every=whole("retrain_every", retrain_every),
            max_per_annotator=perhaps_whole("max_per_annotator", max_per_annotator),
            spread=bool(spread),
        )
    except (Invalid, Conflict) as error:
        session.rollback()
        wrong = error if isinstance(error, Invalid) else Invalid("slug", str(error))
        return page(request, "project_new.html", {"person": person, "typed": typed, "error": wrong}, 422)
    return RedirectResponse(f"/projects/{project.slug}", 303)


@router.get("/projects/{slug}/settings")
def show_settings(request: Request, person: Admin, project: InProject, saved: bool = False) -> Response:
    """What may be set, each with what it does."""
    return _settings(request, person, project, _typed_of(project), saved=saved)


@router.post("/projects/{slug}/settings")
def change_settings(
    request: Request,
    person: Admin,
    project: InProject,
    session: Db,
    name: Field = "",
    overlap: Field = "1",
    guidelines: Field = "",
    base_model: Field = "",
    retrain_every: Field = "0",
    max_per_annotator: Field = "",
    spread: Field = "",
) -> Response:
    """Sets them."""
    typed = {"name": name} | _typed(overlap, guidelines, base_model, retrain_every, max_per_annotator, spread)
    try:
        projects.configure(
            project,
            name=name,
            overlap=whole("overlap", overlap),
            guidelines=_text(guidelines),
            base_model=base_model,
            retrain_every=whole("retrain_every", retrain_every),
            max_per_annotator=perhaps_whole("max_per_annotator", max_per_annotator),
            spread=bool(spread),
        )
    except Invalid as error:
        session.rollback()
        return _settings(request, person, project, typed, error)
    return RedirectResponse(f"/projects/{project.slug}/settings?saved=1", 303)


def _settings(
    request: Request,
    person: Person,
    project: Project,
    typed: dict[str, str],
    error: Invalid | None = None,
    saved: bool = False,
) -> Response:
    guidelines = project.guidelines.strip()
    context = {
        "person": person,
        "project": project,
        "tab": "Settings",
        "typed": typed,
        "error": error,
        "saved": saved,
        "preview": rich(guidelines) if guidelines else None,
    }
    return page(request, "settings.html", context, 422 if error else 200)


def _typed(
    overlap: str, guidelines: str, base_model: str, retrain_every: str, max_per_annotator: str, spread: str
) -> dict[str, str]:
    return {
        "overlap": overlap,
        "guidelines": guidelines,
        "base_model": base_model,
        "retrain_every": retrain_every,
        "max_per_annotator": max_per_annotator,
        "spread": spread,
    }


def _typed_of(project: Project) -> dict[str, str]:
    limit = "" if project.max_per_annotator is None else str(project.max_per_annotator)
    spread = "1" if project.spread else ""
    return {"name": project.name} | _typed(
        str(project.overlap), project.guidelines, project.base_model, str(project.retrain_every), limit, spread
    )


def _text(typed: str) -> str:
    """Browsers send lines that end in CRLF."""
    return typed.replace("\r\n", "\n")
