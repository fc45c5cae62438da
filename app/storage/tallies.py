"""Counts that are kept, since counting would take longer the more there is."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy import Select, case, func, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session

from app.storage.batches import Batch
from app.storage.bulk import among
from app.storage.comparisons import Tally
from app.storage.prepared import Prepared


def _count(kind: Any) -> Any:
    added = kind.insert(Tally)
    return added.on_conflict_do_update(
        index_elements=[Tally.batch_id, Tally.annotator_id],
        set_={"judged": Tally.judged + added.excluded.judged, "filled": Tally.filled + added.excluded.filled},
    )


COUNT = {
    "postgresql": Prepared(_count(postgresql)),
    "sqlite": Prepared(_count(sqlite)),
}  # by dialect; takes the columns of Tally


def count(session: Session, entries: Iterable[tuple[int, int, int, int]]) -> None:
    """Adds (batch id, annotator id, judged, filled) to the tallies, each pair at most once.

    Whoever adds for an annotator must be alone with that annotator (leases.alone), or adds in the order of pairs.
    """
    names = ("batch_id", "annotator_id", "judged", "filled")
    values = [dict(zip(names, entry, strict=True)) for entry in sorted(entries)]
    if values:
        session.execute(COUNT[session.get_bind().dialect.name].statement, values)


def take_back(session: Session, batch_id: int, annotator_id: int) -> None:
    """Counts one judgement that filled a slot less."""
    session.execute(
        update(Tally)
        .where(Tally.batch_id == batch_id, Tally.annotator_id == annotator_id)
        .values(judged=Tally.judged - 1, filled=Tally.filled - 1)
        .execution_options(synchronize_session=False)
    )


def by_annotator(project_id: int | None = None) -> Select[int, int]:
    """Selects annotator_id and judged, of those who have judged anything: of the project or of all projects."""
    number = func.sum(Tally.judged).label("judged")
    counted = select(Tally.annotator_id, number).group_by(Tally.annotator_id).having(number > 0)
    if project_id is None:
        return counted
    return counted.join(Batch, Batch.id == Tally.batch_id).where(Batch.project_id == project_id)


def by_batch(session: Session, projects: Sequence[int], annotator_id: int) -> Iterator[tuple[int, str, int, int, int]]:
    """(project id, state, slots, slots with a judgement, judgements of this annotator) of each batch of these projects."""
    mine = case((Tally.annotator_id == annotator_id, Tally.judged), else_=0)
    wanted = (
        select(
            Batch.project_id,
            Batch.state,
            Batch.slots,
            func.coalesce(func.sum(Tally.filled), 0),
            func.coalesce(func.sum(mine), 0),
        )
        .join(Tally, Tally.batch_id == Batch.id, isouter=True)
        .where(among(session, Batch.project_id, projects))
        .group_by(Batch.id)
    )
    for project_id, state, slots, filled, own in session.execute(wanted):
        yield project_id, state, slots, int(filled), int(own)


def judged(session: Session, project_id: int) -> int:
    """How many judgements there are in the project."""
    all_ = select(func.coalesce(func.sum(Tally.judged), 0)).join(Batch, Batch.id == Tally.batch_id)
    return int(session.scalar(all_.where(Batch.project_id == project_id)) or 0)


def filled(session: Session, project_id: int) -> dict[int, int]:
    """Slots with a judgement, by batch id; a batch without any is missing."""
    counted = select(Tally.batch_id, func.sum(Tally.filled)).join(Batch, Batch.id == Tally.batch_id)
    rows = session.execute(counted.where(Batch.project_id == project_id).group_by(Tally.batch_id))
    return {batch_id: int(number) for batch_id, number in rows}
