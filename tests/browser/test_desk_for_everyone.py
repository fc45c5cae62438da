"""The desk in every state that it has, by axe-core: nothing that keeps anybody out."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from app.domain.asking import Asks
from app.vocabulary import Asked
from tests.browser.desks import EVERYTHING

RICH = [
    {
        "prompt": [
            {"role": "user", "content": "Hi"},
            {"role": "assistant", "content": "?"},
            {"role": "user", "content": "So"},
        ],
        "response_a": "# A\n\n" + "Text. " * 200 + "\n\n| a | b |\n|---|---|\n| 1 | 2 |\n\n$$" + "x + " * 90 + "x$$",
        "response_b": "```python\ndef f(x):\n    return x  # "
        + "why " * 60
        + "\n```\n\n- **b** [link](https://example.org)",
    }
]


def clean(page):
    found = Axe().run(page).response["violations"]
    assert [(one["id"], node["html"]) for one in found for node in one["nodes"]] == []


@pytest.mark.parametrize(("scheme", "width"), [("light", 1440), ("dark", 390)])
def test_the_desk_keeps_nobody_out(desk, scheme, width):
    at = desk(
        rows=RICH,
        asks=Asks(rationale=Asked.optional, flags=True),
        guidelines="Read **both**.",
        color_scheme=scheme,
        reduced_motion="reduce",
        viewport={"width": width, "height": 900},
    )
    at.sit()
    clean(at.page)
    for key, name in {"?": "help", "s": "skip", "f": "flags", "i": "guidelines"}.items():
        at.press(key)
        expect(at.page.locator(f"#{name}")).to_be_visible()
        clean(at.page)
        at.press("Escape")
    at.page.locator(".progress").click()
    clean(at.page)
    at.page.locator("#break").click()
    clean(at.page)
    other = at.tab()
    other.goto(f"/projects/{at.slug}/annotate")
    expect(other.locator("#pause")).to_be_visible()
    clean(other)
    other.close()
    at.page.get_by_role("button", name="Go on").click()
    at.press("v", "d", "w")
    clean(at.page)
    at.press("Escape", "4")
    at.settled()
    expect(at.page.locator("#empty")).to_be_visible()
    clean(at.page)
    at.page.get_by_role("link", name="Look at what you judged").click()
    clean(at.page)
    at.page.locator(".list a").click()
    at.page.wait_for_selector("html.js")
    clean(at.page)


@pytest.mark.parametrize(("scheme", "width"), [("light", 1440), ("dark", 390)])
def test_what_else_is_asked_keeps_nobody_out(desk, scheme, width):
    at = desk(asks=EVERYTHING, color_scheme=scheme, reduced_motion="reduce", viewport={"width": width, "height": 900})
    at.sit()
    at.press("2", "Enter")
    expect(at.page.locator("#notice")).to_be_visible()
    clean(at.page)
