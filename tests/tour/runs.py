"""Training runs of the tour: made by nobody, with figures like those of the packaged base model."""

import random

from sqlalchemy.orm import Session

from app.domain import reward_models, training_runs
from app.storage.people import Person
from app.storage.projects import Project
from app.storage.tables import LogLine, Reward, TrainingPoint, TrainingRun
from app.vocabulary import RunState
from tests.conftest import Clock

METRICS = {
    "pairs": 62,
    "accuracy": 0.74,
    "low": 0.66,
    "high": 0.81,
    "log_loss": 0.53,
    "length_accuracy": 0.58,
    "human_agreement": 0.81,
    "steps": 60,
    "truncated": 3,
    "seconds": 41.0,
}
MACHINE = {"device": "cpu", "cpus": 2, "memory_gb": 8, "torch": "2.8.0", "python": "3.12", "host": "worker-1"}


def make_runs(session: Session, project: Project, boss: Person, clock: Clock) -> list[TrainingRun]:
    """The reward model, a run that failed, one that is under way, and the model before."""
    before = _model(session, project, boss, clock, METRICS | {"pairs": 40, "accuracy": 0.68, "low": 0.57, "high": 0.77})
    good = _model(session, project, boss, clock, METRICS)
    good.verdict = "Better than the longer answer. It is the reward model now."
    failed = _begun(session, project, boss, clock, 7)
    training_runs.finish(session, failed, RunState.failed, clock(), "Traceback (most recent call last):\nMemoryError")
    return [good, failed, _begun(session, project, boss, clock, 30), before]


def _model(
    session: Session, project: Project, boss: Person, clock: Clock, metrics: dict[str, float | int]
) -> TrainingRun:
    run = _begun(session, project, boss, clock, 60)
    run.metrics, run.artefact, run.verdict = metrics, "/nowhere/model", "The first model is the reward model."
    training_runs.finish(session, run, RunState.succeeded, clock())
    reward_models.promote(session, run, clock())
    draw = random.Random(run.id)
    responses = training_runs.material(session, run).responses
    session.add_all(Reward(run_id=run.id, response_id=number, reward=draw.gauss(0, 1.5)) for number in responses)
    return run


def _begun(session: Session, project: Project, boss: Person, clock: Clock, steps: int) -> TrainingRun:
    run = training_runs.request(session, project, clock(), boss.id)
    clock.forward(seconds=4)
    training_runs.begin(session, run, clock())
    run.machine, run.step, run.steps = MACHINE, steps, 60
    draw = random.Random(run.id)
    for step in range(1, steps + 1):
        clock.forward(seconds=1)
        loss = 0.45 + 0.25 / (1 + step / 12) + draw.gauss(0, 0.02)
        accuracy = 0.75 - 0.2 / (1 + step / 10) if step % 5 == 0 else None
        session.add(TrainingPoint(run_id=run.id, step=step, loss=loss, accuracy=accuracy, elapsed_s=step))
        if step % 20 == 0:
            session.add(LogLine(run_id=run.id, at=clock(), text=f"step {step} of 60, loss {loss:.3f}"))
    session.flush()
    return run
