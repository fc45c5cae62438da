"""Ways in and out: sign-in, invitations, sign-out, and one's own account."""

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from app.domain import attempts, audit, people
from app.domain.errors import Invalid, Unauthenticated
from app.storage.people import Person, label
from app.storage.session import Session, only_read
from app.vocabulary import Act
from app.web.deps import COOKIE, PUBLIC, Annotator, Db, Now, Visitor, look_again
from app.web.forms import Field
from app.web.languages import LANGUAGES, gettext
from app.web.names import said
from app.web.templating import page

router = APIRouter(include_in_schema=False)


def _here(target: str) -> str:
    """A path on this site, whatever the link said."""
    return target if target.startswith("/") and not target.startswith(("//", "/\\")) else "/"


def _welcome(request: Request, secret: str, target: str = "/") -> Response:
    response = RedirectResponse(_here(target), 303)
    response.set_cookie(
        COOKIE,
        secret,
        max_age=int(people.SESSION.total_seconds()),
        httponly=True,
        samesite="lax",
        secure=request.app.state.settings.secure_cookies,
    )
    return response


@router.get("/sign-in", dependencies=[PUBLIC])
def sign_in_page(request: Request, person: Visitor, next: str = "/") -> Response:
    """The form."""
    if person is not None:
        return RedirectResponse(_here(next), 303)
    return page(request, "sign_in.html", {"person": None, "next": _here(next), "email": "", "error": None})


@router.post("/sign-in", dependencies=[PUBLIC])
def sign_in(request: Request, session: Db, now: Now, email: Field, password: Field, next: Field = "/") -> Response:
    """Opens a session; attempts are counted by address and email until one fits, and slow down: after five of one email
    from one address, and after a hundred of all emails from one address.

    Each is counted before it is looked at, so that many at once count too. The password is checked in a transaction
    that only reads: that takes a while by design, and nobody's answer may wait for it.
    """
    address = request.client.host if request.client else ""
    key = f"{address} {email.strip().lower()}"
    attempts.slow_down(session, key, now)
    attempts.slow_address_down(session, address, now)
    attempts.note(session, key, now)
    session.commit()
    only_read(session)
    person = people.check_password(session, email, password)
    session.commit()
    if person is not None:
        attempts.forgive(session, key)
        session.info["actor"] = person
        audit.record(session, Act.signed_in, label(person), by="password", address=address)
        return _welcome(request, people.open_session(session, person, now), next)
    # a password lands in the wrong field sometimes
    audit.record(session, Act.sign_in_refused, email if "@" in email else "no email address", address=address)
    context = {"person": None, "next": _here(next), "email": email, "error": gettext("Email and password do not fit.")}
    return page(request, "sign_in.html", context, 401)


@router.get("/invitations/{secret}", dependencies=[PUBLIC])
def invitation_page(request: Request, person: Visitor, session: Db, now: Now, secret: str) -> Response:
    """Greets without using the link up, since mail scanners open links too."""
    try:
        return _invitation(request, people.invited(session, secret, now))
    except Unauthenticated as error:
        if person is not None:  # who comes back by the link that let them in
            return RedirectResponse("/", 303)
        context = {
            "person": None,
            "next": "/",
            "email": "",
            "error": f"{said(error)} {gettext('Or sign in with your password.')}",
        }
        return page(request, "sign_in.html", context, 401)


@router.post("/invitations/{secret}", dependencies=[PUBLIC])
def accept_invitation(request: Request, session: Db, now: Now, secret: str, password: Field = "") -> Response:
    """Uses the link up and opens a session. Nobody waits for the password to be hashed, or has it hashed by a link that
    is not good."""
    hashed = None
    try:
        if password:
            only_read(session)
            people.invited(session, secret, now)
            session.commit()
            hashed = people.hashed(password)
        return _welcome(request, people.accept(session, secret, now, hashed))
    except Invalid as error:
        look_again(session)
        return _invitation(request, people.invited(session, secret, now), said(error))


def _invitation(request: Request, guest: Person, error: str | None = None) -> Response:
    context = {"person": None, "guest": guest, "error": error}
    return page(request, "invitation.html", context, 422 if error else 200)


@router.post("/sign-out", dependencies=[PUBLIC])
def sign_out(request: Request, session: Db) -> Response:
    """Ends the session."""
    people.close_session(session, request.cookies.get(COOKIE, ""))
    response = RedirectResponse("/sign-in", 303)
    response.delete_cookie(COOKIE)
    return response


@router.get("/you")
def you(request: Request, person: Annotator, session: Db) -> Response:
    """One's own account."""
    return _you(request, session, person)


def _you(request: Request, session: Session, person: Person, status: int = 200, **said: Any) -> Response:
    context = {
        "person": person,
        "tokens": people.tokens(session, person),
        "languages": LANGUAGES,
        "said": None,
        "error": None,
        "secret": None,
    }
    return page(request, "you.html", context | said, status)


@router.post("/you/password")
def change_password(
    request: Request, person: Annotator, session: Db, now: Now, new: Field, old: Field = ""
) -> Response:
    """Sets one's password, against the present one if there is one; all other sessions end. Attempts slow down as those
    at a sign-in do, by person, and nobody waits for what takes a while by design."""
    key = f"person {person.id}"
    attempts.slow_down(session, key, now)
    attempts.note(session, key, now)
    session.commit()
    try:
        secret = people.change_password(session, person, people.known(person, old), people.hashed(new), now)
    except Invalid as error:
        look_again(session)
        return _you(request, session, person, 422, error=error)
    attempts.forgive(session, key)
    response = _you(request, session, person, said=gettext("The password is set."))
    response.headers["set-cookie"] = _welcome(request, secret).headers["set-cookie"]
    return response


@router.post("/you/language")
def change_language(person: Annotator, session: Db, language: Field = "") -> Response:
    """Sets the language that the pages speak to them; empty leaves it to the browser."""
    if language and language not in LANGUAGES:
        raise Invalid("language", "must be one of %(known)s", known=", ".join(LANGUAGES))
    people.set_language(person, language or None)
    return RedirectResponse("/you", 303)


@router.post("/you/tokens")
def create_token(request: Request, person: Annotator, session: Db, now: Now, name: Field) -> Response:
    """A new API token, on the page this once."""
    secret = people.create_token(session, person, name, now)
    return _you(request, session, person, secret=secret)


@router.post("/you/tokens/{token_id}/revocation")
def revoke_token(person: Annotator, session: Db, token_id: int) -> Response:
    """Ends a token."""
    people.revoke_token(session, person, token_id)
    return RedirectResponse("/you", 303)
