"""What is dropped with time, as the settings say."""

import shutil
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from app.domain import audit, people, reward_models, rewards
from app.settings import Settings
from app.storage.audit import Entry
from app.storage.session import Sessions, available
from app.storage.training import TrainingRun
from app.vocabulary import Act


@dataclass(frozen=True)
class Pruned:
    """How many of each were dropped; of how many runs the rewards were."""

    audit_entries: int
    models: int
    credentials: int
    failures: int
    rewards: int


def prune(sessions: Sessions, settings: Settings, now: datetime, actor: str = "retention") -> Pruned:
    """Drops what the settings give no more time, expired credentials, and failed sign-ins that slow nobody down.

    Of rewards those stay that app.domain.rewards keeps. A current model stays, however old it is. Whatever is dropped, the audit log says how much it was. Raises
    Unavailable.
    """
    with available(), sessions.begin() as session:
        session.info["actor"] = actor
        old = _models(session, settings.retention_model_days, now)
        folders = [settings.data_dir / "runs" / str(run.id) for run in old]
        for run in old:
            run.artefact = None
        entries = 0
        if settings.retention_audit_days:
            limit = now - timedelta(days=settings.retention_audit_days)
            entries = session.connection().execute(delete(Entry).where(Entry.at < limit)).rowcount
        found = Pruned(entries, len(old), *people.forget(session, now), rewards.prune(session))
        if any(asdict(found).values()):
            audit.record(session, Act.pruned, "what is older than it may be", **asdict(found))
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)
    return found


def _models(session: Session, days: int, now: datetime) -> Sequence[TrainingRun]:
    if not days:
        return []
    wanted = select(TrainingRun).where(
        TrainingRun.artefact.is_not(None), TrainingRun.finished_at < now - timedelta(days=days)
    )
    old = session.scalars(wanted.order_by(TrainingRun.id).with_for_update()).all()
    # read once the runs are locked: none of them can become current after that
    current = [reward_models.current(session, project) for project in {run.project_id for run in old}]
    return [run for run in old if run not in current]
