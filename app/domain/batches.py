"""Batches after their upload: opened, paused, closed, with what was wrong in them."""

from collections.abc import Iterator

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.domain.errors import Conflict, NotFound
from app.storage.batches import Batch, RowError
from app.storage.comparisons import Assignment
from app.storage.projects import Project
from app.vocabulary import BatchState


def of_project(session: Session, project: Project) -> list[Batch]:
    """The project's batches, newest first."""
    return list(session.scalars(select(Batch).where(Batch.project_id == project.id).order_by(Batch.id.desc())))


def get(session: Session, project: Project, batch_id: int) -> Batch:
    """The batch; raises NotFound."""
    batch = session.get(Batch, batch_id)
    if batch is None or batch.project_id != project.id:
        raise NotFound(f"There is no batch {batch_id} in {project.slug!r}.")
    return batch


def change(session: Session, batch: Batch, state: BatchState, priority: int | None = None) -> None:
    """Opens, pauses or closes; what is leased may still be answered. Raises Conflict on the way back to a draft."""
    if state == BatchState.draft and batch.state != BatchState.draft:
        raise Conflict("A batch that was open cannot become a draft again. Pause it instead.")
    batch.state = state
    if priority is not None:
        batch.priority = priority
    session.flush()


def errors(session: Session, batch: Batch, limit: int | None = None) -> Iterator[RowError]:
    """Why rows were refused, in the order of lines."""
    wanted = select(RowError).where(RowError.batch_id == batch.id).order_by(RowError.line, RowError.id).limit(limit)
    return iter(session.scalars(wanted))


def done(session: Session, project: Project) -> dict[int, tuple[int, int]]:
    """(slots judged, slots in all) by batch id."""
    wanted = (
        select(Assignment.batch_id, Assignment.state == "done", func.count())
        .where(Assignment.project_id == project.id, Assignment.slot.is_not(None))
        .group_by(Assignment.batch_id, Assignment.state == "done")
    )
    found: dict[int, tuple[int, int]] = {}
    for batch_id, judged, number in session.execute(wanted):
        finished, total = found.get(batch_id, (0, 0))
        found[batch_id] = (finished + number * bool(judged), total + number)
    return found
