"""People: accounts, invitations, sessions and API tokens. Secrets are stored as SHA-256 and shown once."""

import hashlib
import re
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NewType

from pwdlib import PasswordHash
from sqlalchemy import bindparam, delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.domain import attempts, audit, leased
from app.domain.errors import Conflict, Invalid, NotFound, Unauthenticated
from app.domain.text import plain
from app.storage import leases
from app.storage.people import Credential, Person, label
from app.storage.prepared import Prepared
from app.vocabulary import Act, Role

INVITATION = timedelta(days=7)
SESSION = timedelta(days=30)
MIN_PASSWORD = 10
Hashed = NewType("Hashed", str)
_hasher = PasswordHash.recommended()
_EMAIL = re.compile(r"[^@\s\x00]+@[^@\s\x00]+")
_STRANGER = _hasher.hash(secrets.token_hex())


@dataclass(frozen=True)
class Caller:
    """The person behind a request."""

    id: int
    role: Role


def add(session: Session, email: str, name: str, role: Role, now: datetime) -> tuple[Person, bool]:
    """The person with that email and whether they are new; an existing one is returned as they are."""
    email = address(email)
    found = by_email(session, email)
    if found is not None:
        return found, False
    person = account_of(email, name, role, now)
    try:
        with session.begin_nested():
            session.add(person)
            session.flush()
    except IntegrityError:  # somebody else added them a moment ago
        return session.scalars(select(Person).where(Person.email == email)).one(), False
    audit.record(session, Act.account_added, email, role=role)
    return person, True


def address(email: str) -> str:
    """The email as it is kept; raises Invalid when it is none."""
    email = email.strip().lower()
    if not _EMAIL.fullmatch(email) or len(email) > 320:
        raise Invalid("email", "is not an email address")
    return email


def account_of(email: str, name: str, role: Role, now: datetime) -> Person:
    """An account to be, not in any session yet; the email must be as `address` gives it."""
    name = plain(name, 200) or email.partition("@")[0][:200]
    return Person(email=email, name=name, role=role, active=True, created_at=now)


def by_email(session: Session, email: str) -> Person | None:
    """The person with that email, or None."""
    email = email.strip().lower()
    return session.scalar(select(Person).where(Person.email == email)) if _EMAIL.fullmatch(email) else None


def get(session: Session, person_id: int) -> Person:
    """The person with that id; raises NotFound."""
    person = session.get(Person, person_id)
    if person is None:
        raise NotFound("There is no person %(number)s.", number=person_id)
    return person


def account(session: Session, person_id: int) -> Person:
    """The account with that id; an imported annotator is none. Raises NotFound."""
    person = session.get(Person, person_id)
    if person is None or person.email is None:
        raise NotFound("There is no account %(number)s.", number=person_id)
    return person


def everyone(session: Session) -> list[Person]:
    """All accounts by email; imported annotators are not accounts."""
    return list(session.scalars(select(Person).where(Person.email.is_not(None)).order_by(Person.email)))


def invite(session: Session, person: Person, now: datetime) -> str:
    """The secret of a link that signs this person in once within a week."""
    if not person.active:
        raise Conflict("%(person)s is deactivated. Activate the account before you invite.", person=label(person))
    audit.record(session, Act.account_invited, label(person))
    return _issue(session, [person], "invitation", now, now + INVITATION)[0]


def add_all(session: Session, people: list[Person], now: datetime) -> list[str]:
    """Adds accounts that are good and not there yet, and returns the secret of an invitation of each; raises Conflict."""
    try:
        with session.begin_nested():
            session.add_all(people)
            session.flush()
    except IntegrityError as error:
        raise Conflict("Somebody else added one of them a moment ago. Nobody was added; do it again.") from error
    for person in people:
        audit.record(session, Act.account_added, label(person), role=person.role)
        audit.record(session, Act.account_invited, label(person))
    return _issue(session, people, "invitation", now, now + INVITATION)


def invited(session: Session, secret: str, now: datetime) -> Person:
    """Whom an invitation is for, without using it up; raises Unauthenticated."""
    return _holder(session, "invitation", secret, now)[1]


def accept(session: Session, secret: str, now: datetime, password: Hashed | None = None) -> str:
    """Uses an invitation up and returns the secret of a new session; a password, if one is given, is set and ends all
    other sessions and invitations of the person."""
    credential, person = _holder(session, "invitation", secret, now)
    session.info["actor"] = person
    if password:
        set_password(session, person, password)
    gone = session.execute(delete(Credential).where(Credential.id == credential.id)).rowcount  # type: ignore[attr-defined]
    if not gone:
        raise Unauthenticated("This link was used a moment ago.")
    if password:
        session.execute(delete(Credential).where(Credential.person_id == person.id, Credential.kind != "token"))
    audit.record(session, Act.signed_in, label(person), by="invitation")
    return open_session(session, person, now)


def hashed(password: str) -> Hashed:
    """What is kept of a password; raises Invalid when it is shorter than ten characters or longer than 1 000. It takes a
    while by design, as `known` and `check_password` do: nobody's answer may wait for it in a transaction that writes."""
    if not MIN_PASSWORD <= len(password) <= 1000:
        raise Invalid("password", "needs %(least)s to 1000 characters", least=MIN_PASSWORD)
    return Hashed(_hasher.hash(password))


def known(person: Person, password: str) -> str:
    """What is kept of the person's password, empty when they have none; raises Invalid when theirs is another one."""
    if person.password_hash and not _hasher.verify(password, person.password_hash):
        raise Invalid("", "The present password is another one.")
    return person.password_hash or ""


def set_password(session: Session, person: Person, password: Hashed) -> None:
    """Sets it."""
    person.password_hash = password
    audit.record(session, Act.password_set, label(person))
    session.flush()


def set_language(person: Person, language: str | None) -> None:
    """The language that the pages speak to them, None for the one that their browser asks for."""
    person.language = language


def change_password(session: Session, person: Person, old: str, new: Hashed, now: datetime) -> str:
    """Sets a person's own password, ends all of their sessions, and returns the secret of a new one.

    `old` is what `known` gave; raises Invalid when somebody has changed it meanwhile.
    """
    session.refresh(person, ["password_hash"], with_for_update={"key_share": True})
    if (person.password_hash or "") != old:
        raise Invalid("", "The present password is another one.")
    set_password(session, person, new)
    session.execute(delete(Credential).where(Credential.person_id == person.id, Credential.kind == "session"))
    return open_session(session, person, now)


def check_password(session: Session, email: str, password: str) -> Person | None:
    """The person, when email and password fit and the account is active; takes as long when they do not."""
    person = by_email(session, email)
    good = _hasher.verify(password, (person and person.password_hash) or _STRANGER)
    return person if person and person.password_hash and good and person.active else None


def forget(session: Session, now: datetime) -> tuple[int, int]:
    """Drops expired credentials, and failed sign-ins that slow nobody down any more; returns how many of each."""
    credentials = session.connection().execute(delete(Credential).where(Credential.expires_at <= now))
    return credentials.rowcount, attempts.forget(session, now)


def open_session(session: Session, person: Person, now: datetime) -> str:
    """The secret of a new browser session."""
    return _issue(session, [person], "session", now, now + SESSION)[0]


def close_session(session: Session, secret: str) -> None:
    """Ends a browser session; does nothing when it has ended."""
    session.execute(delete(Credential).where(Credential.kind == "session", Credential.digest == _digest(secret)))


def create_token(session: Session, person: Person, name: str, now: datetime) -> str:
    """A new API token, shown this once; raises Conflict for somebody who cannot sign in."""
    if not person.active:
        raise Conflict("%(person)s is deactivated. Activate the account before you make a token.", person=label(person))
    audit.record(session, Act.token_made, label(person), name=plain(name, 200))
    return _issue(session, [person], "token", now, None, name)[0]


def tokens(session: Session, person: Person) -> list[Credential]:
    """The person's API tokens, newest first, without their secrets."""
    wanted = select(Credential).where(Credential.person_id == person.id, Credential.kind == "token")
    return list(session.scalars(wanted.order_by(Credential.id.desc())))


def revoke_token(session: Session, person: Person, token_id: int) -> None:
    """Ends a token at once; raises NotFound."""
    found = next((token for token in tokens(session, person) if token.id == token_id), None)
    if found is None:
        raise NotFound("There is no such token.")
    session.execute(delete(Credential).where(Credential.id == found.id))
    audit.record(session, Act.token_revoked, label(person), name=found.name)


def of_session(session: Session, secret: str, now: datetime) -> Person:
    """Who a session cookie belongs to; raises Unauthenticated."""
    return _holder(session, "session", secret, now)[1]


def of_token(session: Session, secret: str, now: datetime) -> Person:
    """Who an API token belongs to; raises Unauthenticated."""
    return _holder(session, "token", secret, now)[1]


def identify(session: Session, kind: str, secret: str, now: datetime) -> Caller:
    """Who the secret of that kind belongs to; raises Unauthenticated. Until the transaction ends what else this person
    does waits, as by leases.alone."""
    caller = _caller(session, IDENTIFY, kind, secret, now)
    if caller is None:
        raise _refused(kind)
    return caller


def identify_at_once(session: Session, kind: str, secret: str, now: datetime) -> Caller | None:
    """The same without waiting: None for nobody, and for whoever something else has made wait."""
    return _caller(session, IDENTIFY_AT_ONCE, kind, secret, now)


def change(session: Session, person: Person, *, role: Role | None = None, active: bool | None = None) -> None:
    """Changes role or activity; the last active admin stays one, or Conflict is raised.

    Deactivating ends all sessions, tokens and links, and what they hold and what is pinned to them goes back to the
    queue: nobody waits for somebody who cannot come.
    """
    loses = (role is not None and role != Role.admin) or active is False
    if loses and person.role == Role.admin and person.active:
        # locked, lest two admins send each other away at the same moment
        admins = select(Person.id).where(Person.role == Role.admin, Person.active).order_by(Person.id)
        if set(session.scalars(admins.with_for_update(key_share=True))) <= {person.id}:
            raise Conflict("This is the last active admin.")
    with audit.changes(person, Act.account_changed, label(person)):
        if role is not None:
            person.role = role
        if active is not None:
            person.active = active
            if not active:
                session.execute(delete(Credential).where(Credential.person_id == person.id))
    session.flush()
    if active is False:
        leased.give_back(session, person)


def _refused(kind: str) -> Unauthenticated:
    if kind == "invitation":
        return Unauthenticated("This link has expired or was used before. Ask for a new one.")
    if kind == "session":
        return Unauthenticated("You are signed out.")
    return Unauthenticated("This token is not valid.")


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _issue(
    session: Session, people: list[Person], kind: str, now: datetime, expires_at: datetime | None, name: str = ""
) -> list[str]:
    """A secret for each of the people."""
    session.execute(delete(Credential).where(Credential.expires_at <= now))
    issued = [(person, secrets.token_urlsafe(32)) for person in people]
    common = {"kind": kind, "name": plain(name, 200), "created_at": now, "expires_at": expires_at}
    session.add_all(Credential(person_id=person.id, digest=_digest(secret), **common) for person, secret in issued)
    session.flush()
    return [secret for _, secret in issued]


_HOLDER = (
    select(Credential, Person)
    .join(Person, Person.id == Credential.person_id)
    .where(Credential.digest == bindparam("digest"), Credential.kind == bindparam("kind"), Person.active)
)
_CALLER = _HOLDER.with_only_columns(Person.id, Person.role, Credential.expires_at)
IDENTIFY = Prepared(_CALLER.with_for_update(of=Person, key_share=True))
IDENTIFY_AT_ONCE = Prepared(_CALLER.with_for_update(of=Person, key_share=True, skip_locked=True))


def _caller(session: Session, statement: Prepared, kind: str, secret: str, now: datetime) -> Caller | None:
    found = statement.first(session, {"digest": _digest(secret), "kind": kind})
    if found is None or (found[2] is not None and found[2] <= now):
        return None
    leases.is_alone(session, found[0])
    return Caller(found[0], Role(found[1]))


def _holder(session: Session, kind: str, secret: str, now: datetime) -> tuple[Credential, Person]:
    found = session.execute(_HOLDER, {"digest": _digest(secret), "kind": kind}).one_or_none()
    if found is None or (found[0].expires_at is not None and found[0].expires_at <= now):
        raise _refused(kind)
    return found[0], found[1]
