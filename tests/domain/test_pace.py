"""Judgements by day, and when the work will be done."""

from datetime import UTC, date, datetime, timedelta, timezone

import pytest

from app.domain import pace, projects
from app.domain.pace import Outlook, Pace
from app.stats.forecast import Unknown
from tests.domain.judging import hire, judge
from tests.domain.test_importing import take
from tests.web.conftest import pairs

TODAY = date(2026, 3, 2)  # a Monday


def test_days_are_those_of_utc_and_imports_are_no_work(session, project, clock):
    take(session, project, clock, [row | {"annotations": [{"annotator": "w", "choice": "a"}]} for row in pairs(3)])
    other = projects.create(session, "other", "", clock())
    take(session, project, clock, pairs(9, prompt="Other?"))
    take(session, other, clock, pairs(2))
    (ann,) = hire(session, clock, "ann").values()
    judge(session, other, ann, clock(), 1)
    judge(session, project, ann, datetime(2026, 2, 1, 12, tzinfo=UTC), 1)  # before the window
    judge(session, project, ann, datetime(2026, 2, 27, 23, 59, 59, tzinfo=UTC), 1, 2)
    judge(session, project, ann, datetime(2026, 2, 28, 0, 0, tzinfo=UTC), 3)
    judge(session, project, ann, datetime(2026, 3, 2, 8, tzinfo=UTC), 1, 1)
    now = datetime(2026, 3, 2, 23, tzinfo=timezone(timedelta(hours=-3)))  # the third of March by then
    found = pace.of_project(session, project, now)
    assert len(found.days) == pace.DAYS + 1
    assert found.days[0][0] == date(2026, 2, 3)
    assert {day: number for day, number in found.days if number} == {
        date(2026, 2, 27): 2,
        date(2026, 2, 28): 1,
        date(2026, 3, 2): 2,
    }
    assert found.days[-1] == (date(2026, 3, 3), 0)
    assert found.per_day == pytest.approx(5 / 4)


def paced(*counts):
    """The pace of these last days, today among them."""
    whole = [0] * (pace.DAYS + 1 - len(counts)) + list(counts)
    return Pace(tuple((TODAY - timedelta(days=pace.DAYS - index), count) for index, count in enumerate(whole)))


def test_what_came_today_is_part_of_todays_work():
    even = [20] * 28
    assert pace.outlook(paced(*even, 0), 100).on == TODAY + timedelta(days=4)
    assert pace.outlook(paced(*even, 15), 85) == pace.outlook(paced(*even, 0), 100)
    assert isinstance(pace.outlook(paced(*even, 0), 100), Outlook)


def test_a_young_project_is_not_held_to_the_days_before_it_began():
    assert pace.outlook(paced(*[20] * 14, 0), 100).on == TODAY + timedelta(days=4)


def test_why_there_is_none():
    assert pace.outlook(paced(0), 10) == Unknown.idle
    assert pace.outlook(paced(5), 10) == Unknown.short
    assert pace.outlook(paced(*[20] * 6, 0), 10) == Unknown.short
