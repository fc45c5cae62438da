"""Charts as somebody asks for them: pictures in the colours of a page or by themselves, and the figures behind them."""

from dataclasses import dataclass
from functools import lru_cache
from threading import Lock
from typing import Annotated, Literal

from fastapi import Depends, Query
from starlette.responses import Response

from app.domain.errors import NotFound
from app.web.charts import Chart
from app.web.languages import language

# the tokens of static/base.css, which an image cannot reach; a test compares them
THEMES = {
    "light": {"muted": "#67635b", "line": "#e4e0d8", "gold": "#8a6000", "paper": "#fbfaf7"},
    "dark": {"muted": "#a8a297", "line": "#2f2e2a", "gold": "#e5bb52", "paper": "#141412"},
}
WIDTHS = {"wide": 520, "narrow": 342}
Theme = Literal["light", "dark"]
Size = Literal["wide", "narrow"]
Kind = Literal["svg", "csv"]
_lock = Lock()


@dataclass(frozen=True)
class Look:
    """How a picture is wanted. `alone` has a ground of its own: it is looked at outside of our pages."""

    theme: Theme
    size: Size
    alone: bool


def look(theme: Theme = "light", size: Size = "wide", alone: Annotated[bool, Query()] = False) -> Look:
    """The look that a request asks for."""
    return Look(theme, size, alone)


Looks = Annotated[Look, Depends(look)]


def answer(chart: Chart | None, kind: Kind, wanted: Look, name: str) -> Response:
    """The chart as a response of that kind, called `name` where somebody keeps it; raises NotFound without a chart."""
    if chart is None:
        raise NotFound("There is nothing to draw yet.")
    headers = {"Content-Disposition": f'attachment; filename="{name}.{kind}"'} if wanted.alone or kind == "csv" else {}
    if kind == "csv":
        return Response(chart.table().csv(), media_type="text/csv; charset=utf-8", headers=headers)
    drawn = svg(chart, wanted.theme, WIDTHS[wanted.size], wanted.alone)
    return Response(drawn, media_type="image/svg+xml", headers=headers)


def svg(chart: Chart, theme: str, width: int, alone: bool = False) -> str:
    """The chart in "light" or "dark", `width` pixels wide so that its text comes out in the size of the page's."""
    return _svg(chart, theme, width, alone, language())


@lru_cache(maxsize=128)
def _svg(chart: Chart, theme: str, width: int, alone: bool, _language: str) -> str:
    # Altair and vl-convert are loaded with the first chart, not with the process
    from app.web.drawing import draw

    with _lock:  # one V8, one chart at a time
        return draw(chart, THEMES[theme], width, alone)
