"""Practice: a gold comparison, an answer, and what gold says and why. Everything is in the URLs and nothing is stored."""

import secrets
from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from app.domain import guidelines, onboarding, practice
from app.domain.questions import MOST
from app.web import asking, judging
from app.web.deps import Annotator, Db, Id, InProject, Now
from app.web.guides import guide
from app.web.richtext import render as rich
from app.web.templating import page

router = APIRouter(include_in_schema=False)
Agreed = Annotated[int, Query(ge=0, le=MOST)]


@router.get("/projects/{slug}/practice")
def practise(
    request: Request,
    person: Annotator,
    project: InProject,
    session: Db,
    now: Now,
    place: Annotated[int, Query(ge=1, le=MOST + 1)] = 1,
    agreed: Agreed = 0,
) -> Response:
    """The question in that place; past the last one how it went, and where there is none what this is for."""
    context = {"person": person, "project": project, "agreed": agreed}
    exercise = practice.at(session, project, place)
    if exercise is None:
        context |= {
            "total": practice.number(session, project),
            "steps": onboarding.steps(session, [project], person.id)[project.id],
        }
        return page(request, "practice_end.html", context)
    swapped = bool(secrets.randbits(1))
    context |= {
        "exercise": exercise,
        "swapped": swapped,
        "strengths": judging.strengths(),
        "a": asking.asked(exercise.question, swapped, now),
        "guide": guide(guidelines.read_by(session, project, person.id)),
    }
    return page(request, "practice.html", context)


@router.get("/projects/{slug}/practice/{comparison_id}")
def explain(
    request: Request,
    person: Annotator,
    project: InProject,
    session: Db,
    now: Now,
    comparison_id: Id,
    answer: Annotated[int | None, Query(ge=1, le=7)] = None,
    swapped: bool = False,
    agreed: Agreed = 0,
) -> Response:
    """Whether the answer agrees with gold, and why gold says what it says; without one, the question."""
    exercise = practice.of(session, project, comparison_id)
    if answer is None:
        return practise(request, person, project, session, now, exercise.place, agreed)
    strength = answer - 4
    agrees = exercise.question.agrees(-strength if swapped else strength)
    gold = asking.side(exercise.question, swapped)
    context = {
        "person": person,
        "project": project,
        "exercise": exercise,
        "a": asking.asked(exercise.question, swapped, now),
        "agrees": agrees,
        "agreed": min(agreed + agrees, MOST),
        "gold": gold,
        "gold_words": asking.gold_words(gold),
        "answer_words": asking.answer_words(strength),
        "explanation": rich(exercise.question.explanation) if exercise.question.explanation else None,
        "guide": guide(guidelines.read_by(session, project, person.id)),
    }
    return page(request, "practice_answer.html", context)
