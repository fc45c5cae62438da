"""Who holds what, and which comparisons wait for somebody in particular."""

import re
from datetime import datetime

from fastapi import APIRouter, Query, Request
from starlette.responses import RedirectResponse, Response

from app.domain import leased, people, pins
from app.domain.errors import Conflict, Invalid, NotFound
from app.storage.base import LARGEST
from app.storage.people import Person
from app.storage.projects import Project
from app.storage.session import Session
from app.web.deps import Admin, Db, Id, InProject, Now, Reviewer, look_again
from app.web.forms import Field, confirmed, whole
from app.web.languages import gettext, ngettext
from app.web.listing import continued
from app.web.templating import figure, page

router = APIRouter(include_in_schema=False)
SHOWN = 200
_NUMBER = re.compile(r"#([1-9][0-9]{0,9})")


@router.get("/projects/{slug}/leases")
def list_leases(
    request: Request,
    person: Reviewer,
    project: InProject,
    session: Db,
    now: Now,
    annotator: int | None = Query(None, ge=1, le=LARGEST),
) -> Response:
    """Who holds what, since when and until when; what is pinned to whom."""
    return _leases(request, session, person, project, now, annotator=annotator)


@router.post("/projects/{slug}/leases/{assignment_id}/release")
def release_lease(
    request: Request, person: Reviewer, project: InProject, session: Db, now: Now, assignment_id: Id
) -> Response:
    """Ends one lease."""
    try:
        leased.release(session, project, assignment_id)
    except Conflict as error:
        look_again(session)
        return _leases(request, session, person, project, now, error=error)
    return _back(project)


@router.post("/projects/{slug}/annotators/{person_id}/release")
def release_all(
    request: Request,
    person: Reviewer,
    project: InProject,
    session: Db,
    now: Now,
    person_id: Id,
    confirm: Field = "",
) -> Response:
    """Ends all leases of the annotator whose email was typed."""
    found = people.account(session, person_id)
    try:
        confirmed("release", confirm, found.email or "")
    except Invalid as error:
        return _leases(request, session, person, project, now, annotator=person_id, error=error)
    leased.release_all(session, project, found)
    return _back(project)


@router.post("/projects/{slug}/pins")
def pin(
    request: Request,
    person: Admin,
    project: InProject,
    session: Db,
    now: Now,
    comparison: Field = "",
    annotator: Field = "",
) -> Response:
    """Reserves a comparison for somebody."""
    try:
        found = _comparison(session, project, comparison)
        pins.pin(session, project, found, people.account(session, whole("annotator", annotator)))
    except (Invalid, Conflict, NotFound) as error:
        look_again(session)
        typed = {"comparison": comparison, "annotator": annotator}
        return _leases(request, session, person, project, now, typed=typed, error=error)
    return _back(project, "#pins")


@router.post("/projects/{slug}/comparisons/{comparison_id}/pin/removal")
def unpin(
    request: Request, person: Admin, project: InProject, session: Db, comparison_id: Id, back: Field = ""
) -> Response:
    """Gives it to everybody again; leads back to where it was asked."""
    pins.unpin(session, project, comparison_id)
    if back == "comparison":
        return RedirectResponse(continued(request, request.url.path.removesuffix("/pin/removal")) + "#queue", 303)
    return _back(project, "#pins")


def _back(project: Project, part: str = "") -> Response:
    return RedirectResponse(f"/projects/{project.slug}/leases{part}", 303)


def _comparison(session: Session, project: Project, typed: str) -> int:
    """The id of the comparison that its upload gave this name, or whose number follows a #; raises Invalid."""
    found = pins.named(session, project, typed.strip())
    if found is not None:
        return found.id
    number = _NUMBER.fullmatch(typed.strip())
    if number is None or int(number[1]) > LARGEST:
        raise Invalid("comparison", "is none that is known here")
    return int(number[1])


def _leases(
    request: Request,
    session: Session,
    person: Person,
    project: Project,
    now: datetime,
    *,
    annotator: int | None = None,
    typed: dict[str, str] | None = None,
    error: Invalid | Conflict | NotFound | None = None,
) -> Response:
    holders = leased.holders(session, project, now)
    chosen = None if annotator is None else people.account(session, annotator)
    context = {
        "person": person,
        "project": project,
        "tab": "Leases",
        "now": now,
        "headline": _headline(len(holders), sum(holder.leases for holder in holders)),
        "holders": holders,
        "chosen": chosen,
        "leases": leased.of_project(session, project, now, SHOWN, annotator),
        "pins": pins.of_project(session, project, SHOWN),
        "accounts": [account for account in people.everyone(session) if account.active],
        "typed": typed or {"comparison": "", "annotator": ""},
        "error": error if isinstance(error, Invalid) else None,
        "conflict": None if isinstance(error, Invalid) else error,
    }
    status = 409 if isinstance(error, Conflict) else 422 if error else 200
    return page(request, "leases.html", context, status)


def _headline(number: int, leases: int) -> str:
    if not number:
        return gettext("Nobody holds a comparison.")
    held = ngettext("%(count)s comparison", "%(count)s comparisons", leases) % {"count": figure(leases, 0)}
    text = ngettext("%(count)s person holds %(held)s.", "%(count)s people hold %(held)s.", number)
    return text % {"count": figure(number, 0), "held": held}
