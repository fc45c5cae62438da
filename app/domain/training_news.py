"""What is new of a run since somebody last looked: for those who watch it."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain import training_logs, training_runs
from app.storage.training import TrainingPoint, TrainingRun
from app.vocabulary import RunState

MOST = 500  # points at a time: more than a chart can show
LARGEST = 2**31 - 1


@dataclass(frozen=True)
class Place:
    """How far somebody has followed a run: the last step and the last line that they know."""

    step: int = 0
    line: int = 0

    def __str__(self) -> str:
        return f"{self.step}.{self.line}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """The place that `str` made; the beginning for anything else."""
        step, _, line = text.partition(".")
        known = step.isascii() and line.isascii() and step.isdigit() and line.isdigit() and len(text) <= 21
        found = cls(int(step), int(line)) if known else cls()
        return found if max(found.step, found.line) <= LARGEST else cls()


@dataclass(frozen=True)
class Point:
    """A point of the curves; `elapsed_s` in seconds."""

    step: int
    loss: float
    accuracy: float | None
    elapsed_s: float


@dataclass(frozen=True)
class Line:
    """A line of the log."""

    id: int
    at: datetime
    text: str


@dataclass(frozen=True)
class Standing:
    """Where a run stands; `left_s` is about how many seconds its training will take yet, None while nobody knows."""

    state: str
    cancel_requested: bool
    step: int
    steps: int
    left_s: float | None


@dataclass(frozen=True)
class News:
    """What came since a place, and the place that it leads to. A point whose step was passed before takes the place of
    all from there on: the run went back to its checkpoint."""

    standing: Standing
    points: list[Point]
    lines: list[Line]
    place: Place

    @property
    def over(self) -> bool:
        """Whether nothing will come any more."""
        return RunState(self.standing.state).final


def news(session: Session, run_id: int, seen: Place) -> News:
    """What is new of the run since `seen`. Raises NotFound."""
    run = training_runs.get(session, run_id)
    after = seen.step if seen.step <= run.step else 0
    wanted = select(TrainingPoint.step, TrainingPoint.loss, TrainingPoint.accuracy, TrainingPoint.elapsed_s)
    wanted = wanted.where(TrainingPoint.run_id == run_id, TrainingPoint.step > after).order_by(TrainingPoint.step)
    rows = _fewer(session.execute(wanted).all())
    points = [Point(row.step, row.loss, row.accuracy, row.elapsed_s) for row in rows]
    lines = [Line(line.id, line.at, line.text) for line in training_logs.lines(session, run_id, seen.line)]
    place = Place(points[-1].step if points else after, lines[-1].id if lines else seen.line)
    return News(_standing(session, run), points, lines, place)


def left(session: Session, run: TrainingRun) -> float | None:
    """About how many seconds the training of a run will take yet; None while nobody knows."""
    if run.state != RunState.running or not run.step:
        return None
    wanted = select(TrainingPoint.step, TrainingPoint.elapsed_s).where(TrainingPoint.run_id == run.id)
    last = session.execute(wanted.order_by(TrainingPoint.step.desc()).limit(1)).first()
    return last.elapsed_s / last.step * max(0, run.steps - last.step) if last else None


def _standing(session: Session, run: TrainingRun) -> Standing:
    return Standing(run.state, run.cancel_requested, run.step, run.steps, left(session, run))


def _fewer(rows: Sequence[Any]) -> list[Any]:
    """At most about MOST of the rows, spread evenly, with the last one and all that have an accuracy."""
    apart = -(-len(rows) // MOST) or 1
    return [row for n, row in enumerate(rows) if (len(rows) - 1 - n) % apart == 0 or row.accuracy is not None]
