"""Bootstrap intervals by cluster."""

import numpy as np
import pytest
from scipy.stats import t
from statsmodels.stats.proportion import proportion_confint

from app.stats.intervals import mean_interval, student, wilson


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


def test_wilson_is_that_of_others():
    hits, trials = np.array([0.0, 3, 17, 40]), np.array([5, 10, 40, 40])
    low, high = wilson(hits, trials)
    for number in range(4):
        assert (low[number], high[number]) == pytest.approx(
            proportion_confint(hits[number], trials[number], method="wilson"), abs=1e-6
        )
    assert np.isnan(wilson(np.array([0.0]), np.array([0]))).all()


@pytest.mark.parametrize("freedom", [3, 4, 6, 12, 21, 200])
def test_student_is_that_of_the_tables(freedom):
    assert student(freedom) == pytest.approx(t.ppf(0.975, freedom), abs=0.01)


def test_student_does_not_reach_below_three():
    with pytest.raises(ValueError, match="three"):
        student(2)
