"""Bulk reads of judgements, for statistics, snapshots and exports."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby, islice
from operator import attrgetter
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import Row, Select, func, select, update
from sqlalchemy.orm import Session, aliased

from app.storage import tallies
from app.storage.batches import Comparison, Prompt, Response
from app.storage.bulk import among
from app.storage.comparisons import Assignment, Preference
from app.storage.people import Person

CHUNK = 500
FETCHED = 200  # rows at a time; each may have a megabyte
_a, _b = aliased(Response), aliased(Response)
# all comparisons with their texts; built once, since building takes longer than a part takes to read
HEADS = (
    select(
        Comparison.id,
        Comparison.external_id,
        Comparison.gold,
        Comparison.explanation,
        Comparison.details.label("metadata"),
        Prompt.messages,
        _a.text.label("text_a"),
        _b.text.label("text_b"),
        _a.generator.label("generator_a"),
        _b.generator.label("generator_b"),
    )
    .join(Prompt, Prompt.id == Comparison.prompt_id)
    .join(_a, _a.id == Comparison.response_a_id)
    .join(_b, _b.id == Comparison.response_b_id)
)


@dataclass(frozen=True)
class Judgements:
    """Parallel vectors, one entry a judgement: comparison id, annotator id, strength −3..3 from a to b."""

    comparison: NDArray[np.int64]
    annotator: NDArray[np.int64]
    strength: NDArray[np.int64]


@dataclass(frozen=True)
class Selection:
    """Which judgements: of one batch or all; late ones too; gold ones too."""

    batch_id: int | None = None
    late: bool = True
    gold: bool = True


def judgements(session: Session, project_id: int, chosen: Selection) -> Judgements:
    """The selected judgements in the order of comparison and annotator."""
    statement = select(Preference.comparison_id, Preference.annotator_id, Preference.strength)
    wanted = _chosen(statement.join(Comparison, Comparison.id == Preference.comparison_id), project_id, chosen)
    found = session.execute(wanted.order_by(Preference.comparison_id, Preference.annotator_id)).all()
    table = np.array([tuple(row) for row in found], dtype=np.int64).reshape(-1, 3)
    return Judgements(table[:, 0], table[:, 1], table[:, 2])


def _chosen(statement: Select[*tuple[Any, ...]], project_id: int, chosen: Selection) -> Select[*tuple[Any, ...]]:
    statement = statement.where(Preference.project_id == project_id)
    if chosen.batch_id is not None:
        statement = statement.where(Comparison.batch_id == chosen.batch_id)
    if not chosen.late:
        statement = statement.where(~Preference.late)
    if not chosen.gold:
        statement = statement.where(Comparison.gold.is_(None))
    return statement


def trainable(session: Session, project_id: int) -> Iterator[Row[Any]]:
    """(preference, comparison, prompt, a, b, annotator, strength, held_out) of every judgement that is not gold."""
    wanted = (
        select(
            Preference.id,
            Preference.comparison_id,
            Comparison.prompt_id,
            Comparison.response_a_id,
            Comparison.response_b_id,
            Preference.annotator_id,
            Preference.strength,
            Prompt.held_out,
        )
        .join(Comparison, Comparison.id == Preference.comparison_id)
        .join(Prompt, Prompt.id == Comparison.prompt_id)
        .where(Preference.project_id == project_id, Comparison.gold.is_(None))
        .order_by(Preference.comparison_id, Preference.id)
    )
    return iter(session.execute(wanted))


def undecided(session: Session, project_id: int) -> list[int]:
    """Ids of the prompts with a judgement that is not gold of which nobody has decided yet whether they are held out, in
    the order of their hashes."""
    judged = (
        select(Comparison.prompt_id)
        .join(Preference, Preference.comparison_id == Comparison.id)
        .where(Comparison.project_id == project_id, Comparison.gold.is_(None))
    )
    wanted = select(Prompt.id).where(Prompt.project_id == project_id, Prompt.held_out.is_(None), Prompt.id.in_(judged))
    return list(session.scalars(wanted.order_by(Prompt.digest)))


def decide(session: Session, held_out: dict[int, bool]) -> None:
    """Says of these prompts whether they are held out; of those that somebody else has decided meanwhile it stays."""
    # in one order, lest two wait for each other
    wanted = select(Prompt.id).where(among(session, Prompt.id, list(held_out)), Prompt.held_out.is_(None))
    free = session.scalars(wanted.order_by(Prompt.id).with_for_update(key_share=True)).all()
    for side in (True, False):
        chosen = among(session, Prompt.id, [prompt for prompt in free if held_out[prompt] is side])
        session.connection().execute(update(Prompt).where(chosen).values(held_out=side))


def decided(session: Session, project_id: int) -> tuple[int, int]:
    """How many prompts are decided, and how many of them are held out."""
    wanted = select(Prompt.held_out, func.count()).where(Prompt.project_id == project_id, Prompt.held_out.is_not(None))
    sides = {held_out: number for held_out, number in session.execute(wanted.group_by(Prompt.held_out))}
    return sum(sides.values()), sides.get(True, 0)


def count_trainable(session: Session, project_id: int) -> int:
    """How many judgements a snapshot taken now would hold: all that the tallies count, but for those of gold."""
    gold = (
        select(func.count())
        .select_from(Comparison)
        .join(Preference, Preference.comparison_id == Comparison.id)
        .where(Comparison.project_id == project_id, Comparison.gold.is_not(None))
    )
    return tallies.judged(session, project_id) - (session.scalar(gold) or 0)


def texts(session: Session, prompts: list[int], responses: list[int]) -> tuple[dict[int, Any], dict[int, str]]:
    """Messages by prompt id and text by response id."""
    messages: dict[int, Any] = {}
    found: dict[int, str] = {}
    for start in range(0, len(prompts), CHUNK):
        said = select(Prompt.id, Prompt.messages).where(Prompt.id.in_(prompts[start : start + CHUNK]))
        messages.update({row.id: row.messages for row in session.execute(said)})
    for start in range(0, len(responses), CHUNK):
        answers = select(Response.id, Response.text).where(Response.id.in_(responses[start : start + CHUNK]))
        found.update({row.id: row.text for row in session.execute(answers)})
    return messages, found


def by_comparison(session: Session, project_id: int, chosen: Selection) -> Iterator[list[Row[Any]]]:
    """The selected judgements, those of one comparison at a time, by its id, as they came; however much there is.

    Each has the columns of `details`.
    """
    found = session.execute(details(project_id, chosen), execution_options={"yield_per": FETCHED})
    return (list(judged) for _, judged in groupby(found, attrgetter("comparison_id")))


def comparisons(session: Session, project_id: int, chosen: Selection) -> Iterator[tuple[Row[Any], list[Row[Any]]]]:
    """Every comparison with a selected judgement, with the columns of HEADS, and those judgements as `by_comparison`.

    Read in parts, which fit each other only in a `read_only` transaction.
    """
    groups = by_comparison(session, project_id, chosen)
    while part := list(islice(groups, FETCHED)):
        wanted = HEADS.where(among(session, Comparison.id, [judged[0].comparison_id for judged in part]))
        found = {head.id: head for head in session.execute(wanted)}
        for judged in part:
            yield found[judged[0].comparison_id], judged


def details(project_id: int, chosen: Selection) -> Select[*tuple[Any, ...]]:
    """The selected judgements by comparison, as they came: what an export says of each."""
    wanted = (
        select(
            Preference.id,
            Preference.comparison_id,
            Comparison.external_id,
            Preference.strength,
            Preference.swapped,
            Preference.acceptable_a,
            Preference.acceptable_b,
            Preference.criteria,
            Preference.flags,
            Preference.rationale,
            Preference.started_at,
            Preference.submitted_at,
            Preference.active_ms,
            Preference.late,
            Preference.imported,
            func.coalesce(Person.email, Person.name).label("name"),
            Assignment.slot,
        )
        .join(Comparison, Comparison.id == Preference.comparison_id)
        .join(Assignment, Assignment.id == Preference.assignment_id)
        .join(Person, Person.id == Preference.annotator_id)
        .order_by(Preference.comparison_id, Preference.received_at, Preference.assignment_id)
    )
    return _chosen(wanted, project_id, chosen)
