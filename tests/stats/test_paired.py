"""Two judges of the same things."""

import numpy as np
import pytest
from scipy.stats import binomtest

from app.stats.paired import difference, mcnemar


@pytest.mark.parametrize(("ours", "theirs"), [(0, 0), (1, 0), (5, 5), (10, 2), (30, 61), (400, 500), (5000, 5200)])
def test_mcnemar_is_the_exact_binomial_test(ours, theirs):
    wanted = binomtest(ours, ours + theirs).pvalue if ours + theirs else 1.0
    assert mcnemar(ours, theirs) == pytest.approx(wanted, rel=1e-6)
    assert mcnemar(theirs, ours) == mcnemar(ours, theirs)


def test_the_difference_has_an_interval_by_cluster():
    generator = np.random.default_rng(1)
    ours = (generator.random(2000) < 0.8).astype(float)
    theirs = (generator.random(2000) < 0.7).astype(float)
    found = difference(ours, theirs, np.arange(2000) // 4)
    assert found.value == pytest.approx(0.1, abs=0.04)
    assert found.low < found.value < found.high
    assert found.sure
    assert not difference(ours, ours, np.arange(2000)).sure
    assert np.isnan(difference(ours[:0], ours[:0], np.arange(0)).value)
    assert not difference(ours[:0], ours[:0], np.arange(0)).sure
