"""Batches: uploading them, opening, pausing and closing them, and what was wrong in them."""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from starlette.responses import RedirectResponse, Response

from app.domain import batches, groups, importing, quality
from app.domain.errors import Conflict, DuplicateUpload, Invalid, UploadError
from app.storage.batches import Batch
from app.storage.people import Person
from app.storage.projects import Project
from app.storage.session import Session
from app.vocabulary import BatchState
from app.web import sentences
from app.web.deps import Admin, Config, Db, Id, InProject, Now, Reviewer, Slot
from app.web.forms import Field, perhaps_whole, whole
from app.web.richtext import render as rich
from app.web.templating import page
from app.web.uploads import Received, receive, take_in

router = APIRouter(include_in_schema=False)
LISTED, SAMPLES = 1000, 2
FRESH = {"name": "", "priority": "0", "pairs_per_prompt": "", "overlap": "", "draft": "", "again": ""}


async def received_or_not(request: Request, session: Db, slot: Slot) -> AsyncIterator[Received | UploadError]:
    """The upload, or why there is none: the page says it above the form."""
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        yield UploadError("file", "is missing; choose one to upload")
        return
    incoming = receive(request, session, slot)
    try:
        yield await anext(incoming)
    except UploadError as error:
        yield error
    finally:
        await incoming.aclose()  # type: ignore[attr-defined]


Posted = Annotated[Received | UploadError, Depends(received_or_not, scope="function")]


@router.get("/projects/{slug}/batches")
def list_batches(request: Request, person: Reviewer, project: InProject, session: Db) -> Response:
    """All batches, and the form that uploads one more."""
    return _list(request, session, person, project, FRESH)


@router.post("/projects/{slug}/batches")
def upload_batch(
    request: Request, person: Admin, project: InProject, session: Db, now: Now, settings: Config, posted: Posted
) -> Response:
    """Imports a file as a batch; without JavaScript the browser waits for it."""
    if isinstance(posted, UploadError):
        return _list(request, session, person, project, FRESH, posted)
    typed = FRESH | {name: posted.form.get(name, "") for name in FRESH}
    try:
        upload = importing.Upload(
            name=typed["name"],
            file_name=posted.name,
            opened=not typed["draft"],
            priority=batches.checked_priority(whole("priority", typed["priority"] or "0")),
            pairs_per_prompt=perhaps_whole("pairs_per_prompt", typed["pairs_per_prompt"]),
            overlap=perhaps_whole("overlap", typed["overlap"]),
            again=bool(typed["again"]),
            created_by=person.id,
            limit=settings.max_upload,
        )
        batch = take_in(session, project, person, posted, upload, now).batch
    except (Invalid, DuplicateUpload) as error:
        session.rollback()
        return _list(request, session, person, project, typed, error)
    return RedirectResponse(f"/projects/{project.slug}/batches/{batch.id}", 303)


@router.get("/projects/{slug}/batches/{batch_id}")
def show_batch(request: Request, person: Reviewer, project: InProject, session: Db, batch_id: Id) -> Response:
    """One batch: its counts, its first comparisons, its row errors."""
    return _batch(request, session, person, project, batch_id)


@router.post("/projects/{slug}/batches/{batch_id}/state")
def change_state(
    request: Request, person: Admin, project: InProject, session: Db, batch_id: Id, state: Field = ""
) -> Response:
    """Opens, pauses or closes it."""
    batch = batches.get(session, project, batch_id)
    if state not in set(BatchState):
        raise Invalid("state", "must be one of " + ", ".join(BatchState))
    try:
        batches.change(session, batch, BatchState(state))
    except Conflict as error:
        session.rollback()
        return _batch(request, session, person, project, batch_id, error)
    return RedirectResponse(f"/projects/{project.slug}/batches/{batch_id}", 303)


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
        session.rollback()
        typed = {"priority": priority, "max_per_annotator": max_per_annotator, "group_id": group_id}
        return _batch(request, session, person, project, batch_id, error, typed)
    return RedirectResponse(f"/projects/{project.slug}/batches/{batch_id}", 303)


def _list(
    request: Request,
    session: Session,
    person: Person,
    project: Project,
    typed: dict[str, str],
    error: Invalid | DuplicateUpload | None = None,
) -> Response:
    duplicate = error if isinstance(error, DuplicateUpload) else None
    found = batches.of_project(session, project)
    context = {
        "person": person,
        "project": project,
        "tab": "Batches",
        "batches": found,
        "progress": batches.done(session, project),
        "headline": _headline(sum(batch.comparisons for batch in found), len(found)),
        "typed": typed,
        "error": error if isinstance(error, Invalid) else None,
        "duplicate": duplicate,
    }
    return page(request, "batches.html", context, 409 if duplicate else 422 if error else 200)


def _headline(comparisons: int, number: int) -> str:
    if not number:
        return "Upload prompts with the answers to compare."
    return f"{sentences.several(comparisons, 'comparison')} in {sentences.several(number, 'batch', 'batches')}."


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
    samples = [
        {
            "turns": [{"role": turn["role"], "html": rich(turn["content"])} for turn in sample.messages],
            "sides": [rich(text) if text.strip() else None for text in (sample.a, sample.b)],
            "name": sample.external_id or f"#{sample.id}",
            "gold": sample.gold,
        }
        for sample in batches.samples(session, batch, SAMPLES)
    ]
    context = {
        "person": person,
        "project": project,
        "tab": "Batches",
        "batch": batch,
        "done": batches.done(session, project).get(batch.id, (0, 0)),
        "errors": list(batches.errors(session, batch, LISTED)),
        "samples": samples,
        "agreement": sentences.agreement(quality.agreement(session, project, batch.id)),
        "groups": groups.everything(session),
        "typed": typed or _typed(batch),
        "error": error if isinstance(error, Invalid) else None,
        "conflict": error if isinstance(error, Conflict) else None,
    }
    status = 200 if error is None else 409 if isinstance(error, Conflict) else 422
    return page(request, "batch.html", context, status)


def _typed(batch: Batch) -> dict[str, str]:
    limit, group = batch.max_per_annotator, batch.group_id
    return {
        "priority": str(batch.priority),
        "max_per_annotator": "" if limit is None else str(limit),
        "group_id": "" if group is None else str(group),
    }
