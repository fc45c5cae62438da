"""Gold comparisons as questions to learn from: which there are, what they say, and whether an answer agrees."""

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session, aliased

from app.storage.batches import Batch, Comparison, Prompt, Response
from app.storage.projects import Project
from app.vocabulary import BatchState, Purpose

MOST = 1000  # of a purpose in a project; more than anybody goes through
SIGNS = {"a": -1, "tie": 0, "b": 1}


@dataclass(frozen=True)
class Question:
    """A gold comparison; `gold` is −1 (a is better), 0 (a tie) or 1 (b is better)."""

    id: int
    messages: list[dict[str, str]]
    a: str
    b: str
    gold: int
    explanation: str | None

    def shown(self, swapped: bool) -> tuple[str, str]:
        """The left and the right response."""
        return (self.b, self.a) if swapped else (self.a, self.b)

    def agrees(self, strength: int) -> bool:
        """Whether an answer, −3..3 from a to b, prefers the side that gold prefers, however strongly."""
        return (strength > 0) - (strength < 0) == self.gold


def of_project(session: Session, project: Project, purpose: Purpose) -> list[int]:
    """The ids of what is in the project's open batches of that purpose, in the order of uploads, at most MOST."""
    wanted = (
        select(Comparison.id)
        .join(Batch, Batch.id == Comparison.batch_id)
        .where(Batch.project_id == project.id, Batch.purpose == purpose, Batch.state == BatchState.open)
        .order_by(Comparison.batch_id, Comparison.id)
        .limit(MOST)
    )
    return list(session.scalars(wanted))


def numbers(session: Session, purpose: Purpose) -> dict[int, int]:
    """How many there are in open batches of that purpose, by project id; a project without any is missing."""
    counted = select(Batch.project_id, func.sum(Batch.comparisons)).group_by(Batch.project_id)
    rows = session.execute(
        counted.where(Batch.purpose == purpose, Batch.state == BatchState.open, Batch.comparisons > 0)
    )
    return {project_id: min(int(number), MOST) for project_id, number in rows}


def load(session: Session, ids: Sequence[int]) -> dict[int, Question]:
    """The questions by id; what is not gold is missing."""
    a, b = aliased(Response), aliased(Response)
    wanted = (
        select(Comparison.id, Prompt.messages, a.text, b.text, Comparison.gold, Comparison.explanation)
        .join(Prompt, Prompt.id == Comparison.prompt_id)
        .join(a, a.id == Comparison.response_a_id)
        .join(b, b.id == Comparison.response_b_id)
        .where(Comparison.id.in_(ids), Comparison.gold.is_not(None))
    )
    return {
        number: Question(number, messages, text_a, text_b, SIGNS[gold], explanation)
        for number, messages, text_a, text_b, gold, explanation in session.execute(wanted)
        if gold is not None
    }
