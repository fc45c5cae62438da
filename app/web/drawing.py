"""Charts drawn with Altair. Gold is ours, muted is what it is measured against; names stand at the lines."""

import json
from collections.abc import Iterable, Sequence
from typing import Any

import altair as alt
import vl_convert

from app.web.charts import HEIGHT, Band, Bars, Chart, Curve, Rivals, apart, bounds
from app.web.dates import short
from app.web.languages import decimal_symbol, language
from app.web.templating import figure

Colours = dict[str, str]
FONTS = "system-ui, -apple-system, 'Segoe UI', 'Noto Sans', sans-serif"
FONT, LINE = 12, 15
SLACK = 12  # the page's font is wider than the one that text is measured in here
INSIDE = HEIGHT - 40  # what the axis and the padding leave of the height


def draw(chart: Chart, colour: Colours, width: int, alone: bool) -> str:
    """The chart as SVG, see-through or on paper."""
    layers = _layers(chart, colour, width)
    whole = (
        alt.layer(*layers)
        .properties(width=width, height=chart.height, autosize=alt.AutoSizeParams(type="fit", contains="padding"))
        .configure(
            background=colour["paper"] if alone else "transparent",
            font=FONTS,
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
    return str(vl_convert.vegalite_to_svg(whole.to_dict()))


def _layers(chart: Chart, colour: Colours, width: int) -> list[Any]:
    match chart:
        case Curve():
            return _curve(chart, colour)
        case Rivals():
            return _rivals(chart, colour)
        case Bars():
            return _bars(chart, colour, width)
        case Band():
            return _band(chart, colour)


def _curve(chart: Curve, colour: Colours) -> list[Any]:
    low, high = bounds([y for _, y in (*chart.points, *chart.behind)] + [entry.y for entry in chart.references])
    x = _ends((0, "0"), (chart.until, f"{figure(chart.until, 0)} {chart.unit}"))
    y = _measure(low, high)
    return [
        *(
            _chart([{"y": entry.y}]).mark_rule(color=colour["muted"], strokeDash=[3, 4]).encode(y=y)
            for entry in chart.references
        ),
        *([_line(chart.behind, x, y, colour, strokeWidth=1, opacity=0.4)] if chart.behind else []),
        _line(chart.points, x, y, colour, strokeWidth=2.5),
        _dot(chart.points, x, y, colour["gold"]),
        *_named(chart.labels, chart.until, x, y, (high - low) / INSIDE, colour),
    ]


def _rivals(chart: Rivals, colour: Colours) -> list[Any]:
    low, high = bounds([y for _, y in (*chart.points, *chart.others)])
    x = _ends((0, "0"), (chart.until, f"{figure(chart.until, 0)} {chart.unit}"))
    y = _measure(low, high)
    return [
        _line(chart.others, x, y, colour, "muted", strokeWidth=2),
        _dot(chart.others, x, y, colour["muted"]),
        _line(chart.points, x, y, colour, strokeWidth=2.5),
        _dot(chart.points, x, y, colour["gold"]),
        *_named(chart.labels, chart.until, x, y, (high - low) / INSIDE, colour),
    ]


def _band(chart: Band, colour: Colours) -> list[Any]:
    low, high = bounds([bound for _, _, *interval, _ in chart.points for bound in interval])
    first, last = chart.points[0][0], chart.points[-1][0]
    until = max(1, (last - first).days)
    x = _ends(*([(0, short(first)), (until, short(last))] if last > first else [(1, short(last))]), until=until)
    y = _measure(low, high)
    at = [until if last == first else (day - first).days for day, *_ in chart.points]
    rows = [{"x": x, "low": least, "high": most} for x, (_, _, least, most, _) in zip(at, chart.points, strict=True)]
    middle = [(x, value) for x, (_, value, *_) in zip(at, chart.points, strict=True)]
    edges = [[(row["x"], row[name]) for row in rows] for name in ("low", "high")]
    whole = _chart(rows)
    between = {"x": x, "y": _measure(low, high, "low"), "y2": "high:Q"}
    if len(rows) == 1:
        around = [whole.mark_rule(color=colour["gold"], strokeWidth=2, opacity=0.5).encode(**between)]
    else:
        around = [
            whole.mark_area(color=colour["gold"], opacity=0.1).encode(**between),
            *(_line(edge, x, y, colour, strokeWidth=1, opacity=0.45) for edge in edges),
        ]
    return [
        *around,
        _line(middle, x, y, colour, strokeWidth=2.5),
        _dot(middle, x, y, colour["gold"]),
        *_named(chart.labels, until, x, y, (high - low) / INSIDE, colour),
    ]


def _bars(chart: Bars, colour: Colours, width: int) -> list[Any]:
    number = len(chart.days)
    most = max(1, *(count for _, count in chart.days))
    ends = [(0, short(chart.days[0][0])), (number - 1, short(chart.days[-1][0]))]
    x = _ends(*ends, begin=-0.5, until=number - 0.5)
    y = alt.Y("y:Q", scale=alt.Scale(domain=[0, most * 1.05], nice=False), axis=_counts(most))
    rows = [{"x": index, "y": count, "over": index < number - 1} for index, (_, count) in enumerate(chart.days)]
    shade = alt.condition("datum.over", alt.value(1), alt.value(0.4))
    size = max(2, (width - 120) / number - 3)
    layers = [
        _chart(rows).mark_bar(color=colour["gold"], size=size, cornerRadiusEnd=1.5).encode(x=x, y=y, opacity=shade)
    ]
    if chart.mean is not None:
        rule = _chart([{"y": chart.mean.y}]).mark_rule(color=colour["muted"], strokeDash=[3, 4])
        layers.append(rule.encode(y=y))
        layers += _named(chart.labels, number - 0.5, x, y, 1, colour, ours=False)
    return layers


def _ends(*labels: tuple[float, str], begin: float = 0, until: float | None = None) -> Any:
    """An x axis that names its ends only."""
    end = labels[-1][0] if until is None else until
    said = json.dumps([text for _, text in labels])
    places = [at for at, _ in labels]
    names = f"{said}[indexof({json.dumps(places)}, datum.value)]"
    axis = alt.Axis(values=places, labelExpr=names, labelFlush=True, labelLimit=240, grid=False)
    return alt.X("x:Q", scale=alt.Scale(domain=[begin, end], nice=False), axis=axis)


def _measure(low: float, high: float, field: str = "y") -> Any:
    symbol = json.dumps(decimal_symbol(language()))
    said = f"replace(replace(format(datum.value, '.2f'), '.', {symbol}), '-', '\u2212')"
    axis = alt.Axis(tickCount=4, labelExpr=said)
    return alt.Y(f"{field}:Q", scale=alt.Scale(domain=[low, high], nice=False), axis=axis)


def _counts(most: float) -> Any:
    whole = {"values": [0, 1]} if most <= 1 else {"tickCount": 3, "tickMinStep": 1}
    return alt.Axis(labelExpr="replace(format(datum.value, ','), ',', '\u202f')", **whole)


def _line(
    points: Sequence[tuple[float, float]], x: Any, y: Any, colour: Colours, paint: str = "gold", **style: Any
) -> Any:
    rows = _chart({"x": at, "y": value} for at, value in points)
    return rows.mark_line(color=colour[paint], strokeCap="round", strokeJoin="round", **style).encode(x=x, y=y)


def _dot(points: Sequence[tuple[float, float]], x: Any, y: Any, paint: str) -> Any:
    """The end of a line."""
    last = _chart([{"x": points[-1][0], "y": points[-1][1]}])
    return last.mark_point(color=paint, filled=True, size=56, opacity=1).encode(x=x, y=y)


def _named(
    labels: Sequence[tuple[str, float]], at: float, x: Any, y: Any, pixel: float, colour: Colours, ours: bool = True
) -> list[Any]:
    """The labels at the right end of the lines, moved apart; the first one is gold where it is ours."""
    places = apart([place for _, place in labels], LINE * pixel)
    gold = [ours and not number for number in range(len(labels))]
    return [
        _chart([{"x": at, "y": place, "text": text}])
        .mark_text(
            align="left",
            dx=10,
            fontSize=FONT,
            fontWeight=600 if bright else 400,
            color=colour["gold"] if bright else colour["muted"],
        )
        .encode(x=x, y=y, text="text:N")
        for bright, (text, _), place in zip(gold, labels, places, strict=True)
    ]


def _chart(values: Iterable[dict[str, Any]]) -> Any:
    return alt.Chart({"values": list(values)})
