"""Practice: one gold comparison after another, with the answer and why. Nothing is stored."""

from dataclasses import dataclass

from sqlalchemy.orm import Session

from app.domain import questions
from app.domain.errors import NotFound
from app.domain.questions import Question
from app.storage.projects import Project
from app.vocabulary import Purpose


@dataclass(frozen=True)
class Exercise:
    """A question of the project's practice, which is the `place`th of `total`."""

    question: Question
    place: int
    total: int

    @property
    def last(self) -> bool:
        """Whether none comes after it."""
        return self.place == self.total


def number(session: Session, project: Project) -> int:
    """How many questions there are to practise with."""
    return len(questions.of_project(session, project, Purpose.practice))


def at(session: Session, project: Project, place: int) -> Exercise | None:
    """The question in that place, from 1; None past the end."""
    ids = questions.of_project(session, project, Purpose.practice)
    if not 1 <= place <= len(ids):
        return None
    return _exercise(session, ids, place)


def of(session: Session, project: Project, comparison_id: int) -> Exercise:
    """That question; raises NotFound when it is not, or no longer, one to practise with."""
    ids = questions.of_project(session, project, Purpose.practice)
    if comparison_id not in ids:
        raise NotFound("This comparison is not there to practise with any more.")
    return _exercise(session, ids, ids.index(comparison_id) + 1)


def _exercise(session: Session, ids: list[int], place: int) -> Exercise:
    number = ids[place - 1]
    return Exercise(questions.load(session, [number])[number], place, len(ids))
