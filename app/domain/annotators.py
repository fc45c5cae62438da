"""Who judges, how much, and how fast."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from app.storage.comparisons import Preference
from app.storage.people import Person
from app.storage.projects import Project


@dataclass(frozen=True)
class Annotator:
    """What someone did in a project. `seen` is when their last own judgement arrived, `active_ms` the median time on a
    comparison in milliseconds; both None where nothing is known, as for judgements that were imported."""

    person_id: int
    name: str
    account: bool
    judgements: int
    seen: datetime | None
    active_ms: int | None


def of_project(session: Session, project: Project, most: int) -> list[Annotator]:
    """The `most` annotators of the project who judged last; those of whom only imports are known by their number."""
    own = func.max(case((~Preference.imported, Preference.received_at)))
    wanted = (
        select(Person.id, func.coalesce(Person.email, Person.name), Person.email, func.count(), own)
        .join(Preference, Preference.annotator_id == Person.id)
        .where(Preference.project_id == project.id)
        .group_by(Person.id, Person.email, Person.name)
        .order_by(own.desc().nulls_last(), func.count().desc(), Person.id)
        .limit(most)
    )
    found = session.execute(wanted).all()
    times = _medians(session, project, [number for number, *_ in found])
    return [
        Annotator(number, name, email is not None, count, seen, times.get(number))
        for number, name, email, count, seen in found
    ]


def count(session: Session, project: Project) -> tuple[int, int]:
    """How many judgements there are in the project, and how many people gave them."""
    wanted = select(func.count(), func.count(Preference.annotator_id.distinct()))
    judgements, people = session.execute(wanted.where(Preference.project_id == project.id)).one()
    return judgements, people


def judged(session: Session) -> dict[int, int]:
    """Judgements by person id, over all projects, of those who have an account."""
    wanted = (
        select(Preference.annotator_id, func.count())
        .join(Person, Person.id == Preference.annotator_id)
        .where(Person.email.is_not(None))
        .group_by(Preference.annotator_id)
    )
    return {number: count for number, count in session.execute(wanted)}


def _medians(session: Session, project: Project, people: list[int]) -> dict[int, int]:
    """The median active time by annotator: the middle one, or the mean of the middle two."""
    each = Preference.annotator_id
    ranked = (
        select(
            each,
            Preference.active_ms,
            func.row_number().over(partition_by=each, order_by=Preference.active_ms).label("position"),
            func.count().over(partition_by=each).label("number"),
        )
        .where(Preference.project_id == project.id, each.in_(people), Preference.active_ms.is_not(None))
        .subquery()
    )
    middle = ranked.c.position.between((ranked.c.number + 1) // 2, (ranked.c.number + 2) // 2)
    wanted = select(ranked.c.annotator_id, func.avg(ranked.c.active_ms)).where(middle).group_by(ranked.c.annotator_id)
    return {number: round(median) for number, median in session.execute(wanted)}
