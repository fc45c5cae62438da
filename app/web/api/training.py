"""Training runs and reward models."""

from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Header, Request
from fastapi.sse import format_sse_event
from pydantic import BaseModel, ConfigDict
from pydantic_core import to_json
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from app.domain import reward_models, training_logs, training_runs
from app.domain.errors import NotFound
from app.domain.training_news import News, Place, Standing, news
from app.storage.session import Session, available, reading
from app.storage.training import TrainingRun
from app.vocabulary import RunState
from app.web.deps import Admin, Config, Db, Id, InProject, Now, Reviewer

EVENT = {
    "type": "object",
    "properties": {
        "event": {"type": "string", "enum": ["log", "point", "state"]},
        "id": {"type": "string", "description": "Where to go on: what Last-Event-ID is to be"},
        "data": {"type": "string", "contentMediaType": "application/json"},
    },
    "required": ["event", "id", "data"],
}
EVENTS: dict[int | str, dict[str, Any]] = {
    200: {"description": "Events, each with JSON as its data", "content": {"text/event-stream": {"schema": EVENT}}}
}
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
    """A training run. `verdict` says why its model became current, or did not; `machine` is what it ran on."""

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
    machine: dict[str, Any] | None
    snapshot: str = ""
    current: bool = False


class Point(BaseModel):
    """A point of a run's curves; `elapsed_s` in seconds."""

    model_config = ConfigDict(from_attributes=True)
    step: int
    loss: float
    accuracy: float | None
    elapsed_s: float


class LogLine(BaseModel):
    """What the worker said."""

    model_config = ConfigDict(from_attributes=True)
    id: int
    at: datetime
    text: str


def _out(session: Session, run: TrainingRun) -> RunOut:
    return _all_out(session, [run])[0]


def _all_out(session: Session, runs: Sequence[TrainingRun]) -> list[RunOut]:
    current = reward_models.current(session, runs[0].project_id) if runs else None
    found = [RunOut.model_validate(run) for run in runs]
    for run, out in zip(runs, found, strict=True):
        out.snapshot = training_runs.snapshot_of(session, run).digest
        out.current = current is not None and current.id == run.id
    return found


@router.post("", status_code=201)
def request_run(body: NewRun, admin: Admin, project: InProject, session: Db, now: Now, settings: Config) -> RunOut:
    """Requests a training run on everything judged by now."""
    options = body.model_dump(exclude_none=True)
    drawn = training_runs.prepare(session, project, options)
    run = training_runs.request(session, project, now, admin.id, options, settings.base_model, drawn)
    return _out(session, run)


@router.get("")
def list_runs(person: Reviewer, project: InProject, session: Db) -> list[RunOut]:
    """The project's runs, newest first."""
    return _all_out(session, training_runs.of_project(session, project))


@router.get("/{run_id}")
def get_run(person: Reviewer, project: InProject, session: Db, run_id: Id) -> RunOut:
    """One run."""
    return _out(session, training_runs.get(session, run_id, project))


@router.get("/{run_id}/curves")
def get_curves(person: Reviewer, project: InProject, session: Db, run_id: Id) -> list[Point]:
    """Loss and held-out accuracy by step."""
    run = training_runs.get(session, run_id, project)
    return [Point.model_validate(point) for point in training_runs.points(session, run)]


@router.get("/{run_id}/log")
def get_log(person: Reviewer, project: InProject, session: Db, run_id: Id) -> list[LogLine]:
    """What the worker said of the run, in order."""
    run = training_runs.get(session, run_id, project)
    return [LogLine.model_validate(line) for line in training_logs.lines(session, run.id)]


@router.get(
    "/{run_id}/events",
    response_class=Response,
    responses=EVENTS,
)
def watch_run(
    request: Request,
    person: Reviewer,
    project: InProject,
    session: Db,
    run_id: Id,
    last_event_id: Annotated[str, Header(description="The id of the last event that was received")] = "",
) -> Response:
    """What happens in a run as it happens, as server-sent events.

    It ends with the run, or after five minutes: then the client comes back with the Last-Event-ID, as browsers do.
    `log` is a line, `point` a point of the curves, `state` where the run stands, with `left_s`, about how many seconds
    training will take yet. A point of a step that was passed before takes the place of all from there on: the run went
    back to its checkpoint.
    """
    training_runs.get(session, run_id, project)
    return request.app.state.streams.follow(_Look(request, run_id, Place.parse(last_event_id)))  # type: ignore[no-any-return]


class _Look:
    """Looks at a run for what came since the last look."""

    def __init__(self, request: Request, run_id: int, seen: Place) -> None:
        self.state, self.run_id, self.seen = request.app.state, run_id, seen
        self.said: Standing | None = None

    async def __call__(self) -> tuple[list[bytes], bool]:
        async with self.state.slots:
            found = await run_in_threadpool(self._read)
        if found is None:
            return [], True
        place = self.seen
        events = []
        for line in found.lines:
            place = Place(place.step, line.id)
            events.append(_event("log", asdict(line), place))
        for point in found.points:
            place = Place(point.step, place.line)
            events.append(_event("point", asdict(point), place))
        if events or found.standing != self.said:
            events.append(_event("state", asdict(found.standing), found.place))
        self.seen, self.said = found.place, found.standing
        return events, found.over

    def _read(self) -> News | None:
        try:
            with available(), reading(self.state.sessions) as session:
                return news(session, self.run_id, self.seen)
        except NotFound:
            return None


def _event(kind: str, values: dict[str, Any], place: Place) -> bytes:
    return format_sse_event(event=kind, data_str=to_json(values).decode(), id=str(place))


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
