"""A project at a glance: how far it is, how well people agree, how good its model is, and what asks for attention."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain import annotators, batches, quality, reward_models, training_runs
from app.domain.annotators import Annotator
from app.domain.quality import Agreement
from app.storage.batches import Batch
from app.storage.judgements import count_trainable
from app.storage.projects import Project
from app.storage.training import TrainingRun
from app.vocabulary import BatchState, RunState

SHOWN = 8
ATTENDED = 3
WAITING = timedelta(minutes=1)
STALE = 0.2


class Matter(StrEnum):
    """What may ask for attention."""

    draft = "draft"
    paused = "paused"
    rejected = "rejected"
    failed = "failed"
    waiting = "waiting"
    single = "single"
    untrained = "untrained"
    stale = "stale"
    length = "length"
    guidelines = "guidelines"


@dataclass(frozen=True)
class Attention:
    """One thing to look at, in which batch or run, and the number that belongs to it."""

    matter: Matter
    batch: Batch | None = None
    run: TrainingRun | None = None
    number: int = 0


@dataclass(frozen=True)
class Overview:
    """`done` and `total` are the slots judged and wanted in batches that are not drafts; `progress` has both by batch
    id, drafts too. `annotators` are those who judged last, of `annotators_in_all`, who gave all `judgements`. `run` is
    the one under way."""

    judgements: int
    done: int
    total: int
    batches: list[Batch]
    progress: dict[int, tuple[int, int]]
    agreement: Agreement
    annotators: list[Annotator]
    annotators_in_all: int
    model: TrainingRun | None
    run: TrainingRun | None
    attention: list[Attention]


def overview(session: Session, project: Project, now: datetime) -> Overview:
    """Everything that the project's first page says."""
    found = batches.of_project(session, project)
    progress = batches.done(session, project)
    agreement = quality.agreement(session, project)
    runs = _last_run(session, project)
    model = reward_models.current(session, project.id)
    counted = [progress.get(batch.id, (0, 0)) for batch in found if batch.state != BatchState.draft]
    judgements, people = annotators.count(session, project)
    return Overview(
        judgements=judgements,
        done=sum(done for done, _ in counted),
        total=sum(total for _, total in counted),
        batches=found,
        progress=progress,
        agreement=agreement,
        annotators=annotators.of_project(session, project, SHOWN),
        annotators_in_all=people,
        model=model,
        run=runs if runs is not None and not RunState(runs.state).final else None,
        attention=[
            *_of_run(runs, now),
            *_of_batches(found, progress),
            *_of_agreement(agreement),
            *_of_model(session, project, model, runs),
            *([Attention(Matter.guidelines)] if found and not project.guidelines.strip() else []),
        ],
    )


def _last_run(session: Session, project: Project) -> TrainingRun | None:
    wanted = select(TrainingRun).where(TrainingRun.project_id == project.id)
    return session.scalar(wanted.order_by(TrainingRun.id.desc()).limit(1))


def _of_run(run: TrainingRun | None, now: datetime) -> list[Attention]:
    if run is not None and run.state == RunState.failed:
        return [Attention(Matter.failed, run=run)]
    if run is not None and run.state == RunState.requested and run.requested_at < now - WAITING:
        return [Attention(Matter.waiting, run=run)]
    return []


def _of_batches(found: list[Batch], progress: dict[int, tuple[int, int]]) -> list[Attention]:
    """Drafts, pauses with work left, and refused rows, of the newest batches that are not closed."""
    matters = []
    for batch in found:
        done, total = progress.get(batch.id, (0, 0))
        if batch.state == BatchState.draft:
            matters.append(Attention(Matter.draft, batch, number=batch.comparisons))
        if batch.state == BatchState.paused and done < total:
            matters.append(Attention(Matter.paused, batch, number=total - done))
        if batch.rejected and batch.state != BatchState.closed:
            matters.append(Attention(Matter.rejected, batch, number=batch.rejected))
    return matters[:ATTENDED]


def _of_agreement(found: Agreement) -> list[Attention]:
    lonely = found.single and found.single == found.comparisons
    return [Attention(Matter.single, number=found.single)] if lonely else []


def _of_model(
    session: Session, project: Project, model: TrainingRun | None, last: TrainingRun | None
) -> list[Attention]:
    if last is not None and last.state in training_runs.ACTIVE:
        return []
    there = count_trainable(session, project.id)
    if model is None:
        enough = there >= training_runs.FEWEST and last is None
        return [Attention(Matter.untrained, number=there)] if enough else []
    matters = []
    metrics = model.metrics or {}
    low, length = metrics.get("low"), metrics.get("length_accuracy")
    if low is not None and length is not None and low <= length:
        matters.append(Attention(Matter.length, run=model))
    seen = training_runs.snapshot_of(session, last or model).counts["judgements"]
    if there - seen > max(training_runs.FEWEST, STALE * seen) and not project.retrain_every:
        matters.append(Attention(Matter.stale, run=model, number=there - seen))
    return matters
