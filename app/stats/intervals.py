"""Intervals: the bootstrap over clusters, Wilson's of a share, and what Student's t takes."""

import math

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
        share = float(values[0])
        if share not in (0.0, 1.0):
            return share, share
        low, high = wilson(np.array([share * len(sums)]), np.array([len(sums)]))
        return float(low[0]), float(high[0])
    generator = np.random.default_rng(seed)
    means = np.empty(DRAWS)
    for draw in range(DRAWS):
        chosen = generator.integers(0, len(sums), len(sums))
        means[draw] = sums[chosen].sum() / sizes[chosen].sum()
    low, high = np.percentile(means, [2.5, 97.5])
    return float(low), float(high)


def wilson(hits: NDArray[np.float64], trials: NDArray[np.int64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """95 % score intervals (Wilson 1927) of the shares hits / trials, element by element; NaN without trials.

    `hits` need not be whole: what counts half, as a tie, scatters less than the formula allows for.
    """
    n = np.where(trials > 0, trials, np.nan)
    share = hits / n
    centre = (share + Z**2 / (2 * n)) / (1 + Z**2 / n)
    half = Z / (1 + Z**2 / n) * np.sqrt(share * (1 - share) / n + Z**2 / (4 * n**2))
    return np.clip(centre - half, 0, 1), np.clip(centre + half, 0, 1)


def student(freedom: int) -> float:
    """The 97.5 % point of Student's t with so many degrees of freedom, at least three.

    Cornish and Fisher's expansion about the normal's (Abramowitz and Stegun 26.7.5), good to 0.01 from three on.
    """
    if freedom < 3:
        raise ValueError("the expansion is no good below three degrees of freedom")
    n = float(freedom)
    terms = (
        (Z**3 + Z) / 4,
        (5 * Z**5 + 16 * Z**3 + 3 * Z) / 96,
        (3 * Z**7 + 19 * Z**5 + 17 * Z**3 - 15 * Z) / 384,
        (79 * Z**9 + 776 * Z**7 + 1482 * Z**5 - 1920 * Z**3 - 945 * Z) / 92160,
    )
    return Z + math.fsum(term / n**power for power, term in enumerate(terms, 1))
