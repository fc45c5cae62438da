"""The figures that take all judgements of a project, worked out once and kept while nothing changes."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from threading import Lock
from time import perf_counter
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

import numpy as np
from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain import annotators, batches, quality
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
T = TypeVar("T")


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
    """What was made last and when, of which state, and how long it may be shown; of two who ask at once the second one
    waits for what the first one makes."""

    lock: Lock = field(default_factory=Lock)
    state: tuple[Any, ...] = ()
    kept: timedelta = timedelta()
    made: tuple[Any, datetime] | None = None


# by database; project and batch, None for all of it
_shelves: WeakKeyDictionary[Any, dict[tuple[int, int | None], _Shelf]] = WeakKeyDictionary()


def of_project(session: Session, project: Project, now: datetime) -> Figures:
    """The project's figures. Where they take long to make they may be some minutes old: work goes on all the time, and
    each judgement would have them all made anew."""
    found, at = _kept(session, (project.id, None), now, lambda: _figures(session, project, now))
    return replace(found, at=at)


def agreement(session: Session, project: Project, now: datetime, batch_id: int | None = None) -> Agreement:
    """How far people agree on the project's, or one batch's, comparisons, gold left out; as old as the project's figures
    may be. Raises NotFound."""
    if batch_id is None:
        return of_project(session, project, now).agreement
    batch = batches.get(session, project, batch_id)
    return _kept(session, (project.id, batch.id), now, lambda: quality.of_batch(session, batch))[0]


def _kept(session: Session, key: tuple[int, int | None], now: datetime, make: Callable[[], T]) -> tuple[T, datetime]:
    """What `make` returns or has returned, and as of when that is."""
    known = (*state(session, key[0]), now.date())
    shelf = _shelves.setdefault(session.get_bind().engine, {}).setdefault(key, _Shelf())
    with shelf.lock:
        if shelf.made is not None and shelf.state == known:
            shelf.made = shelf.made[0], now
        elif shelf.made is None or not timedelta() <= now - shelf.made[1] < shelf.kept:
            begun = perf_counter()
            shelf.made = make(), now
            took = perf_counter() - begun
            shelf.state, shelf.kept = known, timedelta(seconds=KEPT * took if took > SLOW else 0)
        return shelf.made


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
