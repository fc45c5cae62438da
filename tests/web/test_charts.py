"""Charts as SVG."""

import xml.etree.ElementTree as ElementTree
from concurrent.futures import ThreadPoolExecutor

import pytest

from app.web.charts import THEMES, Curve, Reference, Standing, apart, bounds, smoothed, svg, thinned
from app.web.templating import STATIC

CURVE = Curve("model", ((10, 0.5), (20, 0.7)), 40, "steps", (Reference("longer answer", 0.69),), ((10, 0.4), (20, 0.8)))
STANDING = Standing(
    (("people", 0.8, None, None), ("model", 0.77, 0.7, 0.8), ("longer answer", 0.7, None, None)), "model"
)


def test_the_colours_are_those_of_the_pages():
    css = (STATIC / "base.css").read_text()
    for name in THEMES["light"]:
        assert f"--{name}: light-dark({THEMES['light'][name]}, {THEMES['dark'][name]});" in css


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("width", [342, 520])
@pytest.mark.parametrize("chart", [CURVE, STANDING, Curve("loss", ((1, 0.69),), 1, "steps")])
def test_a_chart_is_as_wide_as_asked_see_through_and_in_its_colours(chart, width, theme):
    drawn = svg(chart, theme, width)
    root = ElementTree.fromstring(drawn)
    assert root.get("width") == str(width)
    assert THEMES[theme]["gold"] in drawn
    assert f"{chart.ours if isinstance(chart, Standing) else chart.name}" in drawn
    assert "0.69" in drawn or "0.70" in drawn
    assert not [
        rect for rect in root.iter("{http://www.w3.org/2000/svg}rect") if rect.get("fill") not in (None, "none")
    ]


def test_many_ask_at_once():
    charts = [Curve("loss", ((1, 0.7), (2, number / 10)), 2, "steps") for number in range(6)]
    with ThreadPoolExecutor(6) as pool:
        assert all(drawn.startswith("<svg") for drawn in pool.map(lambda chart: svg(chart, "light", 342), charts))


def test_labels_are_moved_apart_and_keep_their_order():
    assert apart([0.5, 0.1], 0.05) == [0.5, 0.1]
    moved = apart([0.51, 0.50, 0.49], 0.05)
    assert moved[0] - moved[1] == pytest.approx(0.05, abs=1e-3)
    assert moved[1] - moved[2] == pytest.approx(0.05, abs=1e-3)
    assert sum(moved) == pytest.approx(1.5)


def test_an_axis_has_air_and_is_never_too_fine():
    assert bounds([0.5, 0.5]) == pytest.approx((0.45, 0.55))
    low, high = bounds([0.0, 1.0])
    assert low < 0 < 1 < high


def test_a_running_mean_of_the_last_tenth():
    points = [(x, float(x % 2)) for x in range(40)]
    assert smoothed(points)[0] == (0, 0.0)
    assert smoothed(points)[-1] == (39, 0.5)
    assert smoothed([(1, 0.3)]) == ((1, 0.3),)


def test_many_points_are_thinned_to_what_can_be_seen_and_the_last_one_stays():
    points = [(float(step), 1.0) for step in range(3601)]
    found = thinned(points)
    assert len(found) <= 300
    assert found[-1] == points[-1]
    assert thinned(points[:7]) == tuple(points[:7])
    assert thinned([]) == ()
