"""One's own judgements as pages: a list, each with its comparison, and the form to change it."""

import re
import uuid

import pytest
from sqlalchemy import select

from app.domain import asking, batches, projects
from app.domain.asking import Asks, Criterion
from app.storage.tables import Batch, Preference, PreferenceHistory
from app.vocabulary import Asked, BatchState
from app.web.pages import judgements
from tests.web.conftest import lines, pairs, upload
from tests.web.test_api_assignments import answer, lease, put
from tests.web.test_judging import checked

LIST = "/projects/study/judgements"
ASKS = Asks(True, (Criterion("kind", "Kind"),), Asked.optional, 1, True)
SAID = {
    "acceptable": {"left": False, "right": True},
    "criteria": {"kind": -2},
    "flags": ["broken"],
    "rationale": "so",
    "active_ms": 900,
}


@pytest.fixture
def judged(admin, study, ann, sessions, clock):
    """Three judgements of Ann's, the first one first: strengths 1, 2, 3."""
    with sessions.begin() as session:
        projects.get(session, study).asks = asking.written(ASKS)
    upload(admin, content=lines(*pairs(5)))
    tasks = lease(ann, 3)
    for strength, task in enumerate(tasks, 1):
        clock.forward(minutes=1)
        assert put(ann, task, answer(task, strength, **SAID)).status_code == 200
    return tasks


@pytest.fixture
def form(browsers):
    """Sends the form of a judgement with what is in it, changed by `fields`."""

    def send(task, name="ann", **fields):
        page = browsers[name].get(f"{LIST}/{task['id']}").text
        hidden = dict(re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page))
        chosen = dict(checked(page))
        return browsers[name].post(f"{LIST}/{task['id']}", data=hidden | chosen | fields, follow_redirects=False)

    return send


def stored(sessions):
    with sessions() as session:
        session.connection(execution_options={"read_only": True})
        return {found.assignment_id: found for found in session.scalars(select(Preference))}


def close(sessions):
    with sessions.begin() as session:
        batches.change(session, session.scalars(select(Batch)).one(), BatchState.closed)


def test_the_newest_stands_first_with_what_was_said(browsers, judged):
    shown = browsers["ann"].text(LIST)
    found = [shown.index(words) for words in ("Right is much better", "Right is better", "Right is slightly better")]
    assert found == sorted(found)
    assert "broken" in shown
    assert "stays as it is" not in shown


def test_an_empty_list_teaches(browsers, study):
    assert "Nothing here yet" in browsers["ann"].text(LIST)


def test_page_by_page(browsers, judged, monkeypatch):
    monkeypatch.setattr(judgements, "LISTED", 2)
    page = browsers["ann"].get(LIST).text
    (earlier,) = re.findall(r'href="([^"]+\?before=[^"]+)"', page)
    last = browsers["ann"].get(earlier).text
    assert len(re.findall(rf'href="{LIST}/(\d+)"', page)) == 2
    assert re.findall(rf'href="{LIST}/(\d+)"', last) == [str(judged[0]["id"])]
    assert "?before=" not in last
    assert "The newest" in last
    assert "Nothing here yet" not in browsers["ann"].text(f"{LIST}?before={uuid.uuid4()}")
    for garbage in ("x" * 99, "%00", "x"):
        assert browsers["ann"].get(f"{LIST}?before={garbage}").status_code == 422


def test_the_form_holds_what_was_said(browsers, judged):
    page = browsers["ann"].get(f"{LIST}/{judged[2]['id']}").text
    assert checked(page) == {
        ("answer", "7"),
        ("acceptable_left", "no"),
        ("acceptable_right", "yes"),
        ("criterion.kind", "2"),
        ("flag", "broken"),
    }
    assert ">so</textarea>" in page
    assert judged[2]["left"] in page


def test_a_change_takes_its_place_and_the_answer_before_is_kept(judged, form, sessions):
    before = stored(sessions)[judged[0]["id"]]
    changed = form(judged[0], answer="1", acceptable_left="yes", acceptable_right="no", rationale="I had misread it")
    assert (changed.status_code, changed.headers["location"]) == (303, LIST)
    after = stored(sessions)[judged[0]["id"]]
    assert (-after.strength if after.swapped else after.strength) == -3
    assert after.rationale == "I had misread it"
    assert after.criteria == before.criteria
    with sessions() as session:
        session.connection(execution_options={"read_only": True})
        assert session.get(PreferenceHistory, before.id).why == "revised"


def test_a_change_takes_nothing_away_that_is_not_asked_any_more(judged, form, sessions, clock):
    before = stored(sessions)[judged[0]["id"]]
    clock.forward(minutes=1)
    with sessions.begin() as session:
        projects.configure(projects.get(session, "study"), projects.Settings(), clock())
    assert form(judged[0], answer="7").status_code == 303
    after = stored(sessions)[judged[0]["id"]]
    assert (abs(before.strength), abs(after.strength)) == (1, 3)
    for name in ("criteria", "flags", "rationale", "acceptable_a", "acceptable_b", "active_ms"):
        assert getattr(after, name) == getattr(before, name) is not None, name
    # what is good enough would now contradict it
    assert form(judged[0], answer="1").status_code == 303
    turned = stored(sessions)[judged[0]["id"]]
    assert (turned.acceptable_a, turned.acceptable_b, turned.criteria) == (None, None, before.criteria)


def test_what_cannot_be_is_said_and_kept(judged, form, sessions):
    refused = form(judged[0], answer="1")
    assert refused.status_code == 422
    assert "the worse response will do" in refused.text
    assert ("answer", "1") in checked(refused.text)


def test_a_closed_batch_is_looked_at_and_not_changed(browsers, judged, form, sessions):
    close(sessions)
    before = stored(sessions)[judged[0]["id"]].id
    assert "stays as it is" in browsers["ann"].text(LIST)
    page = browsers["ann"].get(f"{LIST}/{judged[0]['id']}").text
    assert 'id="send"' not in page
    assert re.search(r'<fieldset class="whole" id="scale" disabled', page)
    refused = form(judged[0], answer="6")
    assert refused.status_code == 409
    assert "closed" in refused.text
    assert stored(sessions)[judged[0]["id"]].id == before


def test_somebody_elses_is_none(browsers, judged):
    path = f"{LIST}/{judged[0]['id']}"
    assert browsers["bob"].get(path).status_code == 404
    assert browsers["admin"].get(path).status_code == 404
    assert browsers["bob"].post(path, data={"answer": "4"}).status_code in (404, 409, 422)
    assert "Nothing here yet" in browsers["bob"].text(LIST)
    assert browsers["ann"].get(f"{LIST}/999999").status_code == 404


def test_hostile_prompts_are_text_in_the_list(browsers, admin, study, ann):
    upload(admin, content=lines(pairs(1)[0] | {"prompt": "<script>alert(1)</script><img src=x onerror=alert(1)>"}))
    (task,) = lease(ann)
    put(ann, task, answer(task))
    assert "<script>alert(1)" in browsers["ann"].text(LIST)
