"""The charts of training runs."""

from typing import Literal

from fastapi import APIRouter
from starlette.responses import Response

from app.domain import reward_models, training_runs
from app.domain.errors import NotFound
from app.storage.projects import Project
from app.storage.session import Session
from app.storage.training import TrainingPoint, TrainingRun
from app.web import charts
from app.web.charts import Curve, Reference, Rivals, Standing
from app.web.deps import Db, Id, InProject, Reviewer
from app.web.languages import gettext

router = APIRouter(include_in_schema=False)
RUN = "/projects/{slug}/training-runs/{run_id}"
Theme = Literal["light", "dark"]
WIDTHS = {"wide": 520, "narrow": 342}
Size = Literal["wide", "narrow"]


@router.get(RUN + "/loss.svg")
def loss_chart(
    person: Reviewer, project: InProject, session: Db, run_id: Id, theme: Theme = "light", size: Size = "wide"
) -> Response:
    """The training loss by step."""
    run = training_runs.get(session, run_id, project)
    points = charts.thinned(_losses(training_runs.points(session, run)))
    name = gettext("loss")
    curve = Curve(name, charts.smoothed(points), run.steps, gettext("steps"), behind=points) if points else None
    return _svg(curve, theme, size)


@router.get(RUN + "/accuracy.svg")
def accuracy_chart(
    person: Reviewer, project: InProject, session: Db, run_id: Id, theme: Theme = "light", size: Size = "wide"
) -> Response:
    """The accuracy on held-out comparisons by step, over that of the longer answer."""
    run = training_runs.get(session, run_id, project)
    points = _accuracies(training_runs.points(session, run))
    references = references_of(run.metrics or {})
    curve = Curve(gettext("model"), points, run.steps, gettext("steps"), references) if points else None
    return _svg(curve, theme, size)


@router.get(RUN + "/standing.svg")
def standing_chart(
    person: Reviewer, project: InProject, session: Db, run_id: Id, theme: Theme = "light", size: Size = "wide"
) -> Response:
    """The model between the longer answer and people."""
    metrics = training_runs.get(session, run_id, project).metrics or {}
    ours = gettext("model")
    rows = (
        (gettext("people"), metrics.get("human_agreement"), None, None),
        (ours, metrics.get("accuracy"), metrics.get("low"), metrics.get("high")),
        (gettext("longer answer"), metrics.get("length_accuracy"), None, None),
    )
    known = tuple((name, value, low, high) for name, value, low, high in rows if value is not None)
    return _svg(Standing(known, ours) if known else None, theme, size)


@router.get(RUN + "/beside/{other_id}/loss.svg")
def losses_chart(
    person: Reviewer,
    project: InProject,
    session: Db,
    run_id: Id,
    other_id: Id,
    theme: Theme = "light",
    size: Size = "wide",
) -> Response:
    """The training loss of two runs by step."""
    runs = _both(session, project, run_id, other_id)
    lines = [charts.smoothed(charts.thinned(_losses(training_runs.points(session, run)))) for run in runs]
    return _svg(_rivals(runs, lines), theme, size)


@router.get(RUN + "/beside/{other_id}/accuracy.svg")
def accuracies_chart(
    person: Reviewer,
    project: InProject,
    session: Db,
    run_id: Id,
    other_id: Id,
    theme: Theme = "light",
    size: Size = "wide",
) -> Response:
    """The accuracy of two runs on held-out comparisons by step."""
    runs = _both(session, project, run_id, other_id)
    return _svg(_rivals(runs, [_accuracies(training_runs.points(session, run)) for run in runs]), theme, size)


@router.get("/projects/{slug}/learning.svg")
def learning_chart(
    person: Reviewer, project: InProject, session: Db, theme: Theme = "light", size: Size = "wide"
) -> Response:
    """The accuracy of the project's models by how many judgements they learned from."""
    points = tuple((float(one.judgements), one.accuracy) for one in training_runs.learned(session, project))
    current = reward_models.current(session, project.id)
    references = references_of(current.metrics or {} if current else {})
    curve = Curve(gettext("model"), points, points[-1][0], gettext("judgements"), references) if points else None
    return _svg(curve, theme, size)


def references_of(metrics: dict[str, float | None]) -> tuple[Reference, ...]:
    """What a model is measured against in a chart."""
    length = metrics.get("length_accuracy")
    return () if length is None else (Reference(gettext("longer answer"), length),)


def _losses(points: list[TrainingPoint]) -> list[tuple[float, float]]:
    return [(point.step, point.loss) for point in points]


def _accuracies(points: list[TrainingPoint]) -> tuple[tuple[float, float], ...]:
    return tuple((point.step, point.accuracy) for point in points if point.accuracy is not None)


def _both(session: Session, project: Project, run_id: int, other_id: int) -> list[TrainingRun]:
    return [training_runs.get(session, number, project) for number in (run_id, other_id)]


def _rivals(runs: list[TrainingRun], lines: list[tuple[tuple[float, float], ...]]) -> Rivals | None:
    if not all(lines):
        return None
    names = [gettext("run %(run)s") % {"run": run.id} for run in runs]
    until = max(run.steps for run in runs)
    return Rivals(names[1], lines[1], names[0], lines[0], until, gettext("steps"))


def _svg(chart: Curve | Standing | Rivals | None, theme: Theme, size: Size) -> Response:
    if chart is None:
        raise NotFound("There is nothing to draw yet.")
    return Response(charts.svg(chart, theme, WIDTHS[size]), media_type="image/svg+xml")
