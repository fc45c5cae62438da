"""How far people agree: altogether, by week, by batch, two by two."""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from app.domain import annotators
from app.domain.pace import EPOCH
from app.stats.agreement import (
    Estimate,
    bootstrap,
    category_counts,
    cohens_kappa,
    fleiss_kappas,
    most_shared,
    nominal_alphas,
    ordinal_alphas,
    percent_agreement,
    percents,
)
from app.stats.trend import Slope, slope
from app.storage.batches import Batch
from app.storage.judgements import Judgements, Selection, judgements

PAIRS = 100
UNSAID = -1
WEEKS = 12
FEWEST_A_WEEK = 10
WEEK = 7
MONDAY = 4  # 1970 began on a Thursday


@dataclass(frozen=True)
class Kappa:
    """Cohen's κ of two annotators on the `n` comparisons that both judged."""

    first: str
    second: str
    value: float
    n: int


@dataclass(frozen=True)
class Agreement:
    """Agreement of a selection. The answers are a better, tie, b better; α ordinal uses the strengths −3..3.

    Comparisons with a single judgement say nothing about agreement: they are counted in `single` only. Fleiss' κ is
    over the comparisons with exactly `fleiss_of` judgements, the most frequent number above one.
    """

    judgements: int
    comparisons: int
    single: int
    percent: Estimate
    alpha_nominal: Estimate
    alpha_ordinal: Estimate
    fleiss: Estimate
    fleiss_of: int
    cohen: list[Kappa]


@dataclass(frozen=True)
class Week:
    """Krippendorff's ordinal α of the comparisons that were judged in the week that begins on that Monday, as they stood
    at its end: so what somebody does shows in the week in which they do it, whenever the others were there."""

    monday: date
    alpha: Estimate


def of_batch(session: Session, batch: Batch) -> Agreement:
    """Agreement on the batch's comparisons; gold ones are left out."""
    return of_judgements(session, judgements(session, batch.project_id, Selection(batch_id=batch.id, gold=False)))


def of_judgements(session: Session, found: Judgements) -> Agreement:
    """Agreement of these judgements, which come in the order of comparison and annotator."""
    ids, item = np.unique(found.comparison, return_inverse=True)
    answers = category_counts(item, np.sign(found.strength) + 1, len(ids), 3)
    strengths = category_counts(item, found.strength + 3, len(ids), 7)
    sizes = answers.sum(axis=1).astype(int)
    several = sizes[sizes >= 2]
    fleiss_of = int(np.bincount(several).argmax()) if len(several) else 0
    return Agreement(
        judgements=len(found.strength),
        comparisons=len(ids),
        single=int((sizes == 1).sum()),
        percent=bootstrap(answers, percents),
        alpha_nominal=bootstrap(answers, nominal_alphas),
        alpha_ordinal=bootstrap(strengths, ordinal_alphas),
        fleiss=bootstrap(answers[sizes == fleiss_of], fleiss_kappas),
        fleiss_of=fleiss_of,
        cohen=_cohen(session, found, item),
    )


def by_week(found: Judgements, day: NDArray[np.int64], today: date) -> list[Week]:
    """Agreement by week, oldest first, of the last twelve weeks: those with ten comparisons or more that several people
    judged. `day` is that of each judgement, in days since 1970."""
    ids, item = np.unique(found.comparison, return_inverse=True)
    week = (day - MONDAY) // WEEK
    this = ((today - EPOCH).days - MONDAY) // WEEK
    weeks = []
    for number in range(this - WEEKS + 1, this + 1):
        touched = np.zeros(len(ids), dtype=bool)
        touched[item[week == number]] = True
        there = touched[item] & (week <= number)
        counts = category_counts(item[there], found.strength[there] + 3, len(ids), 7)
        alpha = bootstrap(counts, ordinal_alphas)
        if alpha.n >= FEWEST_A_WEEK and alpha.value == alpha.value:
            weeks.append(Week(EPOCH + timedelta(days=number * WEEK + MONDAY), alpha))
    return weeks


def by_batch(found: Judgements, batch: NDArray[np.int64], wanted: list[int]) -> dict[int, Estimate]:
    """Krippendorff's ordinal α by batch id, of the `wanted` ones; `batch` is that of each judgement."""
    estimates = {}
    for number in wanted:
        _, item = np.unique(found.comparison[batch == number], return_inverse=True)
        counts = category_counts(item, found.strength[batch == number] + 3, item.max(initial=-1) + 1, 7)
        estimates[number] = bootstrap(counts, ordinal_alphas)
    return estimates


def trend(weeks: list[Week]) -> Slope | None:
    """By how much agreement changes a week; None with fewer than four weeks."""
    at = np.array([(week.monday - EPOCH).days / WEEK for week in weeks])
    values, lows, highs = (np.array([getattr(week.alpha, name) for week in weeks]) for name in ("value", "low", "high"))
    return slope(at, values, lows, highs)


def disputed(found: Judgements) -> int:
    """On how many comparisons somebody prefers the one response and somebody the other."""
    if not len(found.comparison):
        return 0
    begin = np.flatnonzero(np.diff(found.comparison, prepend=-1))
    least, most = np.minimum.reduceat(found.strength, begin), np.maximum.reduceat(found.strength, begin)
    return int(((least < 0) & (most > 0)).sum())


def human_agreement(rows: list[dict[str, Any]]) -> float | None:
    """Percent agreement on the held-out comparisons of a snapshot's rows; None when none has two judgements."""
    kept = [row for row in rows if row["split"] == "held_out"]
    if not kept:
        return None
    ids, item = np.unique([row["comparison"] for row in kept], return_inverse=True)
    answers = np.sign([row["strength"] for row in kept]).astype(int) + 1
    value = percent_agreement(category_counts(item, answers, len(ids), 3))
    return None if np.isnan(value) else value


def _cohen(session: Session, found: Judgements, item: NDArray[np.int64]) -> list[Kappa]:
    """κ of the hundred pairs of annotators who share most comparisons, at least two."""
    ids, annotator = np.unique(found.annotator, return_inverse=True)
    first, second, shared = most_shared(item, annotator, PAIRS)
    names = annotators.names(session, ids[np.union1d(first, second)].tolist())
    answers = np.sign(found.strength) + 1
    by_annotator = np.split(np.argsort(annotator, kind="stable"), np.cumsum(np.bincount(annotator)))
    kappas = []
    for one, other, n in zip(first, second, shared, strict=True):
        said = np.full(item[-1] + 1, UNSAID)
        said[item[by_annotator[one]]] = answers[by_annotator[one]]
        rows = by_annotator[other][said[item[by_annotator[other]]] != UNSAID]
        value = cohens_kappa(said[item[rows]], answers[rows], 3)
        kappas.append(Kappa(names[int(ids[one])], names[int(ids[other])], value, int(n)))
    return kappas
