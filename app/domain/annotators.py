"""Who judges, how much, how fast and how well."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

import numpy as np
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.stats import annotators as stats
from app.stats.agreement import Estimate
from app.storage import tallies
from app.storage.bulk import among
from app.storage.comparisons import Preference
from app.storage.evidence import UNKNOWN, Evidence
from app.storage.people import Person
from app.storage.projects import Project

CHANCE = 0.5
# enough to tell, and told well enough: below these a doubt is not raised
FEWEST_GOLD, POOR_GOLD = 20, 0.75
FEWEST_SHARED, POOR_CONSENSUS = 30, 0.65
FEWEST_SIDES, ONE_SIDED = 50, 0.62


class Doubt(StrEnum):
    """Why somebody's judgements want a look."""

    chance = "chance"
    apart = "apart"
    sided = "sided"


class Order(StrEnum):
    """By what annotators may be listed; by doubt, those who raise one come first, then who judged most."""

    doubt = "doubt"
    name = "name"
    judgements = "judgements"
    time = "time"
    consensus = "consensus"
    gold = "gold"
    left = "left"


@dataclass(frozen=True)
class Work:
    """What somebody did in a project, and how well. `active_ms` is the median time on a comparison in milliseconds, None
    where it is not known, as of judgements that were imported.

    `consensus` is how often they side with the majority of the others, `gold` how often they give the known answer: 0.5
    is chance for both, since a tie counts half. `left` is how often they take what stands on the left, of what they were
    shown here. Each with its 95 % interval.
    """

    person_id: int
    judgements: int
    active_ms: int | None
    consensus: Estimate
    gold: Estimate
    left: Estimate

    @property
    def time(self) -> timedelta | None:
        """The median time on a comparison."""
        return None if self.active_ms is None else timedelta(milliseconds=self.active_ms)

    @property
    def doubt(self) -> Doubt | None:
        """What is wrong, if anything is: no better than chance on gold, or beside the others; or one side is preferred.

        Chance has to lie in the interval, and the interval below what one expects of somebody who reads: few answers
        raise no doubt."""
        if self.gold.n >= FEWEST_GOLD and self.gold.low <= CHANCE and self.gold.high < POOR_GOLD:
            return Doubt.chance
        if self.consensus.n >= FEWEST_SHARED and self.consensus.low <= CHANCE and self.consensus.high < POOR_CONSENSUS:
            return Doubt.apart
        one_sided = (
            max(self.left.low, 1 - self.left.high) > CHANCE and max(self.left.value, 1 - self.left.value) > ONE_SIDED
        )
        return Doubt.sided if self.left.n >= FEWEST_SIDES and one_sided else None


@dataclass(frozen=True)
class Annotator:
    """Somebody's work with their name, whether they have an account here, and when their last own judgement arrived."""

    work: Work
    name: str
    account: bool
    seen: datetime | None


def work(found: Evidence) -> list[Work]:
    """What each annotator did, those who raise a doubt first, then who judged most."""
    ids, person = np.unique(found.annotator, return_inverse=True)
    sign, known, number = np.sign(found.strength), found.gold != UNKNOWN, len(ids)
    timed, here = found.active_ms >= 0, ~found.imported
    _, item = np.unique(found.comparison[~known], return_inverse=True)
    judged = np.bincount(person, minlength=number)
    times = stats.medians(person[timed], found.active_ms[timed], number)
    consensus = stats.with_the_others(person[~known], item, sign[~known], number)
    gold = stats.with_the_known(person[known], sign[known], found.gold[known], number)
    left = stats.left(person[here], sign[here], found.swapped[here], number)
    everybody = [
        Work(
            person_id=int(ids[index]),
            judgements=int(judged[index]),
            active_ms=None if np.isnan(times[index]) else round(float(times[index])),
            consensus=_estimate(consensus, index),
            gold=_estimate(gold, index),
            left=_estimate(left, index),
        )
        for index in range(number)
    ]
    return sorted(everybody, key=lambda one: (one.doubt is None, -one.judgements, one.person_id))


def listed(session: Session, works: list[Work], order: Order, down: bool) -> list[Work]:
    """The same in that order, the greatest first with `down`; what is not known comes last. By doubt they are already."""
    if order == Order.doubt:
        return works
    if order == Order.name:
        called = names(session, [one.person_id for one in works])
        return sorted(works, key=lambda one: called[one.person_id].casefold(), reverse=down)
    values = {one.person_id: _value(one, order) for one in works}
    known = [one for one in works if values[one.person_id] is not None]
    rest = [one for one in works if values[one.person_id] is None]
    return sorted(known, key=lambda one: values[one.person_id] or 0.0, reverse=down) + rest


def introduced(session: Session, project: Project, works: list[Work]) -> list[Annotator]:
    """The same with names, in the same order; for a page of them."""
    ids = [one.person_id for one in works]
    # the newest by the index, one look each; whom an import named has none of their own
    last = (
        select(Preference.received_at)
        .where(Preference.annotator_id == Person.id, Preference.project_id == project.id, ~Preference.imported)
        .order_by(Preference.received_at.desc())
        .limit(1)
        .scalar_subquery()
    )
    wanted = select(Person.id, func.coalesce(Person.email, Person.name), Person.email.is_not(None), last)
    people = {row[0]: row for row in session.execute(wanted.where(among(session, Person.id, ids)))}
    found = []
    for one in works:
        _, name, account, seen = people[one.person_id]
        found.append(Annotator(one, name, account, seen))
    return found


def names(session: Session, ids: list[int]) -> dict[int, str]:
    """How people are named, by id: the email, or the name that an import gave."""
    wanted = select(Person.id, func.coalesce(Person.email, Person.name)).where(among(session, Person.id, ids))
    return {number: name for number, name in session.execute(wanted)}


def judged(session: Session) -> dict[int, int]:
    """Judgements by person id, over all projects, of those who have an account."""
    counted = tallies.by_annotator().subquery()
    wanted = select(Person.id, counted.c.judged).join(counted, counted.c.annotator_id == Person.id)
    rows = session.execute(wanted.where(Person.email.is_not(None)))
    return {number: count for number, count in rows}


def _value(one: Work, order: Order) -> float | None:
    estimates = {Order.consensus: one.consensus, Order.gold: one.gold, Order.left: one.left}
    if order in estimates:
        return estimates[order].value if estimates[order].n else None
    return one.active_ms if order == Order.time else one.judgements


def _estimate(found: stats.Shares, index: int) -> Estimate:
    return Estimate(float(found.value[index]), float(found.low[index]), float(found.high[index]), int(found.n[index]))
