"""What one person has done, project by project."""

from collections import Counter, defaultdict
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import pairwise

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from app.storage.batches import Batch
from app.storage.comparisons import Assignment, Preference, Tally
from app.storage.people import Person
from app.storage.projects import Project
from app.vocabulary import AssignmentState

WEEKS = 8


@dataclass
class Doing:
    """What somebody did in a project. `weeks` are judgements by calendar week, the present one last; `median` is the time
    on a comparison, None where it is not known. `skips` are by reason and `flags` by what was flagged."""

    project: Project
    judgements: int
    seen: datetime | None = None
    median: timedelta | None = None
    weeks: list[int] = field(default_factory=lambda: [0] * WEEKS)
    skips: Counter[str] = field(default_factory=Counter)
    flags: Counter[str] = field(default_factory=Counter)


def weeks(now: datetime) -> list[datetime]:
    """When each of the last weeks began, in UTC, the present one last, and when that one ends."""
    monday = datetime(now.year, now.month, now.day, tzinfo=UTC) - timedelta(days=now.weekday())
    return [monday - timedelta(weeks=back) for back in range(WEEKS - 1, -2, -1)]


def of_person(session: Session, person: Person, now: datetime) -> list[Doing]:
    """The projects in which somebody has judged or skipped anything, by name; imports count as judgements only."""
    judged, skips = _judged(session, person), _skips(session, person)
    numbers = {*judged, *skips}
    projects = session.scalars(select(Project).where(Project.id.in_(numbers)).order_by(Project.name, Project.id))
    found = {project.id: Doing(project, judged.get(project.id, 0)) for project in projects}
    medians, flags = _medians(session, person), _flags(session, person)
    for project_id, (seen, counts) in _weeks(session, person, now).items():
        if project_id in found:
            found[project_id].seen, found[project_id].weeks = seen, counts
    for project_id, doing in found.items():
        doing.median = medians.get(project_id)
        doing.skips, doing.flags = skips[project_id], flags[project_id]
    return list(found.values())


def _judged(session: Session, person: Person) -> dict[int, int]:
    wanted = select(Batch.project_id, func.sum(Tally.judged)).join(Tally, Tally.batch_id == Batch.id)
    rows = session.execute(wanted.where(Tally.annotator_id == person.id, Tally.judged > 0).group_by(Batch.project_id))
    return {project_id: int(number) for project_id, number in rows}


def _skips(session: Session, person: Person) -> dict[int, Counter[str]]:
    # as the index of what an annotator passed by has them
    skipped = Assignment.annotator_id == person.id, Assignment.lease_token.is_not(None), Assignment.pinned_to.is_(None)
    columns = Assignment.project_id, Assignment.skip_reason
    wanted = select(*columns, func.count()).where(*skipped, Assignment.state == AssignmentState.skipped)
    found: dict[int, Counter[str]] = defaultdict(Counter)
    for project_id, reason, number in session.execute(wanted.group_by(*columns)):
        found[project_id][reason or "other"] = number
    return found


def _flags(session: Session, person: Person) -> dict[int, Counter[str]]:
    raised = Preference.annotator_id == person.id, Preference.flags.is_not(None)
    found: dict[int, Counter[str]] = defaultdict(Counter)
    for project_id, flags in session.execute(select(Preference.project_id, Preference.flags).where(*raised)):
        found[project_id].update(flags)
    return found


def _weeks(session: Session, person: Person, now: datetime) -> dict[int, tuple[datetime, list[int]]]:
    """When somebody's last judgement arrived, and how many did in each of the last weeks, by project id."""
    begun, at = weeks(now), Preference.received_at
    counts = [
        func.coalesce(func.sum(case(((at >= first) & (at < last), 1), else_=0)), 0) for first, last in pairwise(begun)
    ]
    own = Preference.annotator_id == person.id, ~Preference.imported
    wanted = select(Preference.project_id, func.max(at), *counts).where(*own).group_by(Preference.project_id)
    return {project_id: (seen, [int(n) for n in numbers]) for project_id, seen, *numbers in session.execute(wanted)}


def _medians(session: Session, person: Person) -> dict[int, timedelta]:
    each = Preference.project_id
    ranked = (
        select(
            each,
            Preference.active_ms,
            func.row_number().over(partition_by=each, order_by=Preference.active_ms).label("position"),
            func.count().over(partition_by=each).label("number"),
        )
        .where(Preference.annotator_id == person.id, Preference.active_ms.is_not(None))
        .subquery()
    )
    middle = ranked.c.position.between((ranked.c.number + 1) // 2, (ranked.c.number + 2) // 2)
    wanted = select(ranked.c.project_id, func.avg(ranked.c.active_ms)).where(middle).group_by(ranked.c.project_id)
    return {project_id: timedelta(milliseconds=round(median)) for project_id, median in session.execute(wanted)}
