"""Adds the judgements of an upload to comparisons that were there before."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, bindparam, select, update
from sqlalchemy.orm import Session, aliased

from app.domain.pairs import Candidate, Judgement, Pair
from app.domain.recording import Recorder
from app.storage import bulk, leases
from app.storage.batches import Batch, Comparison, Prompt, Response
from app.storage.comparisons import Assignment
from app.vocabulary import Purpose

STRANGER = "is that of a comparison with another prompt or other responses"
NOT_JUDGED = "is that of a comparison to practise or to qualify with, which nobody judges"
_a, _b = aliased(Response), aliased(Response)
_KNOWN = (
    select(
        Comparison.id,
        Comparison.batch_id,
        Comparison.identity,
        Comparison.priority,
        Batch.purpose,
        Prompt.digest,
        _a.digest.label("digest_a"),
        _a.generator.label("generator_a"),
        _b.digest.label("digest_b"),
        _b.generator.label("generator_b"),
    )
    .join(Batch, Batch.id == Comparison.batch_id)
    .join(Prompt, Prompt.id == Comparison.prompt_id)
    .join(_a, _a.id == Comparison.response_a_id)
    .join(_b, _b.id == Comparison.response_b_id)
)
_TAKE = (
    update(Assignment)
    .where(Assignment.id == bindparam("taken"))
    .values(state="done", annotator_id=bindparam("annotator"), swapped=False)
)
ASSIGNMENT = ("id", "project_id", "batch_id", "comparison_id", "slot", "rank", "swapped", "state", "annotator_id")


def add(session: Session, project_id: int, pairs: Sequence[Pair], recorder: Recorder) -> list[tuple[Pair, str]]:
    """Adds the judgements that are new to comparisons that have the pairs' identities, into free slots while there are
    some; returns the pairs of which nothing was added, since their comparison is another one or nobody's to judge, and
    which it is.

    The caller must be `alone` with each annotator who has an account.
    """
    recorder.meet(pairs)
    wanted = bulk.among(session, Comparison.identity, [pair.identity for pair in pairs])
    there = session.execute(_KNOWN.where(Comparison.project_id == project_id, wanted))
    known = {row.identity: row for row in there}
    theirs = bulk.among(session, Assignment.comparison_id, [row.id for row in known.values()])
    free = _free(session, theirs)
    held = select(Assignment.comparison_id, Assignment.holder_id).where(theirs, Assignment.holder_id.is_not(None))
    had = {(comparison, annotator) for comparison, annotator in session.execute(held)}
    namesakes = recorder.namesakes
    had |= {(comparison, namesakes[annotator]) for comparison, annotator in had if annotator in namesakes}
    refused: list[tuple[Pair, str]] = []
    given: list[tuple[Any, Judgement, int]] = []
    for pair in pairs:
        row = known[pair.identity]
        sign = _sign(pair, row)
        if sign is None or row.purpose != Purpose.judging:
            refused.append((pair, STRANGER if sign is None else NOT_JUDGED))
            continue
        for judgement in pair.judgements:
            key = (row.id, recorder.annotators[judgement.annotator])
            if key not in had:
                had.add(key)
                given.append((row, judgement, sign))
    _write(session, project_id, given, free, recorder)
    return refused


def _free(session: Session, theirs: ColumnElement[bool]) -> dict[int, list[Any]]:
    """The free slots by comparison; waits for whoever is about to lease one, and keeps them from the others."""
    wanted = select(Assignment.id, Assignment.comparison_id, Assignment.slot, Assignment.pinned_to)
    wanted = wanted.where(theirs, Assignment.state == "open").order_by(Assignment.id).with_for_update()
    found: dict[int, list[Any]] = defaultdict(list)
    for row in session.execute(wanted):
        found[row.comparison_id].append(row)
    return found


def _sign(pair: Pair, known: Any) -> int | None:
    """1 when the comparison has the pair's prompt and texts, −1 when it has them the other way round, else None."""
    if known.digest == pair.prompt.digest:
        for sign, a, b in ((1, pair.a, pair.b), (-1, pair.b, pair.a)):
            if _same(a, known.digest_a, known.generator_a) and _same(b, known.digest_b, known.generator_b):
                return sign
    return None


def _same(candidate: Candidate, digest: str, generator: str | None) -> bool:
    """Whether a stored response has the candidate's text, whatever generated it."""
    if candidate.generator != generator:
        candidate = Candidate.of(candidate.text, generator)
    return candidate.digest == digest


def _write(
    session: Session,
    project_id: int,
    given: list[tuple[Any, Judgement, int]],
    free: dict[int, list[Any]],
    recorder: Recorder,
) -> None:
    taken: list[dict[str, int]] = []
    extra: list[bulk.Values] = []
    numbers = iter(bulk.ids(session, Assignment, len(given)))
    for row, judgement, sign in given:
        annotator = recorder.annotators[judgement.annotator]
        slot = _slot(free[row.id], annotator)
        if slot is not None:
            number: int = slot.id
            taken.append({"taken": number, "annotator": annotator})
        else:
            number = next(numbers)
            rank = leases.first_rank(row.priority, 0, False)
            extra.append((number, project_id, row.batch_id, row.id, None, rank, False, "done", annotator))
        recorder.record(row.batch_id, row.id, number, judgement, sign, slot is not None)
    if taken:
        session.connection().execute(_TAKE, taken)
    bulk.insert(session, Assignment, ASSIGNMENT, extra)
    recorder.write()


def _slot(free: list[Any], annotator: int) -> Any | None:
    """Takes the slot for this annotator from the free ones: the one that is reserved for them, or the first of all."""
    mine = [slot for slot in free if slot.pinned_to in (None, annotator)]
    if not mine:
        return None
    first = min(mine, key=lambda slot: (slot.pinned_to is None, slot.slot))
    free.remove(first)
    return first
