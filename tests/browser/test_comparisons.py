"""A reviewer's way through the comparisons, with the keyboard, in both themes and at two widths."""

import pytest
from axe_playwright_python.sync_playwright import Axe

from app.domain import projects
from app.storage.session import make_sessions
from app.vocabulary import Role
from tests.browser.conftest import signed_in
from tests.domain.test_importing import take
from tests.web.conftest import pairs

# what the pages do in a browser does not depend on the database; what they show of it is tested on both elsewhere
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

CODE = "| a | b |\n|---|---|\n| 1 | 2 |\n\n```python\n" + "x = 1  # " + "long " * 60 + "\n```"


@pytest.fixture
def reviewer(browser, server, study, engine, clock):
    """A page of a reviewer, beside sixty more comparisons of which two people judged twenty."""
    with make_sessions(engine).begin() as session:
        given = [{"annotator": "w", "strength": -2, "rationale": "why " * 90}, {"annotator": "v", "strength": 3}]
        rows = [row | {"id": f"more-{row['id']}", "prompt": f"And {row['id']}?"} for row in pairs(60)]
        rows = [row | ({"annotations": given} if n < 20 else {}) for n, row in enumerate(rows)]
        rows[0] |= {"response_a": CODE, "response_b": "", "generator_a": "g" * 200, "metadata": {"k": "v" * 300}}
        take(session, projects.get(session, "study"), clock, rows)
    with signed_in(browser, server, study("rev@example.org", Role.reviewer)) as page:
        yield page


def test_comparisons_are_found_and_read_by_keyboard(reviewer):
    reviewer.goto("/projects/study")
    reviewer.click("nav.tabs >> text=Comparisons")
    reviewer.get_by_label("Words of the prompt or the responses, or an id").fill("and")
    reviewer.keyboard.press("Enter")
    reviewer.get_by_role("heading", name="60 of 90 comparisons").wait_for()
    reviewer.get_by_role("link", name="Next page").press("Enter")
    reviewer.get_by_text("51–60 of 60").wait_for()
    reviewer.get_by_role("link", name="Same side").press("Enter")
    assert reviewer.locator("th[aria-sort=descending]").inner_text() == "Same side"
    reviewer.get_by_role("link", name="Disputed").press("Enter")
    reviewer.get_by_role("heading", name="20 of 90 comparisons").wait_for()
    first = reviewer.locator("td.what a").first
    asked = first.inner_text()
    first.press("Enter")
    reviewer.get_by_role("link", name="Next", exact=True).press("Enter")
    reviewer.get_by_role("link", name="Previous", exact=True).press("Enter")
    reviewer.get_by_text(asked).wait_for()
    assert reviewer.get_by_role("heading", name="People disagree").is_visible()
    reviewer.get_by_role("navigation", name="In the list").get_by_role("link", name="Comparisons").press("Enter")
    reviewer.get_by_role("heading", name="20 of 90 comparisons").wait_for()


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_the_pages_are_for_everyone(reviewer, theme, width):
    reviewer.emulate_media(color_scheme=theme)
    reviewer.set_viewport_size({"width": width, "height": 800})
    for path in ("", "?flag=any", "?q=more-0"):
        reviewer.goto("/projects/study/comparisons" + path)
        assert Axe().run(reviewer).response["violations"] == []
        assert reviewer.evaluate("document.documentElement.scrollWidth <= innerWidth")
    reviewer.locator("td.what a").first.click()
    reviewer.get_by_text("Metadata").click()
    assert Axe().run(reviewer).response["violations"] == []
    assert reviewer.evaluate("document.documentElement.scrollWidth <= innerWidth")
