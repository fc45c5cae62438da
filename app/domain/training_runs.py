"""Training runs as people see them: requested, running, over."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from typing import Any

from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.domain import audit, snapshots
from app.domain.errors import Conflict, Invalid, NotFound
from app.domain.snapshots import Drawn
from app.storage.judgements import count_trainable, decide, texts
from app.storage.projects import Project
from app.storage.session import only_read
from app.storage.training import Snapshot, TrainingPoint, TrainingRun
from app.vocabulary import Act, RunState

FEWEST = 10
DECIDED = 2_000  # prompts at a time
LEARNED = 200
ACTIVE = (RunState.requested, RunState.running)


@dataclass(frozen=True)
class Learned:
    """The accuracy of a model on unseen comparisons, with its 95 % interval, and from how many judgements it learned."""

    judgements: int
    accuracy: float
    low: float
    high: float


@dataclass(frozen=True)
class Option:
    """A number that a run may be given: whole or not, between which bounds, and what it is when it is not given."""

    kind: type
    least: float
    most: float
    default: float


# the defaults are those of app.reward.config, which is out of reach from here; a test compares them
OPTIONS = {
    "epochs": Option(float, 0.01, 100, 3.0),
    "learning_rate": Option(float, 1e-7, 1e-1, 5e-5),
    "max_length": Option(int, 16, 32768, 256),
    "responses_per_step": Option(int, 2, 4096, 32),
    "seed": Option(int, 0, 2**31, 0),
}


@dataclass(frozen=True)
class Material:
    """What a run learns from: its snapshot's judgements and the texts that they are about."""

    judgements: list[dict[str, Any]]
    messages: dict[int, list[dict[str, str]]]
    responses: dict[int, str]


def prepare(session: Session, project: Project, options: dict[str, Any] | None = None) -> Drawn:
    """What a run learns from that is requested now; raises what `request` raises.

    It takes seconds with some hundred thousand judgements, and nobody who judges waits for it: the session's transaction
    is committed, what takes long is done in some that only read, and whether prompts are held out is written a part at a
    time.
    """
    checked_options(options or {})
    session.commit()
    only_read(session)
    if under_way(session, project) is not None:
        raise _under_way()
    if count_trainable(session, project.id) < FEWEST:
        raise _too_few()
    undecided = iter(snapshots.decisions(session, project).items())
    while part := dict(islice(undecided, DECIDED)):
        session.commit()
        decide(session, part)
    session.commit()
    only_read(session)
    drawn = snapshots.draw(session, project)
    session.commit()
    return drawn


def request(
    session: Session,
    project: Project,
    now: datetime,
    requested_by: int | None = None,
    options: dict[str, Any] | None = None,
    base_model: str = "",
    drawn: Drawn | None = None,
) -> TrainingRun:
    """A new run on what `prepare` has drawn, else on everything judged by now; the worker takes it up. `options` may set
    what OPTIONS names.

    Raises Conflict while another run of the project is not over, or with fewer than ten judgements; Invalid.
    """
    if drawn is None:
        decide(session, snapshots.decisions(session, project))
        drawn = snapshots.draw(session, project)
    if drawn.counts["judgements"] < FEWEST:
        raise _too_few()
    defaults = {name: option.default for name, option in OPTIONS.items()}
    config = defaults | checked_options(options or {}) | {"base_model": project.base_model or base_model}
    run = TrainingRun(
        project_id=project.id,
        state=RunState.requested,
        requested_by=requested_by,
        requested_at=now,
        config=config,
        cancel_requested=False,
    )
    try:
        with session.begin_nested():
            session.add(run)
            session.flush()
    except IntegrityError as error:
        raise _under_way() from error
    run.snapshot_id = snapshots.keep(session, project, drawn, now).id
    audit.record(session, Act.run_requested, f"run {run.id}", project_id=project.id)
    session.flush()
    return run


def _too_few() -> Conflict:
    return Conflict("There are fewer than %(fewest)s judgements to learn from.", fewest=FEWEST)


def _under_way() -> Conflict:
    return Conflict("A training run of this project is under way. Wait for it, or cancel it.")


def learnable(session: Session, project: Project) -> int:
    """How many judgements a run requested now would learn from; it takes FEWEST at least."""
    return count_trainable(session, project.id)


def checked_options(options: dict[str, Any]) -> dict[str, Any]:
    """The options with their types checked; raises Invalid."""
    for name, value in options.items():
        if name not in OPTIONS:
            raise Invalid(name, "is no option of a training run; there are %(options)s", options=", ".join(OPTIONS))
        option = OPTIONS[name]
        number = isinstance(value, (int, float)) and not isinstance(value, bool)
        if not number or not option.least <= value <= option.most or (option.kind is int and value != int(value)):
            bounds = {"least": f"{option.least:g}", "most": f"{option.most:g}"}
            raise Invalid(name, "must be a number from %(least)s to %(most)s", **bounds)
    return dict(options)


def due(session: Session) -> list[Project]:
    """The projects that have `retrain_every` new judgements since their last run, and none under way."""
    found = []
    for project in session.scalars(select(Project).where(Project.retrain_every > 0)):
        last = session.scalar(
            select(TrainingRun).where(TrainingRun.project_id == project.id).order_by(TrainingRun.id.desc()).limit(1)
        )
        if last is not None and last.state in ACTIVE:
            continue
        seen = 0
        if last is not None and last.snapshot_id is not None:
            seen = session.get_one(Snapshot, last.snapshot_id).counts["judgements"]
        if count_trainable(session, project.id) - seen >= max(project.retrain_every, FEWEST if not seen else 1):
            found.append(project)
    return found


def get(session: Session, run_id: int, project: Project | None = None) -> TrainingRun:
    """The run, of that project if one is given; raises NotFound."""
    run = session.get(TrainingRun, run_id)
    if run is None or (project is not None and run.project_id != project.id):
        raise NotFound("There is no training run %(run)s.", run=run_id)
    return run


def newest(session: Session, project: Project, most: int, before: int | None = None) -> list[TrainingRun]:
    """The `most` newest of the project's runs, or of those with a smaller id than `before`."""
    wanted = select(TrainingRun).where(TrainingRun.project_id == project.id)
    if before is not None:
        wanted = wanted.where(TrainingRun.id < before)
    return list(session.scalars(wanted.order_by(TrainingRun.id.desc()).limit(most)))


def measured(session: Session, project: Project, most: int, before: int | None = None) -> list[TrainingRun]:
    """The `most` newest of the project's runs that succeeded, or of those with a smaller id than `before`."""
    wanted = select(TrainingRun).where(TrainingRun.project_id == project.id, TrainingRun.state == RunState.succeeded)
    if before is not None:
        wanted = wanted.where(TrainingRun.id < before)
    return list(session.scalars(wanted.order_by(TrainingRun.id.desc()).limit(most)))


def learned(session: Session, project: Project) -> list[Learned]:
    """How well the LEARNED newest models that are measured did, the fewest judgements first; of those that learned from
    the same number, the latest."""
    runs = measured(session, project, LEARNED)
    counted = counts(session, runs)
    found = {
        (number := counted[run.id]["judgements"]): Learned(
            number, *(run.metrics[name] for name in ("accuracy", "low", "high"))
        )
        for run in reversed(runs)
        if run.metrics and run.metrics.get("accuracy") is not None
    }
    return [found[number] for number in sorted(found)]


def under_way(session: Session, project: Project) -> TrainingRun | None:
    """The project's run that is not over, if there is one."""
    wanted = select(TrainingRun).where(TrainingRun.project_id == project.id, TrainingRun.state.in_(ACTIVE))
    return session.scalar(wanted)


def of_project(session: Session, project: Project) -> list[TrainingRun]:
    """The project's runs, newest first."""
    wanted = select(TrainingRun).where(TrainingRun.project_id == project.id)
    return list(session.scalars(wanted.order_by(TrainingRun.id.desc())))


def counts(session: Session, runs: Sequence[TrainingRun]) -> dict[int, dict[str, Any]]:
    """The counts of the snapshot that each run was made from, by the run's id."""
    wanted = select(TrainingRun.id, Snapshot.counts).join(Snapshot, Snapshot.id == TrainingRun.snapshot_id)
    found = session.execute(wanted.where(TrainingRun.id.in_([run.id for run in runs])))
    return {run_id: counted for run_id, counted in found}


def snapshot_of(session: Session, run: TrainingRun) -> Snapshot:
    """The snapshot that the run was made from."""
    return session.get_one(Snapshot, run.snapshot_id)


def points(session: Session, run: TrainingRun) -> list[TrainingPoint]:
    """The run's curves in order."""
    wanted = select(TrainingPoint).where(TrainingPoint.run_id == run.id)
    return list(session.scalars(wanted.order_by(TrainingPoint.step)))


def cancel(session: Session, run: TrainingRun, now: datetime) -> None:
    """Ends a run that has not begun at once, asks a running one to stop; a finished one is left alone."""
    asked_first = run.state in ACTIVE and not run.cancel_requested
    unbegun = update(TrainingRun).where(TrainingRun.id == run.id, TrainingRun.state == RunState.requested)
    session.execute(unbegun.values(state=RunState.cancelled, finished_at=now, cancel_requested=True))
    session.execute(
        update(TrainingRun)
        .where(TrainingRun.id == run.id, TrainingRun.state == RunState.running)
        .values(cancel_requested=True)
    )
    if asked_first:
        audit.record(session, Act.run_cancelled, f"run {run.id}", project_id=run.project_id)
    session.refresh(run)


def waiting(session: Session) -> list[int]:
    """Ids of the runs that are requested or running, oldest first: what the worker must see to."""
    return list(session.scalars(select(TrainingRun.id).where(TrainingRun.state.in_(ACTIVE)).order_by(TrainingRun.id)))


def begin(session: Session, run: TrainingRun, now: datetime) -> bool:
    """Marks the run as running; False when it is over already. One that was running goes on."""
    begun = update(TrainingRun).where(TrainingRun.id == run.id, TrainingRun.state.in_(ACTIVE))
    values = {"state": RunState.running, "started_at": func.coalesce(TrainingRun.started_at, now)}
    session.execute(begun.values(values))
    session.refresh(run)
    return run.state == RunState.running


def material(session: Session, run: TrainingRun) -> Material:
    """Everything the run learns from."""
    found = snapshots.read(snapshot_of(session, run))
    prompts = sorted({row["prompt"] for row in found})
    responses = sorted({row[side] for row in found for side in ("a", "b")})
    return Material(found, *texts(session, prompts, responses))


def progress(
    session: Session, run_id: int, step: int, steps: int, loss: float, accuracy: float | None, elapsed_s: float
) -> bool:
    """Records a point of the curves; returns whether the run is to stop.

    A step that was passed before is one that the run goes back to, from its checkpoint: what came after is void.
    """
    run = session.get_one(TrainingRun, run_id, populate_existing=True)
    if step <= run.step:
        session.execute(delete(TrainingPoint).where(TrainingPoint.run_id == run_id, TrainingPoint.step >= step))
    run.step, run.steps = step, steps
    values = {"run_id": run_id, "step": step, "loss": loss, "accuracy": accuracy, "elapsed_s": elapsed_s}
    session.execute(insert(TrainingPoint), [values])
    return run.cancel_requested


def stops(session: Session, run_id: int) -> bool:
    """Whether somebody has asked the run to stop."""
    return session.get_one(TrainingRun, run_id, populate_existing=True).cancel_requested


def finish(session: Session, run: TrainingRun, state: RunState, now: datetime, error: str | None = None) -> None:
    """Ends a run."""
    run.state, run.finished_at, run.error = state, now, error
    session.flush()
