"""The desk without JavaScript: one form, and what it says when something is missing in it."""

import html
import re
import uuid
from types import SimpleNamespace

import pytest
from sqlalchemy import select

from app.domain import asking, projects
from app.domain.asking import Asks, Criterion
from app.storage.tables import Assignment, Preference
from app.vocabulary import Asked
from tests.web.conftest import lines, pairs, upload
from tests.web.test_api_assignments import lease

CRITERIA = (Criterion("helpful", "Helpful & kind", "<b>hint</b>"), Criterion("honest", "Honest"))
EVERYTHING = Asks(True, CRITERIA, Asked.required, 5, True)
WHOLE = {
    "answer": "2",
    "acceptable_left": "yes",
    "acceptable_right": "no",
    "criterion.helpful": "1",
    "criterion.honest": "4",
    "rationale": "it is shorter",
    "flag": ["unsafe", "not my field"],
}
DESK = "/projects/study/annotate"


@pytest.fixture
def work(admin, study):
    assert upload(admin, content=lines(*pairs(6))).status_code == 201


@pytest.fixture
def ask(sessions, study):
    def change(asks):
        with sessions.begin() as session:
            projects.get(session, study).asks = asking.written(asks)

    return change


@pytest.fixture
def desk(browsers, work):
    """Ann's desk: its page, and the form sent with what is on the page."""
    ann = browsers["ann"]

    def hidden(page):
        return {name: value for name, value in re.findall(r'<input type="hidden" name="(\w+)" value="([^"]*)"', page)}

    def send(**fields):
        return ann.post(DESK, data=hidden(ann.get(DESK).text) | fields, follow_redirects=False)

    return SimpleNamespace(page=lambda: ann.get(DESK).text, send=send, hidden=hidden, browser=ann)


@pytest.fixture
def stored(sessions):
    def read():
        with sessions() as session:
            session.connection(execution_options={"read_only": True})
            return list(session.scalars(select(Preference)))

    return read


def checked(page):
    """(name, value) of all that is chosen in a page."""
    found = re.findall(r'<input[^>]* name="([^"]+)" value="([^"]*)" ?[^>]*checked', page)
    return {(name, value) for name, value in found}


def notice(page):
    return html.unescape(re.search(r'id="notice"[^>]*><span>(.*?)</span>', page)[1])


def test_a_whole_answer_is_stored_with_all_of_its_parts(desk, ask, stored):
    ask(EVERYTHING)
    assert desk.send(**WHOLE).status_code == 303
    (kept,) = stored()
    sign = -1 if kept.swapped else 1
    assert kept.strength == -2 * sign
    assert kept.criteria == {"helpful": -3 * sign, "honest": 0}
    assert (kept.acceptable_b, kept.acceptable_a)[:: -1 if not kept.swapped else 1] == (True, False)
    assert (kept.rationale, kept.flags) == ("it is shorter", ["unsafe", "not my field"])


@pytest.mark.parametrize(
    ("without", "said"),
    [
        ("answer", "which one is better"),
        ("acceptable_left", "must be said of each response"),
        ("acceptable_right", "must be said of each response"),
        ("criterion.honest", "must have a strength for honest"),
        ("rationale", "at least 5 characters"),
    ],
)
def test_what_is_missing_is_said_and_the_rest_is_kept(desk, ask, stored, without, said):
    ask(EVERYTHING)
    before = desk.hidden(desk.page())
    refused = desk.send(**{name: value for name, value in WHOLE.items() if name != without})
    assert refused.status_code == 422
    assert said in notice(refused.text)
    assert stored() == []
    chosen = {(name, one) for name, value in WHOLE.items() for one in ([value] if isinstance(value, str) else value)}
    assert checked(refused.text) == {(name, value) for name, value in chosen if name not in (without, "rationale")}
    assert ("it is shorter" in refused.text) is (without != "rationale")
    again = desk.hidden(refused.text)
    assert (again["assignment"], again["lease_token"]) == (before["assignment"], before["lease_token"])
    assert desk.browser.post(DESK, data=again | WHOLE, follow_redirects=False).status_code == 303


@pytest.mark.parametrize(
    "said",
    [
        {"answer": "6"},
        {"answer": "4"},
        {"answer": "x"},
        {"answer": "g"},
        {"answer": "8"},
        {"answer": "-1"},
        {"answer": "2", "acceptable_left": "no", "acceptable_right": "yes"},
        {"answer": "2", "acceptable_left": "perhaps"},
        {"answer": "2", "criterion.helpful": "x"},
        {"answer": "2", "criterion.kind": "1"},
        {"answer": "2", "flag": "odd"},
    ],
)
def test_what_cannot_be_is_not_stored(desk, ask, stored, said):
    ask(EVERYTHING)
    refused = desk.send(**WHOLE | said)
    assert refused.status_code == 422
    assert notice(refused.text)
    assert stored() == []


@pytest.mark.parametrize(("key", "good"), [("x", False), ("g", True)])
@pytest.mark.parametrize("asks", [Asks(), Asks(acceptable=True), Asks(criteria=CRITERIA)])
def test_a_tie_of_two_bad_or_good_ones_says_so_of_both(desk, ask, stored, key, good, asks):
    ask(asks)
    assert (
        desk.send(
            answer=key, **{"criterion.helpful": "4", "criterion.honest": "4"} if asks.criteria else {}
        ).status_code
        == 303
    )
    (kept,) = stored()
    assert (kept.strength, kept.acceptable_a, kept.acceptable_b) == (0, good, good)


def test_hostile_names_and_texts_are_shown_as_text(desk, ask):
    ask(EVERYTHING)
    refused = desk.send(**WHOLE | {"answer": "", "rationale": '</textarea><script>alert(1)</script>"'}).text
    assert "<script>alert" not in refused
    assert "&lt;/textarea&gt;&lt;script&gt;" in refused
    assert "<b>hint" not in refused


def test_what_was_typed_for_one_comparison_never_stands_under_another(desk, ask, clock, bob):
    """Its lease ran out while it was typed, and somebody else has it by now."""
    ask(EVERYTHING)
    old = desk.hidden(desk.page())
    clock.forward(hours=2)
    lease(bob)
    refused = desk.browser.post(DESK, data=old | WHOLE | {"rationale": ""})
    assert refused.status_code == 422
    assert desk.hidden(refused.text)["assignment"] != old["assignment"]
    assert checked(refused.text) == set()


def test_the_same_form_sent_twice_is_one_answer(desk, stored):
    fields = desk.hidden(desk.page()) | {"answer": "7"}
    for _ in range(2):
        assert desk.browser.post(DESK, data=fields, follow_redirects=False).status_code == 303
    assert len(stored()) == 1


def test_enter_in_a_field_presses_no_button_that_sends_or_undoes(desk, ask):
    """What browsers press is the first button of a form: it sends what is chosen, which is refused where that is not all."""
    for asks in (Asks(rationale=Asked.optional, flags=True), EVERYTHING):
        ask(asks)
        form = desk.page().split('<form class="judge"')[1]
        assert re.search(r"<button[^>]*>", form)[0] == "<button hidden>"


def test_a_skip_needs_a_reason_that_there_is(desk, stored, sessions):
    assert desk.send(skip="unclear").status_code == 303
    assert desk.send(skip="bored").status_code == 422
    with sessions() as session:
        session.connection(execution_options={"read_only": True})
        assert session.scalars(select(Assignment.skip_reason).where(Assignment.state == "skipped")).all() == ["unclear"]


@pytest.mark.parametrize(
    "fields",
    [{"answer": "4", "id": "no id"}, {"answer": "4", "assignment": "x"}, {"answer": "4", "lease_token": "\x00"}],
)
def test_garbage_is_refused_with_a_page(desk, stored, fields):
    refused = desk.send(**fields)
    assert refused.status_code in (409, 422)
    assert refused.headers["content-type"].startswith("text/html") or fields.get("assignment")
    assert stored() == []


def test_an_undo_takes_back_the_last_answer_and_says_when_there_is_none(desk, stored):
    assert desk.send(undo="1").status_code == 409
    desk.send(answer="4", id=str(uuid.uuid4()))
    assert desk.send(undo="1").status_code == 303
    assert stored() == []


def test_an_undo_takes_back_a_skip_where_that_was_done_last(desk, stored, clock):
    shown = []
    for fields in ({"answer": "2"}, {"skip": "unclear"}, {"answer": "6"}, {"skip": "other"}):
        shown.append(desk.hidden(desk.page())["assignment"])
        clock.forward(seconds=20)
        assert desk.send(**fields, id=str(uuid.uuid4())).status_code == 303
        clock.forward(seconds=1)
    left = []
    for done in reversed(shown):
        assert desk.send(undo="1").status_code == 303
        clock.forward(seconds=1)
        left.append(len(stored()))
        assert done in desk.page()
        assert desk.hidden(desk.page())["assignment"] == done
    assert left == [2, 1, 1, 0]
    assert desk.send(undo="1").status_code == 409
