"""Annotating as a person does it, in a browser, through everything that can go wrong on the way."""

import re
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from playwright.sync_api import expect
from sqlalchemy import select

from app.domain import projects
from app.storage.session import make_sessions
from app.storage.tables import Assignment, Preference


@pytest.fixture
def stored(engine):
    """What is in the database: (strength as shown, acceptable left) of every preference, in order of arrival."""

    def read():
        wanted = (
            select(Preference, Assignment.swapped)
            .join(Assignment, Assignment.id == Preference.assignment_id)
            .order_by(Preference.received_at, Preference.id)
        )
        with make_sessions(engine)() as session:
            session.connection(execution_options={"read_only": True})
            return [
                (-found.strength if swapped else found.strength, found.acceptable_b if swapped else found.acceptable_a)
                for found, swapped in session.execute(wanted)
            ]

    return read


def begin(page):
    page.click("text=Annotate")
    expect(page.locator("#saved")).to_have_text("Saved")


def shown(page):
    return page.locator(".comparison:visible").get_attribute("data-assignment")


def press(page, keys):
    """One key after another, each on a comparison of its own."""
    for key in keys:
        before = shown(page)
        page.keyboard.press(key)
        page.wait_for_function(
            "before => document.querySelector('.comparison:not([hidden])')?.dataset.assignment !== before", arg=before
        )


def settled(page):
    expect(page.locator("#saved")).to_have_text("Saved", timeout=30_000)


def test_every_key_says_what_it_means(tab, stored):
    begin(tab)
    press(tab, "1234567")
    settled(tab)
    press(tab, "xg")
    settled(tab)
    expected = [(strength, None) for strength in range(-3, 4)] + [(0, False), (0, True)]
    assert stored() == expected
    expect(tab.locator("#counted")).to_have_text("9 of 30")


def test_answers_given_offline_arrive_once_when_the_connection_is_back(tab, stored):
    begin(tab)
    press(tab, "7")
    settled(tab)
    tab.context.set_offline(True)
    press(tab, "123")
    expect(tab.locator("#saved")).to_have_text("Offline, 3 waiting")
    tab.keyboard.press("5")
    expect(tab.locator("#empty-words")).to_contain_text("Your answers are kept here")
    tab.context.set_offline(False)
    settled(tab)
    press(tab, "6")
    settled(tab)
    assert [strength for strength, _ in stored()] == [3, -3, -2, -1, 1, 2]


def test_a_server_killed_between_two_clicks_loses_and_doubles_nothing(tab, stored, server):
    begin(tab)
    press(tab, "1")
    server.kill()
    press(tab, "27")
    expect(tab.locator("#saved")).to_have_text(re.compile("Offline, [23] waiting"), timeout=10_000)
    server.start()
    settled(tab)
    press(tab, "6")
    settled(tab)
    assert [strength for strength, _ in stored()] == [-3, -2, 3, 2]


def test_a_page_closed_with_answers_waiting_sends_them_when_it_is_opened_again(tab, stored, server):
    begin(tab)
    press(tab, "4")
    settled(tab)
    tab.context.set_offline(True)
    press(tab, "17")
    other = tab.context.new_page()
    tab.close()
    other.context.set_offline(False)
    other.goto(server.url + "/projects/study/annotate")
    settled(other)
    press(other, "5")
    settled(other)
    assert [strength for strength, _ in stored()] == [0, -3, 3, 1]


def test_a_reply_that_is_lost_doubles_nothing(tab, stored):
    """The server has stored the answer, the browser never hears of it and sends it again."""
    begin(tab)
    lost = []

    def lose_first(route):
        if route.request.method == "PUT" and not lost:
            lost.append(route.fetch())
            route.abort()
        else:
            route.continue_()

    tab.route("**/api/v1/assignments/**", lose_first)
    press(tab, "27")
    settled(tab)
    assert lost[0].ok
    assert [strength for strength, _ in stored()] == [-2, 3]


def test_undo_takes_back_what_was_sent_and_what_was_not(tab, stored):
    begin(tab)
    first = shown(tab)
    press(tab, "1")
    settled(tab)
    tab.keyboard.press("z")
    assert shown(tab) == first
    settled(tab)
    assert stored() == []
    press(tab, "7")
    settled(tab)
    tab.context.set_offline(True)
    press(tab, "2")
    tab.keyboard.press("z")
    tab.context.set_offline(False)
    press(tab, "6")
    settled(tab)
    assert [strength for strength, _ in stored()] == [3, 2]


def test_undo_reaches_back_beyond_a_reload(tab, stored):
    begin(tab)
    first = shown(tab)
    press(tab, "1")
    settled(tab)
    tab.reload()
    settled(tab)
    tab.keyboard.press("z")
    expect(tab.locator(".comparison:visible")).to_have_attribute("data-assignment", first)
    press(tab, "7")
    settled(tab)
    assert [strength for strength, _ in stored()] == [3]


def test_time_on_task_leaves_out_the_coffee_break(tab, engine):
    tab.clock.install()
    begin(tab)
    tab.clock.fast_forward(20_000)
    tab.keyboard.press("Shift")
    tab.clock.fast_forward(30 * 60_000)
    press(tab, "4")
    settled(tab)
    with make_sessions(engine)() as session:
        active_ms = session.scalars(select(Preference.active_ms)).one()
        session.rollback()
    assert 80_000 <= active_ms < 90_000


def test_skip_asks_why_and_can_be_undone(tab, stored, engine):
    begin(tab)
    first = shown(tab)
    tab.keyboard.press("s")
    expect(tab.locator("#skip")).to_be_visible()
    press(tab, "2")
    settled(tab)
    with make_sessions(engine)() as session:
        found = session.scalars(select(Assignment).where(Assignment.state == "skipped")).one()
        assert (str(found.id), found.skip_reason) == (first, "not my field")
        session.rollback()
    tab.keyboard.press("z")
    assert shown(tab) == first
    press(tab, "7")
    settled(tab)
    assert [strength for strength, _ in stored()] == [3]


def test_the_mouse_does_all_of_it(tab, stored):
    begin(tab)
    tab.get_by_role("button", name="2 Left is better").click()
    tab.get_by_role("button", name="Both bad").click()
    tab.get_by_role("button", name="Skip").click()
    tab.locator("#skip").get_by_role("button", name="Broken").click()
    tab.get_by_role("button", name="Undo").click()
    tab.get_by_role("button", name="7 Right is much better").click()
    settled(tab)
    assert stored() == [(-2, None), (0, False), (3, None)]


def test_signed_out_people_keep_their_answers(tab, stored, server, study):
    begin(tab)
    cookies = tab.context.cookies()
    tab.context.clear_cookies()
    press(tab, "3")
    expect(tab.locator("#saved")).to_have_text("Signed out")
    expect(tab.locator("#notice")).to_contain_text("Your answers wait here")
    tab.context.add_cookies(cookies)
    settled(tab)
    assert [strength for strength, _ in stored()] == [-1]


def test_without_scripts_it_is_a_plain_form(browser, server, study, stored):
    context = browser.new_context(base_url=server.url, java_script_enabled=False)
    page = context.new_page()
    page.goto(study())
    page.click("text=Start")
    page.click("text=Annotate")
    page.get_by_role("button", name="1 Left is much better").click()
    page.get_by_role("button", name="Both good").click()
    page.get_by_role("button", name="Undo").click()
    page.get_by_role("button", name="6 Right is better").click()
    page.get_by_role("button", name="Skip").click()
    page.locator("#skip").get_by_role("button", name="Other").click()
    expect(page.locator("#counted")).to_have_text("2 of 30")
    assert [strength for strength, _ in stored()] == [-3, 2]
    context.close()


def test_the_last_comparison_leads_to_an_end_and_new_ones_appear(tab, stored):
    begin(tab)
    for _ in range(30):
        press(tab, "4")
        settled(tab)
    expect(tab.locator("#empty")).to_be_visible()
    expect(tab.get_by_role("button", name="4 tie: They are as good")).to_be_disabled()
    assert len(stored()) == 30


def test_undo_of_an_answer_whose_reply_was_lost_takes_it_back_from_the_server(tab, stored):
    begin(tab)
    lost = []

    def lose_first(route):
        if route.request.method == "PUT" and not lost:
            lost.append(route.fetch())
            route.abort()
        else:
            route.continue_()

    tab.route("**/api/v1/assignments/**", lose_first)
    first = shown(tab)
    press(tab, "2")
    expect(tab.locator("#saved")).to_contain_text("Offline")
    assert len(stored()) == 1
    tab.keyboard.press("z")
    assert shown(tab) == first
    settled(tab)
    assert stored() == []


def test_answers_wait_while_somebody_else_is_signed_in(tab, stored, server, study):
    begin(tab)
    tab.context.set_offline(True)
    press(tab, "17")
    assert tab.context.request.post(server.url + study("bob@example.org")).ok  # which is not offline
    tab.context.set_offline(False)
    expect(tab.locator("#saved")).to_have_text("Signed out", timeout=20_000)
    assert stored() == []
    assert tab.context.request.post(server.url + study("ann@example.org")).ok
    settled(tab)
    assert [strength for strength, _ in stored()] == [-3, 3]


def test_nothing_is_undone_behind_an_open_dialog(tab, stored):
    begin(tab)
    press(tab, "1")
    settled(tab)
    for key in "s?":
        tab.keyboard.press(key)
        tab.keyboard.press("z")
        tab.keyboard.press("Escape")
    settled(tab)
    assert len(stored()) == 1


def test_a_link_that_was_used_says_so_or_leads_home(browser, server, study):
    context = browser.new_context(base_url=server.url)
    page = context.new_page()
    link = study()
    page.goto(link)
    page.click("text=Start")
    page.goto(link)
    expect(page.get_by_role("link", name="Annotate")).to_be_visible()
    context.clear_cookies()
    page.goto(link)
    expect(page.get_by_role("alert")).to_contain_text("used before")
    context.close()


def test_changed_guidelines_are_marked_at_the_desk_and_read_there(tab, engine):
    def write(text):
        with make_sessions(engine).begin() as session:
            project = projects.get(session, "study")
            projects.configure(project, replace(projects.settings(project), guidelines=text), datetime.now(UTC))

    begin(tab)
    guidelines = tab.locator("#guide")
    for known in ("Guidelines", "Guidelines changed"):
        expect(guidelines).to_contain_text(known)
        expect(guidelines).to_have_class(re.compile("unread"))
        tab.keyboard.press("i")
        tab.get_by_role("button", name="I have read them").click()
        expect(guidelines).not_to_have_class(re.compile("unread"))
        write("Read **both** to the end.")
        tab.reload()
        settled(tab)
    tab.keyboard.press("i")
    expect(tab.locator("#guidelines ins")).to_have_count(0)
    expect(tab.locator("#guidelines")).to_contain_text("to the end")
