"""The page that annotators sit in front of, and the plain form that it is without JavaScript."""

import uuid
from typing import Annotated

from fastapi import APIRouter, Form, Request
from starlette.responses import RedirectResponse, Response

from app.domain import assignments, preferences, projects
from app.domain.errors import Invalid
from app.storage.base import LARGEST
from app.vocabulary import SkipReason
from app.web.deps import Annotator, Config, Db, InProject, Now, Writer
from app.web.richtext import render as rich
from app.web.tasks import shown
from app.web.templating import page

router = APIRouter(include_in_schema=False)
AHEAD = 4
ANSWERS: dict[str, tuple[int, bool | None]] = {str(key): (key - 4, None) for key in range(1, 8)}
ANSWERS |= {"x": (0, False), "g": (0, True)}
Field = Annotated[str, Form()]


@router.get("/projects/{slug}/annotate")
def annotate(
    request: Request, person: Annotator, project: InProject, session: Writer, now: Now, settings: Config
) -> Response:
    """The comparison that the annotator holds, with the next ones behind it."""
    tasks = assignments.resume(session, project.id, person.id, AHEAD, now, settings.lease)
    progress = projects.progress(session, project, person.id)
    session.commit()  # rendering takes a while, and nobody may wait for it
    context = {
        "person": person,
        "project": project,
        "progress": progress,
        "guidelines": rich(project.guidelines) if project.guidelines.strip() else None,
        "tasks": [shown(task) for task in tasks],
        "ahead": AHEAD,
        "answer_id": uuid.uuid4(),
        "reasons": list(SkipReason),
    }
    return page(request, "annotate.html", context)


@router.post("/projects/{slug}/annotate")
def answer(
    person: Annotator,
    project: InProject,
    session: Db,
    now: Now,
    settings: Config,
    assignment: Annotated[int, Form(ge=0, le=LARGEST)] = 0,
    lease_token: Field = "",
    id: Field = "",
    answer: Field = "",
    skip: Field = "",
    undo: Field = "",
) -> Response:
    """One press of a button: an answer, a skip or an undo."""
    if undo:
        preferences.withdraw_last(session, project.id, person.id, now, settings.lease)
    elif skip:
        assignments.skip(session, assignment, person.id, lease_token, skip)
    elif answer in ANSWERS:
        strength, acceptable = ANSWERS[answer]
        given = preferences.Answer(id, lease_token, strength, acceptable, acceptable)
        preferences.submit(session, assignment, person.id, given, now)
    else:
        raise Invalid("answer", "must be one of " + ", ".join(ANSWERS))
    return RedirectResponse(f"/projects/{project.slug}/annotate", 303)
