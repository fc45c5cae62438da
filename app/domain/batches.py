"""Batches after their upload: opened, paused, closed, with what was wrong in them."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, String, and_, cast, except_, func, literal, select, union_all, update
from sqlalchemy import delete as remove
from sqlalchemy.orm import Session, aliased

from app.domain import audit, projects
from app.domain.errors import Conflict, Invalid, NotFound
from app.domain.text import plain
from app.storage import tallies
from app.storage.batches import Batch, Comparison, Prompt, Response, RowError
from app.storage.comparisons import Assignment, Tally
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
        raise NotFound("There is no batch %(number)s in %(slug)r.", number=batch_id, slug=project.slug)
    return batch


def _hold(session: Session, batch: Batch, *, key_share: bool = True) -> None:
    """Nobody else changes or deletes it until the transaction ends; with `key_share` what refers to it may still come.
    Raises NotFound when somebody has deleted it."""
    wanted = select(Batch.id).where(Batch.id == batch.id).with_for_update(key_share=key_share)
    if session.scalar(wanted) is None:
        raise NotFound("Batch %(name)s was deleted a moment ago.", name=batch.name)


def change(session: Session, batch: Batch, state: BatchState) -> None:
    """Opens, pauses or closes; what is leased may still be answered. Raises Conflict on the way back to a draft."""
    _hold(session, batch)
    session.refresh(batch)
    if state == BatchState.draft and batch.state != BatchState.draft:
        raise Conflict("A batch that was open cannot become a draft again. Pause it instead.")
    with audit.changes(batch, Act.batch_changed, batch.name, batch.project_id):
        batch.state = state
    session.flush()


def rename(session: Session, batch: Batch, name: str) -> None:
    """Gives it another name; raises Invalid without one."""
    name = plain(name, 200)
    if not name:
        raise Invalid("name", "is missing")
    _hold(session, batch)
    with audit.changes(batch, Act.batch_changed, batch.name, batch.project_id):
        batch.name = name
    session.flush()


def judged(session: Session, batch: Batch) -> int:
    """How many judgements there are in it, those that came along too."""
    return session.scalar(select(func.coalesce(func.sum(Tally.judged), 0)).where(Tally.batch_id == batch.id)) or 0


def delete(session: Session, batch: Batch) -> None:
    """Takes a draft away that nobody has judged, with its comparisons, its refused rows, and the texts that no other
    batch has; raises Conflict."""
    # no upload adds judgements to it meanwhile: see importing.store
    session.scalars(select(Project).where(Project.id == batch.project_id).with_for_update(key_share=True)).one()
    _hold(session, batch, key_share=False)
    session.refresh(batch)
    if batch.state != BatchState.draft:
        raise Conflict("Only a draft can be deleted. Close the batch instead: what was judged stays.")
    if judged(session, batch):
        raise Conflict("There are judgements in this batch, so it is not deleted. Close it instead.")
    number, name, project_id, comparisons = batch.id, batch.name, batch.project_id, batch.comparisons
    of_batch = select(Comparison.id).where(Comparison.batch_id == number)
    connection = session.connection()
    _forget_texts(connection, batch)
    connection.execute(remove(Assignment).where(Assignment.comparison_id.in_(of_batch)))
    connection.execute(remove(Comparison).where(Comparison.batch_id == number))
    session.delete(batch)
    session.flush()
    audit.record(session, Act.batch_deleted, name, project_id=project_id, batch=number, comparisons=comparisons)


def leaning(session: Session, batch: Batch) -> list[Batch]:
    """Later uploads that left rows out because the project had them already, maybe by this one."""
    later = (Batch.project_id == batch.project_id, Batch.id > batch.id, Batch.duplicates > 0)
    return list(session.scalars(select(Batch).where(*later).order_by(Batch.id)))


def _forget_texts(connection: Connection, batch: Batch) -> None:
    """Empties prompts and responses that only this batch has. Their rows stay, under a digest that no text has: to
    delete them the database would look through all comparisons for each."""
    here = Comparison.batch_id == batch.id
    elsewhere = and_(Comparison.project_id == batch.project_id, ~here)

    def own(*columns: Any) -> Any:
        found = (union_all(*(select(column).where(of) for column in columns)).subquery() for of in (here, elsewhere))
        return except_(*(select(ids.c[0]) for ids in found))  # NOT IN would look through all others for each

    connection.execute(
        update(Response)
        .where(Response.id.in_(own(Comparison.response_a_id, Comparison.response_b_id)))
        .values(text="", generator=None, digest=literal("deleted ") + cast(Response.id, String))
    )
    connection.execute(
        update(Prompt)
        .where(Prompt.id.in_(own(Comparison.prompt_id)))
        .values(messages=[], digest=literal("deleted ") + cast(Prompt.id, String))
    )


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
    _hold(session, batch)
    with audit.changes(batch, Act.batch_changed, batch.name, batch.project_id):
        batch.priority = checked_priority(priority)
        batch.max_per_annotator = projects.checked_limit(max_per_annotator)
        batch.group_id = group_id
    session.flush()


def checked_priority(priority: int) -> int:
    """The priority of a batch, when it is one; raises Invalid."""
    if abs(priority) > MOST_PRIORITY:
        raise Invalid("priority", "must be between %(least)s and %(most)s", least=-MOST_PRIORITY, most=MOST_PRIORITY)
    return priority


def errors(session: Session, batch: Batch, limit: int | None = None) -> Iterator[RowError]:
    """Why rows were refused, in the order of lines."""
    wanted = select(RowError).where(RowError.batch_id == batch.id).order_by(RowError.line, RowError.id).limit(limit)
    return iter(session.scalars(wanted))


def samples(session: Session, batch: Batch, number: int, first: int = 0) -> list[Sample]:
    """So many comparisons of the batch, in the order of the file, after the `first` ones."""
    a, b = aliased(Response), aliased(Response)
    # what is passed over is passed over in the index
    among = select(Comparison.id).where(Comparison.batch_id == batch.id).order_by(Comparison.id)
    among = among.offset(first).limit(number)
    wanted = (
        select(Comparison.id, Comparison.external_id, Prompt.messages, a.text, b.text, Comparison.gold)
        .join(Prompt, Prompt.id == Comparison.prompt_id)
        .join(a, a.id == Comparison.response_a_id)
        .join(b, b.id == Comparison.response_b_id)
        .where(Comparison.id.in_(among))
        .order_by(Comparison.id)
    )
    return [Sample(*row) for row in session.execute(wanted)]


def done(session: Session, project: Project) -> dict[int, tuple[int, int]]:
    """(slots judged, slots in all) by batch id."""
    filled = tallies.filled(session, project.id)
    wanted = select(Batch.id, Batch.slots).where(Batch.project_id == project.id)
    return {batch_id: (filled.get(batch_id, 0), slots) for batch_id, slots in session.execute(wanted)}
