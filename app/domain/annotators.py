"""Who judges, how much, and how fast."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from app.storage import tallies
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
    counted = tallies.by_annotator(project.id).subquery()
    # the newest by the index; whom an import named has none of their own
    last = (
        select(Preference.received_at)
        .where(Preference.annotator_id == Person.id, Preference.project_id == project.id, ~Preference.imported)
        .order_by(Preference.received_at.desc())
        .limit(1)
        .scalar_subquery()
    )
    own = case((Person.email.is_not(None), last)).label("own")
    wanted = (
        select(Person.id, func.coalesce(Person.email, Person.name), Person.email, counted.c.judged, own)
        .join(counted, counted.c.annotator_id == Person.id)
        .order_by(own.desc().nulls_last(), counted.c.judged.desc(), Person.id)
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
    counted = tallies.by_annotator(project.id).subquery()
    judgements, people = session.execute(select(func.sum(counted.c.judged), func.count(counted.c.judged))).one()
    return int(judgements or 0), people


def judged(session: Session) -> dict[int, int]:
    """Judgements by person id, over all projects, of those who have an account."""
    counted = tallies.by_annotator().subquery()
    wanted = select(Person.id, counted.c.judged).join(counted, counted.c.annotator_id == Person.id)
    rows = session.execute(wanted.where(Person.email.is_not(None)))
    return {number: count for number, count in rows}


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
