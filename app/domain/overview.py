"""A project at a glance: how far it is and when it will be done, how well people agree and judge, how good its model is,
and what asks for attention."""

from dataclasses import dataclass
from datetime import datetime

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain import annotators, attention, batches, figures, pace, reward_models, training_runs
from app.domain.annotators import Annotator
from app.domain.attention import Attention
from app.domain.figures import Figures
from app.domain.pace import Outlook, Pace
from app.domain.quality import trend
from app.stats.forecast import Unknown
from app.stats.trend import Slope, slope
from app.storage.batches import Batch
from app.storage.projects import Project
from app.storage.training import TrainingRun
from app.vocabulary import BatchState, Purpose, RunState

SHOWN = 8


@dataclass(frozen=True)
class Overview:
    """`done` and `total` are the slots judged and wanted in batches that are for judging and no drafts; of what is
    closed, nothing more is wanted. `left` is what is to come, `outlook` when it will be there (None when nothing is
    left). `slope` is the change of agreement by week. `annotators` are those who raise a doubt, then those who judged
    most. `learned` are its measured models, `gain` what twice the judgements would bring them. `run` is the one
    under way.
    """

    done: int
    total: int
    batches: list[Batch]
    progress: dict[int, tuple[int, int]]
    pace: Pace
    outlook: Outlook | Unknown | None
    figures: Figures
    slope: Slope | None
    annotators: list[Annotator]
    model: TrainingRun | None
    learned: list[training_runs.Learned]
    gain: Slope | None
    run: TrainingRun | None
    attention: list[Attention]

    @property
    def left(self) -> int:
        """Judgements that are still wanted."""
        return self.total - self.done


def overview(session: Session, project: Project, now: datetime) -> Overview:
    """Everything that the project's first page says."""
    found = batches.of_project(session, project)
    progress = batches.done(session, project)
    work = [batch for batch in found if batch.purpose == Purpose.judging and batch.state != BatchState.draft]
    done = sum(progress[batch.id][0] for batch in work)
    total = sum(progress[batch.id][0 if batch.state == BatchState.closed else 1] for batch in work)
    speed = pace.of_project(session, project, now)
    known = figures.of_project(session, project, now)
    last = _last_run(session, project)
    model = reward_models.current(session, project.id)
    measured = training_runs.learned(session, project)
    return Overview(
        done=done,
        total=total,
        batches=found,
        progress=progress,
        pace=speed,
        outlook=pace.outlook(speed, total - done) if total > done else None,
        figures=known,
        slope=trend(known.weeks),
        annotators=annotators.introduced(session, project, known.work[:SHOWN]),
        model=model,
        learned=measured,
        gain=gain(measured),
        run=last if last is not None and not RunState(last.state).final else None,
        attention=attention.of_project(session, project, now, found, progress, known, model, last),
    )


def gain(models: list[training_runs.Learned]) -> Slope | None:
    """By how much twice the judgements raised the accuracy; None with fewer than four models."""
    values = np.array([[one.judgements, one.accuracy, one.low, one.high] for one in models], float).reshape(-1, 4)
    return slope(np.log2(values[:, 0]), *values[:, 1:].T)


def _last_run(session: Session, project: Project) -> TrainingRun | None:
    wanted = select(TrainingRun).where(TrainingRun.project_id == project.id)
    return session.scalar(wanted.order_by(TrainingRun.id.desc()).limit(1))
