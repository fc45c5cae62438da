"""All judgements of a project as plain numbers, read at once: what its statistics are made of."""

from dataclasses import dataclass
from datetime import datetime
from itertools import chain

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import ColumnElement, Integer, SQLColumnExpression, case, cast, extract, func, select
from sqlalchemy.orm import Session

from app.storage import tallies
from app.storage.batches import Comparison
from app.storage.comparisons import Preference

FETCHED = 20_000
UNKNOWN = 9
DAY = 86_400


@dataclass(frozen=True)
class Evidence:
    """Parallel vectors, one entry a judgement, in the order of comparison and annotator.

    `strength` is −3..3 from a to b, `swapped` whether b stood on the left, `gold` the known answer as a sign (−1 for a,
    0 for a tie, 1 for b; UNKNOWN of what is not gold), `day` when it was given, in days since 1970 by UTC, `active_ms` −1
    where the time is not known. An imported judgement has the day that its file names, or else that of the import.
    """

    comparison: NDArray[np.int64]
    annotator: NDArray[np.int64]
    strength: NDArray[np.int64]
    swapped: NDArray[np.bool_]
    imported: NDArray[np.bool_]
    active_ms: NDArray[np.int64]
    day: NDArray[np.int64]
    batch: NDArray[np.int64]
    gold: NDArray[np.int64]


def evidence(session: Session, project_id: int) -> Evidence:
    """Every judgement of the project; a million take about 100 MB."""
    given = case(
        (Preference.imported, func.coalesce(Preference.submitted_at, Preference.received_at)),
        else_=Preference.received_at,
    )
    wanted = (
        select(
            Preference.comparison_id,
            Preference.annotator_id,
            Preference.strength,
            cast(Preference.swapped, Integer),
            cast(Preference.imported, Integer),
            func.coalesce(Preference.active_ms, -1),
            day(session, given),
            Comparison.batch_id,
            case(
                (Comparison.gold == "a", -1), (Comparison.gold == "b", 1), (Comparison.gold == "tie", 0), else_=UNKNOWN
            ),
        )
        .join(Comparison, Comparison.id == Preference.comparison_id)
        .where(Preference.project_id == project_id)
    )
    # the driver's own rows: all are whole numbers, and to make rows of them once more would take longer than the rest
    cursor = session.connection().execute(wanted).cursor
    parts = [np.empty((0, 9), np.int64)]
    while cursor is not None and (rows := cursor.fetchmany(FETCHED)):
        parts.append(np.fromiter(chain.from_iterable(rows), np.int64).reshape(-1, 9))
    table = np.concatenate(parts)
    table = table[np.lexsort((table[:, 1], table[:, 0]))]
    comparison, annotator, strength, swapped, imported, active_ms, days, batch, gold = table.T
    return Evidence(
        comparison, annotator, strength, swapped.astype(bool), imported.astype(bool), active_ms, days, batch, gold
    )


def state(session: Session, project_id: int) -> tuple[int, datetime | None]:
    """How many judgements the project has and when the newest came: other evidence, another state."""
    newest = select(func.max(Preference.received_at)).where(Preference.project_id == project_id)
    counted = tallies.by_annotator(project_id).subquery()
    number = session.scalar(select(func.sum(counted.c.judged)))
    return int(number or 0), session.scalar(newest)


def per_day(session: Session, project_id: int, since: datetime) -> dict[int, int]:
    """How many judgements came since then by day since 1970 (UTC), those that were imported left out."""
    on = day(session, Preference.received_at).label("on")
    wanted = select(on, func.count()).where(
        Preference.project_id == project_id, Preference.received_at >= since, ~Preference.imported
    )
    return {number: count for number, count in session.execute(wanted.group_by(on))}


def day(session: Session, instant: SQLColumnExpression[datetime]) -> ColumnElement[int]:
    """The day of an instant, in days since 1970 by UTC, as either database says it."""
    if session.get_bind().dialect.name == "sqlite":
        return cast(func.strftime("%s", instant), Integer) // DAY
    return cast(func.floor(extract("epoch", instant) / DAY), Integer)
