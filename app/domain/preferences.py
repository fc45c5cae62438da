"""Recording what annotators answer: once, whatever is sent how often, and nothing ever lost."""

import uuid
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.domain import asking, assignments
from app.domain.errors import Conflict, Invalid, NotFound
from app.storage import answers, leases, tallies
from app.storage.answers import Judged
from app.storage.base import LARGEST
from app.storage.batches import Batch
from app.storage.comparisons import Assignment, Preference, PreferenceHistory
from app.storage.projects import Project
from app.vocabulary import AssignmentState, BatchState

LONGEST_RATIONALE = 20_000


@dataclass(frozen=True)
class Answer:
    """A judgement as shown: `strength`, and that of each of the project's `criteria` by its key, −3 (left much better) to
    3 (right much better); `active_ms` milliseconds."""

    id: str
    lease_token: str
    strength: int
    acceptable_left: bool | None = None
    acceptable_right: bool | None = None
    rationale: str | None = None
    active_ms: int | None = None
    criteria: dict[str, int] = field(default_factory=dict)
    flags: tuple[str, ...] = ()


@dataclass(frozen=True)
class Stored:
    """A stored preference as its annotator sent it. `status`: stored, revised (a later answer took its place),
    withdrawn (undone), superseded (kept beside an earlier answer, not counted). `slot` tells whether it fills a slot."""

    id: str
    assignment_id: int
    project_id: int
    strength: int
    late: bool
    status: str
    slot: bool
    repeated: bool


def submit(session: Session, assignment_id: int, annotator_id: int, answer: Answer, now: datetime) -> Stored:
    """Stores an answer. The same id again changes nothing and answers the same; another id on a judged assignment
    revises it. Raises NotFound, Invalid, or Conflict when the token is not that of the annotator's lease."""
    answer = _checked(answer)
    if assignment_id > LARGEST:
        raise NotFound("There is no assignment %(number)s.", number=assignment_id)
    assignments.check_token(answer.lease_token)
    leases.alone(session, annotator_id)
    judged = answers.fill(session, assignment_id, annotator_id, answer.lease_token, answer.id, now)
    if judged is None:
        return _submit(session, assignment_id, annotator_id, answer, now)
    _check_asked(answer, judged.asks, judged.asks_since, judged.leased_at)
    values = _values(answer, judged, judged.swapped, judged.leased_at, False, now)
    _once(
        lambda: answers.store(session, judged, values | {"assignment_id": assignment_id, "annotator_id": annotator_id})
    )
    return Stored(answer.id, assignment_id, judged.project_id, answer.strength, False, "stored", True, False)


def _submit(session: Session, assignment_id: int, annotator_id: int, answer: Answer, now: datetime) -> Stored:
    """Every other case: sent again, late, revised."""
    row = assignments.own(session, assignment_id, annotator_id, answer.lease_token)
    if (earlier := _repeated(session, row, answer)) is not None:
        return earlier
    shown = row
    project = session.get_one(Project, row.project_id)
    _check_asked(answer, project.asks, project.asks_since, row.leased_at)
    late = row.state == "expired" or (row.state == "leased" and (row.lease_expires_at or now) < now)
    if row.state == "skipped":
        raise Conflict("The comparison is skipped. Take the skip back first.")
    if row.state == "expired":
        other = assignments.live(session, row)
        if other is not None and other.state != "leased":
            return _keep_superseded(session, row, answer, now)
        if other is not None:
            row = other
        else:
            leases.retake(session, row)
    elif row.state == "done":
        _check_open(session, row)
        late = _shelve(session, row, "revised", now)
    revised = row.state == "done"
    row.state = "done"
    session.flush()
    session.add(_preference(row, answer, shown, late, now))
    _once(session.flush)
    if not revised:
        tallies.count(session, [(row.batch_id, annotator_id, 1, int(row.slot is not None))])
    return Stored(
        answer.id, assignment_id, row.project_id, answer.strength, late, "stored", row.slot is not None, False
    )


def _check_open(session: Session, row: Assignment) -> None:
    if session.get_one(Batch, row.batch_id).state == BatchState.closed:
        raise Conflict("The batch of this comparison is closed; what was judged of it stays as it is.")


def _once(store: Callable[[], None]) -> None:
    try:
        store()
    except IntegrityError as error:  # somebody else used the id a moment ago
        raise Conflict("This id belongs to another answer.") from error


def withdraw(
    session: Session,
    assignment_id: int,
    annotator_id: int,
    lease_token: str,
    now: datetime,
    lease: timedelta,
    answer_id: str | None = None,
) -> assignments.Task:
    """Takes the last answer back and leases the comparison to the same annotator again, as it was shown. With `answer_id`
    that answer and no other: where another one has taken its place, nothing is changed."""
    row = assignments.own(session, assignment_id, annotator_id, lease_token)
    if row.state == "done" and answer_id is not None and not _answered_by(session, row, answer_id):
        return assignments.task(session, row)
    if row.state == "done":
        if row.slot is None:
            raise Conflict("This judgement was kept beside those that were asked for; it cannot be undone.")
        _check_open(session, row)
        _shelve(session, row, "withdrawn", now)
        tallies.take_back(session, row.batch_id, annotator_id)
        row.state, row.lease_expires_at = "leased", now + lease
        session.flush()
    elif row.state != "leased":
        raise Conflict(
            "The assignment is %(state)s; there is no answer to take back.", state=AssignmentState(row.state)
        )
    return assignments.task(session, row)


def _answered_by(session: Session, row: Assignment, answer_id: str) -> bool:
    found = session.get(Preference, answer_id)
    return found is not None and found.assignment_id == row.id


def undo(session: Session, project_id: int, annotator_id: int, now: datetime, lease: timedelta) -> assignments.Task:
    """Takes back what the annotator did last in the project, an answer or a skip; raises Conflict when there is nothing.

    When a skip was made is not kept: it counts as made when its comparison was last on the desk, since whatever was
    done before brought the desk anew, and with it all leases.
    """
    answered = session.execute(
        select(Preference.received_at, Assignment.id, Assignment.lease_token)
        .join(Assignment, Assignment.id == Preference.assignment_id)
        .where(
            Preference.annotator_id == annotator_id,
            Preference.project_id == project_id,
            ~Preference.imported,
        )
        .order_by(Preference.received_at.desc())
        .limit(1)
    ).first()
    skipped = session.execute(
        select(Assignment.lease_expires_at, Assignment.id, Assignment.lease_token)
        .where(
            Assignment.annotator_id == annotator_id,
            Assignment.project_id == project_id,
            Assignment.state == AssignmentState.skipped,
            # as the index of what an annotator passed by has them
            Assignment.lease_token.is_not(None),
            Assignment.pinned_to.is_(None),
        )
        .order_by(Assignment.lease_expires_at.desc(), Assignment.id.desc())
        .limit(1)
    ).first()
    if skipped is not None and (answered is None or skipped.lease_expires_at - lease > answered.received_at):
        return assignments.unskip(session, skipped.id, annotator_id, skipped.lease_token, now, lease)
    if answered is None or answered.lease_token is None:
        raise Conflict("There is no answer or skip of yours to take back.")
    return withdraw(session, answered.id, annotator_id, answered.lease_token, now, lease)


def _checked(answer: Answer) -> Answer:
    try:
        number = str(uuid.UUID(answer.id))
    except ValueError:
        raise Invalid("id", "must be a UUID") from None
    if not -3 <= answer.strength <= 3:
        raise Invalid("strength", "must be a whole number from -3 to 3")
    if answer.active_ms is not None and not 0 <= answer.active_ms < 2**31:
        raise Invalid("active_ms", "must be between 0 and 2147483647")
    rationale = answer.rationale
    if rationale is not None:
        rationale = rationale.strip().replace("\x00", "") or None
        if rationale is not None and len(rationale) > LONGEST_RATIONALE:
            raise Invalid("rationale", "is longer than %(most)s characters", most=LONGEST_RATIONALE)
    if len(answer.criteria) > asking.MOST_CRITERIA or not all(-3 <= said <= 3 for said in answer.criteria.values()):
        raise Invalid("criteria", "must be whole numbers from -3 to 3")
    if unknown := [key for key in answer.criteria if not asking.KEY.fullmatch(key)]:
        raise Invalid("criteria", "has %(key)r, which this project does not ask for", key=unknown[0])
    asking.check_order(answer.strength, answer.acceptable_left, answer.acceptable_right)
    return replace(answer, id=number, rationale=rationale, flags=tuple(asking.check_flags(answer.flags)))


def _check_asked(
    answer: Answer, asks: dict[str, Any] | None, since: datetime | None, leased_at: datetime | None
) -> None:
    """Raises Invalid where the answer is not what the project asks for; what was handed out before that changed may be
    answered as it was asked then."""
    if since is not None and leased_at is not None and leased_at < since:
        return
    asking.check(
        asking.read(asks),
        acceptable=(answer.acceptable_left, answer.acceptable_right),
        criteria=answer.criteria,
        rationale=answer.rationale,
        flags=bool(answer.flags),
    )


def _repeated(session: Session, row: Assignment, answer: Answer) -> Stored | None:
    found = session.get(Preference, answer.id)
    if found is not None:
        holder = session.get_one(Assignment, found.assignment_id)
        if holder.comparison_id != row.comparison_id or found.annotator_id != row.annotator_id:
            raise Conflict("This id belongs to another answer.")
        shown = -found.strength if found.swapped else found.strength
        return Stored(found.id, row.id, row.project_id, shown, found.late, "stored", holder.slot is not None, True)
    past = session.get(PreferenceHistory, answer.id)
    if past is None:
        return None
    if past.annotator_id != row.annotator_id or past.content["comparison_id"] != row.comparison_id:
        raise Conflict("This id belongs to another answer.")
    swapped = past.content.get("swapped", row.swapped)  # older entries do not tell
    shown = -past.content["strength"] if swapped else past.content["strength"]
    return Stored(answer.id, row.id, row.project_id, shown, past.content["late"], past.why, False, True)


def _values(
    answer: Answer, judged: Assignment | Judged, swapped: bool, started_at: datetime | None, late: bool, now: datetime
) -> dict[str, Any]:
    """The columns of the preference, but for whose it is; `swapped` and `started_at` are those of the lease under which
    it was given, which may be an earlier one than that of the slot that it fills."""
    left, right = answer.acceptable_left, answer.acceptable_right
    return {
        "id": answer.id,
        "project_id": judged.project_id,
        "comparison_id": judged.comparison_id,
        "strength": -answer.strength if swapped else answer.strength,
        "swapped": swapped,
        "acceptable_a": right if swapped else left,
        "acceptable_b": left if swapped else right,
        "criteria": {key: -said if swapped else said for key, said in answer.criteria.items()} or None,
        "flags": list(answer.flags) or None,
        "rationale": answer.rationale,
        "started_at": started_at,
        "submitted_at": now,
        "received_at": now,
        "active_ms": answer.active_ms,
        "late": late,
        "imported": False,
    }


def _preference(row: Assignment, answer: Answer, shown: Assignment, late: bool, now: datetime) -> Preference:
    """The answer on that row, as it was given under the lease `shown`."""
    values = _values(answer, row, shown.swapped, shown.leased_at, late, now)
    return Preference(assignment_id=row.id, annotator_id=row.annotator_id, **values)


def _content(preference: Preference) -> dict[str, object]:
    kept = (
        "comparison_id",
        "strength",
        "swapped",
        "acceptable_a",
        "acceptable_b",
        "criteria",
        "flags",
        "rationale",
        "active_ms",
        "late",
    )
    times = {
        name: (at := getattr(preference, name)) and at.isoformat()
        for name in ("started_at", "submitted_at", "received_at")
    }
    return {name: getattr(preference, name) for name in kept} | times


def _shelve(session: Session, row: Assignment, why: str, now: datetime) -> bool:
    """Moves the row's preference to the history; returns whether it was late."""
    found = session.scalars(select(Preference).where(Preference.assignment_id == row.id)).one()
    session.add(
        PreferenceHistory(
            preference_id=found.id,
            assignment_id=row.id,
            annotator_id=found.annotator_id,
            why=why,
            content=_content(found),
            at=now,
        )
    )
    session.delete(found)
    session.flush()
    return found.late


def _keep_superseded(session: Session, row: Assignment, answer: Answer, now: datetime) -> Stored:
    session.add(
        PreferenceHistory(
            preference_id=answer.id,
            assignment_id=row.id,
            annotator_id=row.annotator_id,
            why="superseded",
            content=_content(_preference(row, answer, row, True, now)),
            at=now,
        )
    )
    _once(session.flush)
    return Stored(answer.id, row.id, row.project_id, answer.strength, True, "superseded", False, False)
