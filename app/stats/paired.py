"""Two judges of the same things: by how much one is more often right than the other."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.stats.intervals import mean_interval


@dataclass(frozen=True)
class Difference:
    """How much more often one is right than the other, from −1 to 1, with its 95 % interval; nan without any."""

    value: float
    low: float
    high: float

    @property
    def sure(self) -> bool:
        """Whether the interval leaves out zero."""
        return self.low > 0 or self.high < 0


def difference(ours: NDArray[np.float64], theirs: NDArray[np.float64], cluster: NDArray[np.int64]) -> Difference:
    """The mean of `ours` less `theirs`, shares of being right (n,) of the same things, by a paired bootstrap that draws
    whole clusters."""
    apart = ours - theirs
    low, high = mean_interval((apart + 1) / 2, cluster)  # as shares: −1 is 0, 1 is 1
    return Difference(float(apart.mean()) if len(apart) else float("nan"), 2 * low - 1, 2 * high - 1)


def mcnemar(only_ours: int, only_theirs: int) -> float:
    """Two-sided p of McNemar's (1947) exact test, given how often exactly one of both was right.

    Where nothing sets them apart it is 1. Things that come in clusters are taken for independent, which makes it too
    small.
    """
    total, least = only_ours + only_theirs, min(only_ours, only_theirs)
    logs = [_log_choose(total, n) - total * math.log(2) for n in range(least + 1)]
    highest = max(logs)
    tail = math.exp(highest) * sum(math.exp(log - highest) for log in logs)
    return min(1.0, 2 * tail)


def _log_choose(n: int, k: int) -> float:
    return math.lgamma(n + 1) - math.lgamma(k + 1) - math.lgamma(n - k + 1)
