"""Bootstrap intervals by cluster."""

import numpy as np
import pytest

from app.stats.intervals import mean_interval


def test_the_mean_of_many_has_the_interval_that_the_normal_law_gives():
    values = np.random.default_rng(1).integers(0, 2, 2000).astype(float)
    half = 1.96 * np.sqrt(values.mean() * (1 - values.mean()) / 2000)
    assert mean_interval(values, np.arange(2000)) == pytest.approx(
        (values.mean() - half, values.mean() + half), abs=3e-3
    )


def test_clusters_of_equal_values_count_once():
    values = np.repeat([0.0, 1.0] * 10, 50)
    low, high = mean_interval(values, np.repeat(np.arange(20), 50))
    assert high - low > 0.35


def test_four_right_of_four_is_no_certainty():
    """Wilson's interval of 4 of 4 begins at 1 − 1.96² / (4 + 1.96²) = 0.510."""
    assert mean_interval(np.ones(4), np.arange(4)) == pytest.approx((0.510, 1), abs=1e-3)
    assert mean_interval(np.zeros(4), np.arange(4)) == pytest.approx((0, 0.490), abs=1e-3)


def test_nothing_has_no_interval():
    assert np.isnan(mean_interval(np.array([]), np.array([], int))).all()
