"""Several tabs of one person: one judges at a time, and none shows again, loses or counts twice what was answered in another."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from playwright.sync_api import expect
from sqlalchemy import select, update

from app.domain import projects
from app.domain.asking import Asks
from app.storage.tables import Assignment, Batch, Project
from app.vocabulary import Asked
from tests.browser.test_desk_sitting import RENEWAL, judge, left

PUT = "**/preference?render=1"
LATER = timedelta(minutes=1)
RENEW = "**/assignments?render=1"


@pytest.fixture
def two(desk):
    """A desk and another tab of it, which waits."""

    def make(**options):
        at = desk(**options)
        at.sit()
        other = at.tab()
        other.goto(f"/projects/{at.slug}/annotate")
        expect(other.locator("#pause")).to_contain_text("open in another tab")
        return at, other

    return make


def work_in(page):
    page.get_by_role("button", name="Work here").click()


def until(page, true):
    for _ in range(100):
        if true():
            return
        page.wait_for_timeout(100)
    raise AssertionError("it did not come to that")


def shown_in(page):
    return page.locator(".comparison:visible")


def test_what_another_tab_answered_and_could_not_send_is_not_shown_again(two):
    at, other = two()
    at.context.route(PUT, lambda route: route.abort())
    answered = at.shown()
    judge(at, "1")
    second = at.shown()
    work_in(other)
    expect(shown_in(other)).to_have_attribute("data-assignment", second)
    at.context.unroute(PUT)
    other.keyboard.press("6")
    at.settled(other)
    assert [kept["strength"] for kept in at.stored()] == [-3, 2]
    assert other.locator(f"[data-assignment='{answered}']").count() == 0


def test_a_desk_that_was_taken_back_while_it_changed_hands_is_not_worked_at_twice(two):
    at, other = two()
    held = []
    other.route(RENEW, lambda route: held.append(route), times=1)
    with other.expect_request(RENEW):
        work_in(other)
    work_in(at.page)
    expect(at.front).to_be_visible()
    held[0].continue_()
    with other.expect_response(RENEW):
        pass
    other.wait_for_timeout(100)
    expect(other.locator("#pause")).to_be_visible()
    assert shown_in(other).count() == 0


def test_a_reload_with_answers_that_wait_brings_none_of_them_back(desk):
    at = desk()
    at.page.clock.install()
    at.sit()
    at.context.route(PUT, lambda route: route.abort())
    answered = at.shown()
    judge(at, "1")
    at.page.goto(f"/projects/{at.slug}/annotate")
    left(at, answered)
    held = []
    at.page.route(RENEW, lambda route: held.append((route, route.fetch())), times=1)
    at.page.clock.fast_forward(RENEWAL)
    until(at.page, lambda: held)
    at.context.unroute(PUT)
    at.page.clock.fast_forward(20_000)
    at.settled()
    ((route, reply),) = held
    assert answered in {str(one["id"]) for one in reply.json()["assignments"]}
    with at.page.expect_response(RENEW):
        route.fulfill(response=reply)
    at.page.wait_for_timeout(100)
    assert at.page.locator(f"[data-assignment='{answered}']").count() == 0


def asks_more(at):
    """What the project asks changes, so that what was answered will not do."""

    def work(session):
        project = session.get_one(Project, at.project_id)
        wanted = Asks(rationale=Asked.required, rationale_least=2)
        projects.configure(project, replace(projects.settings(project), asks=wanted), datetime.now(UTC) - LATER)
        session.execute(
            update(Assignment)
            .where(Assignment.project_id == at.project_id, Assignment.state == "leased")
            .values(leased_at=datetime.now(UTC))
        )

    at.change(work)


def test_an_answer_that_will_not_do_comes_back_where_it_was_given(two):
    at, other = two(asks=Asks(rationale=Asked.optional))
    first = at.shown()
    at.context.route(PUT, lambda route: route.abort())
    at.press("w", "o", "Escape")
    judge(at, "6")
    expect(at.page.locator("#saved")).to_contain_text("Offline")
    asks_more(at)
    at.context.unroute(PUT)
    other.evaluate("dispatchEvent(new Event('online'))")  # it hears of it first
    other.wait_for_timeout(300)
    expect(at.front).to_have_attribute("data-assignment", first, timeout=20_000)
    expect(at.page.locator("#rationale")).to_have_value("o")
    expect(at.page.locator("#notice")).to_contain_text("could not take")
    expect(at.page.locator("#counted")).to_have_text("0 of 12")


def test_what_waits_is_sent_when_the_tab_that_judged_is_closed(two):
    at, other = two(asks=Asks(rationale=Asked.optional))
    at.context.route(PUT, lambda route: route.abort())
    judge(at, "15")
    at.context.unroute(PUT)
    at.page.close()
    until(other, lambda: len(at.stored()) == 2)
    at.settled(other)
    assert [kept["strength"] for kept in at.stored()] == [-3, 1]


def test_an_answer_that_will_not_do_comes_back_elsewhere_when_its_tab_is_closed(two):
    at, other = two(asks=Asks(rationale=Asked.optional))
    first = at.shown()
    at.context.route(PUT, lambda route: route.abort())
    at.press("w", "o", "Escape")
    judge(at, "1")
    at.page.close()
    asks_more(at)
    at.context.unroute(PUT)
    expect(other.locator("#notice")).to_contain_text("could not take", timeout=20_000)
    other.get_by_role("link", name="Go on").click()
    expect(shown_in(other)).to_have_attribute("data-assignment", first)
    expect(other.locator("#rationale")).to_have_value("o")


def test_what_waits_is_sent_from_the_page_of_projects(desk):
    at = desk()
    at.sit()
    at.context.route(PUT, lambda route: route.abort())
    judge(at, "16")
    at.context.unroute(PUT)
    at.page.goto("/")
    until(at.page, lambda: len(at.stored()) == 2)
    assert [kept["strength"] for kept in at.stored()] == [-3, 2]
    expect(at.page.locator("#leftover")).to_be_hidden()


def test_what_is_held_is_judged_after_a_pass_mark_was_set(desk):
    at = desk()
    at.sit()
    at.change(lambda session: setattr(session.get_one(Project, at.project_id), "pass_mark", 80))
    at.page.goto(f"/projects/{at.slug}/quiz")
    at.page.get_by_role("link", name="Judge what you hold").click()
    at.settled()
    for key in "123":
        judge(at, key)
    at.press("4")
    expect(at.page.locator("#empty")).to_be_visible()
    at.settled()
    assert len(at.stored()) == 4
    at.page.goto(f"/projects/{at.slug}/annotate")
    assert at.page.url.endswith("/quiz")


def closed(at):
    """Its batch is closed: nothing of it can be taken back."""

    def work(session):
        for batch in session.scalars(select(Batch).where(Batch.project_id == at.project_id)):
            batch.state = "closed"

    at.change(work)


@pytest.mark.parametrize("again", [False, True])
def test_an_undo_that_is_refused_counts_what_stands_once(desk, again):
    at = desk(goal=5)
    at.sit()
    judge(at, "12")
    at.settled()
    expect(at.page.locator("#counted")).to_have_text("2 of 5")
    first = at.page.evaluate("JSON.parse(Object.values(sessionStorage)[0]).at(-1).task.id")
    closed(at)
    held = []
    at.page.route(PUT, lambda route: held.append(route) if route.request.method == "DELETE" else route.fallback())
    with at.page.expect_request(PUT):
        at.press("z")
    expect(at.page.locator("#counted")).to_have_text("1 of 5")
    if again:
        judge(at, "7")
        expect(at.page.locator("#counted")).to_have_text("2 of 5")
    held[0].continue_()
    left(at, str(first))
    expect(at.page.locator("#notice")).to_contain_text("could not take")
    at.settled()
    expect(at.page.locator("#counted")).to_have_text("2 of 5")
    at.page.locator(".progress").click()
    expect(at.page.locator("#sat-count")).to_have_text("2")


def test_a_sitting_goes_on_in_the_other_tab(two):
    at, other = two(goal=9)
    judge(at, "123")
    at.settled()
    work_in(other)
    expect(other.locator("#counted")).to_have_text("3 of 9")
    other.keyboard.press("4")
    expect(other.locator("#counted")).to_have_text("4 of 9")


def test_what_was_begun_under_another_lease_is_not_filled_in(desk):
    at = desk(asks=Asks(rationale=Asked.optional))
    at.sit()
    at.press("w", "o", "k", "Escape")
    at.page.goto(f"/projects/{at.slug}/annotate")
    expect(at.page.locator("#rationale")).to_have_value("ok")
    numbered = update(Assignment).where(Assignment.id == int(at.shown()))
    at.change(lambda session: session.execute(numbered.values(lease_token="that of another database")))
    at.page.goto(f"/projects/{at.slug}/annotate")
    expect(at.front).to_be_visible()
    expect(at.page.locator("#rationale")).to_have_value("")


@pytest.mark.parametrize(("letter", "place"), [("ы", "KeyS"), ("ד", "KeyS"), ("σ", "KeyS")])
def test_letters_work_where_they_would_be_on_other_keyboards(desk, letter, place):
    at = desk()
    at.sit()
    press = "([key, code]) => document.body.dispatchEvent(new KeyboardEvent('keydown', { key, code, bubbles: true }))"
    at.page.evaluate(press, [";", "KeyS"])  # a Latin keyboard of another order
    expect(at.page.locator("#skip")).to_be_hidden()
    at.page.evaluate(press, [letter, place])
    expect(at.page.locator("#skip")).to_be_visible()
