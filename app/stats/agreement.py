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
Floats = NDArray[np.float64]
AT_A_TIME = 2**18  # pairs of codes


def category_counts(item: Codes, code: Codes, items: int, categories: int) -> Counts:
    """Counts [items, categories] of judgements given as parallel vectors `item` and `code`."""
    flat = np.bincount(item * categories + code, minlength=items * categories)
    return flat.reshape(items, categories).astype(np.float64)


def percent_agreement(counts: Counts, times: Codes | None = None) -> float:
    """Mean over items with two or more judgements of the share of agreeing pairs of judgements; NaN without any."""
    return float(percents(counts, _once(counts, times))[0])


def percents(counts: Counts, times: Codes) -> Floats:
    """`percent_agreement` for each row of `times`, shape [draws, items]."""
    kept, n, times = _pairable(counts, times)
    share = (kept * (kept - 1)).sum(axis=1) / (n * (n - 1))
    return _quotient(times @ share, times.sum(axis=1))


def fleiss_kappa(counts: Counts, times: Codes | None = None) -> float:
    """Fleiss' κ (1971) of items that all have the same number of judgements, at least two.

    Raises ValueError when the numbers differ; NaN without items, and when only one category was ever used.
    """
    return float(fleiss_kappas(counts, _once(counts, times))[0])


def fleiss_kappas(counts: Counts, times: Codes) -> Floats:
    """`fleiss_kappa` for each row of `times`, shape [draws, items]."""
    n = counts.sum(axis=1)
    if not len(n):
        return np.full(len(times), np.nan)
    if n.min() != n.max() or n[0] < 2:
        raise ValueError("Fleiss' kappa needs the same number of judgements, at least two, on every item")
    used = times @ counts
    expected = (_quotient(used, used.sum(axis=1, keepdims=True)) ** 2).sum(axis=1)
    return _quotient(percents(counts, times) - expected, 1 - expected)


def cohens_kappa(first: Codes, second: Codes, categories: int) -> float:
    """Cohen's κ (1960) of two annotators' codes on the same items; NaN when chance agreement is certain."""
    if not len(first):
        return float("nan")
    table = np.bincount(first * categories + second, minlength=categories**2).reshape(categories, categories)
    table = table / table.sum()
    expected = float(table.sum(axis=1) @ table.sum(axis=0))
    return (float(np.trace(table)) - expected) / (1 - expected) if expected < 1 else float("nan")


def most_shared(item: Codes, annotator: Codes, most: int) -> tuple[Codes, Codes, Codes]:
    """The `most` pairs of annotators who share most items, at least two, most shared first: the one, the other, on how
    many items. The codes come in the order of item and annotator; both are numbered from 0.

    Some annotators at a time: all of their pairs at once would take as much memory as each item has pairs of codes.
    """
    annotators = int(annotator.max(initial=-1)) + 1
    order = np.argsort(annotator, kind="stable")
    later = np.cumsum(np.bincount(item))[item] - np.arange(len(item)) - 1  # codes of the same item that come after
    load = np.bincount(annotator, later, minlength=annotators)
    part = (np.cumsum(load) - load) // AT_A_TIME
    keys = shared = np.empty(0, dtype=np.int64)
    for rows in np.split(order, np.flatnonzero(np.diff(part[annotator[order]])) + 1):
        partners = later[rows]
        first = np.repeat(rows, partners)
        second = first + 1 + np.arange(len(first)) - np.repeat(np.cumsum(partners) - partners, partners)
        found, times = np.unique(annotator[first] * annotators + annotator[second], return_counts=True)
        keys, shared = np.append(keys, found[times >= 2]), np.append(shared, times[times >= 2])
        best = np.lexsort((keys, -shared))[:most]
        keys, shared = keys[best], shared[best]
    return *np.divmod(keys, annotators), shared


def krippendorff_alpha(counts: Counts, times: Codes | None = None, ordinal: bool = False) -> float:
    """Krippendorff's α for nominal or ordinal categories; items with fewer than two judgements do not count.

    Formula: Krippendorff, "Computing Krippendorff's Alpha-Reliability" (2011), from the coincidence matrix.
    NaN when nothing is pairable or only one category was used.
    """
    return float((ordinal_alphas if ordinal else nominal_alphas)(counts, _once(counts, times))[0])


def nominal_alphas(counts: Counts, times: Codes) -> Floats:
    """Nominal α for each row of `times`, shape [draws, items]."""
    coincidence = _coincidence(counts, times)
    return _alphas(coincidence, 1.0 - np.eye(counts.shape[1])[None])


def ordinal_alphas(counts: Counts, times: Codes) -> Floats:
    """Ordinal α for each row of `times`, shape [draws, items]."""
    coincidence = _coincidence(counts, times)
    margin = coincidence.sum(axis=2)
    place = np.cumsum(margin, axis=1) - margin / 2
    return _alphas(coincidence, (place[:, :, None] - place[:, None, :]) ** 2)


def _coincidence(counts: Counts, times: Codes) -> Floats:
    kept, n, times = _pairable(counts, times)
    categories = counts.shape[1]
    pairs = kept[:, :, None] * kept[:, None, :] - kept[:, :, None] * np.eye(categories)
    each = (pairs / (n - 1)[:, None, None]).reshape(len(kept), categories**2)
    return np.asarray(times @ each).reshape(len(times), categories, categories)


def _alphas(coincidence: Floats, distance: Floats) -> Floats:
    margin = coincidence.sum(axis=2)
    expected = ((margin[:, :, None] * margin[:, None, :]) * distance).sum(axis=(1, 2))
    observed = (coincidence * distance).sum(axis=(1, 2))
    return 1 - _quotient(observed * (margin.sum(axis=1) - 1), expected)


def _quotient(above: Floats, below: Floats) -> Floats:
    """NaN where nothing is below."""
    return np.where(below > 0, above, np.nan) / np.where(below > 0, below, 1.0)


def _once(counts: Counts, times: Codes | None) -> Codes:
    return np.ones((1, len(counts)), dtype=np.int64) if times is None else times[None]


def _pairable(counts: Counts, times: Codes) -> tuple[Counts, Counts, Codes]:
    """The rows with two or more judgements, how many those are, and for how many items each row stands."""
    n = counts.sum(axis=1)
    kept = n >= 2
    return counts[kept], n[kept], times[:, kept]


@dataclass(frozen=True)
class Estimate:
    """A figure and its 95 % interval (NaN where it cannot be had) from `n` items."""

    value: float
    low: float
    high: float
    n: int


def bootstrap(
    counts: Counts, statistic: Callable[[Counts, Codes], Floats], resamples: int = 500, seed: int = 0
) -> Estimate:
    """Percentile bootstrap over items (Efron 1979) of one of `percents`, `fleiss_kappas` and the alphas.

    Items with the same counts are exchangeable, so each resample draws how often every distinct row
    occurs; its cost depends on the number of distinct rows and not on that of the items.
    """
    kept = counts[counts.sum(axis=1) >= 2]
    rows, sizes = _distinct(kept)
    value = float(statistic(rows, sizes[None])[0])
    if len(kept) < 2 or np.isnan(value):
        return Estimate(value, float("nan"), float("nan"), len(kept))
    rng = np.random.default_rng(seed)
    values = statistic(rows, rng.multinomial(len(kept), sizes / len(kept), size=resamples))
    values = values[~np.isnan(values)]
    if not len(values):
        return Estimate(value, float("nan"), float("nan"), len(kept))
    low, high = np.quantile(values, [0.025, 0.975])
    return Estimate(value, float(low), float(high), len(kept))


def _distinct(counts: Counts) -> tuple[Counts, Codes]:
    """The distinct rows, and how often each occurs."""
    base = counts.max(initial=0) + 1
    if base ** counts.shape[1] >= 2**52:
        rows, sizes = np.unique(counts, axis=0, return_counts=True)
        return rows, sizes
    # a row is one number to the base of its greatest count: those are sorted many times as fast
    keys = counts @ base ** np.arange(counts.shape[1])
    _, first, sizes = np.unique(keys, return_index=True, return_counts=True)
    return counts[first], sizes


LANDIS_KOCH = ((0.2, "slight"), (0.4, "fair"), (0.6, "moderate"), (0.8, "substantial"))


def in_words(value: float) -> str:
    """What Landis and Koch (1977) call an agreement beyond chance of this size: "poor" to "almost perfect"."""
    if value < 0:
        return "poor"
    return next((word for most, word in LANDIS_KOCH if value <= most), "almost perfect")
