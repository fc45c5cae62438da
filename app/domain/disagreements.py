"""Where a model and people disagree most: what one reads to find out which of them is wrong."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from app.domain import rewards, snapshots, training_runs
from app.domain.remembering import Remembered
from app.domain.snapshots import Judged
from app.storage.training import TrainingRun

MOST = 200


@dataclass(frozen=True)
class Disagreement:
    """A comparison that the model decides against most people. The rewards are those of both responses, `strength` is
    people's mean from a to b, `probability` how sure the model is of the response that they did not choose."""

    comparison: int
    judgements: int
    strength: float
    majority: int
    reward_a: float
    reward_b: float
    probability: float


@dataclass(frozen=True)
class Found:
    """Of `decided` comparisons with a majority and rewards the model is against `against`; the surest, MOST at most."""

    decided: int
    against: int
    surest: list[Disagreement]


_remembered: Remembered[Found] = Remembered(32)


def of_run(session: Session, run: TrainingRun, split: str) -> Found:
    """The comparisons of one split of the run's snapshot ("held_out" or "train") on which its model contradicts most
    people, the surest first: those with the greatest log loss of what most people chose. Nothing where no rewards are
    kept."""
    if not rewards.are_kept(session, run):
        return Found(0, 0, [])
    return _remembered.get(session, (run.id, split), lambda: _of_run(session, run, split))


def _of_run(session: Session, run: TrainingRun, split: str) -> Found:
    judged = snapshots.judged(session, training_runs.snapshot_of(session, run), split)
    a, b = scored(judged, *rewards.of_run(session, run))
    known = (judged.majority != 0) & ~np.isnan(a) & ~np.isnan(b)
    margin = np.where(known, (b - a) * np.sign(judged.majority), 0.0)
    against = np.flatnonzero(margin < 0)
    order = against[np.lexsort((judged.comparison[against], margin[against]))][:MOST]
    surest = [
        Disagreement(
            int(judged.comparison[n]),
            int(judged.judgements[n]),
            float(judged.strength[n]),
            int(judged.majority[n]),
            float(a[n]),
            float(b[n]),
            float(1 / (1 + np.exp(margin[n]))),
        )
        for n in order
    ]
    return Found(int(known.sum()), len(against), surest)


def scored(
    judged: Judged, responses: NDArray[np.int64], given: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """The rewards of a and b of each comparison (n,), nan where there is none; `responses` are in ascending order."""
    return _looked_up(judged.a, responses, given), _looked_up(judged.b, responses, given)


def _looked_up(
    wanted: NDArray[np.int64], responses: NDArray[np.int64], given: NDArray[np.float64]
) -> NDArray[np.float64]:
    if not len(responses):
        return np.full(len(wanted), np.nan)
    place = np.minimum(np.searchsorted(responses, wanted), len(responses) - 1)
    return np.where(responses[place] == wanted, given[place], np.nan)
