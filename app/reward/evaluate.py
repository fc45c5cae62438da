"""How good a reward model is on pairs that it has not seen, and whether it is worse than another."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.reward.data import PairSet
from app.stats.intervals import mean_interval
from app.stats.paired import difference


@dataclass(frozen=True)
class Evaluation:
    """Accuracy against the majority over the `pairs` that have one, with its 95 % interval by prompt.

    `log_loss` is the mean negative log likelihood of a judgement, in nats. `length_accuracy` is what "the longer
    response wins" reaches on the same pairs. All nan when no pair has a majority.
    """

    pairs: int
    accuracy: float
    low: float
    high: float
    log_loss: float
    length_accuracy: float


@dataclass(frozen=True)
class Verdict:
    """Accuracy of a new model less that of the current one on the same pairs, with its 95 % interval."""

    difference: float
    low: float
    high: float

    @property
    def worse(self) -> bool:
        """True when the whole interval is below zero."""
        return self.high < 0


def evaluate(pairs: PairSet, rewards: NDArray[np.float64]) -> Evaluation:
    """Evaluates `rewards` (one an item) on the pairs."""
    right, prompt = correct(pairs, rewards)
    by_length, _ = correct(pairs, np.array([float(len(item.response)) for item in pairs.items]))
    nan = float("nan")
    low, high = mean_interval(right, prompt)
    return Evaluation(
        pairs=len(right),
        accuracy=float(right.mean()) if len(right) else nan,
        low=low,
        high=high,
        log_loss=_log_loss(pairs, rewards),
        length_accuracy=float(by_length.mean()) if len(right) else nan,
    )


def compare(pairs: PairSet, new: NDArray[np.float64], current: NDArray[np.float64]) -> Verdict:
    """Paired bootstrap of the difference in accuracy, by prompt."""
    ours, prompt = correct(pairs, new)
    theirs, _ = correct(pairs, current)
    found = difference(ours, theirs, prompt)
    return Verdict(found.value, found.low, found.high)


def correct(pairs: PairSet, rewards: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """For each pair with a majority: 1 where the rewards order it as the majority does, ½ where they are equal, else 0;
    and the number of its prompt."""
    decided = pairs.wins_a != pairs.wins_b
    a, b = pairs.a[decided], pairs.b[decided]
    majority = np.sign(pairs.wins_a[decided] - pairs.wins_b[decided])
    order = np.sign(rewards[a] - rewards[b])
    return (order * majority + 1) / 2, pairs.prompt[a]


def _log_loss(pairs: PairSet, rewards: NDArray[np.float64]) -> float:
    total = (pairs.wins_a + pairs.wins_b).sum()
    if not total:
        return float("nan")
    difference = rewards[pairs.a] - rewards[pairs.b]
    loss = pairs.wins_a * np.logaddexp(0, -difference) + pairs.wins_b * np.logaddexp(0, difference)
    return float(loss.sum() / total)
