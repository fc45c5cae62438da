"""How much there is to judge."""

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.storage.batches import Batch
from app.storage.comparisons import Tally
from app.storage.projects import Project
from app.vocabulary import BatchState


def depths(session: Session) -> list[tuple[str, int, int]]:
    """Slug, slots in open batches and how many of these are filled, for every project by slug; from counts that are
    kept, so that it costs the same however many comparisons there are."""
    filled = (
        select(func.coalesce(func.sum(Tally.filled), 0))
        .where(Tally.batch_id == Batch.id)
        .correlate(Batch)
        .scalar_subquery()
    )
    wanted = (
        select(Project.slug, func.coalesce(func.sum(Batch.slots), 0), func.coalesce(func.sum(filled), 0))
        .outerjoin(Batch, (Batch.project_id == Project.id) & (Batch.state == BatchState.open))
        .group_by(Project.slug)
        .order_by(Project.slug)
    )
    return [(slug, int(slots), int(done)) for slug, slots, done in session.execute(wanted)]
