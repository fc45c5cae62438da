"""Charts as SVG."""

import csv
import io
import xml.etree.ElementTree as ElementTree
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta

import pytest

from app.web import languages
from app.web.charts import Band, Bars, Curve, Reference, Rivals, apart, bounds, smoothed, thinned
from app.web.pictures import THEMES, svg
from app.web.templating import STATIC

CURVE = Curve("model", ((10, 0.5), (20, 0.7)), 40, "steps", (Reference("longer answer", 0.69),), ((10, 0.4), (20, 0.8)))
LOSS = Curve("loss", ((10, 0.7), (20, 0.65)), 40, "steps", behind=((10, 0.7), (20, 0.6)), smooths="report")
DAYS = tuple(date(2026, 11, 1) + timedelta(days=number) for number in range(29))
BARS = Bars(tuple((day, day.day % 7 * 100) for day in DAYS), Reference("240 a day", 240.0), ("Day", "Judgements"))
RIVALS = Rivals("run 2", ((5, 0.6), (10, 0.55)), "run 1", ((10, 0.58), (20, 0.5)), 20, "steps")
ONE = Band("α", ((DAYS[0], 0.4, 0.3, 0.5, 30),), ("Week from", "α", "Lowest", "Highest", "Comparisons"))
BAND = Band(
    "α",
    ((DAYS[0], 0.42, 0.38, 0.46, 1200), (DAYS[7], 0.35, -0.02, 0.4, 900)),
    ("Week from", "α", "Lowest", "Highest", "=Comparisons"),
)


def test_the_colours_are_those_of_the_pages():
    css = (STATIC / "base.css").read_text()
    for name in THEMES["light"]:
        assert f"--{name}: light-dark({THEMES['light'][name]}, {THEMES['dark'][name]});" in css


@pytest.fixture
def speak():
    """Makes this test a reader of a language."""
    reader = languages._Reader()
    token = languages._reader.set(reader)
    yield lambda language: setattr(reader, "language", language)
    languages._reader.reset(token)


@pytest.mark.parametrize("theme", THEMES)
@pytest.mark.parametrize("width", [342, 520])
@pytest.mark.parametrize("chart", [CURVE, LOSS, Curve("loss", ((1, 0.69),), 1, "steps"), BARS, BAND, ONE, RIVALS])
def test_a_chart_is_as_wide_as_asked_see_through_and_in_its_colours(chart, width, theme):
    drawn = svg(chart, theme, width)
    root = ElementTree.fromstring(drawn)
    assert root.get("width") == str(width)
    assert THEMES[theme]["gold"] in drawn
    for label, _ in chart.labels:
        assert label in drawn
    assert not [
        rect for rect in root.iter("{http://www.w3.org/2000/svg}rect") if rect.get("fill") not in (None, "none")
    ]


def test_a_chart_that_is_looked_at_alone_has_a_ground():
    for theme, colours in THEMES.items():
        assert f'fill="{colours["paper"]}"' in svg(BARS, theme, 520, alone=True)


def test_a_chart_speaks_the_readers_language(speak):
    said = {}
    for language in ("en", "de"):
        speak(language)
        said[language] = svg(BAND, "light", 520)
    assert "α 0.35" in said["en"]
    assert "8 Nov" in said["en"]
    assert "α 0,35" in said["de"]
    assert "8. Nov" in said["de"]
    assert "0.20" not in said["de"]


def test_a_name_that_would_end_a_text_does_not():
    name = 'somebody\'s "own" \\ way'
    assert "own" in svg(Curve("m", ((1, 0.5),), 9, name), "light", 520)


def test_the_figures_behind_a_chart():
    assert CURVE.table().head == ("Steps", "Model", "Longer answer")
    assert CURVE.table().shown() == [["10", "0.500", "0.690"], ["20", "0.700", "0.690"]]
    assert BAND.table().shown()[1] == ["8 November 2026", "0.350", "−0.020", "0.400", "900"]
    assert LOSS.table().head == ("Steps", "Report", "Loss")
    assert LOSS.table().shown()[1] == ["20", "0.600", "0.650"]
    assert RIVALS.table().head == ("Steps", "Run 2", "Run 1")
    assert RIVALS.table().shown()[0] == ["5", "0.600", "–"]
    assert BARS.table().shown()[6] == ["7 November 2026", "0"]


def test_figures_to_take_away_are_for_machines_and_no_formulas():
    found = list(csv.reader(io.StringIO(BAND.table().csv())))
    assert found == [
        ["Week from", "α", "Lowest", "Highest", "'=Comparisons"],
        ["2026-11-01", "0.42", "0.38", "0.46", "1200"],
        ["2026-11-08", "0.35", "-0.02", "0.4", "900"],
    ]
    assert list(csv.reader(io.StringIO(RIVALS.table().csv())))[1] == ["5", "0.6", ""]


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
