"""The settings of a project on their page: what is asked, what would surprise whoever works, and two admins at once."""

import html
import re

import pytest

from app.domain import audit, projects
from app.domain.asking import Asks, Criterion
from app.vocabulary import Asked
from tests.web.browsing import HOSTILE
from tests.web.conftest import lines, pairs, upload

PATH = "/projects/study/settings"
FINE = {"name": "A study", "overlap": "1", "retrain_every": "0"}
ASKED = {
    "acceptable": "1",
    "criterion_key": ["helpful", "", ""],
    "criterion_name": ["Helpful", "Näher am Text", ""],
    "criterion_hint": ["Does it help?", "", ""],
    "rationale": "required",
    "rationale_least": "20",
    "flags": "1",
}


def found(sessions):
    with sessions() as session:
        project = projects.get(session, "study")
        return projects.settings(project), project.asks_since


NUMBERS = (
    *("name", "overlap", "retrain_every", "max_per_annotator", "session_goal"),
    *("pass_mark", "quiz_questions", "quiz_attempts", "seen"),
)


def typed(page):
    """What the form would send as it stands."""
    fields = {}
    for name, value in re.findall(r'<input[^>]*name="(\w+)"[^>]*?value="([^"]*)"', page):
        if name in NUMBERS:
            fields[name] = html.unescape(value)
    return fields | {"guidelines": html.unescape(re.search(r"<textarea[^>]*>([^<]*)", page)[1])}


@pytest.fixture
def working(admin, ann, study):
    """Four comparisons, of which ann holds two."""
    upload(admin, content=lines(*pairs(4)))
    return ann.post("/projects/study/assignments", json={"count": 2}).json()["assignments"]


def test_what_is_asked_is_set_and_shown(boss, study, sessions, clock):
    boss.submit(PATH, **FINE, **ASKED, session_goal="40")
    asks = Asks(
        acceptable=True,
        criteria=(Criterion("helpful", "Helpful", "Does it help?"), Criterion("naher_am_text", "Näher am Text")),
        rationale=Asked.required,
        rationale_least=20,
        flags=True,
    )
    settings, since = found(sessions)
    assert (settings.asks, settings.session_goal, since) == (asks, 40, clock())
    page = boss.get(PATH).text
    for shown in ('value="helpful"', 'value="naher_am_text"', 'value="Does it help?"', 'value="required" selected'):
        assert shown in page
    clock.forward(hours=1)
    boss.submit(PATH, **FINE, **ASKED, session_goal="50")
    assert found(sessions) == (projects.Settings(name="A study", asks=asks, session_goal=50), since)
    boss.submit(PATH, **FINE)
    assert found(sessions) == (projects.Settings(name="A study"), clock())
    assert "asks whether each response is acceptable, Helpful, Näher am Text" in boss.text("/audit")


def test_who_saves_something_else_leaves_what_is_asked_as_it_is(boss, study, sessions, clock):
    asked = FINE | {"rationale": "optional", "rationale_least": "20"}
    boss.submit(PATH, **asked)
    _, since = found(sessions)
    clock.forward(hours=1)
    assert re.search(r'name="rationale_least"[^>]* value="20"', boss.get(PATH).text)
    boss.submit(PATH, **asked | {"name": "Renamed"})
    settings, now = found(sessions)
    assert (settings.name, settings.asks.rationale_least, now) == ("Renamed", 20, since)
    boss.submit(PATH, **asked | {"rationale_least": ""})
    assert found(sessions)[0].asks.rationale_least == 1


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"criterion_name": "", "criterion_key": "x"}, "Criteria need names; that of x is empty."),
        ({"criterion_name": "A", "criterion_key": "Ä"}, "Criteria need keys of lower-case letters"),
        ({"criterion_name": ["A", "a"]}, "Criteria need a key of their own each."),
        ({"criterion_name": [f"c{n}" for n in range(9)]}, "Criteria are more than 8."),
        ({"rationale": "required", "rationale_least": "0"}, "must be between 1 and 2000"),
        ({"rationale": "perhaps"}, "Why, in words must be one of"),
        ({"pass_mark": "101"}, "Pass mark must be between 1 and 100"),
        ({"quiz_questions": "51"}, "Questions of an attempt must be between 1 and 50"),
        ({"quiz_attempts": "0"}, "Attempts at the quiz must be between 1 and 100"),
        ({"session_goal": "many"}, "Goal of a sitting must be a whole number"),
        ({"session_goal": "0"}, "Goal of a sitting must be between 1 and 10000"),
    ],
)
def test_what_makes_no_sense_is_said_at_its_field(boss, study, sessions, wrong, said):
    page = boss.submit(PATH, 422, **FINE | wrong, guidelines=HOSTILE)
    assert said in page
    assert HOSTILE in page
    assert found(sessions) == (projects.Settings(name="A study"), None)
    assert said in boss.submit("/projects", 422, slug="new-one", **FINE | wrong)


def test_what_would_surprise_whoever_works_is_told_first(boss, ann, bob, working, sessions):
    given = {"id": "00000000-0000-4000-8000-000000000001", "lease_token": working[0]["lease_token"], "strength": 1}
    assert ann.put(f"/assignments/{working[0]['id']}/preference", json=given).status_code == 200
    wanted = FINE | ASKED | {"overlap": "3", "max_per_annotator": "1", "pass_mark": "80"}
    page = boss.post(PATH, data=wanted)
    for said in (
        "1 batch that is there keeps the overlap of its upload.",
        "1 person holds 1 comparison, asked the old way, and may answer so.",
        "1 judgement was given as it was asked before.",
        "1 person who judges here has not qualified",
        "until a batch for qualification is open, nobody can qualify",
        "1 person is past the new limit",
    ):
        assert said in page.text
    assert found(sessions)[0] == projects.Settings(name="A study")
    mark = re.search(r'name="confirmed" value="(\w+)"', page.text)[1]
    assert "Nothing is saved yet" in boss.submit(PATH, **wanted | {"overlap": "4"}, confirmed=mark)
    assert "Saved." in boss.submit(PATH, **wanted, confirmed=mark)
    settings = found(sessions)[0]
    assert (settings.overlap, settings.max_per_annotator, settings.pass_mark) == (3, 1, 80)
    assert "Saved." in boss.submit(PATH, **wanted | {"session_goal": "9", "guidelines": "Be kind"})


def test_two_admins_do_not_overwrite_each_other(boss, admin, study, sessions):
    seen = typed(boss.get(PATH).text)
    settings = {"name": "Theirs", "overlap": 2, "guidelines": "Theirs", "session_goal": 10}
    assert admin.put("/projects/study", json=settings).status_code == 200
    mine = seen | {"guidelines": "Mine", "session_goal": "20", "retrain_every": "7"}
    answer = boss.post(PATH, data=mine)
    assert answer.status_code == 409
    assert "admin@example.org changed settings" in answer.text
    page = boss.submit(PATH, 409, **mine)
    assert "Name Theirs You had not touched it" in page
    assert "Goal of a sitting 10 You typed something else." in page
    merged = typed(answer.text)
    assert (
        merged["name"],
        merged["overlap"],
        merged["guidelines"],
        merged["session_goal"],
        merged["retrain_every"],
    ) == (
        "Theirs",
        "2",
        "Mine",
        "20",
        "7",
    )
    assert found(sessions)[0].guidelines == "Theirs"
    assert "Saved." in boss.submit(PATH, **merged)
    after = found(sessions)[0]
    assert (after.name, after.overlap, after.guidelines, after.session_goal) == ("Theirs", 2, "Mine", 20)


def test_guidelines_are_shown_as_they_would_be_read(boss, looker):
    shown = boss.post("/guidelines-preview", data={"guidelines": f"Be **kind**. {HOSTILE}"})
    assert "<strong>kind</strong>" in shown.text
    assert "<script" not in shown.text
    assert looker.post("/guidelines-preview", data={"guidelines": "x"}).status_code == 403


def test_the_log_tells_of_new_settings(boss, study, sessions):
    boss.submit(PATH, **FINE | {"pass_mark": "", "session_goal": "5"})
    with sessions() as session:
        [entry, *_] = audit.newest(session, audit.Wanted(), 1)
    assert (entry.action, entry.details) == ("project changed", {"session_goal": [None, 5]})


def test_programs_set_them_too(admin, study, sessions):
    asks = {"acceptable": True, "criteria": [{"key": "safe", "name": "Safe"}], "rationale": "optional", "flags": True}
    numbers = {"pass_mark": 70, "quiz_questions": 10, "quiz_attempts": 3, "session_goal": 30}
    answer = admin.put("/projects/study", json={"name": "P", "asks": asks} | numbers)
    assert answer.status_code == 200
    assert answer.json()["asks"] == asks | {
        "criteria": [{"key": "safe", "name": "Safe", "hint": ""}],
        "rationale_least": 1,
    }
    assert {name: answer.json()[name] for name in numbers} == numbers
    assert found(sessions)[0].asks.criteria == (Criterion("safe", "Safe"),)
    refused = admin.put("/projects/study", json={"asks": {"criteria": [{"key": "No key", "name": "x"}]}})
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "criteria")
    assert admin.put("/projects/study", json={"pass_mark": 0}).status_code == 422
