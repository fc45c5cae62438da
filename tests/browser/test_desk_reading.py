"""Reading at the desk: differences, scrolling, the prompt, code, phones, scripts of all kinds, and paper."""

import pytest
from playwright.sync_api import expect

from app.domain.asking import Asks
from app.vocabulary import Asked
from tests.browser.desks import EVERYTHING

PHONE = {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}
LONG = "\n\n".join(f"Paragraph {n} of a long story that goes on. " * 4 for n in range(30))
CODE = "```python\ndef f(x):\n    return x < 1 and x\n```"


def row(a, b, prompt="Why?"):
    return [{"prompt": prompt, "response_a": a, "response_b": b}]


def test_differences_are_marked_and_unmarked(desk):
    at = desk(rows=row("the cat sat", "the dog sat"))
    at.sit()
    mark, button = at.front.locator("mark").first, at.page.locator("#differ")
    plain = "rgba(0, 0, 0, 0)"
    assert mark.evaluate("(one) => getComputedStyle(one).backgroundColor") == plain
    at.press("d")
    expect(button).to_have_attribute("aria-pressed", "true")
    assert mark.evaluate("(one) => getComputedStyle(one).backgroundColor") != plain
    button.click()
    expect(button).to_have_attribute("aria-pressed", "false")
    assert sorted(at.front.locator("mark").all_text_contents()) == ["cat", "dog"]


def test_responses_scroll_with_the_page_by_themselves_or_in_step(desk):
    at = desk(rows=row(LONG, LONG * 2))
    at.sit()
    first, second = at.front.locator(".card").all()
    said = at.page.locator("#said")

    def offsets(down):
        first.evaluate("(card, down) => (card.scrollTop = down)", down)
        at.page.evaluate("new Promise((done) => setTimeout(done, 80))")
        return [
            card.evaluate("(card) => card.scrollTop / Math.max(1, card.scrollHeight - card.clientHeight)")
            for card in (first, second)
        ]

    assert offsets(400) == [0, 0]
    at.press("v")
    expect(said).to_have_text("Each response scrolls by itself.")
    one, other = offsets(400)
    assert (one > 0, other) == (True, 0)
    assert first.get_attribute("tabindex") == "0"
    at.press("v")
    expect(said).to_have_text("Both responses scroll in step.")
    one, other = offsets(800)
    assert one == pytest.approx(other, abs=0.01)
    at.sit()
    expect(at.page.locator("#desk")).to_have_attribute("data-scroll", "both")
    at.press("v")
    assert at.front.locator(".card").first.get_attribute("tabindex") is None


def test_the_prompt_is_one_key_away_from_everywhere(desk):
    at = desk(rows=row(LONG, LONG + "\n\nThe end.", "A question? " * 60))
    at.sit()
    prompt, turns = at.front.locator(".prompt"), at.front.locator(".turns")
    at.press("p")
    expect(turns).to_be_hidden()
    expect(prompt.locator(".peek")).to_be_visible()
    at.page.mouse.wheel(0, 3000)
    at.page.wait_for_function("() => scrollY > 500")
    at.press("p")
    expect(turns).to_be_in_viewport()
    at.press("p")
    expect(turns).not_to_be_in_viewport()


def test_code_is_copied_as_it_was_written(desk):
    at = desk(rows=row(CODE, "`x`"))
    at.context.grant_permissions(["clipboard-read", "clipboard-write"])
    at.sit()
    button = at.front.locator("button.copy")
    button.click()
    expect(button).to_have_text("Copied")
    assert at.page.evaluate("navigator.clipboard.readText()") == "def f(x):\n    return x < 1 and x\n"


def test_a_phone_shows_one_response_at_a_time_and_says_which(desk):
    at = desk(rows=row(LONG, LONG + "\n\nThe end.", "A question? " * 60), **PHONE)
    at.sit()
    expect(at.front.locator(".turns")).to_be_hidden()
    left, right = (at.page.locator(f".sides [data-side={side}]") for side in ("left", "right"))
    expect(left).to_have_attribute("aria-pressed", "true")
    at.front.locator(".pair").evaluate("(pair) => pair.scrollBy({ left: pair.clientWidth })")  # what a swipe does
    expect(right).to_have_attribute("aria-pressed", "true")
    expect(at.front.locator(".card.right")).to_be_in_viewport()
    left.click()
    expect(left).to_have_attribute("aria-pressed", "true")
    at.page.evaluate("scrollTo(0, 1500)")
    expect(left).to_be_in_viewport()
    expect(at.page.locator("#scale")).to_be_in_viewport()


@pytest.mark.parametrize("asks", [Asks(rationale=Asked.optional, flags=True), EVERYTHING])
def test_nothing_is_wider_than_the_page_or_too_small_to_touch(desk, asks):
    wide = "| " + " | ".join(["a long cell of text"] * 9) + " |\n" + "|---" * 9 + "|\n\n"
    formula = "$$" + " + ".join([r"\sum_{i=0}^n \frac{x^i}{i!}"] * 9) + "$$"
    text = f"{'Pneumono' * 60}\n\n{wide}{formula}\n\n```\n{'x = 1; ' * 60}\n```"
    at = desk(rows=row(text, "مرحبا " * 60 + "我很好。" * 300), asks=asks, name="A study " * 20)
    at.sit()
    if asks is EVERYTHING:
        at.press("2")
    for width in (1440, 768, 390, 320):
        at.page.set_viewport_size({"width": width, "height": 800})
        assert at.page.evaluate("document.documentElement.scrollWidth") <= width
        small = at.page.evaluate(
            """[...document.querySelectorAll("button, a[href], summary, #judge label:has(input)")]
            .filter((one) => one.checkVisibility() && !one.closest(".rich, .skip-link"))
            .filter((one) => one.getBoundingClientRect().height < 24)
            .map((one) => one.outerHTML)"""
        )
        assert small == []


def test_each_text_has_the_direction_that_it_is_written_in(desk):
    at = desk(rows=row("שלום עולם", "你好", "مرحبا كيف الحال"))
    at.sit()
    ways = at.page.evaluate(
        "[...document.querySelectorAll('.comparison:not([hidden]) .rich > p')].map((one) => [one.textContent.trim(), getComputedStyle(one).direction])"
    )
    assert dict(ways) == {"مرحبا كيف الحال": "rtl", "שלום עולם": "rtl", "你好": "ltr"}


def test_on_paper_there_is_what_was_read_and_all_of_it(desk):
    at = desk(rows=row(LONG, LONG + "\n\nThe end.", "A question? " * 60))
    at.sit()
    at.press("v")
    at.press("p")
    at.page.emulate_media(media="print")
    for gone in (".bar", "#judge", ".sides"):
        expect(at.page.locator(gone)).to_be_hidden()
    for card in at.front.locator(".card").all():
        assert card.evaluate("(card) => card.scrollHeight - card.clientHeight") <= 1
    assert at.front.locator(".turns").evaluate("(turns) => turns.getBoundingClientRect().height") > 100
