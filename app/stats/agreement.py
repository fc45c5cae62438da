"""Agreement between annotators, on plain arrays.

Judgements come as a matrix of shape [items, annotators] of category codes 0..K-1 (in their order, for the
ordinal metric) with -1 where there is none; everything but Cohen's κ needs only the counts, shape [items, K], and
takes `times`, shape [items], where a row of them stands for that many items (all once without it).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Counts = NDArray[np.float64]
Codes = NDArray[np.int64]


def category_counts(item: Codes, code: Codes, items: int, categories: int) -> Counts:
    """Counts [items, categories] of judgements given as parallel vectors `item` and `code`."""
    flat = np.bincount(item * categories + code, minlength=items * categories)
    return flat.reshape(items, categories).astype(np.float64)


def percent_agreement(counts: Counts, times: Codes | None = None) -> float:
    """Mean over items with two or more judgements of the share of agreeing pairs of judgements; NaN without any."""
    kept, n, times = _pairable(counts, times)
    if not times.sum():
        return float("nan")
    share = (kept * (kept - 1)).sum(axis=1) / (n * (n - 1))
    return float(share @ times / times.sum())


def fleiss_kappa(counts: Counts, times: Codes | None = None) -> float:
    """Fleiss' κ (1971) of items that all have the same number of judgements, at least two.

    Raises ValueError when the numbers differ; NaN without items, and when only one category was ever used.
    """
    n = counts.sum(axis=1)
    if not len(n):
        return float("nan")
    if n.min() != n.max() or n[0] < 2:
        raise ValueError("Fleiss' kappa needs the same number of judgements, at least two, on every item")
    used = counts.sum(axis=0) if times is None else times @ counts
    expected = float(((used / used.sum()) ** 2).sum())
    return (percent_agreement(counts, times) - expected) / (1 - expected) if expected < 1 else float("nan")


def cohens_kappa(first: Codes, second: Codes, categories: int) -> float:
    """Cohen's κ (1960) of two annotators' codes on the same items; NaN when chance agreement is certain."""
    if not len(first):
        return float("nan")
    table = np.bincount(first * categories + second, minlength=categories**2).reshape(categories, categories)
    table = table / table.sum()
    expected = float(table.sum(axis=1) @ table.sum(axis=0))
    return (float(np.trace(table)) - expected) / (1 - expected) if expected < 1 else float("nan")


def krippendorff_alpha(counts: Counts, times: Codes | None = None, ordinal: bool = False) -> float:
    """Krippendorff's α for nominal or ordinal categories; items with fewer than two judgements do not count.

    Formula: Krippendorff, "Computing Krippendorff's Alpha-Reliability" (2011), from the coincidence matrix.
    NaN when nothing is pairable or only one category was used.
    """
    kept, n, times = _pairable(counts, times)
    if not times.sum():
        return float("nan")
    weighted = kept * (times / (n - 1))[:, None]
    coincidence = weighted.T @ kept - np.diag(weighted.sum(axis=0))
    margin = coincidence.sum(axis=1)
    distance = _ordinal_distance(margin) if ordinal else 1.0 - np.eye(len(margin))
    expected = float(margin @ distance @ margin) / (margin.sum() - 1)
    observed = float((coincidence * distance).sum())
    return 1 - observed / expected if expected > 0 else float("nan")


def _pairable(counts: Counts, times: Codes | None) -> tuple[Counts, Counts, Codes]:
    """The rows with two or more judgements, how many those are, and for how many items each row stands."""
    n = counts.sum(axis=1)
    kept = n >= 2
    return counts[kept], n[kept], np.ones(int(kept.sum()), dtype=np.int64) if times is None else times[kept]


def _ordinal_distance(margin: NDArray[np.float64]) -> NDArray[np.float64]:
    cumulative = np.cumsum(margin) - margin / 2
    return np.asarray((cumulative[:, None] - cumulative[None, :]) ** 2)


@dataclass(frozen=True)
class Estimate:
    """A figure and its 95 % interval (NaN where it cannot be had) from `n` items."""

    value: float
    low: float
    high: float
    n: int


def bootstrap(
    counts: Counts, statistic: Callable[[Counts, Codes], float], resamples: int = 500, seed: int = 0
) -> Estimate:
    """Percentile bootstrap over items (Efron 1979): `statistic(counts, times)` with its 95 % interval.

    Items with the same counts are exchangeable, so each resample draws how often every distinct row
    occurs; its cost depends on the number of distinct rows and not on that of the items.
    """
    kept = counts[counts.sum(axis=1) >= 2]
    rows, sizes = np.unique(kept, axis=0, return_counts=True)
    value = float(statistic(rows, sizes))
    if len(kept) < 2 or np.isnan(value):
        return Estimate(value, float("nan"), float("nan"), len(kept))
    rng = np.random.default_rng(seed)
    draws = rng.multinomial(len(kept), sizes / len(kept), size=resamples)
    values = np.array([statistic(rows, draw) for draw in draws])
    values = values[~np.isnan(values)]
    if not len(values):
        return Estimate(value, float("nan"), float("nan"), len(kept))
    low, high = np.quantile(values, [0.025, 0.975])
    return Estimate(value, float(low), float(high), len(kept))


LANDIS_KOCH = ((0.2, "slight"), (0.4, "fair"), (0.6, "moderate"), (0.8, "substantial"))


def in_words(value: float) -> str:
    """What Landis and Koch (1977) call an agreement beyond chance of this size: "poor" to "almost perfect"."""
    if value < 0:
        return "poor"
    return next((word for most, word in LANDIS_KOCH if value <= most), "almost perfect")
