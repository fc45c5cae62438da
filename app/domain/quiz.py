"""The qualification quiz: gold comparisons in an order and on sides that are drawn when an attempt starts."""

import random
import secrets
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.domain import qualifications, questions
from app.domain.errors import Conflict, Invalid, NotFound
from app.domain.projects import MOST_QUIZ_ATTEMPTS, MOST_QUIZ_QUESTIONS
from app.domain.questions import Question
from app.storage import leases
from app.storage.onboarding import Qualification, QuizAnswer, QuizAttempt
from app.storage.projects import Project
from app.vocabulary import Purpose


@dataclass(frozen=True)
class Standing:
    """What somebody finds when they come to the quiz: how many are `asked` of them, whether they are `qualified`, the
    attempt that is `under_way`, with how many of its questions answered, those that are `finished`, newest first, and
    how many more they may start, `left`: None for any number."""

    asked: int
    qualified: bool
    under_way: QuizAttempt | None
    answered: int
    finished: list[QuizAttempt]
    left: int | None


@dataclass(frozen=True)
class Asked:
    """The question that an attempt has come to, the `place`th of `total`, in the order in which it is shown."""

    question: Question
    swapped: bool
    place: int
    total: int


@dataclass(frozen=True)
class Answered:
    """A question of a finished attempt with what was answered, `strength` −3..3 from a to b."""

    question: Question
    swapped: bool
    strength: int
    correct: bool


def number(session: Session, project: Project) -> int:
    """How many questions an attempt asks; 0 when there is no open qualification batch with any."""
    return asked_of(project, len(questions.of_project(session, project, Purpose.qualification)))


def asked_of(project: Project, there: int) -> int:
    """How many of the questions that are `there` an attempt asks."""
    return min(project.quiz_questions or MOST_QUIZ_QUESTIONS, there)


def impossible(session: Session, project: Project) -> bool:
    """Whether the project has a pass mark that nobody can reach, since it has no questions: nobody new is given work."""
    return project.pass_mark is not None and not number(session, project)


def standing(session: Session, project: Project, person_id: int) -> Standing:
    """How far this person is."""
    mine = select(QuizAttempt).where(QuizAttempt.project_id == project.id, QuizAttempt.person_id == person_id)
    found = list(session.scalars(mine.order_by(QuizAttempt.id.desc()).limit(MOST_QUIZ_ATTEMPTS)))
    under_way = next((attempt for attempt in found if attempt.finished_at is None), None)
    given = [] if under_way is None else [answer for answer in _answers(session, under_way) if _is_answered(answer)]
    qualified = session.get(Qualification, (project.id, person_id)) is not None
    finished = [attempt for attempt in found if attempt.finished_at is not None]
    left = None if project.quiz_attempts is None else max(0, project.quiz_attempts - len(finished))
    return Standing(number(session, project), qualified, under_way, len(given), finished, left)


def start(session: Session, project: Project, person_id: int, now: datetime) -> QuizAttempt:
    """A new attempt, its order and sides drawn; the one under way when there is one.

    Where there are more questions than it asks, those that this person has met least often come first.

    Raises Conflict when there is nothing to pass: no pass mark, no questions, or it is passed already; and when they
    may not try any more.
    """
    leases.alone(session, person_id)  # pressed twice, it starts once
    found = standing(session, project, person_id)
    if project.pass_mark is None:
        raise Conflict("This project asks nobody to qualify.")
    if found.qualified:
        raise Conflict("You are qualified for this project already.")
    if found.under_way is not None:
        return found.under_way
    if not found.asked:
        raise Conflict("There are no questions yet. An admin has to upload some.")
    if found.left == 0:
        raise Conflict("You have had all the attempts that there are. An admin can let you in.")
    drawn = _drawn(session, project, person_id, found.asked)
    attempt = QuizAttempt(project_id=project.id, person_id=person_id, started_at=now, asked=len(drawn))
    session.add(attempt)
    session.flush()
    session.add_all(
        QuizAnswer(attempt_id=attempt.id, comparison_id=number, position=place, swapped=bool(secrets.randbits(1)))
        for place, number in enumerate(drawn, 1)
    )
    session.flush()
    return attempt


def attempt(session: Session, project: Project, person_id: int, attempt_id: int) -> QuizAttempt:
    """The person's own attempt; raises NotFound."""
    found = session.get(QuizAttempt, attempt_id)
    if found is None or (found.project_id, found.person_id) != (project.id, person_id):
        raise NotFound("There is no such attempt of yours.")
    return found


def ask(session: Session, attempt: QuizAttempt) -> Asked | None:
    """The first question that has no answer yet; None when the attempt is finished."""
    waiting = next((answer for answer in _answers(session, attempt) if not _is_answered(answer)), None)
    if waiting is None:
        return None
    question = questions.load(session, [waiting.comparison_id])[waiting.comparison_id]
    return Asked(question, waiting.swapped, waiting.position, attempt.asked)


def answer(
    session: Session, project: Project, attempt: QuizAttempt, comparison_id: int, strength: int, now: datetime
) -> None:
    """Takes an answer, −3..3 from left to right as it was shown; the first one to a question is final.

    The last one finishes the attempt, and qualifies whoever has reached the pass mark: nobody where that was taken away
    meanwhile. Raises Invalid, or NotFound.
    """
    if not -3 <= strength <= 3:
        raise Invalid("answer", "must be between 1 and 7")
    leases.alone(session, attempt.person_id)
    given = session.get(QuizAnswer, (attempt.id, comparison_id), populate_existing=True)
    if given is None:
        raise NotFound("This attempt does not ask about that comparison.")
    if _is_answered(given):
        return
    given.strength = -strength if given.swapped else strength
    given.correct = questions.load(session, [comparison_id])[comparison_id].agrees(given.strength)
    given.answered_at = now
    session.flush()
    everything = _answers(session, attempt)
    if all(map(_is_answered, everything)):
        _finish(session, project, attempt, sum(bool(one.correct) for one in everything), now)


def review(session: Session, attempt: QuizAttempt) -> list[Answered]:
    """What was asked and answered, in the order in which it was."""
    given = _answers(session, attempt)
    found = questions.load(session, [one.comparison_id for one in given])
    return [
        Answered(found[one.comparison_id], one.swapped, one.strength, bool(one.correct))
        for one in given
        if one.strength is not None
    ]


def _drawn(session: Session, project: Project, person_id: int, number: int) -> list[int]:
    """The ids of what is asked, in that order."""
    met = (
        select(QuizAnswer.comparison_id, func.count())
        .join(QuizAttempt, QuizAttempt.id == QuizAnswer.attempt_id)
        .where(QuizAttempt.project_id == project.id, QuizAttempt.person_id == person_id)
        .group_by(QuizAnswer.comparison_id)
    )
    times = {comparison_id: count for comparison_id, count in session.execute(met)}
    chance = random.SystemRandom()
    there = questions.of_project(session, project, Purpose.qualification)
    least = sorted(chance.sample(there, len(there)), key=lambda comparison_id: times.get(comparison_id, 0))
    return chance.sample(least[:number], number)


def _finish(session: Session, project: Project, attempt: QuizAttempt, correct: int, now: datetime) -> None:
    attempt.finished_at, attempt.correct = now, correct
    attempt.passed = project.pass_mark is not None and correct * 100 >= project.pass_mark * attempt.asked
    session.flush()
    if attempt.passed:
        qualifications.qualify(session, project, attempt.person_id, attempt.id, now)


def _answers(session: Session, attempt: QuizAttempt) -> list[QuizAnswer]:
    wanted = select(QuizAnswer).where(QuizAnswer.attempt_id == attempt.id).order_by(QuizAnswer.position)
    return list(session.scalars(wanted))


def _is_answered(answer: QuizAnswer) -> bool:
    return answer.strength is not None
