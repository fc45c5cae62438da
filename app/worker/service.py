"""The worker: turns training runs that people asked for into durable workflows. Only this folder knows DBOS."""

import logging
import threading
from collections.abc import Callable
from urllib.parse import quote

from dbos import DBOS, SetWorkflowID
from filelock import FileLock, Timeout

from app.domain import training_runs
from app.domain.errors import Conflict
from app.settings import Settings
from app.storage.session import Sessions, make_engine, make_sessions, reading
from app.worker.training import now, perform

QUEUE = "training"
POLL_SECONDS = 1.0
UNDER_WAY = {"PENDING", "ENQUEUED", "DELAYED"}
log = logging.getLogger("touchstone.worker")
_perform: Callable[[int], str]


@DBOS.step()
def training_step(run_id: int) -> str:
    """The whole of a run, which knows by itself how to go on after a kill."""
    return _perform(run_id)


@DBOS.workflow()
def training_workflow(run_id: int) -> str:
    """One training run."""
    return training_step(run_id)


def run(settings: Settings, stop: threading.Event) -> None:
    """Works until `stop` is set: takes up requested runs, and requests those that `retrain_every` makes due.

    Raises Conflict when a worker of the same name is at work on this data folder: it would take up the same runs.
    """
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    name = quote(settings.worker_id, safe="")
    try:
        with FileLock(settings.data_dir / f"{name}.lock", timeout=0):
            _run(settings, stop)
    except Timeout:
        raise Conflict(f"A worker named {settings.worker_id} is at work on {settings.data_dir} already.") from None


def _run(settings: Settings, stop: threading.Event) -> None:
    global _perform
    sessions = make_sessions(make_engine(settings.url))
    sessions.configure(info={"actor": f"worker {settings.worker_id}"})
    _perform = lambda run_id: perform(sessions, settings, run_id)  # noqa: E731
    DBOS(
        config={
            "name": "touchstone",
            "system_database_url": _system_database(settings),
            "application_version": "1",  # a deploy must not orphan what is under way
            "executor_id": settings.worker_id,
            "log_level": "WARNING",
        }
    )
    DBOS.launch()
    try:
        DBOS.register_queue(QUEUE, worker_concurrency=1)
        while not stop.wait(POLL_SECONDS):
            try:
                _tend(sessions, settings)
            except Exception:
                log.exception("could not look for training runs; trying again")
    finally:
        DBOS.destroy()


def _tend(sessions: Sessions, settings: Settings) -> None:
    with reading(sessions) as session:
        due, waiting = training_runs.due(session), training_runs.waiting(session)
    for project in due:
        with sessions() as session:
            drawn = training_runs.prepare(session, project)
            run = training_runs.request(session, project, now(), base_model=settings.base_model, drawn=drawn)
            session.commit()
            waiting.append(run.id)
    for run_id in waiting:
        # the same id again is the same workflow, so nothing runs twice however often it is enqueued
        with SetWorkflowID(_workflow_id(run_id)):
            DBOS.enqueue_workflow(QUEUE, training_workflow, run_id)


def _workflow_id(run_id: int) -> str:
    """Id of a run's workflow: of its next one where the last ended without ending the run, as when the database was
    away for too long."""
    attempt = 1
    while (known := DBOS.get_workflow_status(f"run-{run_id}-{attempt}")) and known.status not in UNDER_WAY:
        attempt += 1
    return f"run-{run_id}-{attempt}"


def _system_database(settings: Settings) -> str:
    """DBOS's own tables: a file beside SQLite's, a schema of its own in PostgreSQL."""
    if settings.url.startswith("postgres"):
        return settings.url
    return f"sqlite:///{settings.data_dir.resolve() / 'workflows.db'}"
