"""How much is judged a day, and when the work will be done."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta

import numpy as np
from sqlalchemy.orm import Session

from app.stats.forecast import Forecast, Unknown, forecast
from app.storage import evidence
from app.storage.projects import Project

DAYS = 28
EPOCH = date(1970, 1, 1)


@dataclass(frozen=True)
class Pace:
    """Judgements by day (UTC) of the last four weeks, oldest first, today last and not over; imported ones are none."""

    days: tuple[tuple[date, int], ...]

    @property
    def today(self) -> int:
        """What came today so far."""
        return self.days[-1][1]

    @property
    def per_day(self) -> float:
        """The mean of the days before today, from the first one with any on."""
        history = _history(self)
        return sum(history) / len(history) if history else 0.0


@dataclass(frozen=True)
class Outlook:
    """When the work will be done, and between which days 95 times in 100; `high` None: there is no last day."""

    on: date
    low: date
    high: date | None


def of_project(session: Session, project: Project, now: datetime) -> Pace:
    """The pace of the project."""
    today = now.astimezone(UTC).date()
    first = today - timedelta(days=DAYS)
    found = evidence.per_day(session, project.id, datetime.combine(first, time(), UTC))
    days = (first + timedelta(days=number) for number in range(DAYS + 1))
    return Pace(tuple((day, found.get((day - EPOCH).days, 0)) for day in days))


def outlook(pace: Pace, left: int) -> Outlook | Unknown:
    """When `left` judgements will be given, or why that cannot be told.

    The forecast is made as of the last midnight: today is not over, so what came of it is work still to do.
    """
    if not any(number for _, number in pace.days):
        return Unknown.idle
    found = forecast(np.array(_history(pace), dtype=np.int64), left + pace.today)
    if not isinstance(found, Forecast):
        return found
    today = pace.days[-1][0]
    return Outlook(
        _day(today, found.day), _day(today, found.low), None if found.high is None else _day(today, found.high)
    )


def _day(today: date, number: int) -> date:
    return today + timedelta(days=number - 1)


def _history(pace: Pace) -> list[int]:
    counts = [number for _, number in pace.days[:-1]]
    begun = next((index for index, number in enumerate(counts) if number), len(counts))
    return counts[begun:]
