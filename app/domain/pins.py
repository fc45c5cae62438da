"""Pins: one slot of a comparison is reserved for one annotator, who is handed it before anything else."""

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain import audit, qualifications
from app.domain.errors import Conflict, NotFound
from app.storage import leases
from app.storage.batches import Batch, Comparison
from app.storage.comparisons import Assignment
from app.storage.people import Membership, Person, label
from app.storage.projects import Project
from app.vocabulary import Act, AssignmentState


@dataclass(frozen=True)
class Pin:
    """A slot that waits for the person for whom it is reserved."""

    comparison: Comparison
    batch: Batch
    person: Person


def pin(session: Session, project: Project, comparison_id: int, person: Person) -> None:
    """Reserves one free slot of the comparison for the person; a pin to somebody else moves to them.

    The pin outlasts a lease that runs out or is released; a skip ends it. Limits and groups hold for what is pinned too.
    The same again changes nothing. Raises NotFound, or Conflict when the person has had the comparison, may not have it,
    or no slot of it is free.
    """
    leases.alone(session, person.id)
    comparison, batch = _find(session, project, comparison_id)
    if not person.active:
        raise Conflict("%(person)s is deactivated and is handed nothing.", person=label(person))
    if batch.group_id is not None and session.get(Membership, (batch.group_id, person.id)) is None:
        raise Conflict(
            "%(person)s is not in the group that batch %(batch)s is for.", person=label(person), batch=batch.name
        )
    if qualifications.missing(session, project, person.id):
        raise Conflict("%(person)s has not passed the quiz of this project.", person=label(person))
    had = select(Assignment.id).where(Assignment.comparison_id == comparison.id, Assignment.holder_id == person.id)
    if session.scalar(had.limit(1)) is not None:
        raise Conflict("%(person)s has had this comparison already.", person=label(person))
    rows = _current(session, comparison)
    free = [row for row in rows if row.state == AssignmentState.open]
    if not free:
        raise Conflict("No slot of this comparison is free.")
    chosen = next((row for row in free if row.pinned_to is not None), free[0])
    for row in rows:
        if row is not chosen:
            leases.let_go(session, row)
    if chosen.pinned_to != person.id:
        record(session, Act.comparison_pinned, comparison, to=label(person))
    chosen.pinned_to = person.id
    session.flush()


def unpin(session: Session, project: Project, comparison_id: int) -> None:
    """Gives what is reserved of the comparison to everybody; the same again changes nothing. Raises NotFound."""
    comparison, _ = _find(session, project, comparison_id)
    rows = _current(session, comparison)
    if any(row.pinned_to is not None for row in rows):
        record(session, Act.comparison_unpinned, comparison)
    for row in rows:
        leases.let_go(session, row)
    session.flush()


def named(session: Session, project: Project, external_id: str) -> Comparison | None:
    """The comparison that its upload gave this id, or None."""
    if "\x00" in external_id:  # which PostgreSQL does not store
        return None
    wanted = select(Comparison).where(Comparison.project_id == project.id, Comparison.identity == f"id:{external_id}")
    return session.scalar(wanted)


def of_project(session: Session, project: Project, most: int) -> list[Pin]:
    """The first `most` pins of the project that nobody holds yet, the oldest comparison first."""
    wanted = (
        select(Comparison, Batch, Person)
        .join(Assignment, Assignment.comparison_id == Comparison.id)
        .join(Batch, Batch.id == Assignment.batch_id)
        .join(Person, Person.id == Assignment.pinned_to)
        .where(Assignment.project_id == project.id)
        .where(Assignment.state == AssignmentState.open, Assignment.pinned_to.is_not(None))
        .order_by(Comparison.id)
        .limit(most)
    )
    return [Pin(*row) for row in session.execute(wanted)]


def record(session: Session, act: Act, comparison: Comparison, **details: str) -> None:
    """Notes in the audit log what was done with a pin of the comparison."""
    name = comparison.external_id or str(comparison.id)
    audit.record(session, act, name, project_id=comparison.project_id, comparison=comparison.id, **details)


def _find(session: Session, project: Project, comparison_id: int) -> tuple[Comparison, Batch]:
    comparison = session.get(Comparison, comparison_id)
    if comparison is None or comparison.project_id != project.id:
        raise NotFound("There is no comparison %(number)s in %(slug)r.", number=comparison_id, slug=project.slug)
    return comparison, session.get_one(Batch, comparison.batch_id)


def _current(session: Session, comparison: Comparison) -> list[Assignment]:
    """The comparison's slots that are free or held, locked until the transaction ends, the first free one first."""
    wanted = select(Assignment).where(
        Assignment.comparison_id == comparison.id,
        Assignment.state.in_([AssignmentState.open, AssignmentState.leased]),
    )
    locked = wanted.order_by(Assignment.id).with_for_update().execution_options(populate_existing=True)
    return list(session.scalars(locked))
