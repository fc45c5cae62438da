"""The figures that take all judgements of a project, worked out once and kept while nothing changes."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from threading import Lock
from time import perf_counter
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain import annotators, quality
from app.domain.annotators import Work
from app.domain.quality import Agreement, Week
from app.stats.agreement import Estimate
from app.storage.batches import Batch
from app.storage.evidence import UNKNOWN, Evidence, evidence, state
from app.storage.judgements import Judgements
from app.storage.projects import Project

BATCHES = 50
KEPT = 30  # times as long as it took to make them, once that was
SLOW = 0.2  # seconds
FEWEST_GOLD = 3


@dataclass(frozen=True)
class Figures:
    """Of a project, as of `at`. What is gold tells about annotators only: `agreement`, `weeks`, `batches` (ordinal α by
    batch id, the newest ones) and `disputed` leave it out. `doubtful_gold` is on how many gold comparisons most of three
    or more people contradict the known answer: it may be wrong."""

    at: datetime
    judgements: int
    agreement: Agreement
    weeks: list[Week]
    batches: dict[int, Estimate]
    work: list[Work]
    disputed: int
    doubtful_gold: int

    @property
    def doubted(self) -> list[Work]:
        """Whose work wants a look."""
        return [one for one in self.work if one.doubt is not None]


@dataclass
class _Shelf:
    """What was made last, of which state, and how long it may be shown; of two who ask at once the second one waits for
    what the first one makes."""

    lock: Lock = field(default_factory=Lock)
    state: tuple[Any, ...] = ()
    kept: timedelta = timedelta()
    figures: Figures | None = None


_shelves: WeakKeyDictionary[Any, dict[int, _Shelf]] = WeakKeyDictionary()  # by database and project


def of_project(session: Session, project: Project, now: datetime) -> Figures:
    """The project's figures. Where they take long to make they may be some minutes old: work goes on all the time, and
    each judgement would have them all made anew."""
    known = (*state(session, project.id), now.date())
    shelf = _shelves.setdefault(session.get_bind().engine, {}).setdefault(project.id, _Shelf())
    with shelf.lock:
        if shelf.figures is not None and shelf.state == known:
            shelf.figures = replace(shelf.figures, at=now)
            return shelf.figures
        if shelf.figures is not None and timedelta() <= now - shelf.figures.at < shelf.kept:
            return shelf.figures
        begun = perf_counter()
        shelf.figures = _figures(session, project, now)
        took = perf_counter() - begun
        shelf.state, shelf.kept = known, timedelta(seconds=KEPT * took if took > SLOW else 0)
        return shelf.figures


def _figures(session: Session, project: Project, now: datetime) -> Figures:
    found = evidence(session, project.id)
    work = found.gold == UNKNOWN
    judged = Judgements(found.comparison[work], found.annotator[work], found.strength[work])
    newest = select(Batch.id).where(Batch.project_id == project.id).order_by(Batch.id.desc()).limit(BATCHES)
    return Figures(
        at=now,
        judgements=len(found.comparison),
        agreement=quality.of_judgements(session, judged),
        weeks=quality.by_week(judged, found.day[work], now.date()),
        batches=quality.by_batch(judged, found.batch[work], list(session.scalars(newest))),
        work=annotators.work(found),
        disputed=quality.disputed(judged),
        doubtful_gold=_doubtful(found),
    )


def _doubtful(found: Evidence) -> int:
    gold = found.gold != UNKNOWN
    ids, item = np.unique(found.comparison[gold], return_inverse=True)
    n = np.bincount(item, minlength=len(ids))
    wrong = np.bincount(item, np.sign(found.strength[gold]) != found.gold[gold], minlength=len(ids))
    return int(((n >= FEWEST_GOLD) & (wrong > n / 2)).sum())
