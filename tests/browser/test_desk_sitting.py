"""Hours at the desk: breaks, goals, other tabs, leases that ran out, connections that go, accounts that end."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from playwright.sync_api import expect
from sqlalchemy import update

from app.domain import assignments, people, projects
from app.domain.asking import Asks
from app.storage.tables import Assignment, Person, Project
from app.vocabulary import Asked, Role
from tests.browser.desks import EVERYTHING

MINUTE = 60_000
RENEWAL = 6 * MINUTE


def left(desk, before):
    """Waits until another comparison is on show."""
    expect(desk.front).not_to_have_attribute("data-assignment", before)


def judge(desk, keys):
    for key in keys:
        before = desk.shown()
        desk.press(key)
        left(desk, before)


def run_out(desk):
    """Ends all of the person's leases, as time does."""

    def work(session):
        session.execute(
            update(Assignment)
            .where(Assignment.project_id == desk.project_id, Assignment.state == "leased")
            .values(lease_expires_at=datetime.now(UTC) - timedelta(seconds=1))
        )
        assignments.sweep(session, datetime.now(UTC))

    desk.change(work)


def somebody_else(desk, count):
    """Leases that many to another annotator."""

    def work(session):
        now = datetime.now(UTC)
        person, _ = people.add(session, f"other-{desk.slug}@example.org", "", Role.annotator, now)
        tasks = assignments.next_tasks(session, desk.project_id, person.id, count, now, timedelta(hours=1))
        return {task.id for task in tasks}

    return desk.change(work)


def test_a_break_stops_the_clock_and_keeps_what_was_begun(desk):
    at = desk(asks=Asks(rationale=Asked.optional, flags=True))
    at.page.clock.install()
    at.sit()
    before = at.shown()
    at.page.clock.fast_forward(20_000)
    at.press("w", "o", "k", "Escape")
    at.page.locator(".progress").click()
    at.page.locator("#break").click()
    expect(at.page.locator("#pause")).to_contain_text("No time is counted")
    expect(at.page.locator(".comparison:visible")).to_have_count(0)
    for key in ("4", "s", "1", "z", "f", "Escape", "x"):
        at.press(key)
        at.page.clock.fast_forward(5 * MINUTE)
    at.page.get_by_role("button", name="Go on").click()
    assert (at.shown(), at.page.locator("#rationale").input_value()) == (before, "ok")
    at.page.clock.fast_forward(10_000)
    judge(at, "6")
    at.settled()
    (kept,) = at.stored()
    assert 30_000 <= kept["active_ms"] < 35_000


def test_a_break_is_offered_after_fifty_minutes_of_work_and_idle_time_is_none(desk):
    at = desk(rows=None)
    at.page.clock.install()
    at.sit()
    notice = at.page.locator("#notice")
    at.page.clock.fast_forward(60 * MINUTE)  # nobody touches anything
    judge(at, "4")
    at.settled()
    expect(notice).to_be_hidden()
    for _ in range(7):
        for _ in range(8):
            at.page.clock.fast_forward(MINUTE)
            at.press("Shift")
        judge(at, "4")
        at.settled()
    expect(notice).to_contain_text("50 minutes")
    notice.get_by_role("button", name="Take a break").click()
    expect(at.page.locator("#pause")).to_be_visible()
    expect(notice).to_be_hidden()


def test_a_goal_is_counted_towards_and_said_when_it_is_reached(desk):
    at = desk(goal=3)
    at.sit()
    counted, notice = at.page.locator("#counted"), at.page.locator("#notice")
    expect(counted).to_have_text("0 of 3")
    at.page.locator(".progress").click()
    expect(at.page.locator("#goal")).to_have_value("3")
    at.press("Escape")
    judge(at, "12")
    expect(counted).to_have_text("2 of 3")
    expect(notice).to_be_hidden()
    judge(at, "3")
    expect(notice).to_contain_text("the goal of this sitting")
    at.page.get_by_role("button", name="Dismiss").click()
    assert at.focus() == "comparison"
    at.press("z")
    expect(counted).to_have_text("2 of 3")
    at.page.locator(".progress").click()
    at.page.locator("#goal").select_option("")
    expect(counted).to_have_text("2 of 12")


def test_a_second_tab_says_so_and_may_take_over(desk):
    at = desk(asks=EVERYTHING)
    at.sit()
    at.press("2")
    other = at.tab()
    other.goto(f"/projects/{at.slug}/annotate")
    expect(other.locator("#pause")).to_contain_text("open in another tab")
    other.keyboard.press("s")
    expect(other.locator("#skip")).to_be_hidden()
    first = at.shown()
    at.press("5", "3", "l", "r", "w")
    at.page.keyboard.type("words")
    at.press("Escape", "Enter")
    left(at, first)
    at.settled()
    at.press("6")  # begun here, to be ended there
    second = at.shown()
    other.get_by_role("button", name="Work here").click()
    shown = other.locator(".comparison:visible")
    expect(shown).to_have_attribute("data-assignment", second)
    expect(other.locator("[name=answer][value='6']")).to_be_checked()
    expect(at.page.locator("#pause")).to_contain_text("open in another tab")
    at.press("7", "Enter", "z")
    at.settled()
    assert len(at.stored()) == 1
    other.close()
    expect(at.page.locator("#pause")).to_be_hidden()  # it is the only one again
    assert at.shown() == second


def test_who_comes_back_after_the_lease_ran_out_goes_on_where_nobody_else_has_it(desk):
    at = desk(asks=Asks(rationale=Asked.optional))
    at.page.clock.install()
    at.sit()
    before, words = at.shown(), at.front.text_content()
    at.press("w", "o", "k", "Escape")
    run_out(at)
    at.page.clock.fast_forward(RENEWAL)
    left(at, before)
    assert at.front.text_content() == words
    assert at.page.locator("#rationale").input_value() == "ok"
    expect(at.page.locator("#notice")).to_be_hidden()
    judge(at, "6")
    at.settled()
    assert [kept["strength"] for kept in at.stored()] == [2]
    assert at.front.text_content() != words


def test_who_comes_back_when_somebody_else_has_it_is_told(desk):
    at = desk()
    at.page.clock.install()
    at.sit()
    before = at.shown()
    run_out(at)
    somebody_else(at, 4)
    at.page.clock.fast_forward(RENEWAL)
    notice = at.page.locator("#notice")
    expect(notice).to_contain_text("ran out")
    assert at.shown() == before
    notice.get_by_role("button", name="Go to the next one").click()
    left(at, before)
    expect(notice).to_be_hidden()
    judge(at, "4")
    at.settled()
    assert len(at.stored()) == 1


def test_a_renewal_that_crosses_answers_takes_nothing_away_and_brings_nothing_twice(desk):
    at = desk()
    at.page.clock.install()
    at.sit()
    held = []
    at.page.route("**/assignments?render=1", lambda route: held.append((route, route.fetch())), times=1)
    at.page.clock.fast_forward(RENEWAL)
    seen = []
    for key in "1234":  # all that was held when it was asked for, and more comes with each answer
        seen.append(at.shown())
        judge(at, key)
        at.settled()
    front = at.shown()
    ((route, reply),) = held
    assert {str(one["id"]) for one in reply.json()["assignments"]} == set(seen)  # as it was before all this
    route.fulfill(response=reply)
    expect(at.page.locator("#notice")).to_be_hidden()
    assert at.shown() == front
    for key in "567":
        seen.append(at.shown())
        judge(at, key)
    at.settled()
    assert len(set(seen)) == 7
    assert [kept["strength"] for kept in at.stored()] == [-3, -2, -1, 0, 1, 2, 3]


def test_offline_then_a_reload_then_an_undo(desk):
    at = desk()
    at.sit()
    first = at.shown()
    at.page.route("**/api/v1/**", lambda route: route.abort())
    judge(at, "12")
    expect(at.page.locator("#saved")).to_contain_text("Offline, 2 waiting")
    at.page.goto(f"/projects/{at.slug}/annotate")
    expect(at.page.locator("#saved")).to_contain_text("Offline, 2 waiting")
    at.press("z", "z")
    expect(at.front).to_have_attribute("data-assignment", first)
    at.page.unroute("**/api/v1/**")
    judge(at, "6")
    at.settled()
    judge(at, "7")
    at.settled()
    assert [kept["strength"] for kept in at.stored()] == [2, 3]


def test_an_undo_while_the_reply_is_on_its_way(desk):
    at = desk(asks=Asks(rationale=Asked.optional))
    at.sit()
    first, held = at.shown(), []
    at.page.route("**/preference?render=1", lambda route: held.append(route), times=1)
    with at.page.expect_request("**/preference?render=1"):
        at.press("1")
    left(at, first)
    at.press("z")
    assert at.shown() == first
    at.press("7")
    left(at, first)
    held[0].continue_()
    at.settled()
    assert [kept["strength"] for kept in at.stored()] == [3]
    assert at.page.locator(f"[data-assignment='{first}']").count() == 0
    expect(at.page.locator("#counted")).to_have_text("1 of 12")


def test_what_ends_while_one_works_is_said_and_loses_nothing(desk):
    at = desk()
    at.sit()

    def active(is_active):
        at.change(lambda session: setattr(session.get_one(Person, at.person_id), "active", is_active))

    active(False)
    judge(at, "16")
    notice = at.page.locator("#notice")
    expect(notice).to_contain_text("deactivated")
    expect(notice.get_by_role("link", name="Sign in")).to_have_attribute(
        "href", f"/sign-in?next=%2Fprojects%2F{at.slug}%2Fannotate"
    )
    expect(at.page.locator("#saved")).to_have_text("Signed out")
    notice.get_by_role("button", name="Dismiss").click()
    active(True)
    at.settled()
    expect(notice).to_be_hidden()
    assert [kept["strength"] for kept in at.stored()] == [-3, 2]


def test_who_sits_for_long_hears_what_changed_meanwhile(desk):
    at = desk(asks=Asks(rationale=Asked.optional), guidelines="Short is good.")
    at.page.clock.install()
    at.sit()
    notice = at.page.locator("#notice")

    def change(**what):
        def work(session):
            project = session.get_one(Project, at.project_id)
            projects.configure(project, replace(projects.settings(project), **what), datetime.now(UTC))

        at.change(work)
        at.page.clock.fast_forward(RENEWAL)

    at.page.clock.fast_forward(RENEWAL)
    expect(notice).to_be_hidden()
    change(guidelines="Long is good.")
    expect(notice).to_contain_text("The guidelines have changed")
    at.press("w", "o", "k", "Escape")
    change(asks=Asks(rationale=Asked.required, rationale_least=2))
    expect(notice).to_contain_text("What this project asks has changed")
    notice.get_by_role("link", name="Load the page anew").click()
    expect(at.page.locator("#guidelines")).to_contain_text("Long is good.")
    expect(notice).to_be_hidden()
    expect(at.page.locator("#rationale")).to_have_value("ok")
    at.page.clock.fast_forward(RENEWAL)
    expect(notice).to_be_hidden()


def test_readers_of_screens_hear_what_happened(desk):
    at = desk()
    at.sit()
    said = at.page.locator("#said")
    expect(said).to_have_attribute("role", "status")
    judge(at, "x")
    expect(said).to_have_text("Both bad. The next comparison.")
    assert at.focus() == "comparison"
    at.press("s", "1")
    expect(said).to_have_text("Skipped. The next comparison.")
    at.press("z")
    expect(said).to_have_text("Taken back.")
    at.settled()
    at.context.set_offline(True)
    judge(at, "4")
    expect(said).to_contain_text("Offline")
    at.context.set_offline(False)
    at.settled()


def test_the_queue_that_ran_dry_offline_is_filled_at_once(desk):
    at = desk()
    at.sit()
    at.context.set_offline(True)
    judge(at, "123")
    at.press("4")
    expect(at.page.locator("#empty")).to_be_visible()
    at.context.set_offline(False)
    expect(at.front).to_be_visible(timeout=20_000)
    at.settled()
    assert len(at.stored()) == 4
    assert len(at.assignments("leased")) == 4


def test_single_keys_can_be_switched_off(desk):
    at = desk()
    at.sit()
    before = at.shown()
    at.press("?")
    at.page.get_by_label("Keys are on").uncheck()
    at.press("Escape", "4", "d", "s")
    assert at.shown() == before
    expect(at.page.locator("#skip")).to_be_hidden()
    at.sit()
    at.press("4")
    assert at.shown() == before
    at.page.get_by_role("button", name="4 tie: They are as good").click()
    left(at, before)


def test_after_the_last_one_the_focus_is_where_that_is_said(desk):
    at = desk(rows=[{"prompt": "Why?", "response_a": "a", "response_b": "b"}])
    at.sit()
    at.press("x")
    expect(at.page.locator("#said")).to_have_text("Both bad. That is all for now.")
    assert at.focus() == "empty"
    at.press("z", "g")
    at.settled()
    assert [kept["good"] for kept in at.stored()] == [(True, True)]
