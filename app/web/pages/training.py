"""Training runs and the reward models that come of them."""

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from app.domain import people, reward_models, training_runs
from app.domain.errors import Conflict, Invalid, NotFound
from app.storage.people import Person
from app.storage.projects import Project
from app.storage.session import Session
from app.storage.training import TrainingRun
from app.vocabulary import RunState
from app.web import charts, sentences
from app.web.charts import WIDTHS, Curve, Reference, Size, Standing, Theme
from app.web.deps import Admin, Config, Db, Id, InProject, Now, Reviewer
from app.web.forms import Field, number, whole
from app.web.templating import page

router = APIRouter(include_in_schema=False)


@router.get("/projects/{slug}/model")
def show_model(request: Request, person: Reviewer, project: InProject, session: Db) -> Response:
    """All runs, which one is the reward model, and the button that trains the next."""
    return _model(request, session, person, project, _defaults())


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
        run = training_runs.request(session, project, now, person.id, options, settings.base_model)
    except (Invalid, Conflict) as error:
        session.rollback()
        return _model(request, session, person, project, _defaults() | typed, error)
    return RedirectResponse(f"/projects/{project.slug}/training-runs/{run.id}", 303)


@router.get("/projects/{slug}/training-runs/{run_id}")
def show_run(request: Request, person: Reviewer, project: InProject, session: Db, run_id: Id) -> Response:
    """One run: where it stands, its curves, what it was made from, how good it came out."""
    run = training_runs.get(session, run_id, project)
    current = reward_models.current(session, project.id)
    points = training_runs.points(session, run)
    context = {
        "person": person,
        "project": project,
        "tab": "Model",
        "run": run,
        "final": RunState(run.state).final,
        "headline": _headline(run, current),
        "progress": sentences.progress(run),
        "current": current is not None and current.id == run.id,
        "snapshot": training_runs.snapshot_of(session, run),
        "requested_by": people.get(session, run.requested_by).name if run.requested_by else None,
        "points": points,
        "measured": [point for point in points if point.accuracy is not None],
    }
    return page(request, "run.html", context)


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
        session.rollback()
        return _model(request, session, person, project, _defaults(), error)
    return RedirectResponse(f"/projects/{project.slug}/model", 303)


@router.get("/projects/{slug}/training-runs/{run_id}/loss.svg")
def loss_chart(
    person: Reviewer, project: InProject, session: Db, run_id: Id, theme: Theme = "light", size: Size = "wide"
) -> Response:
    """The training loss by step."""
    run = training_runs.get(session, run_id, project)
    found = training_runs.points(session, run)
    points = charts.thinned([(point.step, point.loss) for point in found])
    curve = Curve("loss", charts.smoothed(points), run.steps, "steps", behind=points) if points else None
    return _svg(curve, theme, size)


@router.get("/projects/{slug}/training-runs/{run_id}/accuracy.svg")
def accuracy_chart(
    person: Reviewer, project: InProject, session: Db, run_id: Id, theme: Theme = "light", size: Size = "wide"
) -> Response:
    """The accuracy on held-out comparisons by step, over that of the longer answer."""
    run = training_runs.get(session, run_id, project)
    found = training_runs.points(session, run)
    points = tuple((point.step, point.accuracy) for point in found if point.accuracy is not None)
    references = _references(run.metrics or {})
    return _svg(Curve("model", points, run.steps, "steps", references) if points else None, theme, size)


@router.get("/projects/{slug}/training-runs/{run_id}/standing.svg")
def standing_chart(
    person: Reviewer, project: InProject, session: Db, run_id: Id, theme: Theme = "light", size: Size = "wide"
) -> Response:
    """The model between the longer answer and people."""
    metrics = training_runs.get(session, run_id, project).metrics or {}
    rows = (
        ("people", metrics.get("human_agreement"), None, None),
        ("model", metrics.get("accuracy"), metrics.get("low"), metrics.get("high")),
        ("longer answer", metrics.get("length_accuracy"), None, None),
    )
    known = tuple((name, value, low, high) for name, value, low, high in rows if value is not None)
    return _svg(Standing(known, "model") if known else None, theme, size)


@router.get("/projects/{slug}/learning.svg")
def learning_chart(
    person: Reviewer, project: InProject, session: Db, theme: Theme = "light", size: Size = "wide"
) -> Response:
    """The accuracy of the project's models by how many judgements they learned from."""
    points = _learned(training_runs.with_counts(session, project))
    current = reward_models.current(session, project.id)
    references = _references(current.metrics or {} if current else {})
    return _svg(Curve("model", points, points[-1][0], "judgements", references) if points else None, theme, size)


def _svg(chart: Curve | Standing | None, theme: Theme, size: Size) -> Response:
    if chart is None:
        raise NotFound("There is nothing to draw yet.")
    return Response(charts.svg(chart, theme, WIDTHS[size]), media_type="image/svg+xml")


def _references(metrics: dict[str, float | None]) -> tuple[Reference, ...]:
    length = metrics.get("length_accuracy")
    return () if length is None else (Reference("longer answer", length),)


def _learned(runs: list[tuple[TrainingRun, dict[str, int]]]) -> tuple[tuple[float, float], ...]:
    """(judgements, accuracy) of the measured models; of those that learned from the same number, the latest."""
    found = {
        counts["judgements"]: run.metrics["accuracy"]
        for run, counts in reversed(runs)
        if run.metrics and run.metrics.get("accuracy") is not None
    }
    return tuple(sorted(found.items()))


def _defaults() -> dict[str, str]:
    return {name: f"{option.default:g}" for name, option in training_runs.OPTIONS.items()}


def _model(
    request: Request,
    session: Session,
    person: Person,
    project: Project,
    typed: dict[str, str],
    error: Invalid | Conflict | None = None,
) -> Response:
    runs = training_runs.with_counts(session, project)
    current = reward_models.current(session, project.id)
    context = {
        "person": person,
        "project": project,
        "tab": "Model",
        "runs": runs,
        "current": current,
        "under_way": next((run for run, _ in runs if not RunState(run.state).final), None),
        "headline": sentences.model(current),
        "learned": len(_learned(runs)),
        "learnable": training_runs.learnable(session, project),
        "fewest": training_runs.FEWEST,
        "typed": typed,
        "options": training_runs.OPTIONS,
        "error": error if isinstance(error, Invalid) else None,
        "conflict": error if isinstance(error, Conflict) else None,
    }
    return page(request, "model.html", context, 409 if context["conflict"] else 422 if error else 200)


def _headline(run: TrainingRun, current: TrainingRun | None) -> str:
    words = {
        RunState.requested: "is requested",
        RunState.running: "is under way",
        RunState.failed: "failed",
        RunState.cancelled: "was cancelled",
    }
    if run.state != RunState.succeeded:
        return f"Run {run.id} {words[RunState(run.state)]}"
    return f"Run {run.id} is the reward model" if current and current.id == run.id else f"Run {run.id} has a model"
