"""Whether estimates rise or fall."""

import numpy as np
import pytest
import statsmodels.api as sm

from app.stats.trend import slope

Z = 1.959964


def test_the_line_is_that_of_weighted_least_squares():
    rng = np.random.default_rng(4)
    at, error = np.arange(9.0), rng.uniform(0.01, 0.05, 9)
    value = 0.4 - 0.02 * at + rng.normal(scale=error)
    theirs = sm.WLS(value, sm.add_constant(at), weights=error**-2).fit()
    found = slope(at, value, value - Z * error, value + Z * error)
    assert found.value == pytest.approx(theirs.params[1])
    if theirs.scale > 1:
        assert (found.low, found.high) == pytest.approx(tuple(theirs.conf_int()[1]), abs=1e-4)
    assert found.high < 0


def test_a_trend_is_seen_where_there_is_none_one_time_in_twenty():
    rng = np.random.default_rng(5)
    seen = 0
    for _ in range(500):
        value = 0.4 + rng.normal(scale=0.03, size=8)
        found = slope(np.arange(8.0), value, value - Z * 0.03, value + Z * 0.03)
        seen += not found.low <= 0 <= found.high
    assert seen / 500 <= 0.06


def test_few_estimates_or_none_that_are_known_have_no_trend():
    three = np.arange(3.0)
    assert slope(three, three, three - 1, three + 1) is None
    five = np.arange(5.0)
    assert slope(five, five, five, five) is None
    assert slope(five, five, np.full(5, np.nan), five + 1) is None
    assert slope(np.ones(5), five, five - 1, five + 1) is None
