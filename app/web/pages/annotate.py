"""The page that annotators sit in front of, and the plain form that it is without JavaScript."""

import uuid
from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Depends, Form, Request
from starlette.datastructures import FormData
from starlette.responses import RedirectResponse, Response

from app.domain import asking, assignments, guidelines, preferences, projects, qualifications
from app.domain.errors import Invalid
from app.storage.base import LARGEST
from app.storage.people import Person
from app.storage.projects import Project
from app.storage.session import Session
from app.vocabulary import Flag, SkipReason
from app.web import judging
from app.web.deps import Annotator, Config, Db, InProject, Now, Writer
from app.web.forms import Field
from app.web.guides import guide
from app.web.judging import Filled
from app.web.tasks import shown
from app.web.templating import page

router = APIRouter(include_in_schema=False)
AHEAD = 4


async def posted(request: Request) -> FormData:
    """All fields of the form: which there are depends on the project."""
    return await request.form()


Posted = Annotated[FormData, Depends(posted)]


@router.get("/projects/{slug}/annotate")
def annotate(
    request: Request, person: Annotator, project: InProject, session: Writer, now: Now, settings: Config
) -> Response:
    """The comparison that the annotator holds, with the next ones behind it; the quiz for whoever has to pass it first,
    and holds nothing."""
    shut = qualifications.missing(session, project, person.id)
    if shut and not assignments.holds(session, project.id, person.id, now):
        return RedirectResponse(f"/projects/{project.slug}/quiz", 303)
    return _desk(request, person, project, session, now, settings.lease)


@router.post("/projects/{slug}/annotate")
def answer(
    request: Request,
    person: Annotator,
    project: InProject,
    session: Db,
    now: Now,
    settings: Config,
    form: Posted,
    assignment: Annotated[int, Form(ge=0, le=LARGEST)] = 0,
    lease_token: Field = "",
    id: Field = "",
    skip: Field = "",
    undo: Field = "",
) -> Response:
    """One press of a button: an answer, a skip or an undo. What is missing in an answer is said, and the rest kept."""
    if undo:
        preferences.undo(session, project.id, person.id, now, settings.lease)
    elif skip:
        assignments.skip(session, assignment, person.id, lease_token, skip)
    else:
        filled = judging.filled(form)
        try:
            preferences.submit(session, assignment, person.id, judging.given(filled, id, lease_token), now)
        except Invalid as error:
            session.rollback()
            return _desk(request, person, project, session, now, settings.lease, assignment, filled, error)
    return RedirectResponse(f"/projects/{project.slug}/annotate", 303)


def _desk(
    request: Request,
    person: Person,
    project: Project,
    session: Session,
    now: datetime,
    lease: timedelta,
    of: int = 0,
    filled: Filled | None = None,
    error: Invalid | None = None,
) -> Response:
    """`filled` is what was typed for the assignment `of`: it comes first, and where it is no longer held, so is that."""
    tasks = assignments.resume(session, project.id, person.id, AHEAD, now, lease)
    tasks.sort(key=lambda task: task.id != of)
    if not (tasks and tasks[0].id == of):
        filled = None
    progress = projects.progress(session, [project], person.id)[project.id]
    found = guidelines.read_by(session, project, person.id)
    session.commit()  # rendering takes a while, and nobody may wait for it
    context = {
        "person": person,
        "project": project,
        "progress": progress,
        "guide": guide(found),
        "tasks": [shown(task) for task in tasks],
        "ahead": AHEAD,
        "answer_id": uuid.uuid4(),
        "reasons": list(SkipReason),
        "wrong": judging.complaint(error) if error else "",
    }
    return page(request, "annotate.html", context | form_of(project, filled), 422 if error else 200)


def form_of(project: Project, filled: Filled | None) -> dict[str, object]:
    """What the template of the form needs: _judge.html."""
    return {
        "asks": asking.read(project.asks),
        "strengths": judging.strengths(),
        "filled": filled or Filled(),
        "flags": list(Flag),
    }
