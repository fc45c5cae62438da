"""Batches: uploading them, looking at them, opening, pausing and closing them, and what was wrong in them."""

from typing import Any

from fastapi import APIRouter, Query, Request
from starlette.responses import RedirectResponse, Response

from app.domain import asking, batches, figures, groups
from app.domain.assignments import Task
from app.domain.errors import Conflict, Invalid, NotFound
from app.storage.base import LARGEST
from app.storage.batches import Batch
from app.storage.people import Person
from app.storage.projects import Project
from app.storage.session import Session
from app.vocabulary import BatchState
from app.web import sentences
from app.web.deps import Admin, Db, Id, InProject, Reviewer, look_again
from app.web.forms import Field, confirmed, perhaps_whole, whole
from app.web.judging import Filled, strengths
from app.web.richtext import render as rich
from app.web.tasks import shown
from app.web.templating import page

router = APIRouter(include_in_schema=False)
LISTED, SAMPLES = 1000, 2


@router.get("/projects/{slug}/batches/{batch_id}")
def show_batch(request: Request, person: Reviewer, project: InProject, session: Db, batch_id: Id) -> Response:
    """One batch: what to do next, its counts, its first comparisons, its row errors."""
    return _batch(request, session, person, project, batch_id)


@router.get("/projects/{slug}/batches/{batch_id}/preview")
def preview(
    request: Request,
    person: Reviewer,
    project: InProject,
    session: Db,
    batch_id: Id,
    n: int = Query(1, ge=1, le=LARGEST),
) -> Response:
    """The n-th of its comparisons, as annotators see it; raises NotFound. Where there is none one is sent to the batch."""
    batch = batches.get(session, project, batch_id)
    if not batch.comparisons:
        return RedirectResponse(f"/projects/{project.slug}/batches/{batch_id}", 303)
    found = batches.samples(session, batch, 1, n - 1)
    if not found:
        raise NotFound("Batch %(name)s has no comparison %(number)s.", name=batch.name, number=n)
    [sample] = found
    task = Task(0, sample.external_id, "", batch.created_at, sample.messages, sample.a, sample.b)
    context = {
        "person": person,
        "project": project,
        "batch": batch,
        "a": shown(task),
        "sample": sample,
        "n": n,
        "asks": asking.read(project.asks),
        "filled": Filled(),
        "strengths": strengths(),
        "guidelines": rich(project.guidelines) if project.guidelines.strip() else None,
    }
    return page(request, "preview.html", context)


@router.post("/projects/{slug}/batches/{batch_id}/state")
def change_state(
    request: Request,
    person: Admin,
    project: InProject,
    session: Db,
    batch_id: Id,
    state: Field = "",
    confirm: Field = "",
) -> Response:
    """Opens, pauses or closes it; with work left it is closed by whoever types its name."""
    batch = batches.get(session, project, batch_id)
    if state not in set(BatchState):
        raise Invalid("state", "must be one of %(known)s", known=", ".join(BatchState))
    try:
        if state == BatchState.closed and _left(session, project, batch):
            confirmed("close", confirm, batch.name)
        batches.change(session, batch, BatchState(state))
    except (Conflict, Invalid) as error:
        look_again(session)
        return _batch(request, session, person, project, batch_id, error)
    return RedirectResponse(f"/projects/{project.slug}/batches/{batch_id}", 303)


@router.post("/projects/{slug}/batches/{batch_id}/name")
def rename_batch(
    request: Request, person: Admin, project: InProject, session: Db, batch_id: Id, name: Field = ""
) -> Response:
    """Gives it another name."""
    try:
        batches.rename(session, batches.get(session, project, batch_id), name)
    except Invalid as error:
        look_again(session)
        return _batch(request, session, person, project, batch_id, error)
    return RedirectResponse(f"/projects/{project.slug}/batches/{batch_id}", 303)


@router.post("/projects/{slug}/batches/{batch_id}/deletion")
def delete_batch(
    request: Request, person: Admin, project: InProject, session: Db, batch_id: Id, confirm: Field = ""
) -> Response:
    """Takes a draft away that nobody has judged."""
    batch = batches.get(session, project, batch_id)
    try:
        confirmed("delete", confirm, batch.name)
        batches.delete(session, batch)
    except (Conflict, Invalid) as error:
        look_again(session)
        return _batch(request, session, person, project, batch_id, error)
    return RedirectResponse(f"/projects/{project.slug}/batches", 303)


@router.post("/projects/{slug}/batches/{batch_id}/rules")
def change_rules(
    request: Request,
    person: Admin,
    project: InProject,
    session: Db,
    batch_id: Id,
    priority: Field = "",
    max_per_annotator: Field = "",
    group_id: Field = "",
) -> Response:
    """Moves it forward or back in the queue, and says who is given how much of it."""
    batch = batches.get(session, project, batch_id)
    try:
        batches.configure(
            session,
            batch,
            priority=whole("priority", priority),
            max_per_annotator=perhaps_whole("max_per_annotator", max_per_annotator),
            group_id=perhaps_whole("group_id", group_id),
        )
    except Invalid as error:
        look_again(session)
        typed = {"priority": priority, "max_per_annotator": max_per_annotator, "group_id": group_id}
        return _batch(request, session, person, project, batch_id, error, typed)
    return RedirectResponse(f"/projects/{project.slug}/batches/{batch_id}", 303)


def _left(session: Session, project: Project, batch: Batch) -> int:
    """How many judgements the batch still wants."""
    done, total = batches.done(session, project).get(batch.id, (0, 0))
    return total - done


def _batch(
    request: Request,
    session: Session,
    person: Person,
    project: Project,
    batch_id: int,
    error: Invalid | Conflict | None = None,
    typed: dict[str, str] | None = None,
) -> Response:
    batch = batches.get(session, project, batch_id)
    context = {
        "person": person,
        "project": project,
        "tab": "Batches",
        "batch": batch,
        "done": batches.done(session, project).get(batch.id, (0, 0)),
        "judged": batches.judged(session, batch),
        "leaning": batches.leaning(session, batch),
        "errors": list(batches.errors(session, batch, LISTED)),
        "samples": [_shown(sample) for sample in batches.samples(session, batch, SAMPLES)],
        "agreement": sentences.agreement(figures.agreement(session, project, request.app.state.clock(), batch.id)),
        "groups": groups.everything(session),
        "typed": typed or _typed(batch),
        "error": error if isinstance(error, Invalid) else None,
        "conflict": error if isinstance(error, Conflict) else None,
    }
    status = 200 if error is None else 409 if isinstance(error, Conflict) else 422
    return page(request, "batch.html", context, status)


def _shown(sample: batches.Sample) -> dict[str, Any]:
    return {
        "turns": [{"role": turn["role"], "html": rich(turn["content"])} for turn in sample.messages],
        "sides": [rich(text) if text.strip() else None for text in (sample.a, sample.b)],
        "name": sample.external_id or f"#{sample.id}",
        "gold": sample.gold,
    }


def _typed(batch: Batch) -> dict[str, str]:
    limit, group = batch.max_per_annotator, batch.group_id
    return {
        "priority": str(batch.priority),
        "max_per_annotator": "" if limit is None else str(limit),
        "group_id": "" if group is None else str(group),
    }
