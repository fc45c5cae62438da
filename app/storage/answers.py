"""Storing an answer to a live lease: the case of nearly every answer, in as few statements as it takes."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, exists, insert, update
from sqlalchemy.orm import Session

from app.storage.comparisons import DONE, Assignment, Preference, PreferenceHistory
from app.storage.prepared import Prepared, looked_up
from app.storage.projects import Project
from app.storage.tallies import COUNT

_PROJECT = Project.__table__
_OF_PROJECT = "project WHERE project.id = assignment.project_id"
FILL = Prepared(
    update(Assignment)
    .where(
        Assignment.id == bindparam("assignment"),
        Assignment.annotator_id == bindparam("annotator"),
        Assignment.lease_token == bindparam("token"),
        # not written out: else a planner may look for the row among all leases rather than by its id
        Assignment.state == "leased",
        Assignment.lease_expires_at >= bindparam("now"),
        ~exists().where(Preference.id == bindparam("answer")),
        ~exists().where(PreferenceHistory.preference_id == bindparam("answer")),
    )
    .values(state=DONE)
    .returning(
        Assignment.project_id,
        Assignment.batch_id,
        Assignment.comparison_id,
        Assignment.swapped,
        Assignment.leased_at,
        looked_up(_PROJECT.c.asks, _OF_PROJECT),
        looked_up(_PROJECT.c.asks_since, _OF_PROJECT),
    )
)
_values = {column.name: bindparam(f"new_{column.name}", type_=column.type) for column in Preference.__table__.c}
_store = insert(Preference).values(_values)
STORE = Prepared(_store)
# PostgreSQL does both at once
STORE_AND_COUNT = Prepared(COUNT["postgresql"].statement.add_cte(_store.cte("stored")))


@dataclass(frozen=True)
class Judged:
    """The slot that an answer filled, and what its project asks for since when."""

    project_id: int
    batch_id: int
    comparison_id: int
    swapped: bool
    leased_at: datetime | None
    asks: dict[str, Any] | None
    asks_since: datetime | None


def fill(
    session: Session, assignment_id: int, annotator_id: int, token: str, answer: str, now: datetime
) -> Judged | None:
    """Marks the assignment as done when the annotator holds it by a live lease with that token and nothing has the id
    `answer` yet; None, and nothing is changed, in every other case."""
    values = {"assignment": assignment_id, "annotator": annotator_id, "token": token, "answer": answer, "now": now}
    row = FILL.first(session, values)
    return None if row is None else Judged(*row)


def store(session: Session, judged: Judged, values: dict[str, Any]) -> None:
    """Stores the preference of a filled slot and counts it; raises sqlalchemy's IntegrityError when its id is taken."""
    stored = {f"new_{name}": value for name, value in values.items()}
    counted = {"batch_id": judged.batch_id, "annotator_id": values["annotator_id"], "judged": 1, "filled": 1}
    if session.get_bind().dialect.name == "postgresql":
        STORE_AND_COUNT.run(session, stored | counted)
    else:
        STORE.run(session, stored)
        COUNT["sqlite"].run(session, counted)
