"""Sweep, release and locks of judgement slots: each one statement, or a lock and what it guards."""

from datetime import datetime
from typing import Any

from sqlalchemy import BindParameter, bindparam, case, delete, exists, insert, or_, select, update
from sqlalchemy.orm import Session

from app.storage.comparisons import LEASED, OPEN, Assignment
from app.storage.people import Person
from app.storage.prepared import Prepared

SWEEP = 500
RETURNED = -(2**31) + 1  # the rank of a slot that came back to the queue: before all others, in the order of return
NOWHERE = RETURNED - 1  # the rank of a row that says nothing of where its annotator is in the queue
ROUNDS = 128  # more than any overlap
_now: BindParameter[Any] = bindparam("now")


def first_rank(priority: int, slot: int, spread: bool) -> int:
    """The rank of a new slot: by priority; with `spread` first slots go before second ones, and so on."""
    return -priority * ROUNDS + (slot if spread else 0)


_STALE = (
    select(
        Assignment.id,
        Assignment.project_id,
        Assignment.batch_id,
        Assignment.comparison_id,
        Assignment.slot,
        Assignment.swapped,
        Assignment.pinned_to,
    )
    .where(Assignment.state == LEASED, Assignment.lease_expires_at <= _now)
    .order_by(Assignment.lease_expires_at)
    .limit(SWEEP)
    .with_for_update(skip_locked=True)
)
_ANY_STALE = select(exists().where(Assignment.state == LEASED, Assignment.lease_expires_at <= _now))


def any_expired(session: Session, now: datetime) -> bool:
    """Whether there is a lease that ran out and was not swept."""
    return bool(session.scalar(_ANY_STALE, {"now": now}))


def sweep(session: Session, now: datetime) -> int:
    """Returns the slots of up to SWEEP expired leases to the queue, and how many there were; the rows that held them
    stay, without a slot."""
    stale = session.execute(_STALE, {"now": now}).all()
    if stale:
        gone = update(Assignment).where(Assignment.id.in_([row.id for row in stale]))
        nowhere = case((Assignment.pinned_to.is_not(None), NOWHERE), else_=Assignment.rank)
        session.execute(gone.values(state="expired", slot=None, rank=nowhere, pinned_to=None))
        session.execute(insert(Assignment), [free_slot(row, row.slot, row.pinned_to) for row in stale])
    return len(stale)


def release(session: Session, row: Assignment, state: str) -> None:
    """Takes the slot from a row that becomes `state` (skipped, expired) and queues it anew; the caller holds the lock."""
    slot, pinned_to = row.slot, None if state == "skipped" else row.pinned_to
    row.slot, row.state = None, state
    unpin(row)
    session.flush()
    if slot is not None:
        session.execute(insert(Assignment), [free_slot(row, slot, pinned_to)])


def unpin(row: Assignment) -> None:
    """Ends the pin of a row that somebody has or had: it was not handed out in its turn."""
    if row.pinned_to is not None:
        row.pinned_to, row.rank = None, NOWHERE


def let_go(session: Session, row: Assignment) -> None:
    """Ends a pin; the caller holds the lock. A free slot comes back to the queue, before what is new: who has passed its
    old place would not look there again."""
    if row.pinned_to is not None and row.slot is not None and row.state == "open":
        session.execute(delete(Assignment).where(Assignment.id == row.id))
        session.execute(insert(Assignment), [free_slot(row, row.slot, None)])
    else:
        unpin(row)


def reserved(session: Session, comparison_id: int, annotator_id: int) -> list[Assignment]:
    """The free slots of the comparison that are pinned to the annotator, locked."""
    wanted = select(Assignment).where(
        Assignment.comparison_id == comparison_id, Assignment.state == OPEN, Assignment.pinned_to == annotator_id
    )
    return list(session.scalars(wanted.order_by(Assignment.id).with_for_update()))


def free_slot(row: Any, slot: int, pinned_to: int | None) -> dict[str, object]:
    """The open slot that takes the place of that of `row`, an assignment or its columns."""
    return {
        "project_id": row.project_id,
        "batch_id": row.batch_id,
        "comparison_id": row.comparison_id,
        "slot": slot,
        "rank": RETURNED,
        "swapped": row.swapped,
        "state": "open",
        "pinned_to": pinned_to,
    }


def retake(session: Session, row: Assignment) -> bool:
    """Gives a slotless row a free slot of its comparison, if there is one; the caller holds the row's lock."""
    free = session.execute(
        select(Assignment.id, Assignment.slot, Assignment.pinned_to)
        .where(
            Assignment.comparison_id == row.comparison_id,
            Assignment.state == OPEN,
            or_(Assignment.pinned_to.is_(None), Assignment.pinned_to == row.annotator_id),
        )
        .order_by(Assignment.pinned_to.is_(None), Assignment.slot)
        .limit(1)
        .with_for_update(skip_locked=True)
    ).first()
    if free is None:
        return False
    session.execute(delete(Assignment).where(Assignment.id == free.id))
    row.slot, row.pinned_to = free.slot, free.pinned_to
    return True


def held(session: Session, project_id: int, annotator_id: int, now: datetime) -> list[Assignment]:
    """What the annotator holds with a live lease, oldest first."""
    wanted = select(Assignment).where(
        Assignment.annotator_id == annotator_id,
        Assignment.project_id == project_id,
        Assignment.state == LEASED,
        Assignment.lease_expires_at > now,
    )
    return list(session.scalars(wanted.order_by(Assignment.leased_at, Assignment.id).with_for_update()))


def any_held(session: Session, project_id: int, annotator_id: int, now: datetime) -> bool:
    """Whether `held` would find something; locks nothing."""
    wanted = exists().where(
        Assignment.annotator_id == annotator_id,
        Assignment.project_id == project_id,
        Assignment.state == LEASED,
        Assignment.lease_expires_at > now,
    )
    return bool(session.scalar(select(wanted)))


ALONE = Prepared(select(Person.id).where(Person.id == bindparam("id")).with_for_update(key_share=True))


def alone(session: Session, annotator_id: int) -> None:
    """Makes the annotator's other transactions wait until this one ends; they must ask for it before any other lock.

    Two tabs of one person could else lease two slots of one comparison, which the second learns at its end only.
    SQLite has one writer anyway.
    """
    transaction = session.get_transaction()
    if transaction is not None and session.info.get("alone") == (transaction, annotator_id):
        return
    if session.get_bind().dialect.name != "sqlite":
        ALONE.run(session, {"id": annotator_id})
    is_alone(session, annotator_id)


def is_alone(session: Session, annotator_id: int) -> None:
    """Notes that this transaction holds the lock that `alone` takes."""
    session.info["alone"] = (session.get_transaction(), annotator_id)


def lock(session: Session, assignment_id: int) -> Assignment | None:
    """The row, locked until the transaction ends and read anew."""
    wanted = select(Assignment).where(Assignment.id == assignment_id).with_for_update()
    return session.scalar(wanted.execution_options(populate_existing=True))
