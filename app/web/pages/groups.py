"""Groups of annotators: who is in them, and which batches are for them."""

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from app.domain import groups, people
from app.domain.errors import Conflict, Invalid
from app.storage.people import Person
from app.storage.session import Session
from app.web.deps import Admin, Db, Id, Now, look_again
from app.web.forms import Field, confirmed, whole
from app.web.languages import gettext, ngettext
from app.web.templating import figure, page

router = APIRouter(include_in_schema=False)


@router.get("/groups")
def list_groups(request: Request, person: Admin, session: Db) -> Response:
    """All groups, and the form that makes one."""
    return _list(request, session, person)


@router.post("/groups")
def create_group(request: Request, person: Admin, session: Db, now: Now, name: Field = "") -> Response:
    """Makes a group and goes to it."""
    try:
        group = groups.create(session, name, now)
    except (Invalid, Conflict) as error:
        look_again(session)
        return _list(request, session, person, name, _of_name(error))
    return RedirectResponse(f"/groups/{group.id}", 303)


@router.get("/groups/{group_id}")
def show_group(request: Request, person: Admin, session: Db, group_id: Id) -> Response:
    """One group."""
    return _group(request, session, person, group_id)


@router.post("/groups/{group_id}/name")
def rename_group(request: Request, person: Admin, session: Db, group_id: Id, name: Field = "") -> Response:
    """Gives it another name."""
    try:
        groups.rename(session, groups.get(session, group_id), name)
    except (Invalid, Conflict) as error:
        look_again(session)
        return _group(request, session, person, group_id, _of_name(error), name)
    return RedirectResponse(f"/groups/{group_id}", 303)


@router.post("/groups/{group_id}/deletion")
def delete_group(request: Request, person: Admin, session: Db, group_id: Id, confirm: Field = "") -> Response:
    """Deletes the one whose name was typed."""
    group = groups.get(session, group_id)
    try:
        confirmed("delete", confirm, group.name)
        groups.dissolve(session, group)
    except (Conflict, Invalid) as error:
        look_again(session)
        return _group(request, session, person, group_id, error)
    return RedirectResponse("/groups", 303)


@router.post("/groups/{group_id}/members")
def add_member(request: Request, person: Admin, session: Db, group_id: Id, member: Field = "") -> Response:
    """Lets somebody in."""
    group = groups.get(session, group_id)
    groups.add(session, group, people.account(session, whole("member", member)))
    return RedirectResponse(f"/groups/{group_id}", 303)


@router.post("/groups/{group_id}/members/{person_id}/removal")
def remove_member(person: Admin, session: Db, group_id: Id, person_id: Id) -> Response:
    """Takes somebody out."""
    groups.remove(session, groups.get(session, group_id), people.account(session, person_id))
    return RedirectResponse(f"/groups/{group_id}", 303)


def _of_name(error: Invalid | Conflict) -> Invalid:
    return error if isinstance(error, Invalid) else Invalid("name", "is that of another group")


def _list(
    request: Request, session: Session, person: Person, typed: str = "", error: Invalid | None = None
) -> Response:
    found = groups.everything(session)
    context = {
        "person": person,
        "groups": found,
        "members": groups.members(session),
        "headline": ngettext("There is %(count)s group.", "There are %(count)s groups.", len(found))
        % {"count": figure(len(found), 0)}
        if found
        else gettext("Every batch is for everybody."),
        "typed": typed,
        "error": error,
    }
    return page(request, "groups.html", context, 422 if error else 200)


def _group(
    request: Request,
    session: Session,
    person: Person,
    group_id: int,
    error: Invalid | Conflict | None = None,
    typed: str | None = None,
) -> Response:
    group = groups.get(session, group_id)
    members = groups.members(session).get(group.id, [])
    inside = {member.id for member in members}
    context = {
        "person": person,
        "group": group,
        "members": members,
        "others": [other for other in people.everyone(session) if other.active and other.id not in inside],
        "batches": groups.batches(session, group),
        "typed": group.name if typed is None else typed,
        "error": error if isinstance(error, Invalid) else None,
        "conflict": error if isinstance(error, Conflict) else None,
    }
    status = 200 if error is None else 409 if isinstance(error, Conflict) else 422
    return page(request, "group.html", context, status)
