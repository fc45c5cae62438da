"""The charts of training runs, as pictures and as figures."""

from fastapi import APIRouter
from starlette.responses import Response

from app.domain import training_runs
from app.web import pictures, run_charts
from app.web.deps import Db, Id, InProject, Reviewer
from app.web.pictures import Kind, Looks

router = APIRouter(include_in_schema=False)
RUN = "/projects/{slug}/training-runs/{run_id}"
BESIDE = RUN + "/beside/{other_id}"


@router.get(RUN + "/loss.{kind}")
def loss_chart(person: Reviewer, project: InProject, session: Db, run_id: Id, kind: Kind, look: Looks) -> Response:
    """The training loss by step."""
    run = training_runs.get(session, run_id, project)
    found = run_charts.loss(run, training_runs.points(session, run))
    return pictures.answer(found, kind, look, f"{project.slug}-run-{run.id}-loss")


@router.get(RUN + "/accuracy.{kind}")
def accuracy_chart(person: Reviewer, project: InProject, session: Db, run_id: Id, kind: Kind, look: Looks) -> Response:
    """The accuracy on held-out comparisons by step."""
    run = training_runs.get(session, run_id, project)
    found = run_charts.accuracy(run, training_runs.points(session, run))
    return pictures.answer(found, kind, look, f"{project.slug}-run-{run.id}-accuracy")


@router.get(BESIDE + "/loss.{kind}")
def losses_chart(
    person: Reviewer, project: InProject, session: Db, run_id: Id, other_id: Id, kind: Kind, look: Looks
) -> Response:
    """The training loss of two runs by step."""
    first, second = (training_runs.get(session, number, project) for number in (run_id, other_id))
    found = run_charts.losses(first, second, [training_runs.points(session, run) for run in (first, second)])
    return pictures.answer(found, kind, look, f"{project.slug}-runs-{first.id}-{second.id}-loss")


@router.get(BESIDE + "/accuracy.{kind}")
def accuracies_chart(
    person: Reviewer, project: InProject, session: Db, run_id: Id, other_id: Id, kind: Kind, look: Looks
) -> Response:
    """The accuracy of two runs on held-out comparisons by step."""
    first, second = (training_runs.get(session, number, project) for number in (run_id, other_id))
    found = run_charts.accuracies(first, second, [training_runs.points(session, run) for run in (first, second)])
    return pictures.answer(found, kind, look, f"{project.slug}-runs-{first.id}-{second.id}-accuracy")
