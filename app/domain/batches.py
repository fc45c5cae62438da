"""Batches after their upload: opened, paused, closed, with what was wrong in them."""

from collections.abc import Iterator
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session, aliased

from app.domain import audit, projects
from app.domain.errors import Conflict, Invalid, NotFound
from app.storage import tallies
from app.storage.batches import Batch, Comparison, Prompt, Response, RowError
from app.storage.people import Group
from app.storage.projects import Project
from app.vocabulary import Act, BatchState

MOST_PRIORITY = 1_000_000


@dataclass(frozen=True)
class Sample:
    """A comparison as it was uploaded; `a` and `b` are the responses' texts."""

    id: int
    external_id: str | None
    messages: list[dict[str, str]]
    a: str
    b: str
    gold: str | None


def of_project(session: Session, project: Project) -> list[Batch]:
    """The project's batches, newest first."""
    return list(session.scalars(select(Batch).where(Batch.project_id == project.id).order_by(Batch.id.desc())))


def get(session: Session, project: Project, batch_id: int) -> Batch:
    """The batch; raises NotFound."""
    batch = session.get(Batch, batch_id)
    if batch is None or batch.project_id != project.id:
        raise NotFound(f"There is no batch {batch_id} in {project.slug!r}.")
    return batch


def change(session: Session, batch: Batch, state: BatchState) -> None:
    """Opens, pauses or closes; what is leased may still be answered. Raises Conflict on the way back to a draft."""
    if state == BatchState.draft and batch.state != BatchState.draft:
        raise Conflict("A batch that was open cannot become a draft again. Pause it instead.")
    with audit.changes(batch, Act.batch_changed, batch.name, batch.project_id):
        batch.state = state
    session.flush()


def configure(
    session: Session, batch: Batch, *, priority: int, max_per_annotator: int | None, group_id: int | None
) -> None:
    """Sets the batch's rules, while work goes on too: each holds from the next claim on, and takes nothing from anybody.

    Somebody past a new limit, or outside of a new group, gets nothing more of the batch; they may still answer, skip and
    take back what they hold, and what they judged stays. None means no limit, and everybody. Raises Invalid.
    """
    # held until the end, lest somebody deletes the group meanwhile
    if group_id is not None and session.get(Group, group_id, with_for_update={"read": True, "key_share": True}) is None:
        raise Invalid("group_id", "names a group that is not there")
    with audit.changes(batch, Act.batch_changed, batch.name, batch.project_id):
        batch.priority = checked_priority(priority)
        batch.max_per_annotator = projects.checked_limit(max_per_annotator)
        batch.group_id = group_id
    session.flush()


def checked_priority(priority: int) -> int:
    """The priority of a batch, when it is one; raises Invalid."""
    if abs(priority) > MOST_PRIORITY:
        raise Invalid("priority", f"must be between -{MOST_PRIORITY} and {MOST_PRIORITY}")
    return priority


def errors(session: Session, batch: Batch, limit: int | None = None) -> Iterator[RowError]:
    """Why rows were refused, in the order of lines."""
    wanted = select(RowError).where(RowError.batch_id == batch.id).order_by(RowError.line, RowError.id).limit(limit)
    return iter(session.scalars(wanted))


def samples(session: Session, batch: Batch, number: int) -> list[Sample]:
    """The first `number` comparisons of the batch."""
    a, b = aliased(Response), aliased(Response)
    wanted = (
        select(Comparison.id, Comparison.external_id, Prompt.messages, a.text, b.text, Comparison.gold)
        .join(Prompt, Prompt.id == Comparison.prompt_id)
        .join(a, a.id == Comparison.response_a_id)
        .join(b, b.id == Comparison.response_b_id)
        .where(Comparison.batch_id == batch.id)
        .order_by(Comparison.id)
        .limit(number)
    )
    return [Sample(*row) for row in session.execute(wanted)]


def done(session: Session, project: Project) -> dict[int, tuple[int, int]]:
    """(slots judged, slots in all) by batch id."""
    filled = tallies.filled(session, project.id)
    wanted = select(Batch.id, Batch.slots).where(Batch.project_id == project.id)
    return {batch_id: (filled.get(batch_id, 0), slots) for batch_id, slots in session.execute(wanted)}
