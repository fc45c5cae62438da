"""What somebody has judged: for them to look at again, and to change while the batch is open."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import Row, Select, select, tuple_
from sqlalchemy.orm import Session, aliased

from app.domain import asking
from app.domain.assignments import Task
from app.domain.errors import NotFound
from app.domain.preferences import Answer
from app.storage.batches import Batch, Comparison, Prompt, Response
from app.storage.comparisons import Assignment, Preference
from app.storage.projects import Project
from app.vocabulary import Asked, BatchState

_a, _b = aliased(Response), aliased(Response)


@dataclass(frozen=True)
class Judgement:
    """A judgement of one's own. `answer` is as it was shown, `task` is what was shown, since `leased_at`; `editable` while
    it may change."""

    task: Task
    answer: Answer
    received_at: datetime
    late: bool
    editable: bool
    leased_at: datetime | None


def newest(session: Session, project_id: int, annotator_id: int, before: str | None, most: int) -> list[Judgement]:
    """The last judgements, the newest first; those before the one with the id `before`, if that is theirs:
    who has changed it since goes on with the newest."""
    wanted = _wanted(project_id, annotator_id)
    if before is not None:
        of = select(Preference.received_at).where(Preference.id == before, Preference.annotator_id == annotator_id)
        if (at := session.scalar(of)) is not None:
            wanted = wanted.where(tuple_(Preference.received_at, Preference.id) < (at, before))
    wanted = wanted.order_by(Preference.received_at.desc(), Preference.id.desc()).limit(most)
    return list(_judgements(session, wanted))


def one(session: Session, project_id: int, annotator_id: int, assignment_id: int) -> Judgement:
    """The judgement on that assignment; raises NotFound."""
    wanted = _wanted(project_id, annotator_id).where(Preference.assignment_id == assignment_id)
    found = next(_judgements(session, wanted), None)
    if found is None:
        raise NotFound("You have no judgement %(number)s in this project.", number=assignment_id)
    return found


def amended(project: Project, found: Judgement, answer: Answer) -> Answer:
    """The answer that is to take the place of what was found. What the project does not ask for any more stays as it was
    said: the form had no room for it, and nobody took it back. So does the time, that of the first reading."""
    asks, before = asking.read(project.asks), found.answer
    answer = replace(answer, active_ms=before.active_ms)
    if asks.rationale is Asked.no:
        answer = replace(answer, rationale=before.rationale)
    good = before.acceptable_left, before.acceptable_right
    if not asks.acceptable and answer.strength * before.strength > 0:  # a tie says it itself
        answer = replace(answer, acceptable_left=good[0], acceptable_right=good[1])
    if project.asks_since is None or found.leased_at is None or found.leased_at >= project.asks_since:
        return answer
    asked = {criterion.key for criterion in asks.criteria}
    dropped = {key: said for key, said in before.criteria.items() if key not in asked}
    return replace(answer, criteria=answer.criteria | dropped, flags=answer.flags if asks.flags else before.flags)


def _wanted(project_id: int, annotator_id: int) -> Select[*tuple[Any, ...]]:
    return (
        select(Preference, Assignment, Comparison.external_id, Prompt.messages, _a.text, _b.text, Batch.state)
        .join(Assignment, Assignment.id == Preference.assignment_id)
        .join(Comparison, Comparison.id == Preference.comparison_id)
        .join(Prompt, Prompt.id == Comparison.prompt_id)
        .join(_a, _a.id == Comparison.response_a_id)
        .join(_b, _b.id == Comparison.response_b_id)
        .join(Batch, Batch.id == Comparison.batch_id)
        .where(Preference.annotator_id == annotator_id, Preference.project_id == project_id, ~Preference.imported)
    )


def _judgements(session: Session, wanted: Select[*tuple[Any, ...]]) -> Iterator[Judgement]:
    return (_judgement(row) for row in session.execute(wanted))


def _judgement(row: Row[Any]) -> Judgement:
    cells: tuple[Any, ...] = tuple(row)
    given, assignment, external_id, messages, a, b, state = cells
    sign = -1 if given.swapped else 1
    left, right = (b, a) if given.swapped else (a, b)
    good = (given.acceptable_b, given.acceptable_a) if given.swapped else (given.acceptable_a, given.acceptable_b)
    token = assignment.lease_token or ""
    answer = Answer(
        given.id,
        token,
        sign * given.strength,
        *good,
        given.rationale,
        given.active_ms,
        {key: sign * said for key, said in (given.criteria or {}).items()},
        tuple(given.flags or ()),
    )
    task = Task(assignment.id, external_id, token, given.received_at, messages, left, right)
    # what came late and was shown the other way round would be changed in another order than it was given in
    editable = bool(token) and state != BatchState.closed and given.swapped == assignment.swapped
    return Judgement(task, answer, given.received_at, given.late, editable, assignment.leased_at)
