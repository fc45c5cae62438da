"""A short ordeal on each database; `make torture` is the long one."""

import pytest

from tests.torture.ordeal import run

SECONDS = 5


@pytest.mark.parametrize("database", ["sqlite", "postgresql"])
def test_nothing_that_was_acknowledged_is_lost_or_doubled(database):
    verdict = run(database, SECONDS, seed=3, say=lambda line: None, size=80, pace=0.8)
    assert verdict.good, dict(verdict.wrong)
    assert verdict.counts["acknowledged answers"] >= 200  # every slot has one at the end
    assert verdict.counts["restarts"] > 0
    assert verdict.counts["crash database"] > 0 or database == "sqlite"
