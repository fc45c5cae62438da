"""A project that lets nobody in unprepared: guidelines that changed, something to practise with, a quiz."""

import json
from typing import Any

from app.domain import demo, guidelines, practice, projects, quiz
from app.storage.people import Person
from app.storage.session import Session
from app.vocabulary import Purpose
from tests.conftest import Clock

SLUG = "pilots"
BEFORE = """Prefer the answer that a careful pilot would give.

1. **Is it right?** A wrong depth loses.
2. Does it say where the figure is from?

Length is not quality.
"""
AFTER = """Prefer the answer that a careful pilot would give to a stranger.

1. **Is it right?** A wrong depth loses against a right one, however well it is written.
2. Does it say where the figure is from?
3. Does it say what it does not know?

Length is not quality, and neither are lists.
"""


def make(session: Session, folk: dict[str, Person], clock: Clock, take: Any) -> dict[str, list[Any]]:
    """The project and one person's way into it, which has not ended; what can stand in the paths below it."""
    person = folk["annotator"]
    project = projects.create(session, SLUG, "What a pilot has to know", clock(), guidelines=BEFORE)
    guidelines.note_reading(session, project, person.id, 1, clock())
    clock.forward(hours=1)
    guidelines.write(project, AFTER, clock())
    project.pass_mark = 80
    rows = [json.loads(line) for line in demo.file(demo.PRACTICE).splitlines()]
    take(session, project, clock, rows[:2], "To practise with", purpose=Purpose.practice)
    take(session, project, clock, rows[2:], "To qualify with", purpose=Purpose.qualification)
    take(session, project, clock, [row | {"id": f"work-{n}"} for n, row in enumerate(rows)], "Work")
    failed = quiz.start(session, project, person.id, clock())
    while (asked := quiz.ask(session, failed)) is not None:
        quiz.answer(session, project, failed, asked.question.id, 0, clock())
    begun = quiz.start(session, project, person.id, clock())
    return {
        "slug": [SLUG],
        "number": [1],
        "practice/comparison_id": [practice.at(session, project, 1).question.id],  # type: ignore[union-attr]
        "attempt_id": [failed.id, begun.id],
    }
