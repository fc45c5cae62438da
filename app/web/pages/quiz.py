"""The qualification quiz: what it is, one question a page, and how it went."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Form, Request
from starlette.responses import RedirectResponse, Response

from app.domain import assignments, guidelines, practice, quiz
from app.domain.errors import Conflict, Invalid
from app.domain.quiz import Answered
from app.storage.base import LARGEST
from app.storage.people import Person
from app.storage.projects import Project
from app.storage.session import Session
from app.web import asking, judging
from app.web.deps import Annotator, Db, Id, InProject, Now, look_again
from app.web.forms import Field
from app.web.guides import guide
from app.web.richtext import render as rich
from app.web.templating import page

router = APIRouter(include_in_schema=False)


@router.get("/projects/{slug}/quiz")
def show_quiz(request: Request, person: Annotator, project: InProject, session: Db, now: Now) -> Response:
    """What it is, and how far one is."""
    return _quiz(request, session, person, project, now)


@router.post("/projects/{slug}/quiz/attempts")
def start_attempt(request: Request, person: Annotator, project: InProject, session: Db, now: Now) -> Response:
    """Begins an attempt, or goes on with the one that was begun."""
    try:
        attempt = quiz.start(session, project, person.id, now)
    except Conflict as error:
        look_again(session)
        return _quiz(request, session, person, project, now, error)
    return RedirectResponse(f"/projects/{project.slug}/quiz/attempts/{attempt.id}", 303)


@router.get("/projects/{slug}/quiz/attempts/{attempt_id}")
def show_attempt(
    request: Request, person: Annotator, project: InProject, session: Db, now: Now, attempt_id: Id
) -> Response:
    """Its next question; once all are answered, its result."""
    attempt = quiz.attempt(session, project, person.id, attempt_id)
    context: dict[str, Any] = {"person": person, "project": project, "attempt": attempt}
    asked = quiz.ask(session, attempt)
    if asked is not None:
        context |= {
            "asked": asked,
            "strengths": judging.strengths(),
            "a": asking.asked(asked.question, asked.swapped, now),
            "guide": guide(guidelines.read_by(session, project, person.id)),
        }
        return page(request, "quiz_question.html", context)
    context |= {
        "standing": quiz.standing(session, project, person.id),
        "answers": [
            {"a": asking.asked(given.question, given.swapped, now)} | _said(given)
            for given in quiz.review(session, attempt)
        ],
    }
    return page(request, "quiz_result.html", context)


@router.post("/projects/{slug}/quiz/attempts/{attempt_id}/answers")
def answer(
    person: Annotator,
    project: InProject,
    session: Db,
    now: Now,
    attempt_id: Id,
    comparison: Annotated[int, Form(ge=0, le=LARGEST)] = 0,
    answer: Field = "",
) -> Response:
    """Takes the answer to a question, for good."""
    attempt = quiz.attempt(session, project, person.id, attempt_id)
    if answer not in judging.KEYS:
        raise Invalid("answer", "must be between 1 and 7")
    quiz.answer(session, project, attempt, comparison, judging.KEYS[answer], now)
    return RedirectResponse(f"/projects/{project.slug}/quiz/attempts/{attempt_id}", 303)


def _quiz(
    request: Request,
    session: Session,
    person: Person,
    project: Project,
    now: datetime,
    conflict: Conflict | None = None,
) -> Response:
    context = {
        "person": person,
        "project": project,
        "standing": quiz.standing(session, project, person.id),
        "practice": practice.number(session, project),
        "holds": assignments.holds(session, project.id, person.id, now),
        "conflict": conflict,
    }
    return page(request, "quiz.html", context, 409 if conflict else 200)


def _said(given: Answered) -> dict[str, Any]:
    gold = asking.side(given.question, given.swapped)
    return {
        "correct": given.correct,
        "gold": gold,
        "gold_words": asking.gold_words(gold),
        "answer_words": asking.answer_words(-given.strength if given.swapped else given.strength),
        "explanation": rich(given.question.explanation) if given.question.explanation else None,
    }
