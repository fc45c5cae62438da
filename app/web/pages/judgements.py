"""One's own judgements: to look at again, and to change while the batch is open."""

import uuid

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from app.domain import asking, own, preferences
from app.domain.errors import Conflict, Invalid
from app.storage.people import Person
from app.storage.projects import Project
from app.storage.session import Session
from app.web import judging
from app.web.deps import Annotator, Db, Id, InProject, Now, look_again
from app.web.forms import Field
from app.web.judging import Filled
from app.web.pages.annotate import Posted, form_of
from app.web.tasks import shown
from app.web.templating import page

router = APIRouter(include_in_schema=False)
LISTED = 25


@router.get("/projects/{slug}/judgements")
def list_judgements(
    request: Request,
    person: Annotator,
    project: InProject,
    session: Db,
    before: uuid.UUID | None = None,
) -> Response:
    """What one has judged in this project, the newest first."""
    found = own.newest(session, project.id, person.id, str(before) if before else None, LISTED + 1)
    context = {
        "person": person,
        "project": project,
        "judgements": found[:LISTED],
        "before": before,
        "more": found[LISTED - 1].answer.id if len(found) > LISTED else None,
        "strengths": judging.strengths(),
    }
    return page(request, "judgements.html", context)


@router.get("/projects/{slug}/judgements/{assignment_id}")
def show_judgement(request: Request, person: Annotator, project: InProject, session: Db, assignment_id: Id) -> Response:
    """One of them, with what was compared and the form to change it."""
    return _judgement(request, person, project, session, assignment_id)


@router.post("/projects/{slug}/judgements/{assignment_id}")
def change_judgement(
    request: Request,
    person: Annotator,
    project: InProject,
    session: Db,
    now: Now,
    assignment_id: Id,
    form: Posted,
    id: Field = "",
    lease_token: Field = "",
) -> Response:
    """Puts another answer in its place; the one before is kept in its history."""
    filled = judging.filled(form)
    try:
        answer = judging.given(filled, id, lease_token)
        answer = own.amended(project, own.one(session, project.id, person.id, assignment_id), answer)
        preferences.submit(session, assignment_id, person.id, answer, now)
    except (Invalid, Conflict) as error:
        look_again(session)
        return _judgement(request, person, project, session, assignment_id, filled, error)
    return RedirectResponse(f"/projects/{project.slug}/judgements", 303)


def _judgement(
    request: Request,
    person: Person,
    project: Project,
    session: Session,
    assignment_id: int,
    filled: Filled | None = None,
    error: Invalid | Conflict | None = None,
) -> Response:
    found = own.one(session, project.id, person.id, assignment_id)
    context = {
        "person": person,
        "project": project,
        "found": found,
        "a": shown(found.task),
        "answer_id": uuid.uuid4(),
        "wrong": judging.complaint(error) if error else "",
    }
    filled = filled or judging.refilled(found.answer, asking.read(project.asks))
    status = 200 if error is None else 409 if isinstance(error, Conflict) else 422
    return page(request, "judgement.html", context | form_of(project, filled), status)
