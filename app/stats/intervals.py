"""Intervals by the bootstrap over clusters."""

import numpy as np
from numpy.typing import NDArray

FEWEST_CLUSTERS = 5
DRAWS = 2000
Z = 1.959964


def mean_interval(values: NDArray[np.float64], cluster: NDArray[np.int64], seed: int = 0) -> tuple[float, float]:
    """95 % percentile bootstrap interval of the mean of `values` (n,), drawn by cluster (Efron and Tibshirani 1993).

    With fewer than five clusters the values are drawn one by one, which is narrower than the truth when the values of
    a cluster are alike. Where all values are 0, or all are 1, draws tell nothing: then the interval is Wilson's (1927),
    of one trial a cluster. (nan, nan) without values.
    """
    if not len(values):
        return float("nan"), float("nan")
    _, index = np.unique(cluster, return_inverse=True)
    if index.max() + 1 < FEWEST_CLUSTERS:
        index = np.arange(len(values))
    sums, sizes = np.bincount(index, values), np.bincount(index)
    if np.ptp(values) == 0:
        return _wilson(float(values[0]), len(sums))
    generator = np.random.default_rng(seed)
    means = np.empty(DRAWS)
    for draw in range(DRAWS):
        chosen = generator.integers(0, len(sums), len(sums))
        means[draw] = sums[chosen].sum() / sizes[chosen].sum()
    low, high = np.percentile(means, [2.5, 97.5])
    return float(low), float(high)


def _wilson(share: float, trials: int) -> tuple[float, float]:
    if share not in (0.0, 1.0):
        return share, share
    edge = Z**2 / (trials + Z**2)
    return (0.0, edge) if share == 0 else (1 - edge, 1.0)
