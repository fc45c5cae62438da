"""Training runs and reward models."""

from datetime import datetime
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict

from app.domain import reward_models, training_runs
from app.storage.session import Session
from app.storage.training import TrainingRun
from app.vocabulary import RunState
from app.web.deps import Admin, Config, Db, Id, InProject, Now, Reviewer

router = APIRouter(tags=["training"], prefix="/projects/{slug}/training-runs")


class NewRun(BaseModel):
    """A run to be; every option has a sensible default."""

    model_config = ConfigDict(extra="forbid")
    epochs: float | None = None
    learning_rate: float | None = None
    max_length: int | None = None
    responses_per_step: int | None = None
    seed: int | None = None


class RunOut(BaseModel):
    """A training run. `verdict` says why its model became current, or did not."""

    model_config = ConfigDict(from_attributes=True)
    id: int
    state: RunState
    requested_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    cancel_requested: bool
    config: dict[str, Any]
    step: int
    steps: int
    metrics: dict[str, Any] | None
    promoted_at: datetime | None
    verdict: str | None
    error: str | None
    snapshot: str = ""
    current: bool = False


class Point(BaseModel):
    """A point of a run's curves; `elapsed_s` in seconds."""

    model_config = ConfigDict(from_attributes=True)
    step: int
    loss: float
    accuracy: float | None
    elapsed_s: float


def _out(session: Session, run: TrainingRun) -> RunOut:
    found = RunOut.model_validate(run)
    found.snapshot = training_runs.snapshot_of(session, run).digest
    current = reward_models.current(session, run.project_id)
    found.current = current is not None and current.id == run.id
    return found


@router.post("", status_code=201)
def request_run(body: NewRun, admin: Admin, project: InProject, session: Db, now: Now, settings: Config) -> RunOut:
    """Requests a training run on everything judged by now."""
    options = body.model_dump(exclude_none=True)
    run = training_runs.request(session, project, now, admin.id, options, settings.base_model)
    return _out(session, run)


@router.get("")
def list_runs(person: Reviewer, project: InProject, session: Db) -> list[RunOut]:
    """The project's runs, newest first."""
    return [_out(session, run) for run in training_runs.of_project(session, project)]


@router.get("/{run_id}")
def get_run(person: Reviewer, project: InProject, session: Db, run_id: Id) -> RunOut:
    """One run."""
    return _out(session, training_runs.get(session, run_id, project))


@router.get("/{run_id}/curves")
def get_curves(person: Reviewer, project: InProject, session: Db, run_id: Id) -> list[Point]:
    """Loss and held-out accuracy by step."""
    run = training_runs.get(session, run_id, project)
    return [Point.model_validate(point) for point in training_runs.points(session, run)]


@router.put("/{run_id}/cancellation")
def cancel_run(admin: Admin, project: InProject, session: Db, now: Now, run_id: Id) -> RunOut:
    """Asks a run to stop; the same again changes nothing."""
    run = training_runs.get(session, run_id, project)
    training_runs.cancel(session, run, now)
    return _out(session, run)


@router.put("/{run_id}/promotion")
def promote_run(admin: Admin, project: InProject, session: Db, now: Now, run_id: Id) -> RunOut:
    """Makes this run's model the project's reward model, whatever came after it."""
    run = training_runs.get(session, run_id, project)
    reward_models.promote(session, run, now)
    return _out(session, run)
