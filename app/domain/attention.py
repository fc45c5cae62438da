"""What of a project asks for attention, most pressing first."""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.domain import annotators, qualifications, quiz, training_runs
from app.domain.annotators import Annotator
from app.domain.figures import Figures
from app.storage.batches import Batch
from app.storage.comparisons import LEASED, Assignment, Preference
from app.storage.projects import Project
from app.storage.training import TrainingRun
from app.vocabulary import BatchState, Flag, RunState

ATTENDED = 3
WAITING = timedelta(minutes=1)
OVERDUE = timedelta(minutes=15)
STALE = 0.2
MOST_FLAGS = 10_000


class Matter(StrEnum):
    """What may ask for attention."""

    failed = "failed"
    waiting = "waiting"
    unqualified = "unqualified"
    shut_out = "shut out"
    doubt = "doubt"
    doubts = "doubts"
    flag = "flag"
    disputed = "disputed"
    gold = "gold"
    overdue = "overdue"
    draft = "draft"
    paused = "paused"
    rejected = "rejected"
    single = "single"
    untrained = "untrained"
    stale = "stale"
    length = "length"
    guidelines = "guidelines"


@dataclass(frozen=True)
class Attention:
    """One thing to look at: in which batch, run or flag, or whose work, and the number that belongs to it."""

    matter: Matter
    number: int = 0
    batch: Batch | None = None
    run: TrainingRun | None = None
    flag: Flag | None = None
    annotator: Annotator | None = None


def of_project(
    session: Session,
    project: Project,
    now: datetime,
    found: list[Batch],
    progress: dict[int, tuple[int, int]],
    figures: Figures,
    model: TrainingRun | None,
    last: TrainingRun | None,
) -> list[Attention]:
    """What the project asks attention for; of its `found` batches, its `model` and its `last` run among other things."""
    overdue = _overdue(session, project, now)
    shut_out = qualifications.shut_out(session, project)
    return [
        *_of_run(last, now),
        *([Attention(Matter.unqualified)] if quiz.impossible(session, project) else []),
        *([Attention(Matter.shut_out, shut_out)] if shut_out else []),
        *_of_annotators(session, project, figures),
        *_of_flags(session, project),
        *([Attention(Matter.disputed, figures.disputed)] if figures.disputed else []),
        *([Attention(Matter.gold, figures.doubtful_gold)] if figures.doubtful_gold else []),
        *([Attention(Matter.overdue, overdue)] if overdue else []),
        *_of_batches(found, progress),
        *_of_agreement(figures),
        *_of_model(session, project, figures, model, last),
        *([Attention(Matter.guidelines)] if found and not project.guidelines.strip() else []),
    ]


def _of_run(run: TrainingRun | None, now: datetime) -> list[Attention]:
    if run is not None and run.state == RunState.failed:
        return [Attention(Matter.failed, run=run)]
    if run is not None and run.state == RunState.requested and run.requested_at < now - WAITING:
        return [Attention(Matter.waiting, run=run)]
    return []


def _of_annotators(session: Session, project: Project, figures: Figures) -> list[Attention]:
    doubted = figures.doubted
    named = annotators.introduced(session, project, doubted[:ATTENDED])
    matters = [Attention(Matter.doubt, annotator=one) for one in named]
    more = len(doubted) - len(named)
    return [*matters, Attention(Matter.doubts, more)] if more else matters


def _of_flags(session: Session, project: Project) -> list[Attention]:
    """How many comparisons each flag was raised on, by the index of flagged answers."""
    wanted = select(Preference.comparison_id, Preference.flags).where(
        Preference.project_id == project.id, Preference.flags.is_not(None)
    )
    raised = {
        (flag, comparison) for comparison, flags in session.execute(wanted.limit(MOST_FLAGS)) for flag in flags or ()
    }
    counted = Counter(flag for flag, _ in raised)
    return [Attention(Matter.flag, counted[flag], flag=flag) for flag in Flag if counted[flag]]


def _overdue(session: Session, project: Project, now: datetime) -> int:
    """Leases that ran out a while ago and that nobody has swept: the index of leases holds live ones beside them."""
    wanted = select(func.count()).where(
        Assignment.state == LEASED, Assignment.lease_expires_at < now - OVERDUE, Assignment.project_id == project.id
    )
    return session.scalar(wanted) or 0


def _of_batches(found: list[Batch], progress: dict[int, tuple[int, int]]) -> list[Attention]:
    """Drafts, pauses with work left, and refused rows, of the newest batches that are not closed."""
    matters = []
    for batch in found:
        done, total = progress.get(batch.id, (0, 0))
        if batch.state == BatchState.draft:
            matters.append(Attention(Matter.draft, batch.comparisons, batch))
        if batch.state == BatchState.paused and done < total:
            matters.append(Attention(Matter.paused, total - done, batch))
        if batch.rejected and batch.state != BatchState.closed:
            matters.append(Attention(Matter.rejected, batch.rejected, batch))
    return matters[:ATTENDED]


def _of_agreement(figures: Figures) -> list[Attention]:
    found = figures.agreement
    lonely = found.single and found.single == found.comparisons
    return [Attention(Matter.single, found.single)] if lonely else []


def _of_model(
    session: Session, project: Project, figures: Figures, model: TrainingRun | None, last: TrainingRun | None
) -> list[Attention]:
    if last is not None and last.state in training_runs.ACTIVE:
        return []
    there = figures.agreement.judgements  # what is not gold, as a snapshot has it
    if model is None:
        enough = there >= training_runs.FEWEST and last is None
        return [Attention(Matter.untrained, there)] if enough else []
    matters = []
    metrics = model.metrics or {}
    low, length = metrics.get("low"), metrics.get("length_accuracy")
    if low is not None and length is not None and low <= length:
        matters.append(Attention(Matter.length, run=model))
    seen = training_runs.snapshot_of(session, last or model).counts["judgements"]
    if there - seen > max(training_runs.FEWEST, STALE * seen) and not project.retrain_every:
        matters.append(Attention(Matter.stale, there - seen, run=model))
    return matters
