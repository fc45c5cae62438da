"""A training run: watched while it is under way, and read when it is over."""

from typing import Literal

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from app.domain import (
    disagreements,
    examples,
    people,
    reward_models,
    rewards,
    training_logs,
    training_news,
    training_runs,
)
from app.domain.errors import Conflict
from app.storage.projects import Project
from app.storage.session import Session
from app.storage.training import TrainingRun
from app.vocabulary import RunState
from app.web import run_charts, run_words
from app.web.deps import Admin, Db, Id, InProject, Now, PageNumber, Reviewer, look_again
from app.web.pages.training import show_conflict
from app.web.templating import page

router = APIRouter(include_in_schema=False)
READ = 10  # disagreements on a page
Split = Literal["held_out", "train"]


@router.get("/projects/{slug}/training-runs/{run_id}")
def show_run(request: Request, person: Reviewer, project: InProject, session: Db, run_id: Id) -> Response:
    """One run: where it stands, its curves, what it was made from and on, what it said, how good it came out."""
    run = training_runs.get(session, run_id, project)
    current = reward_models.current(session, project.id)
    points = training_runs.points(session, run)
    used = current is not None and current.id == run.id
    context = {
        "person": person,
        "project": project,
        "tab": "Model",
        "run": run,
        "final": RunState(run.state).final,
        "headline": run_words.headline(run, used),
        "progress": run_words.progress(run, training_news.left(session, run)),
        "words": run_words.words(),
        "current": used,
        "snapshot": training_runs.snapshot_of(session, run),
        "requested_by": people.get(session, run.requested_by).name if run.requested_by else None,
        "options": run_words.options(run.config),
        "machine": run_words.machine(run.machine or {}),
        "lines": training_logs.lines(session, run.id),
        "rewards": rewards.are_kept(session, run),
        "before": _before(session, project, run),
        "loss": run_charts.loss(run, points),
        "accuracy": run_charts.accuracy(run, points),
    }
    return page(request, "run.html", context)


@router.get("/projects/{slug}/training-runs/{run_id}/disagreements")
def show_disagreements(
    request: Request,
    person: Reviewer,
    project: InProject,
    session: Db,
    run_id: Id,
    of: Split = "held_out",
    number: PageNumber = 1,
) -> Response:
    """The comparisons on which the model is surest against most people, to read."""
    run = training_runs.get(session, run_id, project)
    kept = rewards.are_kept(session, run)
    found = disagreements.of_run(session, run, of)
    pages = max(1, -(-len(found.surest) // READ))
    number = min(number, pages)
    shown = found.surest[(number - 1) * READ : number * READ]
    read = examples.read(session, [entry.comparison for entry in shown])
    context = {
        "person": person,
        "project": project,
        "tab": "Model",
        "run": run,
        "of": of,
        "kept": kept,
        "keeps": rewards.KEPT,
        "found": found,
        "examples": [
            run_words.disagreement(entry, read[entry.comparison]) for entry in shown if entry.comparison in read
        ],
        "number": number,
        "pages": pages,
    }
    return page(request, "disagreements.html", context)


@router.post("/projects/{slug}/training-runs/{run_id}/cancellation")
def cancel_run(person: Admin, project: InProject, session: Db, now: Now, run_id: Id) -> Response:
    """Asks the run to stop."""
    training_runs.cancel(session, training_runs.get(session, run_id, project), now)
    return RedirectResponse(f"/projects/{project.slug}/training-runs/{run_id}", 303)


@router.post("/projects/{slug}/training-runs/{run_id}/promotion")
def promote_run(request: Request, person: Admin, project: InProject, session: Db, now: Now, run_id: Id) -> Response:
    """Makes this run's model the reward model."""
    try:
        reward_models.promote(session, training_runs.get(session, run_id, project), now)
    except Conflict as error:
        look_again(session)
        return show_conflict(request, session, person, project, error)
    return RedirectResponse(f"/projects/{project.slug}/model", 303)


def _before(session: Session, project: Project, run: TrainingRun) -> TrainingRun | None:
    """The run with a model before this one, to compare it with."""
    if run.state != RunState.succeeded:
        return None
    return next(iter(training_runs.measured(session, project, 1, before=run.id)), None)
