"""Reward models of a project, and the button that trains the next."""

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from app.domain import overview, reward_models, training_runs
from app.domain.errors import Conflict, Invalid
from app.storage.people import Person
from app.storage.projects import Project
from app.storage.session import Session
from app.web import project_charts, run_words, sentences
from app.web.deps import Admin, Config, Db, InProject, Now, PerhapsId, Reviewer, look_again
from app.web.forms import Field, number, whole
from app.web.templating import page

router = APIRouter(include_in_schema=False)
LISTED = 50


@router.get("/projects/{slug}/model")
def show_model(
    request: Request, person: Reviewer, project: InProject, session: Db, before: PerhapsId = None
) -> Response:
    """All runs, which one is the reward model, and the button that trains the next."""
    return _model(request, session, person, project, before=before)


@router.post("/projects/{slug}/training-runs")
def request_run(
    request: Request,
    person: Admin,
    project: InProject,
    session: Db,
    now: Now,
    settings: Config,
    epochs: Field = "",
    learning_rate: Field = "",
    max_length: Field = "",
    responses_per_step: Field = "",
    seed: Field = "",
) -> Response:
    """Requests a run on everything judged by now; an empty field is its default."""
    typed = {
        "epochs": epochs,
        "learning_rate": learning_rate,
        "max_length": max_length,
        "responses_per_step": responses_per_step,
        "seed": seed,
    }
    try:
        options = {
            name: whole(name, text) if training_runs.OPTIONS[name].kind is int else number(name, text)
            for name, text in typed.items()
            if text.strip()
        }
        drawn = training_runs.prepare(session, project, options)
        run = training_runs.request(session, project, now, person.id, options, settings.base_model, drawn)
    except (Invalid, Conflict) as error:
        look_again(session)
        return _model(request, session, person, project, typed, error)
    return RedirectResponse(f"/projects/{project.slug}/training-runs/{run.id}", 303)


def show_conflict(request: Request, session: Session, person: Person, project: Project, error: Conflict) -> Response:
    """The same page with what could not be done."""
    return _model(request, session, person, project, error=error)


def _model(
    request: Request,
    session: Session,
    person: Person,
    project: Project,
    typed: dict[str, str] | None = None,
    error: Invalid | Conflict | None = None,
    before: int | None = None,
) -> Response:
    runs = training_runs.newest(session, project, LISTED + 1, before)
    current = reward_models.current(session, project.id)
    learned = training_runs.learned(session, project)
    context: dict[str, Any] = {
        "person": person,
        "project": project,
        "tab": "Model",
        "runs": runs[:LISTED],
        "counts": training_runs.counts(session, runs[:LISTED]),
        "older": runs[LISTED - 1].id if len(runs) > LISTED else None,
        "current": current,
        "under_way": training_runs.under_way(session, project),
        "headline": sentences.model(current),
        "learned": len(learned),
        "ceiling": project_charts.ceiling(learned, current),
        "gain": sentences.ceiling(overview.gain(learned)),
        "models": training_runs.measured(session, project, LISTED),
        "learnable": training_runs.learnable(session, project),
        "fewest": training_runs.FEWEST,
        "typed": {name: f"{option.default:g}" for name, option in training_runs.OPTIONS.items()} | (typed or {}),
        "wrong": run_words.option(error.field) if isinstance(error, Invalid) else None,
        "error": error if isinstance(error, Invalid) else None,
        "conflict": error if isinstance(error, Conflict) else None,
    }
    return page(request, "model.html", context, 409 if context["conflict"] else 422 if error else 200)
