"""A project's batches, and the form that uploads one more."""

from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from starlette.responses import RedirectResponse, Response

from app.domain import batches, importing, listings
from app.domain.errors import DuplicateUpload, Invalid, NoFile, TooLarge, UploadError
from app.domain.listings import BatchesBy, BatchesWanted
from app.storage.people import Person
from app.storage.projects import Project
from app.storage.session import Session
from app.vocabulary import BatchState, Purpose
from app.web import listing
from app.web.deps import Admin, Config, Db, InProject, Now, Reviewer, Slot, look_again
from app.web.forms import perhaps_whole, whole
from app.web.languages import gettext, ngettext
from app.web.listing import Listing, Shape
from app.web.names import named
from app.web.templating import figure, page
from app.web.uploads import Received, receive, take_in

router = APIRouter(include_in_schema=False)
SHAPE = Shape(
    sorts=("name", "-comparisons", "-judged", "-refused", "-priority", "-uploaded"),
    default="-uploaded",
    filters={"state": BatchState},
)
FRESH = {
    "name": "",
    "purpose": Purpose.judging.value,
    "priority": "0",
    "pairs_per_prompt": "",
    "overlap": "",
    "open": "",
    "again": "",
}


async def received_or_not(request: Request, session: Db, slot: Slot) -> AsyncIterator[Received | UploadError]:
    """The upload, or why there is none: the page says it above the form."""
    if not request.headers.get("content-type", "").startswith("multipart/form-data"):
        yield NoFile({})
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
    """Imports a file as a batch, a draft unless it is to be opened; without JavaScript the browser waits for it."""
    form = posted.form if isinstance(posted, Received | NoFile) else {}
    typed = {name: form.get(name, "") for name in FRESH} if form else FRESH
    if isinstance(posted, UploadError):
        look_again(session)
        return _list(request, session, person, project, typed, posted)
    try:
        upload = importing.Upload(
            name=typed["name"],
            file_name=posted.name,
            opened=bool(typed["open"]),
            priority=batches.checked_priority(whole("priority", typed["priority"] or "0")),
            pairs_per_prompt=_pairs(typed["pairs_per_prompt"]),
            overlap=perhaps_whole("overlap", typed["overlap"]),
            again=bool(typed["again"]),
            created_by=person.id,
            limit=settings.max_upload,
            purpose=_purpose(typed["purpose"] or Purpose.judging),
        )
        batch = take_in(session, project, person, posted, upload, now).batch
    except (Invalid, DuplicateUpload) as error:
        look_again(session)
        return _list(request, session, person, project, typed, error)
    return RedirectResponse(f"/projects/{project.slug}/batches/{batch.id}", 303)


def _pairs(typed: str) -> int | None:
    found = perhaps_whole("pairs_per_prompt", typed)
    if found is not None and found < 1:
        raise Invalid("pairs_per_prompt", "must be 1 or more, or empty for all pairs")
    return found


def _purpose(typed: str) -> Purpose:
    if typed not in set(Purpose):
        raise Invalid("purpose", "must be one of %(known)s", known=", ".join(Purpose))
    return Purpose(typed)


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
    asked = listing.read(request, SHAPE)
    context = {
        "person": person,
        "project": project,
        "tab": "Batches",
        "batches": found,
        "listing": asked,
        "found": listings.batches(session, project, _wanted(asked), asked.page),
        "state_choices": [(state.value, named(state)) for state in BatchState],
        "headline": _headline(sum(batch.comparisons for batch in found), len(found)),
        "typed": typed,
        "error": error if isinstance(error, Invalid) else None,
        "duplicate": duplicate,
    }
    status = 409 if duplicate else 413 if isinstance(error, TooLarge) else 422 if error else 200
    return page(request, "batches.html", context, status)


def _wanted(asked: Listing) -> BatchesWanted:
    return BatchesWanted(asked.q, asked.chosen.get("state"), BatchesBy(asked.column), asked.descending)


def _headline(comparisons: int, number: int) -> str:
    if not number:
        return gettext("Upload prompts with the answers to compare.")
    counted = ngettext("%(count)s comparison", "%(count)s comparisons", comparisons)
    text = ngettext("%(comparisons)s in %(count)s batch.", "%(comparisons)s in %(count)s batches.", number)
    return text % {"comparisons": counted % {"count": figure(comparisons, 0)}, "count": figure(number, 0)}
