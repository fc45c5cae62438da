"""The form of a judgement at the desk: what is asked beside the strength, by key and by hand, and what becomes of it."""

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from playwright.sync_api import expect

from app.domain import projects
from app.domain.asking import Asks, Criterion
from app.vocabulary import Asked
from tests.browser.desks import EVERYTHING

WHY = Asks(rationale=Asked.optional, flags=True)
RATED = Asks(criteria=(Criterion("kind", "Kind"),))
TYPED = "it is shorter"


def left(desk, before):
    """Waits until another comparison is on show."""
    expect(desk.front).not_to_have_attribute("data-assignment", before)


def whole(desk):
    """Answers all that EVERYTHING asks, and sends nothing."""
    desk.press("2", "5", "3", "l", "r", "r", "w")
    desk.page.keyboard.type(TYPED)
    desk.press("Escape")


def chosen(desk):
    return desk.page.evaluate(
        "Object.fromEntries([...new FormData(judge)].filter(([name, value]) => value && !/^(assignment|lease_token|id)$/.test(name)))"
    )


def test_a_whole_judgement_by_keyboard_alone(desk):
    at = desk(asks=EVERYTHING)
    at.sit()
    before = at.shown()
    whole(at)
    at.press("f", "1", "3", "Escape")
    expect(at.page.locator("#flagged")).to_have_text("2")
    at.press("Enter")
    left(at, before)
    expect(at.page.locator("#said")).to_have_text("Left is better. The next comparison.")
    at.settled()
    (kept,) = at.stored()
    assert (kept["strength"], kept["good"]) == (-2, (True, False))
    assert kept["criteria"] == {"helpful": 1, "honest": -1}
    assert (kept["rationale"], kept["flags"]) == (TYPED, ["unsafe", "broken"])
    assert chosen(at) == {}
    assert at.page.locator("#flagged").text_content() == ""


def test_sending_with_something_missing_says_what_and_leads_there(desk):
    at = desk(asks=EVERYTHING)
    at.sit()
    before, notice = at.shown(), at.page.locator("#notice")
    at.press("Enter")
    expect(notice).to_contain_text("which one is better")
    at.press("5")
    expect(notice).to_be_hidden()
    at.press("Enter")
    expect(notice).to_contain_text("good enough")
    at.press("l", "r", "Enter")
    expect(notice).to_contain_text("criterion")
    at.press("1", "7", "Enter")
    expect(notice).to_contain_text("at least 5 characters")
    assert at.focus() == "rationale"
    at.page.keyboard.type("1234")
    at.press("Control+Enter")
    expect(notice).to_contain_text("at least 5 characters")
    at.page.keyboard.type("5")
    at.press("Control+Enter")
    left(at, before)
    at.settled()
    assert [(kept["criteria"], kept["good"]) for kept in at.stored()] == [({"helpful": -3, "honest": 3}, (True, True))]


def test_what_cannot_be_is_not_sent(desk):
    at = desk(asks=Asks(acceptable=True))
    at.sit()
    before = at.shown()
    at.press("6", "l", "r", "r", "Enter")
    expect(at.page.locator("#notice")).to_contain_text("cannot be good enough")
    assert at.shown() == before
    at.press("x")  # a tie of two bad ones says so of both, and saying otherwise makes it a plain tie
    assert chosen(at) == {"answer": "x", "acceptable_left": "no", "acceptable_right": "no"}
    at.press("l")
    assert chosen(at)["answer"] == "4"
    at.press("g", "Enter")
    left(at, before)
    at.settled()
    assert [(kept["strength"], kept["good"]) for kept in at.stored()] == [(0, (True, True))]


def test_a_draft_survives_a_reload_and_stays_with_its_comparison(desk):
    at = desk(asks=EVERYTHING)
    at.sit()
    before = at.shown()
    whole(at)
    said = chosen(at)
    at.sit()
    assert (at.shown(), chosen(at)) == (before, said)
    at.press("Enter")
    left(at, before)
    assert chosen(at) == {}
    at.settled()
    at.sit()
    assert chosen(at) == {}


def test_undo_brings_back_what_was_said(desk):
    at = desk(asks=EVERYTHING)
    at.sit()
    before = at.shown()
    whole(at)
    said = chosen(at)
    at.press("Enter")
    left(at, before)
    at.press("6")  # begun on the next one, and kept there
    at.press("z")
    assert (at.shown(), chosen(at)) == (before, said)
    at.press("1", "Enter")
    left(at, before)
    assert chosen(at) == {"answer": "6"}
    at.settled()
    assert [(kept["strength"], kept["rationale"]) for kept in at.stored()] == [(-3, TYPED)]


def test_where_a_key_sends_at_once_the_text_goes_along_and_comes_back(desk):
    at = desk(asks=WHY)
    at.sit()
    before = at.shown()
    at.press("w")
    at.page.keyboard.type("so it is 1")
    at.press("Escape", "f", "2", "Escape", "6")
    left(at, before)
    assert chosen(at) == {}
    at.press("z")
    assert (at.shown(), chosen(at)) == (before, {"rationale": "so it is 1", "flag": "personal data"})
    at.press("7")
    left(at, before)
    at.press("1")
    at.settled()
    assert [(kept["strength"], kept["rationale"], kept["flags"]) for kept in at.stored()] == [
        (3, "so it is 1", ["personal data"]),
        (-3, None, []),
    ]


@pytest.mark.parametrize("asks", [WHY, EVERYTHING])
def test_enter_in_a_flag_sends_nothing(desk, asks):
    at = desk(asks=asks)
    at.sit()
    before = at.shown()
    at.press("f")
    at.page.locator("#flags input").first.focus()
    at.press("Enter", "Control+Enter", "Shift+Enter", "Escape")
    assert at.shown() == before
    assert at.stored() == []


def test_digits_answer_the_row_that_has_the_focus_or_comes_next(desk):
    at = desk(asks=RATED)
    at.sit()
    row = at.page.locator("[data-row='criterion.kind']")
    at.page.locator("#extras summary").click()
    row.locator("input").first.focus()
    at.press("6")
    assert chosen(at) == {"criterion.kind": "6"}
    at.front.focus()
    at.press("2")
    assert chosen(at) == {"criterion.kind": "6", "answer": "2"}
    at.press("ArrowDown", "1", "ArrowUp", "7")
    assert chosen(at) == {"criterion.kind": "1", "answer": "7"}
    at.page.locator("[data-row=answer] input").nth(6).focus()
    at.press("ArrowLeft")  # a radio button's own key
    assert chosen(at)["answer"] == "6"


def test_by_hand_a_choice_opens_what_else_is_asked(desk):
    at = desk(asks=RATED)
    at.sit()
    before = at.shown()
    expect(at.page.locator("#asked")).to_be_hidden()
    at.page.locator("[data-row=answer] label").nth(1).click()
    at.page.locator("[data-row='criterion.kind'] label").nth(4).click()
    at.page.get_by_role("button", name="Send").click()
    left(at, before)
    at.settled()
    assert [(kept["strength"], kept["criteria"]) for kept in at.stored()] == [(-2, {"kind": 1})]


def test_a_key_that_is_held_down_answers_once(desk):
    at = desk()
    at.sit()
    before = at.shown()
    for _ in range(5):
        at.page.keyboard.down("6")  # every one after the first is a repetition
    at.page.keyboard.up("6")
    left(at, before)
    at.page.get_by_role("button", name="Both bad").focus()
    for _ in range(5):
        at.page.keyboard.down("Enter")
    at.page.keyboard.up("Enter")
    at.settled()
    assert [kept["strength"] for kept in at.stored()] == [2, 0]


def test_keys_belong_to_what_is_open(desk):
    at = desk(asks=WHY, guidelines="Read **both**.")
    at.sit()
    before = at.shown()
    for key, name in (("i", "guidelines"), ("?", "help"), ("s", "skip"), ("f", "flags")):
        at.press(key)
        expect(at.page.locator(f"#{name}")).to_be_visible()
        assert at.focus() == name  # so that it is read out, and Tab goes on within it
        at.press("6", "7", "x", "z", "Escape")
        expect(at.page.locator(f"#{name}")).to_be_hidden()
        assert at.focus() == "comparison"
    assert at.shown() == before
    assert at.stored() == []


def test_every_answer_is_measured(desk):
    at = desk()
    at.sit()
    for count, key in enumerate("17x", 1):
        at.press(key)
        at.page.wait_for_function(f"() => performance.getEntriesByName('touchstone:answer').length === {count}")
    assert all(at.page.evaluate("performance.getEntriesByName('touchstone:answer').map((one) => one.duration > 0)"))


def test_an_answer_that_the_server_refuses_comes_back_to_be_mended(desk):
    at = desk(asks=EVERYTHING)
    at.sit()
    before = at.shown()
    refusal = {"title": "no", "detail": "rationale: is not true", "status": 422}

    def refuse(route):
        route.fulfill(status=422, content_type="application/problem+json", body=json.dumps(refusal))

    at.page.route("**/preference?render=1", refuse, times=1)
    whole(at)
    said = chosen(at)
    at.press("Enter")
    expect(at.page.locator("#notice")).to_contain_text("is not true")
    expect(at.front).to_have_attribute("data-assignment", before)
    assert chosen(at) == said
    expect(at.page.locator("#counted")).to_have_text("0 of 12")
    at.press("Enter")
    left(at, before)
    at.settled()
    assert len(at.stored()) == 1


def test_what_the_project_asks_since_is_one_press_away(desk):
    at = desk()
    at.sit()
    with at.sessions.begin() as session:
        project = projects.get(session, at.slug)
        asks = Asks(rationale=Asked.required, rationale_least=5)
        projects.configure(project, replace(projects.settings(project), asks=asks), datetime.now(UTC))
    for _ in range(4):  # handed out before, and asked the old way
        before = at.shown()
        at.press("1")
        left(at, before)
        at.settled()
    before = at.shown()
    at.press("1")
    expect(at.page.locator("#notice")).to_contain_text("at least 5 characters")
    at.page.click("#notice a")
    expect(at.page.locator("#send")).to_be_visible()
    at.settled()
    expect(at.front).to_have_attribute("data-assignment", before)
    at.press("1", "w")
    at.page.keyboard.type("It is right.")
    at.press("Escape", "Enter")
    left(at, before)
    at.settled()
    assert len(at.stored()) == 5


def test_history_and_changing_ones_mind(desk):
    at = desk(asks=EVERYTHING)
    at.sit()
    before = at.shown()
    whole(at)
    at.press("Enter")
    left(at, before)
    at.settled()
    at.page.get_by_role("link", name="History").click()
    at.page.locator(".list a").click()
    at.page.wait_for_selector("html.js")
    at.press("f", "4", "Escape", "1", "Enter")
    at.page.wait_for_url("**/judgements")
    expect(at.page.locator(".list")).to_contain_text("Left is much better")
    (kept,) = at.stored()
    assert (kept["strength"], kept["flags"], kept["rationale"]) == (-3, ["not my field"], TYPED)
