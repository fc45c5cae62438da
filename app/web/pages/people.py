"""Accounts: who is in, as what, and their ways in."""

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from app.domain import annotators, groups, people
from app.domain.errors import Conflict, Invalid
from app.storage.people import Person
from app.storage.session import Session
from app.vocabulary import Role
from app.web.deps import Admin, Config, Db, Id, Now
from app.web.forms import Field
from app.web.templating import page

router = APIRouter(include_in_schema=False)


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
            raise Invalid("email", f"has an account already, as {guest.role}")
        link = settings.invitation(people.invite(session, guest, now))
    except Invalid as error:
        session.rollback()
        return _list(request, session, person, typed, error)
    return _list(request, session, person, {"email": "", "name": "", "role": role}, invited=(guest, link))


@router.get("/people/{person_id}")
def show_person(request: Request, person: Admin, session: Db, person_id: Id) -> Response:
    """One account."""
    return _person(request, session, person, person_id)


@router.post("/people/{person_id}/role")
def change_role(request: Request, person: Admin, session: Db, person_id: Id, role: Field = "") -> Response:
    """Gives them another role."""
    return _change(request, session, person, person_id, role=_role(role))


@router.post("/people/{person_id}/activity")
def change_activity(request: Request, person: Admin, session: Db, person_id: Id, active: Field = "") -> Response:
    """Lets them in or locks them out."""
    if active not in ("true", "false"):
        raise Invalid("active", "must be true or false")
    return _change(request, session, person, person_id, active=active == "true")


@router.post("/people/{person_id}/invitation")
def invite(request: Request, person: Admin, session: Db, now: Now, settings: Config, person_id: Id) -> Response:
    """A new link, on the page this once."""
    try:
        secret = people.invite(session, people.account(session, person_id), now)
    except Conflict as error:
        session.rollback()
        return _person(request, session, person, person_id, error)
    return _person(request, session, person, person_id, link=settings.invitation(secret))


@router.post("/people/{person_id}/tokens/{token_id}/revocation")
def revoke_token(person: Admin, session: Db, person_id: Id, token_id: Id) -> Response:
    """Ends a token."""
    people.revoke_token(session, people.account(session, person_id), token_id)
    return RedirectResponse(f"/people/{person_id}", 303)


def _change(
    request: Request,
    session: Session,
    person: Person,
    person_id: int,
    role: Role | None = None,
    active: bool | None = None,
) -> Response:
    try:
        people.change(session, people.account(session, person_id), role=role, active=active)
    except Conflict as error:
        session.rollback()
        return _person(request, session, person, person_id, error)
    return RedirectResponse(f"/people/{person_id}", 303)


def _list(
    request: Request,
    session: Session,
    person: Person,
    typed: dict[str, str],
    error: Invalid | None = None,
    invited: tuple[Person, str] | None = None,
) -> Response:
    context = {
        "person": person,
        "everyone": people.everyone(session),
        "judged": annotators.judged(session),
        "groups": groups.of_people(session),
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
    conflict: Conflict | None = None,
    link: str | None = None,
) -> Response:
    found = people.account(session, person_id)
    context = {
        "person": person,
        "found": found,
        "tokens": people.tokens(session, found),
        "judgements": annotators.judged(session).get(found.id, 0),
        "groups": groups.of_people(session).get(found.id, []),
        "roles": list(Role),
        "conflict": conflict,
        "link": link,
        "days": people.INVITATION.days,
    }
    return page(request, "person.html", context, 409 if conflict else 200)


def _role(typed: str) -> Role:
    if typed not in set(Role):
        raise Invalid("role", "must be one of " + ", ".join(Role))
    return Role(typed)
