"""Handing out work: the next comparisons for an annotator, and giving them back."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import bindparam, select
from sqlalchemy.orm import Session, aliased

from app.domain.errors import Conflict, Invalid, NotFound
from app.storage import claims, leases
from app.storage.base import LARGEST
from app.storage.batches import Comparison, Prompt, Response
from app.storage.claims import Lease
from app.storage.comparisons import Assignment
from app.vocabulary import AssignmentState, SkipReason

MOST = 20
_a, _b = aliased(Response), aliased(Response)
_TEXTS = (
    select(Comparison.id, Comparison.external_id, Prompt.messages, _a.text, _b.text)
    .join(Prompt, Prompt.id == Comparison.prompt_id)
    .join(_a, _a.id == Comparison.response_a_id)
    .join(_b, _b.id == Comparison.response_b_id)
    .where(Comparison.id.in_(bindparam("ids", expanding=True)))
)


@dataclass(frozen=True)
class Task:
    """A leased comparison as its annotator sees it: in shown order, blind to what generated the responses."""

    id: int
    external_id: str | None
    lease_token: str
    expires_at: datetime
    prompt: list[dict[str, str]]
    left: str
    right: str


def next_tasks(
    session: Session, project_id: int, annotator_id: int, count: int, now: datetime, lease: timedelta
) -> list[Task]:
    """Leases the next `count` (0 to 20) comparisons; fewer when there are no more for this annotator, or when they may
    not have more: by the rules of project and batch, or because they hold very many."""
    if not 0 <= count <= MOST:
        raise Invalid("count", "must be between 0 and %(most)s", most=MOST)
    if not count:
        return []
    leases.alone(session, annotator_id)
    found: list[Lease] = []
    while len(found) < count:
        taken = claims.claim(session, project_id, annotator_id, now, lease)
        # leases that ran out are swept every second; who finds nothing does not wait for that
        if taken is None and leases.sweep(session, now):
            taken = claims.claim(session, project_id, annotator_id, now, lease)
        if taken is None:
            break
        found.append(taken)
    return [_shown(row, row.external_id, row.messages, row.text_a, row.text_b) for row in found]


def any_expired(session: Session, now: datetime) -> bool:
    """Whether `sweep` would find something; waits for nobody."""
    return leases.any_expired(session, now)


def sweep(session: Session, now: datetime) -> int:
    """Returns the slots of some hundred expired leases to the queue, and how many there were."""
    return leases.sweep(session, now)


def resume(
    session: Session, project_id: int, annotator_id: int, count: int, now: datetime, lease: timedelta
) -> list[Task]:
    """What the annotator holds already, renewed, topped up to `count` with new leases."""
    leases.alone(session, annotator_id)
    mine = leases.held(session, project_id, annotator_id, now)
    for row in mine:
        row.lease_expires_at = now + lease
    session.flush()
    more = next_tasks(session, project_id, annotator_id, min(MOST, max(0, count - len(mine))), now, lease)
    return _tasks(session, mine) + more


def holds(session: Session, project_id: int, annotator_id: int, now: datetime) -> bool:
    """Whether the annotator has a live lease in the project."""
    return leases.any_held(session, project_id, annotator_id, now)


def following(
    session: Session, project_id: int, annotator_id: int, count: int, repeated: bool, now: datetime, lease: timedelta
) -> list[Task] | None:
    """What comes after an answer or a skip, None for a `count` of 0. Who repeats a request did not hear what it leased:
    they get that, and not more."""
    if not count:
        return None
    return (resume if repeated else next_tasks)(session, project_id, annotator_id, count, now, lease)


def task(session: Session, row: Assignment) -> Task:
    """One leased assignment as its annotator sees it."""
    return _tasks(session, [row])[0]


def _tasks(session: Session, found: Sequence[Assignment]) -> list[Task]:
    if not found:
        return []
    known = {row[0]: row for row in session.execute(_TEXTS, {"ids": [row.comparison_id for row in found]})}
    tasks = []
    for row in found:
        _, external_id, messages, a, b = known[row.comparison_id]
        tasks.append(_shown(row, external_id, messages, a, b))
    return tasks


def _shown(row: Assignment | Lease, external_id: str | None, messages: list[dict[str, str]], a: str, b: str) -> Task:
    if row.lease_token is None or row.lease_expires_at is None:
        raise ValueError(f"assignment {row.id} is not leased")
    left, right = (b, a) if row.swapped else (a, b)
    return Task(row.id, external_id, row.lease_token, row.lease_expires_at, messages, left, right)


def own(session: Session, assignment_id: int, annotator_id: int, lease_token: str) -> Assignment:
    """The annotator's assignment, locked; raises NotFound, or Conflict when the token is not its lease's."""
    check_token(lease_token)
    leases.alone(session, annotator_id)
    row = leases.lock(session, assignment_id) if assignment_id <= LARGEST else None
    if row is None:
        raise NotFound("There is no assignment %(number)s.", number=assignment_id)
    if row.annotator_id != annotator_id or row.lease_token is None or row.lease_token != lease_token:
        raise Conflict("This assignment is not leased with that token. Nothing was changed.")
    return row


def check_token(lease_token: str) -> None:
    """Raises Conflict for what cannot be a token, nor be asked of every database."""
    if not (lease_token.isascii() and lease_token.isprintable()):
        raise Conflict("This assignment is not leased with that token. Nothing was changed.")


def give_back(session: Session, assignment_id: int, annotator_id: int, lease_token: str) -> None:
    """Ends a lease and returns the slot to the queue, for this annotator too; does nothing when it ended before."""
    row = own(session, assignment_id, annotator_id, lease_token)
    if row.state == "leased":
        leases.release(session, row, "expired")
    elif row.state != "expired":
        raise Conflict("The assignment is %(state)s; its lease cannot be given back.", state=AssignmentState(row.state))


def skip(
    session: Session, assignment_id: int, annotator_id: int, lease_token: str, reason: str
) -> tuple[Assignment, bool]:
    """Passes a comparison on, with a reason; returns it, and whether it was skipped before: that changes nothing."""
    if reason not in set(SkipReason):
        raise Invalid("reason", "must be one of %(known)s", known=", ".join(SkipReason))
    row = own(session, assignment_id, annotator_id, lease_token)
    repeated = row.state == "skipped"
    if row.state in ("leased", "expired"):
        if row.state == "expired" and live(session, row) is not None:
            raise Conflict("The lease ran out and the comparison was handed to you again.")
        row.skip_reason = reason
        leases.release(session, row, "skipped")
        for free in leases.reserved(session, row.comparison_id, annotator_id):  # it waited for them since time took it
            leases.let_go(session, free)
    elif row.state == "done":
        raise Conflict("The comparison is judged already.")
    return row, repeated


def unskip(
    session: Session, assignment_id: int, annotator_id: int, lease_token: str, now: datetime, lease: timedelta
) -> Task:
    """Takes a skip back while the comparison still has a free slot, and the annotator may have more of its batch."""
    row = own(session, assignment_id, annotator_id, lease_token)
    if row.state == "leased":
        return task(session, row)
    if row.state != "skipped":
        raise Conflict("The assignment is %(state)s, not skipped.", state=AssignmentState(row.state))
    may = claims.open_to(session, row.project_id, annotator_id, row.batch_id, now)
    if not leases.retake(session, row):
        raise Conflict("Someone else has taken this comparison since.")
    if not may:
        raise Conflict("You may not have more of this batch now, or it is not open any more.")
    row.state, row.skip_reason, row.lease_expires_at = "leased", None, now + lease
    session.flush()
    return task(session, row)


def live(session: Session, row: Assignment) -> Assignment | None:
    """The annotator's other row on the same comparison, when an expired one was followed by a new lease."""
    wanted = select(Assignment).where(
        Assignment.comparison_id == row.comparison_id,
        Assignment.holder_id == row.annotator_id,
        Assignment.id != row.id,
    )
    return session.scalar(wanted.with_for_update())
