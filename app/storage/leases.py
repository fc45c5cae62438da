"""Claim, sweep and release of judgement slots: each one statement, or a lock and what it guards."""

import secrets
from datetime import datetime, timedelta

from sqlalchemy import bindparam, delete, exists, insert, select, update
from sqlalchemy.orm import Session, aliased

from app.storage.batches import Batch
from app.storage.comparisons import Assignment
from app.storage.people import Person

SWEEP = 100
RETURNED = -(2**31) + 1  # the rank of a slot that came back to the queue: before all others, in the order of return
ROUNDS = 128  # more than any overlap
_mine = aliased(Assignment)
# built once: building them costs more than running them
_FREE = (
    select(Assignment.id)
    .where(
        Assignment.batch_id == bindparam("batch"),
        Assignment.state == "open",
        ~exists().where(
            _mine.comparison_id == Assignment.comparison_id,
            _mine.annotator_id == bindparam("annotator"),
            _mine.state != "expired",
        ),
    )
    .order_by(Assignment.rank, Assignment.comparison_id, Assignment.slot)
    .limit(1)
    .with_for_update(skip_locked=True)
)
_CLAIM = (
    update(Assignment)
    .where(Assignment.id == _FREE.scalar_subquery())
    .values(
        state="leased",
        annotator_id=bindparam("annotator"),
        lease_token=bindparam("token"),
        leased_at=bindparam("now"),
        lease_expires_at=bindparam("until"),
    )
    .returning(Assignment)
    .execution_options(synchronize_session=False, populate_existing=True)
)


def first_rank(priority: int, slot: int, spread: bool) -> int:
    """The rank of a new slot: by priority; with `spread` first slots go before second ones, and so on."""
    return -priority * ROUNDS + (slot if spread else 0)


def claim(session: Session, project_id: int, annotator_id: int, now: datetime, lease: timedelta) -> Assignment | None:
    """Leases the next free slot of the project's open batches to the annotator, or None when there is none for them.

    Highest priority first, then oldest; never a comparison that the annotator has held before, unless the lease
    ran out.
    """
    values = {"annotator": annotator_id, "token": secrets.token_urlsafe(18), "now": now, "until": now + lease}
    for batch_id in _open_batches(session, project_id):
        taken = session.scalar(_CLAIM, values | {"batch": batch_id})
        if taken is not None:
            return taken
    return None


def _open_batches(session: Session, project_id: int) -> list[int]:
    wanted = select(Batch.id).where(Batch.project_id == project_id, Batch.state == "open")
    return list(session.scalars(wanted.order_by(Batch.priority.desc(), Batch.id)))


def sweep(session: Session, project_id: int, now: datetime) -> None:
    """Returns the slots of expired leases to the queue; the rows that held them stay, without a slot."""
    stale = (
        select(Assignment)
        .where(Assignment.project_id == project_id, Assignment.state == "leased", Assignment.lease_expires_at <= now)
        .order_by(Assignment.lease_expires_at)
        .limit(SWEEP)
        .with_for_update(skip_locked=True)
    )
    for row in session.scalars(stale).all():
        release(session, row, "expired")


def release(session: Session, row: Assignment, state: str) -> None:
    """Takes the slot from a row that becomes `state` (skipped, expired) and queues it anew; the caller holds the lock."""
    slot, row.slot, row.state = row.slot, None, state
    session.flush()
    if slot is not None:
        session.execute(insert(Assignment), [free_slot(row, slot)])


def free_slot(row: Assignment, slot: int) -> dict[str, object]:
    """The open slot that takes the place of `row`'s."""
    return {
        "project_id": row.project_id,
        "batch_id": row.batch_id,
        "comparison_id": row.comparison_id,
        "slot": slot,
        "rank": row.rank,
        "swapped": row.swapped,
        "state": "open",
    }


def retake(session: Session, row: Assignment) -> bool:
    """Gives a slotless row a free slot of its comparison, if there is one; the caller holds the row's lock."""
    free = session.execute(
        select(Assignment.id, Assignment.slot)
        .where(Assignment.comparison_id == row.comparison_id, Assignment.state == "open")
        .order_by(Assignment.slot)
        .limit(1)
        .with_for_update(skip_locked=True)
    ).first()
    if free is None:
        return False
    session.execute(delete(Assignment).where(Assignment.id == free.id))
    row.slot = free.slot
    return True


def held(session: Session, project_id: int, annotator_id: int, now: datetime) -> list[Assignment]:
    """What the annotator holds with a live lease, oldest first."""
    wanted = select(Assignment).where(
        Assignment.annotator_id == annotator_id,
        Assignment.project_id == project_id,
        Assignment.state == "leased",
        Assignment.lease_expires_at > now,
    )
    return list(session.scalars(wanted.order_by(Assignment.leased_at, Assignment.id)))


def alone(session: Session, annotator_id: int) -> None:
    """Makes the annotator's other transactions wait until this one ends; they must ask for it before any other lock.

    Two tabs of one person could else lease two slots of one comparison, which the second learns at its end only.
    SQLite has one writer anyway.
    """
    if session.get_bind().dialect.name != "sqlite":
        session.execute(select(Person.id).where(Person.id == annotator_id).with_for_update(key_share=True))


def lock(session: Session, assignment_id: int) -> Assignment | None:
    """The row, locked until the transaction ends and read anew."""
    wanted = select(Assignment).where(Assignment.id == assignment_id).with_for_update()
    return session.scalar(wanted.execution_options(populate_existing=True))
