"""How far people agree."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.domain.errors import NotFound
from app.stats.agreement import (
    Estimate,
    bootstrap,
    category_counts,
    cohens_kappa,
    fleiss_kappa,
    krippendorff_alpha,
    percent_agreement,
)
from app.storage.batches import Batch
from app.storage.judgements import Judgements, Selection, judgements
from app.storage.people import Person
from app.storage.projects import Project

PAIRS = 100


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


def agreement(session: Session, project: Project, batch_id: int | None = None) -> Agreement:
    """Agreement on the project's, or one batch's, comparisons; gold ones are left out. Raises NotFound."""
    if batch_id is not None:
        batch = session.get(Batch, batch_id)
        if batch is None or batch.project_id != project.id:
            raise NotFound(f"There is no batch {batch_id} in {project.slug!r}.")
    found = judgements(session, project.id, Selection(batch_id=batch_id, gold=False))
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
        percent=bootstrap(answers, percent_agreement),
        alpha_nominal=bootstrap(answers, krippendorff_alpha),
        alpha_ordinal=bootstrap(strengths, _ordinal),
        fleiss=bootstrap(answers[sizes == fleiss_of], fleiss_kappa),
        fleiss_of=fleiss_of,
        cohen=_cohen(session, found, item),
    )


def human_agreement(rows: list[dict[str, Any]]) -> float | None:
    """Percent agreement on the held-out comparisons of a snapshot's rows; None when none has two judgements."""
    kept = [row for row in rows if row["split"] == "held_out"]
    if not kept:
        return None
    ids, item = np.unique([row["comparison"] for row in kept], return_inverse=True)
    answers = np.sign([row["strength"] for row in kept]).astype(int) + 1
    value = percent_agreement(category_counts(item, answers, len(ids), 3))
    return None if np.isnan(value) else value


def _ordinal(counts: NDArray[np.float64], times: NDArray[np.int64]) -> float:
    return krippendorff_alpha(counts, times, ordinal=True)


def _cohen(session: Session, found: Judgements, item: NDArray[np.int64]) -> list[Kappa]:
    """κ of the hundred pairs of annotators who share most comparisons, at least two."""
    ids, annotator = np.unique(found.annotator, return_inverse=True)
    # judgements come in the order of comparison and annotator: partners on one comparison are neighbours
    beside = [
        np.stack([rows, rows + distance])
        for distance in range(1, int(np.bincount(item).max(initial=0)))
        if len(rows := np.flatnonzero(item[:-distance] == item[distance:]))
    ]
    if not beside:
        return []
    first, second = np.concatenate(beside, axis=1)
    keys, pair, shared = np.unique(
        annotator[first] * len(ids) + annotator[second], return_inverse=True, return_counts=True
    )
    best = np.lexsort((keys, -shared))[:PAIRS]
    best = best[shared[best] >= 2]
    names = _names(session, ids[np.unique(np.concatenate(np.divmod(keys[best], len(ids))))])
    answers = np.sign(found.strength) + 1
    ends = np.cumsum(shared)
    order = np.argsort(pair, kind="stable")
    kappas = []
    for number in best:
        rows = order[ends[number] - shared[number] : ends[number]]
        one, other = (int(ids[index]) for index in divmod(int(keys[number]), len(ids)))
        value = cohens_kappa(answers[first[rows]], answers[second[rows]], 3)
        kappas.append(Kappa(names[one], names[other], value, len(rows)))
    return kappas


def _names(session: Session, ids: NDArray[np.int64]) -> dict[int, str]:
    wanted = select(Person.id, func.coalesce(Person.email, Person.name)).where(Person.id.in_(ids.tolist()))
    return {number: name for number, name in session.execute(wanted)}
