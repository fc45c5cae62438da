"""Whether estimates rise or fall over time."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from app.stats.intervals import Z, student

FEWEST = 4


@dataclass(frozen=True)
class Slope:
    """The change by one unit of time, with its 95 % interval."""

    value: float
    low: float
    high: float


def slope(
    at: NDArray[np.float64], value: NDArray[np.float64], low: NDArray[np.float64], high: NDArray[np.float64]
) -> Slope | None:
    """The weighted least-squares line through estimates with 95 % intervals, each of shape [times]; None of fewer than
    four, or where an interval is missing or empty.

    The weights are 1 / σ², σ from the intervals' widths. Where the estimates scatter about the line more than that, the
    error of the slope is widened by Birge's ratio √(χ² / (n − 2)) (Birge 1932); its quantile is Student's with n − 2
    degrees of freedom, at least three.
    """
    error = (high - low) / (2 * Z)
    if len(at) < FEWEST or not (np.isfinite(error) & (error > 0)).all():
        return None
    weight = error**-2
    centre = (weight @ at) / weight.sum()
    spread = weight @ (at - centre) ** 2
    if spread == 0:
        return None
    mean = (weight @ value) / weight.sum()
    found = float((weight * (at - centre)) @ value / spread)
    misfit = float(weight @ (value - mean - found * (at - centre)) ** 2) / (len(at) - 2)
    half = student(max(3, len(at) - 2)) * float(np.sqrt(max(1.0, misfit) / spread))
    return Slope(found, found - half, found + half)
