"""Charts as SVG, one idea each. Altair and vl-convert are loaded with the first chart, not with the process."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from threading import Lock
from typing import Any

from app.web.templating import figure

# the tokens of static/base.css, which an image cannot reach; a test compares them
THEMES = {
    "light": {"muted": "#67635b", "line": "#e4e0d8", "gold": "#8a6000"},
    "dark": {"muted": "#a8a297", "line": "#2f2e2a", "gold": "#e5bb52"},
}
HEIGHT, ROW = 220, 36
FONT, LINE = 12, 15
SLACK = 12  # the page's font is wider than the one that text is measured in here
_lock = Lock()


@dataclass(frozen=True)
class Reference:
    """Something to measure against: a muted rule at `y`, named at its end."""

    name: str
    y: float


@dataclass(frozen=True)
class Curve:
    """A line through `points` (x, y), at least one, named at its end; its x axis runs to `until`, counted in `unit`.
    What the line smooths may stand faintly `behind` it."""

    name: str
    points: tuple[tuple[float, float], ...]
    until: float
    unit: str
    references: tuple[Reference, ...] = ()
    behind: tuple[tuple[float, float], ...] = ()


@dataclass(frozen=True)
class Standing:
    """Estimates on one axis: (name, value, low, high), bounds None where unknown. The one named `ours` is gold."""

    rows: tuple[tuple[str, float, float | None, float | None], ...]
    ours: str


@dataclass(frozen=True)
class Rivals:
    """Two lines on the same axes, ours in gold over the `other`; see Curve."""

    name: str
    points: tuple[tuple[float, float], ...]
    other: str
    others: tuple[tuple[float, float], ...]
    until: float
    unit: str


@lru_cache(maxsize=64)
def svg(chart: Curve | Standing | Rivals, theme: str, width: int) -> str:
    """The chart in "light" or "dark", `width` pixels wide so that its text comes out in the size of the page's."""
    import altair
    import vl_convert

    colour = THEMES[theme]
    height = ROW * len(chart.rows) if isinstance(chart, Standing) else HEIGHT
    draw: Any = {Curve: _curve, Standing: _standing, Rivals: _rivals}[type(chart)]
    layers = draw(altair, chart, colour)
    whole = (
        altair.layer(*layers)
        .properties(width=width, height=height, autosize=altair.AutoSizeParams(type="fit", contains="padding"))
        .configure(
            background="transparent",
            font="system-ui, sans-serif",
            padding={"left": SLACK, "top": 8, "right": SLACK, "bottom": 4},
        )
        .configure_view(stroke=None)
        .configure_axis(
            domain=False,
            ticks=False,
            gridColor=colour["line"],
            labelColor=colour["muted"],
            labelFontSize=FONT,
            labelPadding=8,
            title=None,
        )
    )
    with _lock:  # one V8, one chart at a time
        return str(vl_convert.vegalite_to_svg(whole.to_dict()))


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


def _labels(chart: Curve) -> list[tuple[str, float]]:
    ours = (chart.name, chart.points[-1][1])
    return [(f"{name} {figure(y)}", y) for name, y in (ours, *((entry.name, entry.y) for entry in chart.references))]


def _curve(alt: Any, chart: Curve, colour: dict[str, str]) -> list[Any]:
    low, high = bounds([y for _, y in (*chart.points, *chart.behind)] + [reference.y for reference in chart.references])
    count = "replace(format(datum.value, ','), ',', '\u202f')"
    end = f"datum.value == {chart.until} ? {count} + ' {chart.unit}' : {count}"
    steps = alt.Axis(values=[0, chart.until], labelExpr=end, labelFlush=True, grid=False)
    x = alt.X("x:Q", scale=alt.Scale(domain=[0, chart.until], nice=False), axis=steps)
    y = alt.Y("y:Q", scale=alt.Scale(domain=[low, high], nice=False), axis=alt.Axis(tickCount=4, format=".2f"))
    last = chart.points[-1]

    def line(points: Sequence[tuple[float, float]], **style: Any) -> Any:
        rows = alt.Chart(_rows({"x": x, "y": y} for x, y in points))
        return rows.mark_line(color=colour["gold"], strokeCap="round", strokeJoin="round", **style).encode(x=x, y=y)

    names = _labels(chart)
    places = apart([y for _, y in names], LINE * (high - low) / (HEIGHT - 40))
    return [
        *(
            alt.Chart(_rows([{"y": entry.y}])).mark_rule(color=colour["muted"], strokeDash=[3, 4]).encode(y=y)
            for entry in chart.references
        ),
        *([line(chart.behind, strokeWidth=1, opacity=0.4)] if chart.behind else []),
        line(chart.points, strokeWidth=2.5),
        alt.Chart(_rows([{"x": last[0], "y": last[1]}]))
        .mark_point(color=colour["gold"], filled=True, size=56, opacity=1)
        .encode(x=x, y=y),
        *(
            alt.Chart(_rows([{"x": chart.until, "y": place, "text": text}]))
            .mark_text(
                align="left",
                dx=10,
                fontSize=FONT,
                fontWeight=600 if not number else 400,
                color=colour["gold"] if not number else colour["muted"],
            )
            .encode(x=x, y=y, text="text:N")
            for number, ((text, _), place) in enumerate(zip(names, places, strict=True))
        ),
    ]


def _rivals(alt: Any, chart: Rivals, colour: dict[str, str]) -> list[Any]:
    low, high = bounds([y for _, y in (*chart.points, *chart.others)])
    count = "replace(format(datum.value, ','), ',', '\u202f')"
    end = f"datum.value == {chart.until} ? {count} + ' {chart.unit}' : {count}"
    steps = alt.Axis(values=[0, chart.until], labelExpr=end, labelFlush=True, grid=False)
    x = alt.X("x:Q", scale=alt.Scale(domain=[0, chart.until], nice=False), axis=steps)
    y = alt.Y("y:Q", scale=alt.Scale(domain=[low, high], nice=False), axis=alt.Axis(tickCount=4, format=".2f"))
    lines = ((chart.other, chart.others, "muted", 2, 400), (chart.name, chart.points, "gold", 2.5, 600))
    places = apart([points[-1][1] for _, points, *_ in lines], LINE * (high - low) / (HEIGHT - 40))
    layers = []
    for (name, points, paint, width, weight), place in zip(lines, places, strict=True):
        rows = alt.Chart(_rows({"x": x, "y": y} for x, y in points))
        layers.append(rows.mark_line(color=colour[paint], strokeWidth=width, strokeCap="round").encode(x=x, y=y))
        last = alt.Chart(_rows([{"x": points[-1][0], "y": points[-1][1]}]))
        layers.append(last.mark_point(color=colour[paint], filled=True, size=48, opacity=1).encode(x=x, y=y))
        label = alt.Chart(_rows([{"x": chart.until, "y": place, "text": f"{name} {figure(points[-1][1])}"}]))
        text = label.mark_text(align="left", dx=10, fontSize=FONT, fontWeight=weight, color=colour[paint])
        layers.append(text.encode(x=x, y=y, text="text:N"))
    return layers


def _standing(alt: Any, chart: Standing, colour: dict[str, str]) -> list[Any]:
    low, high = bounds([bound for _, *values in chart.rows for bound in values if bound is not None])
    ours = f"datum.value === '{chart.ours}'"
    label = {"condition": {"test": ours, "value": colour["gold"]}, "value": colour["muted"]}
    scale = alt.Scale(domain=[low, high], nice=False)
    y = alt.Y("name:N", sort=[name for name, *_ in chart.rows], axis=alt.Axis(labelColor=label))

    def x(field: str) -> Any:
        return alt.X(f"{field}:Q", scale=scale, axis=None)

    layers = []
    for name, value, least, most in chart.rows:
        paint = colour["gold"] if name == chart.ours else colour["muted"]
        row = {"name": name, "begin": low, "value": value, "low": least, "high": most, "text": figure(value)}
        one = alt.Chart(_rows([row | {"end": value if most is None else most}])).encode(y=y)
        layers.append(one.mark_rule(color=colour["line"]).encode(x=x("begin"), x2="value:Q"))
        if least is not None and most is not None:
            layers.append(one.mark_rule(color=paint, strokeWidth=2, opacity=0.5).encode(x=x("low"), x2="high:Q"))
        layers.append(one.mark_point(color=paint, filled=True, size=72, opacity=1).encode(x=x("value")))
        weight = 600 if name == chart.ours else 400
        text = one.mark_text(align="left", dx=10, fontSize=FONT, fontWeight=weight, color=paint)
        layers.append(text.encode(x=x("end"), text="text:N"))
    return layers


def _rows(values: Any) -> Any:
    return {"values": list(values)}
