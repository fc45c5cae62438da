"""What is leased to whom, for those who look after the queue, and how they end a lease."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import Session

from app.domain import audit, pins
from app.domain.errors import Conflict, NotFound
from app.storage import leases
from app.storage.batches import Batch, Comparison
from app.storage.comparisons import LEASED, OPEN, Assignment
from app.storage.people import Person, label
from app.storage.projects import Project
from app.vocabulary import Act, AssignmentState


@dataclass(frozen=True)
class Lease:
    """A comparison that somebody holds."""

    assignment: Assignment
    comparison: Comparison
    batch: Batch
    person: Person


@dataclass(frozen=True)
class Holder:
    """How much somebody holds: since when the oldest lease is, and when the first one runs out."""

    person: Person
    leases: int
    since: datetime | None
    until: datetime | None


def holders(session: Session, project: Project, now: datetime) -> list[Holder]:
    """Whoever holds something of the project, the one with the oldest lease first."""
    since = func.min(Assignment.leased_at)
    wanted = (
        select(Person, func.count(), since, func.min(Assignment.lease_expires_at))
        .join(Assignment, Assignment.annotator_id == Person.id)
        .where(*_live(project, now))
        .group_by(Person.id)
        .order_by(since, Person.id)
    )
    return [Holder(*row) for row in session.execute(wanted)]


def of_project(
    session: Session, project: Project, now: datetime, most: int, annotator_id: int | None = None
) -> list[Lease]:
    """The `most` oldest leases of the project, or of one annotator in it; what has run out is none."""
    wanted = (
        select(Assignment, Comparison, Batch, Person)
        .join(Comparison, Comparison.id == Assignment.comparison_id)
        .join(Batch, Batch.id == Assignment.batch_id)
        .join(Person, Person.id == Assignment.annotator_id)
        .where(*_live(project, now))
        .order_by(Assignment.leased_at, Assignment.id)
        .limit(most)
    )
    if annotator_id is not None:
        wanted = wanted.where(Assignment.annotator_id == annotator_id)
    return [Lease(*row) for row in session.execute(wanted)]


def release(session: Session, project: Project, assignment_id: int) -> None:
    """Ends a lease: the slot is the first that goes to whoever comes next, or to whom it is pinned.

    An answer that its annotator still sends is kept and marked late. Does nothing when the lease has ended by itself;
    raises NotFound, or Conflict when the comparison was judged or skipped in the meantime.
    """
    of = select(Assignment.annotator_id).where(Assignment.id == assignment_id, Assignment.project_id == project.id)
    annotator_id = session.scalar(of)
    if annotator_id is None:
        raise NotFound("There is no lease %(number)s in %(slug)r.", number=assignment_id, slug=project.slug)
    leases.alone(session, annotator_id)
    row = leases.lock(session, assignment_id)
    if row is None or row.state == AssignmentState.expired:
        return
    if row.state != AssignmentState.leased:
        if row.state == AssignmentState.done:
            raise Conflict("The comparison was judged in the meantime; there is nothing to release.")
        raise Conflict("The comparison was skipped in the meantime; there is nothing to release.")
    _release(session, project.id, annotator_id, [row])


def release_all(session: Session, project: Project, person: Person) -> int:
    """Ends all leases of one annotator in the project, each as `release` does; returns how many there were."""
    leases.alone(session, person.id)
    mine = select(Assignment).where(
        Assignment.annotator_id == person.id,
        Assignment.project_id == project.id,
        Assignment.state == LEASED,
    )
    found = _locked(session, mine)
    if found:
        _release(session, project.id, person.id, found)
    return len(found)


def give_back(session: Session, person: Person) -> None:
    """Ends all that somebody holds, in every project, as `release` does, and gives what is pinned to them to everybody."""
    leases.alone(session, person.id)
    held = _locked(session, select(Assignment).where(Assignment.annotator_id == person.id, Assignment.state == LEASED))
    for project_id in sorted({row.project_id for row in held}):
        _release(session, project_id, person.id, [row for row in held if row.project_id == project_id])
    pinned = _locked(session, select(Assignment).where(Assignment.pinned_to == person.id, Assignment.state == OPEN))
    for row in pinned:
        pins.record(session, Act.comparison_unpinned, session.get_one(Comparison, row.comparison_id))
        leases.let_go(session, row)


def waiting(session: Session, person: Person, now: datetime) -> tuple[int, int]:
    """How many comparisons somebody holds, over all projects, and how many are pinned to them and wait."""
    held = select(func.count()).where(
        Assignment.annotator_id == person.id, Assignment.state == LEASED, Assignment.lease_expires_at > now
    )
    pinned = select(func.count()).where(Assignment.pinned_to == person.id, Assignment.state == OPEN)
    return session.scalar(held) or 0, session.scalar(pinned) or 0


def _locked(session: Session, wanted: Select[Assignment]) -> Sequence[Assignment]:
    locked = wanted.order_by(Assignment.id).with_for_update().execution_options(populate_existing=True)
    return session.scalars(locked).all()


def _release(session: Session, project_id: int, annotator_id: int, rows: Sequence[Assignment]) -> None:
    for row in rows:
        leases.release(session, row, AssignmentState.expired)
    name, numbers = label(session.get_one(Person, annotator_id)), [row.id for row in rows]
    audit.record(session, Act.lease_released, name, project_id=project_id, assignments=numbers)


def _live(project: Project, now: datetime) -> list[ColumnElement[bool]]:
    return [
        Assignment.project_id == project.id,
        Assignment.state == LEASED,
        Assignment.lease_expires_at > now,
    ]
