"""Charts, one idea each, and the table behind each.

A chart's texts come in the reader's language from whoever makes it. app/web/drawing.py draws; `_chart.html` shows.
"""

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from app.web.cells import cell
from app.web.dates import day
from app.web.templating import figure

HEIGHT = 220

Cell = str | date | float | None


@dataclass(frozen=True)
class Table:
    """The figures of a chart: headings and rows. A whole number counts things, another one measures them."""

    head: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]

    def shown(self) -> list[list[str]]:
        """The rows as the page has them, in the reader's language."""
        return [[_shown(entry) for entry in row] for row in self.rows]

    def csv(self) -> str:
        """All of it for a spreadsheet: dates by ISO 8601, points before decimals, texts that cannot be formulas."""
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow([cell(name) for name in self.head])
        writer.writerows([[_written(entry) for entry in row] for row in self.rows])
        return text.getvalue()


@dataclass(frozen=True)
class Reference:
    """Something to measure against: a muted rule at `y`, named at its end."""

    name: str
    y: float


@dataclass(frozen=True)
class Curve:
    """A line through `points` (x, y), at least one, named at its end; its x axis runs to `until`, counted in `unit`.
    What the line smooths may stand faintly `behind` it, at the same x, and be called `smooths` in the table."""

    name: str
    points: tuple[tuple[float, float], ...]
    until: float
    unit: str
    references: tuple[Reference, ...] = ()
    behind: tuple[tuple[float, float], ...] = ()
    smooths: str = ""

    @property
    def height(self) -> int:
        """In pixels."""
        return HEIGHT

    @property
    def labels(self) -> list[tuple[str, float]]:
        """What stands at the ends of the lines, ours first, and where."""
        ours = (self.name, self.points[-1][1])
        return [(f"{name} {figure(y)}", y) for name, y in (ours, *((entry.name, entry.y) for entry in self.references))]

    def table(self) -> Table:
        """A row a point, with what was smoothed; what is measured against beside each."""
        beside = tuple(entry.y for entry in self.references)
        smoothed = [(y,) for _, y in self.behind] if self.smooths else [()] * len(self.points)
        names = (
            self.unit,
            *([self.smooths] if self.smooths else []),
            self.name,
            *(one.name for one in self.references),
        )
        rows = zip(self.points, smoothed, strict=True)
        return Table(_capital(*names), tuple((x, *own, y, *beside) for (x, y), own in rows))


@dataclass(frozen=True)
class Rivals:
    """Two lines on the same axes, ours in gold over the `other`; see Curve."""

    name: str
    points: tuple[tuple[float, float], ...]
    other: str
    others: tuple[tuple[float, float], ...]
    until: float
    unit: str

    @property
    def height(self) -> int:
        """In pixels."""
        return HEIGHT

    @property
    def labels(self) -> list[tuple[str, float]]:
        """What stands at the ends of the lines, ours first, and where."""
        ends = ((self.name, self.points[-1][1]), (self.other, self.others[-1][1]))
        return [(f"{name} {figure(y)}", y) for name, y in ends]

    def table(self) -> Table:
        """A row for each x that either line has."""
        ours, others = dict(self.points), dict(self.others)
        rows = tuple((x, ours.get(x), others.get(x)) for x in sorted({*ours, *others}))
        return Table(_capital(self.unit, self.name, self.other), rows)


@dataclass(frozen=True)
class Bars:
    """How many of something each day; the last day is not over and stands back. `mean`, named at its end, is muted.
    `head` are the headings of its table: day, number."""

    days: tuple[tuple[date, int], ...]
    mean: Reference | None
    head: tuple[str, str]

    @property
    def height(self) -> int:
        """In pixels."""
        return HEIGHT

    @property
    def labels(self) -> list[tuple[str, float]]:
        """What stands at the mean's rule."""
        return [] if self.mean is None else [(self.mean.name, self.mean.y)]

    def table(self) -> Table:
        """A row a day."""
        return Table(self.head, self.days)


@dataclass(frozen=True)
class Band:
    """An estimate with its interval over time: (day, value, low, high, from how many), at least one, named at its end.
    `head` are the headings of its table."""

    name: str
    points: tuple[tuple[date, float, float, float, int], ...]
    head: tuple[str, str, str, str, str]

    @property
    def height(self) -> int:
        """In pixels."""
        return HEIGHT

    @property
    def labels(self) -> list[tuple[str, float]]:
        """What stands at the end of the line, and where."""
        value = self.points[-1][1]
        return [(f"{self.name} {figure(value)}", value)]

    def table(self) -> Table:
        """A row a point in time."""
        return Table(self.head, self.points)


Chart = Curve | Rivals | Bars | Band


def thinned(points: Sequence[tuple[float, float]], most: int = 300) -> tuple[tuple[float, float], ...]:
    """At most `most` of the points, spread evenly, with the last one: more than a chart of this width can show."""
    step = -(-len(points) // most) or 1
    return tuple(points[(len(points) - 1) % step :: step])


def smoothed(points: Sequence[tuple[float, float]]) -> tuple[tuple[float, float], ...]:
    """Each y as the mean of the last tenth of the points up to it."""
    window = max(1, len(points) // 10)
    found = []
    for index, (x, _) in enumerate(points):
        latest = [y for _, y in points[max(0, index + 1 - window) : index + 1]]
        found.append((x, sum(latest) / len(latest)))
    return tuple(found)


def bounds(values: Sequence[float]) -> tuple[float, float]:
    """An axis around the values with some air, never shorter than a tenth."""
    low, high = min(values), max(values)
    air = max(0.08 * (high - low), (0.1 - (high - low)) / 2)
    return low - air, high + air


def apart(values: Sequence[float], least: float) -> list[float]:
    """The values moved as little as it takes to lie `least` apart, in the same order."""
    order = sorted(range(len(values)), key=lambda index: values[index])
    placed = [values[index] for index in order]
    for _ in range(100):
        for index in range(1, len(placed)):
            missing = least - (placed[index] - placed[index - 1])
            if missing > 0:
                placed[index - 1] -= missing / 2
                placed[index] += missing / 2
    found = dict(zip(order, placed, strict=True))
    return [found[index] for index in range(len(values))]


def _capital(*names: str) -> tuple[str, ...]:
    return tuple(name[:1].upper() + name[1:] for name in names)


def _shown(entry: Cell) -> str:
    if isinstance(entry, str):
        return entry
    if isinstance(entry, date):
        return day(entry)
    return figure(entry, 0 if isinstance(entry, int) else 3)


def _written(entry: Cell) -> str:
    if entry is None:
        return ""
    if isinstance(entry, str):
        return cell(entry)
    return entry.isoformat() if isinstance(entry, date) else str(entry) if isinstance(entry, int) else f"{entry:.6g}"
