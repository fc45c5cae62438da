"""Lists of people and of batches, filtered, sorted and cut into pages by the database."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import Session

from app.storage import paging, tallies
from app.storage.batches import Batch
from app.storage.comparisons import Tally
from app.storage.paging import Page
from app.storage.people import Membership, Person
from app.storage.projects import Project
from app.vocabulary import BatchState, Role


class PeopleBy(StrEnum):
    """What people may be sorted by."""

    name = "name"
    email = "email"
    role = "role"
    judgements = "judgements"


class BatchesBy(StrEnum):
    """What batches may be sorted by."""

    uploaded = "uploaded"
    name = "name"
    comparisons = "comparisons"
    judged = "judged"
    refused = "refused"
    priority = "priority"


@dataclass(frozen=True)
class PeopleWanted:
    """Which accounts: each field that is given must fit; `text` is a part of the name or the email."""

    text: str = ""
    role: Role | None = None
    active: bool | None = None
    group_id: int | None = None
    order: PeopleBy = PeopleBy.email
    descending: bool = False


@dataclass(frozen=True)
class BatchesWanted:
    """Which batches of a project: each field that is given must fit; `text` is a part of the name."""

    text: str = ""
    state: BatchState | None = None
    order: BatchesBy = BatchesBy.uploaded
    descending: bool = True


@dataclass(frozen=True)
class Account:
    """A person with the number of their judgements in all projects."""

    person: Person
    judgements: int


@dataclass(frozen=True)
class Progress:
    """A batch with how many of its slots are judged."""

    batch: Batch
    done: int


def people(session: Session, wanted: PeopleWanted, number: int) -> Page[Account]:
    """A page of the accounts that fit; imported annotators are none."""
    counted = tallies.by_annotator().subquery()
    judged = func.coalesce(counted.c.judged, 0)
    columns: dict[PeopleBy, Any] = {
        PeopleBy.name: func.lower(Person.name),
        PeopleBy.email: Person.email,
        PeopleBy.role: Person.role,
        PeopleBy.judgements: judged,
    }
    found = (
        select(Person, judged).outerjoin(counted, counted.c.annotator_id == Person.id).where(Person.email.is_not(None))
    )
    if wanted.text:
        found = found.where(_contains(Person.name, wanted.text) | _contains(Person.email, wanted.text))
    if wanted.role is not None:
        found = found.where(Person.role == wanted.role)
    if wanted.active is not None:
        found = found.where(Person.active if wanted.active else ~Person.active)
    if wanted.group_id is not None:
        members = select(Membership.person_id).where(Membership.group_id == wanted.group_id)
        found = found.where(Person.id.in_(members))
    ordered = found.order_by(_way(columns[wanted.order], wanted.descending), Person.email)
    page = paging.page(session, ordered, number)
    return Page([Account(*row) for row in page.rows], page.number, page.total, page.more)


def accounts(session: Session) -> int:
    """How many accounts there are."""
    return session.scalar(select(func.count()).select_from(Person).where(Person.email.is_not(None))) or 0


def batches(session: Session, project: Project, wanted: BatchesWanted, number: int) -> Page[Progress]:
    """A page of the project's batches that fit."""
    filled = func.coalesce(
        select(func.sum(Tally.filled)).where(Tally.batch_id == Batch.id).correlate(Batch).scalar_subquery(), 0
    )
    columns: dict[BatchesBy, Any] = {
        BatchesBy.uploaded: Batch.id,
        BatchesBy.name: func.lower(Batch.name),
        BatchesBy.comparisons: Batch.comparisons,
        BatchesBy.judged: filled,
        BatchesBy.refused: Batch.rejected,
        BatchesBy.priority: Batch.priority,
    }
    found = select(Batch, filled).where(Batch.project_id == project.id)
    if wanted.text:
        found = found.where(_contains(Batch.name, wanted.text))
    if wanted.state is not None:
        found = found.where(Batch.state == wanted.state)
    ordered = found.order_by(_way(columns[wanted.order], wanted.descending), Batch.id.desc())
    page = paging.page(session, ordered, number)
    return Page([Progress(batch, int(done)) for batch, done in page.rows], page.number, page.total, page.more)


def _contains(column: Any, text: str) -> ColumnElement[bool]:
    found: ColumnElement[bool] = column.icontains(text, autoescape=True)
    return found


def _way(column: Any, descending: bool) -> Any:
    return column.desc() if descending else column.asc()
