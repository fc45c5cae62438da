"""The audit log: who did what to what, and when. It is only ever added to; retention may drop its oldest part.

Neither secrets nor texts go in. Judgements do not either: preferences and their history are that record.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Select, Text, inspect, select
from sqlalchemy.orm import Session, object_session

from app.domain.text import plain
from app.storage.audit import Entry
from app.storage.base import Base
from app.storage.people import Person, label
from app.storage.projects import Project
from app.vocabulary import Act

# those that `changes` records: each detail is what it was and what it is
CHANGES = {Act.account_changed, Act.batch_changed, Act.group_renamed, Act.project_changed}


@dataclass(frozen=True)
class Wanted:
    """Which entries: each field that is given must fit. `until` is the first moment that is too late."""

    project_id: int | None = None
    actor: str | None = None
    action: Act | None = None
    since: datetime | None = None
    until: datetime | None = None


def record(session: Session, action: Act, subject: str, *, project_id: int | None = None, **details: Any) -> None:
    """Adds an entry to the session's transaction.

    The session's `info` names the `actor` (a person, or words), the `request_id`, and the `clock`. `subject` is what
    people know the thing by; `details` must be fit for JSON.
    """
    actor: Person | str = session.info.get("actor", "nobody")
    clock: Callable[[], datetime] = session.info.get("clock", lambda: datetime.now(UTC))
    entry = Entry(
        at=clock(),
        actor_id=actor.id if isinstance(actor, Person) else None,
        actor=plain(label(actor) if isinstance(actor, Person) else actor, 320),
        action=action,
        project_id=project_id,
        subject=plain(subject, 320),
        details=details,
        request_id=session.info.get("request_id"),
    )
    session.add(entry)


@contextmanager
def changes(row: Base, action: Act, subject: str, project_id: int | None = None) -> Iterator[None]:
    """Records what the block changes in the columns of `row`, from what to what; of long texts only that they changed.

    Nothing is recorded when nothing changed, or of a row that is in no session yet.
    """
    session, before = object_session(row), _columns(row)
    yield
    after = _columns(row)
    changed = {name: [old, after[name]] for name, old in before.items() if old != after[name]}
    if session is not None and changed:
        texts = {column.key for column in inspect(row).mapper.columns if type(column.type) is Text}
        shown = {name: "changed" if name in texts else both for name, both in changed.items()}
        record(session, action, subject, project_id=project_id, **shown)


def newest(session: Session, wanted: Wanted, most: int, before: int | None = None) -> list[Entry]:
    """The `most` newest entries, newest first; those older than the entry `before` where it is given."""
    found = _entries(wanted).order_by(Entry.id.desc()).limit(most)
    return list(session.scalars(found if before is None else found.where(Entry.id < before)))


def slugs(session: Session) -> dict[int, str]:
    """Projects by the number that entries hold."""
    return {number: slug for number, slug in session.execute(select(Project.id, Project.slug).order_by(Project.slug))}


def _columns(row: Base) -> dict[str, Any]:
    return {attribute.key: getattr(row, attribute.key) for attribute in inspect(row).mapper.column_attrs}


def _entries(wanted: Wanted) -> Select[Entry]:
    found = select(Entry)
    if wanted.project_id is not None:
        found = found.where(Entry.project_id == wanted.project_id)
    if wanted.actor is not None:
        found = found.where(Entry.actor == wanted.actor)
    if wanted.action is not None:
        found = found.where(Entry.action == wanted.action)
    if wanted.since is not None:
        found = found.where(Entry.at >= wanted.since)
    if wanted.until is not None:
        found = found.where(Entry.at < wanted.until)
    return found
