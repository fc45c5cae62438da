"""Comparisons with everything that one needs to read them: texts, and what each person answered."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.storage.batches import Comparison
from app.storage.bulk import among
from app.storage.comparisons import Preference
from app.storage.judgements import HEADS
from app.storage.people import Person

MOST_ANSWERS = 500  # of all examples together


@dataclass(frozen=True)
class Answer:
    """What one person answered: strength −3..3 from a to b, and why, if they said."""

    name: str
    strength: int
    rationale: str | None


@dataclass
class Example:
    """A comparison to read; the answers are those that count now, by strength."""

    id: int
    external_id: str | None
    messages: list[dict[str, str]]
    a: str
    b: str
    answers: list[Answer] = field(default_factory=list)


def read(session: Session, comparisons: Sequence[int]) -> dict[int, Example]:
    """Those comparisons by id."""
    ids = list(comparisons)
    heads = session.execute(HEADS.where(among(session, Comparison.id, ids)))
    found = {row.id: Example(row.id, row.external_id, row.messages, row.text_a, row.text_b) for row in heads}
    name = func.coalesce(func.nullif(Person.name, ""), Person.email)
    wanted = (
        select(Preference.comparison_id, name.label("name"), Preference.strength, Preference.rationale)
        .join(Person, Person.id == Preference.annotator_id)
        .where(among(session, Preference.comparison_id, ids))
        .order_by(Preference.comparison_id, Preference.strength, Preference.id)
        .limit(MOST_ANSWERS)
    )
    for row in session.execute(wanted):
        found[row.comparison_id].answers.append(Answer(row.name, row.strength, row.rationale))
    return found
