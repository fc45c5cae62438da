"""Accounts: who is in, as what, their ways in, and what each has done."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from app.domain import annotators, doings, groups, leased, listings, people, qualifications
from app.domain.errors import Conflict, Invalid
from app.domain.listings import PeopleBy, PeopleWanted
from app.storage.people import Person
from app.storage.session import Session
from app.vocabulary import Role
from app.web import listing
from app.web.deps import Admin, Config, Db, Id, Now, look_again
from app.web.forms import Field, confirmed
from app.web.listing import Listing, Shape
from app.web.names import named
from app.web.templating import page

router = APIRouter(include_in_schema=False)


class Account(StrEnum):
    """What a list of people may be narrowed to."""

    active = "active"
    deactivated = "deactivated"


SHAPE = Shape(
    sorts=("name", "email", "role", "-judgements"),
    default="email",
    filters={"role": Role, "account": Account, "group": listing.number},
)


@router.get("/people")
def list_people(request: Request, person: Admin, session: Db) -> Response:
    """All accounts, and the form that adds one."""
    return _list(request, session, person, {"email": "", "name": "", "role": Role.annotator})


@router.post("/people")
def add_person(
    request: Request,
    person: Admin,
    session: Db,
    now: Now,
    settings: Config,
    email: Field = "",
    name: Field = "",
    role: Field = "annotator",
) -> Response:
    """Adds an account and shows its invitation link, this once: the answer is the page, so that no URL holds it."""
    typed = {"email": email, "name": name, "role": role}
    try:
        guest, new = people.add(session, email, name, _role(role), now)
        if not new:
            raise Invalid("email", "has an account already, as %(role)s", role=named(guest.role))
        link = settings.invitation(people.invite(session, guest, now))
    except Invalid as error:
        look_again(session)
        return _list(request, session, person, typed, error)
    return _list(request, session, person, {"email": "", "name": "", "role": role}, invited=(guest, link))


@router.get("/people/{person_id}")
def show_person(request: Request, person: Admin, session: Db, now: Now, person_id: Id) -> Response:
    """One account."""
    return _person(request, session, person, person_id, now)


@router.post("/people/{person_id}/role")
def change_role(
    request: Request, person: Admin, session: Db, now: Now, person_id: Id, role: Field = "", confirm: Field = ""
) -> Response:
    """Gives them another role; whoever gives up that of an admin types their email, and has no way back."""
    wanted = _role(role)
    resigns = person_id == person.id and wanted != Role.admin
    try:
        if resigns:
            confirmed("resign", confirm, person.email or "")
        people.change(session, people.account(session, person_id), role=wanted)
    except (Conflict, Invalid) as error:
        look_again(session)
        return _person(request, session, person, person_id, now, error=error)
    return RedirectResponse("/you" if resigns else f"/people/{person_id}", 303)


@router.post("/people/{person_id}/activity")
def change_activity(
    request: Request,
    person: Admin,
    session: Db,
    now: Now,
    person_id: Id,
    active: Field = "",
    confirm: Field = "",
) -> Response:
    """Lets them in, or locks out whose email was typed."""
    if active not in ("true", "false"):
        raise Invalid("active", "must be true or false")
    found = people.account(session, person_id)
    try:
        if active == "false":
            confirmed("deactivate", confirm, found.email or "")
        people.change(session, found, active=active == "true")
    except (Conflict, Invalid) as error:
        look_again(session)
        return _person(request, session, person, person_id, now, error=error)
    return RedirectResponse(f"/people/{person_id}", 303)


@router.post("/people/{person_id}/invitation")
def invite(request: Request, person: Admin, session: Db, now: Now, settings: Config, person_id: Id) -> Response:
    """A new link, on the page this once."""
    try:
        secret = people.invite(session, people.account(session, person_id), now)
    except Conflict as error:
        look_again(session)
        return _person(request, session, person, person_id, now, error=error)
    return _person(request, session, person, person_id, now, link=settings.invitation(secret))


@router.post("/people/{person_id}/tokens/{token_id}/revocation")
def revoke_token(person: Admin, session: Db, person_id: Id, token_id: Id) -> Response:
    """Ends a token."""
    people.revoke_token(session, people.account(session, person_id), token_id)
    return RedirectResponse(f"/people/{person_id}", 303)


def _wanted(asked: Listing) -> PeopleWanted:
    account = asked.chosen.get("account")
    return PeopleWanted(
        text=asked.q,
        role=asked.chosen.get("role"),
        active=None if account is None else account == Account.active,
        group_id=asked.chosen.get("group"),
        order=PeopleBy(asked.column),
        descending=asked.descending,
    )


def _list(
    request: Request,
    session: Session,
    person: Person,
    typed: dict[str, str],
    error: Invalid | None = None,
    invited: tuple[Person, str] | None = None,
) -> Response:
    asked = listing.read(request, SHAPE)
    context = {
        "person": person,
        "listing": asked,
        "found": listings.people(session, _wanted(asked), asked.page),
        "total": listings.accounts(session),
        "groups": groups.of_people(session),
        "role_choices": [(role.value, named(role)) for role in Role],
        "group_choices": [(group.id, group.name) for group in groups.everything(session)],
        "roles": list(Role),
        "typed": typed,
        "error": error,
        "invited": invited,
        "days": people.INVITATION.days,
    }
    return page(request, "people.html", context, 422 if error else 200)


def _person(
    request: Request,
    session: Session,
    person: Person,
    person_id: int,
    now: datetime,
    error: Invalid | Conflict | None = None,
    **more: Any,
) -> Response:
    found = people.account(session, person_id)
    held, pinned = leased.waiting(session, found, now)
    context = {
        "person": person,
        "found": found,
        "tokens": people.tokens(session, found),
        "judgements": annotators.judged(session).get(found.id, 0),
        "doings": doings.of_person(session, found, now),
        "weeks": doings.weeks(now)[:-1],
        "held": held,
        "pinned": pinned,
        "groups": groups.of_people(session).get(found.id, []),
        "qualifications": qualifications.of_person(session, found),
        "roles": list(Role),
        "conflict": error if isinstance(error, Conflict) else None,
        "error": error if isinstance(error, Invalid) else None,
        "link": None,
        "days": people.INVITATION.days,
    }
    status = 200 if error is None else 409 if isinstance(error, Conflict) else 422
    return page(request, "person.html", context | more, status)


def _role(typed: str) -> Role:
    if typed not in set(Role):
        raise Invalid("role", "must be one of %(known)s", known=", ".join(Role))
    return Role(typed)
