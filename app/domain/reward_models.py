"""Reward models: runs that succeeded; the one that was promoted last is current."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain import audit
from app.domain.errors import Conflict
from app.storage.training import TrainingRun
from app.vocabulary import Act, RunState


def current(session: Session, project_id: int) -> TrainingRun | None:
    """The run whose model is the project's reward model now, or None."""
    wanted = select(TrainingRun).where(TrainingRun.project_id == project_id, TrainingRun.promoted_at.is_not(None))
    return session.scalar(wanted.order_by(TrainingRun.promoted_at.desc(), TrainingRun.id.desc()).limit(1))


def promote(session: Session, run: TrainingRun, now: datetime) -> None:
    """Makes the run's model current, a new one or an older one again; raises Conflict when it has no model."""
    session.flush()
    session.refresh(run, with_for_update=True)  # retention may be about to drop the model
    if run.state != RunState.succeeded or run.artefact is None:
        raise Conflict("Run %(run)s has no model to use.", run=run.id)
    run.promoted_at = now
    audit.record(session, Act.model_promoted, f"run {run.id}", project_id=run.project_id)
    session.flush()
