"""What new settings would do to work that goes on: told before they are set."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.domain import leased, projects
from app.domain.projects import Settings
from app.domain.qualifications import lacking
from app.storage import tallies
from app.storage.batches import Batch
from app.storage.people import Person
from app.storage.projects import Project
from app.vocabulary import BatchState, Purpose


@dataclass(frozen=True)
class Effects:
    """What would surprise somebody; all of it is nothing where nothing does.

    `batches` that are not closed keep the overlap of their upload. `holders` hold `held` comparisons that were asked
    the old way, and `judgements` were. So many people are `over` the new limit. Of those who have judged so many have
    not qualified, `unqualified`, and nobody can where there is no quiz: `quizless`.
    """

    batches: int = 0
    holders: int = 0
    held: int = 0
    judgements: int = 0
    over: int = 0
    unqualified: int = 0
    quizless: bool = False


def of(session: Session, project: Project, wanted: Settings, now: datetime) -> Effects:
    """The effects of `wanted`, which must have been checked, in place of what is set."""
    changed = set(projects.settings(project).differing(wanted))
    found: dict[str, Any] = {}
    if "overlap" in changed:
        found["batches"] = _batches(session, project, Purpose.judging)
    if "asks" in changed:
        holders = leased.holders(session, project, now)
        held, judgements = sum(holder.leases for holder in holders), tallies.judged(session, project.id)
        found |= {"holders": len(holders), "held": held, "judgements": judgements}
    if "max_per_annotator" in changed and wanted.max_per_annotator is not None:
        more = _over(session, project, wanted.max_per_annotator) - _over(session, project, project.max_per_annotator)
        found["over"] = max(more, 0)
    if "pass_mark" in changed and wanted.pass_mark is not None:
        found["quizless"] = not _batches(session, project, Purpose.qualification, BatchState.open)
        found["unqualified"] = _unqualified(session, project) if project.pass_mark is None else 0
    return Effects(**found)


def _batches(session: Session, project: Project, purpose: Purpose, state: BatchState | None = None) -> int:
    of_state = Batch.state != BatchState.closed if state is None else Batch.state == state
    wanted = select(func.count()).where(Batch.project_id == project.id, Batch.purpose == purpose, of_state)
    return session.scalar(wanted) or 0


def _over(session: Session, project: Project, limit: int | None) -> int:
    """How many people with an account have reached the limit."""
    if limit is None:
        return 0
    counted = tallies.by_annotator(project.id).subquery()
    wanted = select(func.count()).select_from(counted).join(Person, Person.id == counted.c.annotator_id)
    return session.scalar(wanted.where(Person.email.is_not(None), counted.c.judged >= limit)) or 0


def _unqualified(session: Session, project: Project) -> int:
    counted = tallies.by_annotator(project.id).subquery()
    wanted = select(func.count()).select_from(counted).join(Person, Person.id == counted.c.annotator_id)
    return session.scalar(wanted.where(lacking(project))) or 0
