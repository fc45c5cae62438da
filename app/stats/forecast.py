"""When work will be done, from how much was done a day."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from app.stats.intervals import student

WEEK = 7
FURTHEST = 3650


class Unknown(StrEnum):
    """Why there is no forecast: less than a week of history; nothing was done; at this pace it takes ten years."""

    short = "short"
    idle = "idle"
    far = "far"


@dataclass(frozen=True)
class Forecast:
    """On which day the work will be done, 1 for the first after the history, and between which ones 95 times in 100;
    `high` is None where the pace scatters so much that there is no last one."""

    day: int
    low: int
    high: int | None


def forecast(counts: NDArray[np.int64], remaining: int) -> Forecast | Unknown:
    """When `remaining` will be done, from what was done on each of the last days, shape [days], oldest first.

    A quasi-Poisson model (McCullagh and Nelder 1989, 9.2): the work of a day scatters about the mean of its weekday with
    variance φ times that mean. φ is Pearson's χ² over its degrees of freedom; where the sums of weeks scatter more than
    their days let one expect (holidays, a team that comes and goes) it is theirs, and never below 1, a pure Poisson
    process. With μ the means, from n of each weekday, and c how many of each lie ahead, the work of T days is
    M = Σ μc ± t √(φ Σ (μc + μc² / n)): what days scatter, and that their means are known from few days only. The work is
    done on the first day on which M, or a bound of it, reaches `remaining`.

    Whole weeks are used, so that weekends count as they come; with less than two there is one mean for all days. It is
    assumed that people go on as in these weeks: a trend, a holiday to come or a change of the team is not seen.
    """
    weeks = len(counts) // WEEK
    if not weeks:
        return Unknown.short
    table = counts[len(counts) - weeks * WEEK :].reshape(weeks, WEEK).astype(float)
    if not table.any():
        return Unknown.idle
    known = weeks if weeks > 1 else WEEK
    means = table.mean(axis=0) if weeks > 1 else np.full(WEEK, table.mean())
    used = means > 0
    freedom = int(used.sum()) * (weeks - 1) if weeks > 1 else WEEK - 1
    spread = float((((table - means) ** 2)[:, used] / means[used]).sum()) / freedom
    if weeks > 2:
        sums = table.sum(axis=1)
        spread = max(spread, float(((sums - sums.mean()) ** 2).sum() / sums.mean()) / (weeks - 1))
    ahead = np.arange(1, FURTHEST + 1)
    times = (ahead[:, None] + WEEK - 1 - np.arange(WEEK)) // WEEK
    work = times @ means
    # one mean for all days is known from seven of them, and all that lie ahead share in its error
    error = (times**2) @ means / known if weeks > 1 else work * ahead / known
    half = student(max(freedom, 3)) * np.sqrt(max(spread, 1.0) * (work + error))
    day, low, high = (_first(reached >= remaining) for reached in (work, work + half, work - half))
    return Unknown.far if day is None or low is None else Forecast(day, low, high)


def _first(reached: NDArray[np.bool_]) -> int | None:
    return int(reached.argmax()) + 1 if reached.any() else None
