"""Ways to comparisons, newest first: each walks an index, and goes no further than somebody turns pages.

A walk gives the ids of comparisons, each once, and whether there are more behind them. What else is asked of them is
looked up for these.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Row, Select, Text, case, cast, func, literal_column, or_, select
from sqlalchemy.orm import Session, aliased

from app.storage import tallies
from app.storage.batches import Batch, Comparison, Prompt, Response
from app.storage.bulk import among
from app.storage.comparisons import SKIPPED, Assignment, Preference
from app.storage.paging import MOST
from app.storage.people import Person
from app.storage.training import Reward

READ = 2 * MOST  # judgements of a walk; a comparison has several
MENTIONED = 200  # annotators that a filter offers
CHUNK = 250  # comparisons whose texts are read at a time; each may have megabytes
Messages = list[dict[str, str]]
_a, _b = aliased(Response), aliased(Response)
_texts = (
    select(Comparison.id, Prompt.messages, _a.text.label("a"), _b.text.label("b"))
    .join(Prompt, Prompt.id == Comparison.prompt_id)
    .join(_a, _a.id == Comparison.response_a_id)
    .join(_b, _b.id == Comparison.response_b_id)
)


@dataclass(frozen=True)
class Walk:
    """Ids of comparisons in the order of the walk, whether it ended before they did, and whether it began with the
    oldest."""

    ids: list[int]
    more: bool
    oldest: bool = False


def uploaded(
    session: Session, project_id: int, *, batch_id: int | None = None, gold: bool = False, oldest: bool = False
) -> Walk:
    """By when they were uploaded: those of a batch, or the gold ones, or all; newest or `oldest` first."""
    wanted = select(Comparison.id).where(Comparison.project_id == project_id)
    if batch_id is not None:
        wanted = select(Comparison.id).where(Comparison.batch_id == batch_id)
    if gold:
        wanted = wanted.where(Comparison.gold.is_not(None))
    walk = _walk(session, wanted.order_by(Comparison.id if oldest else Comparison.id.desc()), MOST)
    return replace(walk, oldest=oldest)


def judged(
    session: Session,
    project_id: int,
    *,
    annotator_id: int | None = None,
    flag: str | None = None,
    late: bool = False,
) -> Walk:
    """Those with such a judgement: by that annotator; with that flag, or any at all for ""; late. By when it came; flagged
    and late ones by when they were uploaded."""
    wanted = select(Preference.comparison_id).where(Preference.project_id == project_id)
    if late:
        wanted = wanted.where(Preference.late)
    if flag is not None:
        wanted = wanted.where(Preference.flags.is_not(None))
    if flag:  # flags are words of ours, and JSON has them in quotes
        wanted = wanted.where(cast(Preference.flags, Text).like(f'%"{flag}"%'))
    if annotator_id is not None:
        wanted = wanted.where(Preference.annotator_id == annotator_id)
    if late or flag is not None:  # few, and by this order the index of them is taken
        return _walk(session, wanted.order_by(Preference.comparison_id.desc()), READ)
    return _walk(session, wanted.order_by(Preference.received_at.desc()), READ)


def skipped(session: Session, project_id: int, *, annotator_id: int | None = None, reason: str = "") -> Walk:
    """Those that were skipped: by that annotator, for that reason; by when they were uploaded."""
    wanted = select(Assignment.comparison_id).where(Assignment.project_id == project_id, Assignment.state == SKIPPED)
    if reason:
        wanted = wanted.where(Assignment.skip_reason == reason)
    if annotator_id is not None:
        wanted = wanted.where(Assignment.annotator_id == annotator_id)
    return _walk(session, wanted.order_by(Assignment.comparison_id.desc()), READ)


def standing(session: Session, ids: Sequence[int]) -> Iterator[Row[int, int, int, int, int, datetime]]:
    """(comparison, judgements for a, ties, for b, sum of strengths, when the last came) of those that have any."""
    sides = [
        func.sum(case((side, 1), else_=0))
        for side in (Preference.strength < 0, Preference.strength == 0, Preference.strength > 0)
    ]
    wanted = (
        select(Preference.comparison_id, *sides, func.sum(Preference.strength), func.max(Preference.received_at))
        .where(among(session, Preference.comparison_id, ids))
        .group_by(Preference.comparison_id)
    )
    return iter(session.execute(wanted))


def kept(session: Session, ids: Sequence[int], *, batch_id: int | None = None, gold: bool | None = None) -> set[int]:
    """Which of these comparisons are in the batch, and gold, or not gold, where that is wanted."""
    wanted = select(Comparison.id).where(among(session, Comparison.id, ids))
    if batch_id is not None:
        wanted = wanted.where(Comparison.batch_id == batch_id)
    if gold is not None:
        wanted = wanted.where(Comparison.gold.is_not(None) if gold else Comparison.gold.is_(None))
    return set(session.scalars(wanted))


def passed_on(session: Session, ids: Sequence[int], reason: str = "") -> set[int]:
    """Which of these comparisons were skipped, for that reason."""
    wanted = select(Assignment.comparison_id).where(
        among(session, Assignment.comparison_id, ids), Assignment.state == "skipped"
    )
    return set(session.scalars(wanted.where(Assignment.skip_reason == reason) if reason else wanted))


def texts(session: Session, ids: Sequence[int]) -> Iterator[Row[int, Messages, str, str]]:
    """(comparison, messages, text of a, text of b) of these comparisons, some at a time, in no order."""
    for start in range(0, len(ids), CHUNK):
        yield from session.execute(_texts.where(among(session, Comparison.id, ids[start : start + CHUNK])))


def heads(session: Session, ids: Sequence[int]) -> dict[int, Row[Comparison, Batch, Messages]]:
    """(comparison, batch, messages) by id of comparison."""
    wanted = (
        select(Comparison, Batch, Prompt.messages)
        .join(Batch, Batch.id == Comparison.batch_id)
        .join(Prompt, Prompt.id == Comparison.prompt_id)
        .where(among(session, Comparison.id, ids))
    )
    return {row[0].id: row for row in session.execute(wanted)}


def annotators(session: Session, project_id: int) -> list[tuple[int, str]]:
    """(id, label) of the MENTIONED who judged most in the project."""
    counted = tallies.by_annotator(project_id).subquery()
    wanted = (
        select(Person.id, func.coalesce(Person.email, Person.name))
        .join(counted, counted.c.annotator_id == Person.id)
        .order_by(counted.c.judged.desc(), Person.id)
        .limit(MENTIONED)
    )
    return [(number, name) for number, name in session.execute(wanted)]


def annotator(session: Session, project_id: int, person_id: int) -> dict[int, str]:
    """The label by the id of an account, or of an imported annotator of the project; else nothing."""
    wanted = select(Person.id, func.coalesce(Person.email, Person.name)).where(
        Person.id == person_id, or_(Person.project_id.is_(None), Person.project_id == project_id)
    )
    return {number: name for number, name in session.execute(wanted)}


def flags(session: Session, ids: Sequence[int]) -> dict[int, set[str]]:
    """The flags that are raised on these comparisons."""
    wanted = select(Preference.comparison_id, Preference.flags).where(
        among(session, Preference.comparison_id, ids), Preference.flags.is_not(None)
    )
    found: dict[int, set[str]] = {}
    for comparison_id, raised in session.execute(wanted):
        found.setdefault(comparison_id, set()).update(raised or [])
    return found


def rewards(session: Session, run_id: int, responses: Sequence[int]) -> dict[int, float]:
    """The rewards that a run's model gives to these responses; those that were not in its snapshot are missing."""
    wanted = select(Reward.response_id, Reward.reward).where(
        Reward.run_id == run_id, among(session, Reward.response_id, responses)
    )
    return {response_id: reward for response_id, reward in session.execute(wanted)}


def _walk(session: Session, ordered: Select[int], most: int) -> Walk:
    # the limit is written out: PostgreSQL would plan for a tenth of all rows
    found = session.scalars(ordered.limit(literal_column(str(most + 1)))).all()
    ids = list(dict.fromkeys(found[:most]))
    return Walk(ids[:MOST], len(found) > most or len(ids) > MOST)
