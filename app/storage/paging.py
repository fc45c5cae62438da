"""Long lists in pages: so many rows at a time, and no more of them counted than anybody turns pages."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

T = TypeVar("T")
ROWS = 50
MOST = 10_000  # rows of a list that can be paged to; what comes behind them is found by a filter


@dataclass(frozen=True)
class Page(Generic[T]):
    """`rows` are the `first` to the `last` of `total`; with `more` there are more than that in all, uncounted."""

    rows: list[T]
    number: int
    total: int
    more: bool = False

    @property
    def first(self) -> int:
        """The place of the first row in the whole list, from 1; 0 where the list is empty."""
        return (self.number - 1) * ROWS + 1 if self.rows else 0

    @property
    def last(self) -> int:
        """The place of the last row in the whole list."""
        return (self.number - 1) * ROWS + len(self.rows)

    @property
    def pages(self) -> int:
        """How many pages there are; an empty list has one."""
        return max(1, -(-self.total // ROWS))


def page(session: Session, wanted: Select[*tuple[Any, ...]], number: int) -> Page[Any]:
    """That page of an ordered statement's rows, the last one where there are fewer pages; reads MOST rows at most."""
    counted = select(func.count()).select_from(wanted.order_by(None).limit(MOST + 1).subquery())
    found = session.scalar(counted) or 0
    total = min(found, MOST)
    number = _within(number, total)
    rows = session.execute(wanted.limit(ROWS).offset((number - 1) * ROWS)).all()
    return Page(list(rows), number, total, found > MOST)


def part(found: Sequence[T], number: int, more: bool = False) -> Page[T]:
    """That page of a list that is at hand, the last one where there are fewer pages."""
    number = _within(number, len(found))
    return Page(list(found[(number - 1) * ROWS : number * ROWS]), number, len(found), more)


def _within(number: int, total: int) -> int:
    return min(max(number, 1), max(1, -(-total // ROWS)))
