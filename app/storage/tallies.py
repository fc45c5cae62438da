"""Counts that are kept, since counting would take longer the more there is."""

from collections.abc import Iterable

from sqlalchemy import func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from app.storage.batches import Batch
from app.storage.comparisons import Tally


def count(session: Session, entries: Iterable[tuple[int, int, int, int]]) -> None:
    """Adds (batch id, annotator id, judged, filled) to the tallies, each pair at most once.

    Whoever adds for an annotator must be alone with that annotator (leases.alone), or adds in the order of pairs.
    """
    kind = postgresql if session.get_bind().dialect.name == "postgresql" else sqlite
    statement = kind.insert(Tally)
    statement = statement.on_conflict_do_update(
        index_elements=[Tally.batch_id, Tally.annotator_id],
        set_={"judged": Tally.judged + statement.excluded.judged, "filled": Tally.filled + statement.excluded.filled},
    )
    names = ("batch_id", "annotator_id", "judged", "filled")
    values = [dict(zip(names, entry, strict=True)) for entry in sorted(entries)]
    if values:
        session.execute(statement, values)


def judged(session: Session, project_id: int, annotator_id: int) -> int:
    """How many judgements of the project are this annotator's."""
    mine = select(func.coalesce(func.sum(Tally.judged), 0)).join(Batch, Batch.id == Tally.batch_id)
    found = session.scalar(mine.where(Batch.project_id == project_id, Tally.annotator_id == annotator_id))
    return int(found or 0)


def filled(session: Session, project_id: int) -> dict[int, int]:
    """Slots with a judgement, by batch id; a batch without any is missing."""
    counted = select(Tally.batch_id, func.sum(Tally.filled)).join(Batch, Batch.id == Tally.batch_id)
    rows = session.execute(counted.where(Batch.project_id == project_id).group_by(Tally.batch_id))
    return {batch_id: int(number) for batch_id, number in rows}
