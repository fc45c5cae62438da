"""Practice and quiz by keyboard alone, and the pages of both by axe."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from app.domain import projects
from app.storage.session import make_sessions
from app.vocabulary import Purpose
from tests.domain.test_importing import take
from tests.web.conftest import golds

# what the pages do in a browser does not depend on the database; what they show of it is tested on both elsewhere
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

HERE = "/projects/study"


@pytest.fixture
def bring(engine, clock):
    """Uploads so many gold comparisons for that purpose, "7" beside "9"; they differ from one purpose to the other."""

    def bring(number, purpose, pass_mark=None):
        rows = [row | {"id": f"{purpose}-{row['id']}"} for row in golds(number)]
        with make_sessions(engine).begin() as session:
            project = projects.get(session, "study")
            project.pass_mark = pass_mark
            take(session, project, clock, rows, purpose=purpose)

    return bring


def better(page):
    """The key of the better answer."""
    return "2" if page.locator(".card").first.locator(".rich").inner_text() == "7" else "6"


def arrived(page, title):
    """A page that takes keys."""
    expect(page).to_have_title(re.compile(title))
    expect(page.locator("html")).to_have_class("js")


def sound(page):
    """Both themes, wide and narrow."""
    found = []
    for width in (1440, 390):
        page.set_viewport_size({"width": width, "height": 844})
        for theme in ("light", "dark"):
            page.emulate_media(color_scheme=theme, reduced_motion="reduce")
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth"), width
            # the panels that swipe belong to _comparison.html, and are looked at with the annotation page
            violations = Axe().run(page, options={"rules": {"scrollable-region-focusable": {"enabled": False}}})
            found += [(found["id"], width, theme) for found in violations.response["violations"]]
    assert found == []


def test_practice_by_keyboard(tab, bring):
    bring(2, Purpose.practice)
    tab.goto(HERE + "/practice")
    arrived(tab, "Practice, 1 of 2")
    sound(tab)
    tab.keyboard.press("i")
    expect(tab.locator("#guidelines")).to_be_visible()
    tab.keyboard.press("2")  # behind the guidelines nothing is answered
    tab.keyboard.press("i")
    expect(tab.locator("#guidelines")).to_be_hidden()
    tab.keyboard.press(better(tab))
    expect(tab.locator("#verdict h1")).to_have_text("You agree with gold")
    expect(tab.locator("#verdict")).to_contain_text("9 is 3 times 3.")
    sound(tab)
    tab.keyboard.press("Enter")  # the way on has the focus
    arrived(tab, "Practice, 2 of 2")
    tab.keyboard.press("4")
    expect(tab.locator("#verdict h1")).to_have_text("Gold says something else")
    tab.keyboard.press("Enter")
    expect(tab.locator("h1")).to_have_text("You agreed with gold on 1 of 2")
    sound(tab)


def test_quiz_by_keyboard(tab, bring):
    bring(3, Purpose.qualification, pass_mark=100)
    tab.goto(HERE + "/annotate")
    expect(tab).to_have_url(re.compile("/quiz$"))
    sound(tab)
    tab.get_by_role("button", name="Start the quiz").press("Enter")
    for place, key in ((1, better), (2, lambda page: "4"), (3, better)):
        arrived(tab, f"Question {place} of 3")
        tab.keyboard.press(key(tab))
    expect(tab.locator("h1")).to_have_text("Not passed, with 2 of 3 right")
    sound(tab)
    tab.get_by_role("button", name="Try again").press("Enter")
    for place in (1, 2, 3):
        arrived(tab, f"Question {place} of 3")
        tab.reload()
        arrived(tab, f"Question {place} of 3")
        tab.keyboard.press(better(tab))
    expect(tab.locator("h1")).to_have_text("Passed, with 3 of 3 right")
    tab.get_by_role("link", name="Annotate").press("Enter")
    expect(tab).to_have_url(re.compile("/annotate$"))
    expect(tab.locator(".comparison:visible")).to_have_count(1)


def test_single_keys_that_are_switched_off_answer_no_question_either(tab, bring):
    bring(1, Purpose.practice)
    bring(2, Purpose.qualification, pass_mark=100)
    tab.goto(HERE + "/quiz")
    tab.click("text=Start the quiz")
    arrived(tab, "Question 1 of 2")
    tab.get_by_label("Keys are on").press("Enter")
    tab.get_by_label("Keys are on").uncheck()
    tab.keyboard.press("4")
    tab.keyboard.press("i")
    expect(tab.locator("#guidelines")).to_be_hidden()
    arrived(tab, "Question 1 of 2")
    tab.goto(HERE + "/practice")
    arrived(tab, "Practice, 1 of 1")
    expect(tab.get_by_label("Keys are on")).not_to_be_checked()
    tab.keyboard.press("4")
    tab.get_by_label("Keys are on").check()
    tab.keyboard.press(better(tab))
    expect(tab.locator("#verdict h1")).to_have_text("You agree with gold")
    expect(tab.get_by_label("Keys are on")).to_be_checked()


def test_practice_and_quiz_without_javascript(browser, server, study, bring):
    bring(1, Purpose.practice)
    bring(1, Purpose.qualification, pass_mark=100)
    context = browser.new_context(base_url=server.url, java_script_enabled=False)
    page = context.new_page()
    page.goto(study())
    page.click("text=Start")
    page.goto(HERE + "/practice")
    page.click(f'[name=answer][value="{better(page)}"]')
    expect(page.locator("#verdict h1")).to_have_text("You agree with gold")
    page.click("text=Finish")
    page.click("text=To the quiz")
    page.click("text=Start the quiz")
    page.click(f'[name=answer][value="{better(page)}"]')
    expect(page.locator("h1")).to_have_text("Passed, with 1 of 1 right")
    context.close()
