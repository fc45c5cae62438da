"""A project's overview and the quality of its judgements: what the pages say, their charts, and where they lead."""

import re
import xml.etree.ElementTree as ElementTree
from datetime import timedelta

from app.domain import projects
from app.storage.tables import Preference
from app.vocabulary import Flag
from tests.domain.judging import hire, judge
from tests.web.browsing import HOSTILE, by, words
from tests.web.conftest import lines, pairs, upload


def test_the_overview_says_how_the_project_stands(boss, judged, run_id):
    page = boss.text("/projects/study")
    assert re.match(r"Agreement is \w+ \(α −?0\.\d\d, −?0\.\d\d–0\.\d\d\)\.", page)
    assert "All 30 judgements that were asked for are in." in page
    assert "10 comparisons are disputed: somebody prefers the one answer, somebody the other" in page
    assert "1 row of Autumn was refused" in page
    assert "There are no guidelines" in page
    assert re.search(r"ann 30 – 0\.67 0\.\d\d–0\.\d\d – – imported", page)
    assert "Nobody judged here in the last four weeks." in page
    boss.post(f"/projects/study/training-runs/{run_id}/promotion")
    answer = boss.get("/projects/study")
    assert "How far the model is from people" in answer.text
    assert "model 0.77, people 0.81, longer answer 0.71" in answer.text
    assert 'href="/projects/study/comparisons?kind=disputed"' in answer.text


def work(session, clock, days):
    """Ann and Ben judge five comparisons each of the days until now."""
    project = projects.get(session, "study")
    folk = hire(session, clock, "cleo", "dan")
    begun = clock()
    for day in range(days):
        for person in folk.values():
            judge(session, project, person, begun + timedelta(days=day), *[1, -1, 2, -2, 1], active_ms=70_000)
    clock.forward(days=days)


def test_the_overview_foresees_the_end(boss, admin, study, sessions, clock):
    upload(admin, content=lines(*pairs(100)), overlap=2)
    assert "Nothing was judged in the last four weeks" in boss.text("/projects/study")
    with sessions.begin() as session:
        work(session, clock, 3)
    assert "30 of 200 judgements. When it will be done can be told after a week of work." in boss.text(
        "/projects/study"
    )
    with sessions.begin() as session:
        work(session, clock, 5)
    page = boss.text("/projects/study")
    assert "80 of 200 judgements. At the pace of the last four weeks it is done on 24 January" in page
    assert re.search(r"cleo@example\.org .*?40 1 min 10 s", page)


def test_charts_are_pictures_and_figures(boss, admin, study, sessions, clock):
    upload(admin, content=lines(*pairs(40)), overlap=2)
    for name in ("pace", "agreement", "ceiling"):
        for kind in ("svg", "csv"):
            assert boss.get(f"/projects/study/{name}.{kind}").status_code == 404
    with sessions.begin() as session:
        work(session, clock, 5)
    for name in ("pace", "agreement"):
        for options in ("", "?theme=dark", "?size=narrow&theme=dark", "?alone=true"):
            answer = boss.get(f"/projects/study/{name}.svg{options}")
            assert answer.headers["content-type"] == "image/svg+xml"
            assert ("attachment" in answer.headers.get("content-disposition", "")) == ("alone" in options)
            ElementTree.fromstring(answer.text)
        assert boss.get(f"/projects/study/{name}.svg?theme=pink").status_code == 422
        assert boss.get(f"/projects/study/{name}.png").status_code == 404
    answer = boss.get("/projects/study/pace.csv")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["content-disposition"] == 'attachment; filename="study-pace.csv"'
    rows = answer.text.splitlines()
    assert (rows[0], len(rows)) == ("Day (UTC),Judgements", 30)
    assert rows[-2:] == [f"{clock() - timedelta(days=1):%Y-%m-%d},10", f"{clock():%Y-%m-%d},0"]
    page = boss.get("/projects/study")
    for link in ("pace.csv", "pace.svg?alone=true", "agreement.csv"):
        assert f'href="/projects/study/{link}' in page.text
    assert f"{(clock() - timedelta(days=1)).day} January 2026 10" in words(page)
    german = {"accept-language": "de"}
    assert f"{(clock() - timedelta(days=1)).day}. Januar 2026" in boss.get("/projects/study", headers=german).text
    assert boss.get("/projects/study/pace.csv", headers=german).text.splitlines()[1:] == rows[1:]


def test_flags_lead_to_what_was_flagged(boss, judged, sessions):
    with sessions.begin() as session:
        session.query(Preference).limit(1).one().flags = [Flag.personal_data]
    answer = boss.get("/projects/study")
    assert "1 comparison is flagged for personal data" in words(answer)
    assert 'href="/projects/study/comparisons?flag=personal%20data"' in answer.text


def test_whoever_answers_by_chance_is_named(boss, admin, study):
    rows = []
    for number, row in enumerate(pairs(40)):
        annotations = [{"annotator": "good", "choice": "a"}, {"annotator": HOSTILE, "choice": "ab"[number % 2]}]
        rows.append(row | {"gold": "a", "annotations": annotations})
    more = [
        row | {"id": f"x{row['id']}", "prompt": "More?", "annotations": by(2, 1 if n % 2 else -1)}
        for n, row in enumerate(pairs(20))
    ]
    assert upload(admin, content=lines(*rows, *more)).status_code == 201
    page = boss.text("/projects/study")
    assert re.match(r"Agreement is \w+ \(.*\): one annotator is no better than chance\.", page)
    assert f"{HOSTILE} answers no better than chance (0.50 on 40 gold comparisons)" in page
    assert f"{HOSTILE} · wants a look 40 – – 0.50 0.35–0.65" in page


def test_quality_shows_each_measure_with_its_interval(boss, admin, judged):
    upload(admin, content=lines(*pairs(3, prompt="Other?", annotations=by(1), id=None)), name="Alone")
    page = boss.text("/projects/study/quality")
    assert re.search(r"Krippendorff’s α, ordinal 0\.\d\d 0\.\d\d–0\.\d\d 30", page)
    assert re.search(r"Two people give the same answer 0\.67 0\.\d\d–0\.\d\d 30", page)
    assert "exactly 2 judgements" in page
    assert "3 comparisons have a single judgement and say nothing about agreement." in page
    assert re.search(r"ann ben 0\.\d\d 30", page)
    assert re.search(r"Autumn open 0\.\d\d 0\.\d\d–0\.\d\d 30", page)
    chosen = boss.text(f"/projects/study/quality?batch={judged + 1}")
    assert "Agreement needs comparisons that two or more people have judged." in chosen
    assert "Who works" not in chosen
    boss.text("/projects/study/quality?batch=999999", 404)
    boss.text("/projects/study/quality?batch=x", 422)


def test_annotators_are_sorted_and_turned_over_on_the_server(boss, admin, study):
    rows = [
        row | {"annotations": [{"annotator": f"w{n:02}", "choice": "a"} for n in range(number, 30)]}
        for number, row in enumerate(pairs(30))
    ]
    assert upload(admin, content=lines(*rows)).status_code == 201

    def named(query=""):
        page = words(boss.get(f"/projects/study/quality{query}"))
        table = page[page.index("Last seen (UTC)") : page.index("When somebody is marked")]
        return re.findall(r"\bw\d\d\b", table), page

    found, page = named()
    assert found == [f"w{n:02}" for n in range(29, 4, -1)]
    assert "Page 1 of 2" in page
    assert named("?page=2")[0] == [f"w{n:02}" for n in range(4, -1, -1)]
    assert named("?sort=name")[0][:2] == ["w00", "w01"]
    assert named("?sort=judgements&down=false")[0][:2] == ["w00", "w01"]
    answer = boss.get("/projects/study/quality?sort=name&down=true")
    assert (
        '<th scope="col" aria-sort="descending"><a class="sort" href="/projects/study/quality?sort=name&amp;down=false#annotators">'
        in answer.text
    )
    assert 'href="/projects/study/quality?sort=name&amp;down=true&amp;page=2#annotators"' in answer.text
    assert boss.get("/projects/study/quality?sort=secret").status_code == 422
    assert boss.get("/projects/study/quality?page=0").status_code == 422
    assert named("?page=9") == named("?page=2")


def test_one_of_each_is_said_of_one(boss, admin, study):
    upload(admin, content=lines(pairs(1)[0] | {"annotations": by(0)}), overlap=1)
    assert "1 judgement of 1 comparison. 1 comparison has a single" in boss.text("/projects/study/quality")
    listed = boss.get("/projects/study/comparisons").text
    one = re.search(r"/projects/study/comparisons/\d+", listed)[0]
    assert "1 of the 1 judgement that its batch asks for." in boss.text(one)
    export = boss.get("/projects/study/export", params={"chosen": "1", "format": "comparisons"})
    assert "1 tie, 0 late" in words(export)
