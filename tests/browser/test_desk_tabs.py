"""Several tabs of one person: one judges at a time, and none shows again, loses or counts twice what was answered in another."""

import pytest
from playwright.sync_api import expect

from app.domain.asking import Asks
from app.vocabulary import Asked
from tests.browser.test_desk_sitting import RENEWAL, judge, left

PUT = "**/preference?render=1"
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
    at.context.unroute(PUT)
    at.page.clock.fast_forward(20_000)
    at.settled()
    ((route, reply),) = held
    assert answered in {str(one["id"]) for one in reply.json()["assignments"]}
    with at.page.expect_response(RENEW):
        route.fulfill(response=reply)
    at.page.wait_for_timeout(100)
    assert at.page.locator(f"[data-assignment='{answered}']").count() == 0
