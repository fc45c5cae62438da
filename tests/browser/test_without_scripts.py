"""The paths that matter without JavaScript: judging, uploading, taking the judgements away."""

import json

import pytest
from playwright.sync_api import expect

from app.vocabulary import Role
from tests.web.conftest import lines, pairs

ROWS = {
    "name": "rows.jsonl",
    "mimeType": "application/x-ndjson",
    "buffer": lines(*pairs(3, prompt="Plain?", id=None), "no row"),
}


@pytest.fixture
def enter(browser, server, study):
    """Signs in whoever has that email and role, in a browser without scripts."""
    contexts = []

    def enter(email="ann@example.org", role=Role.annotator):
        context = browser.new_context(base_url=server.url, java_script_enabled=False)
        contexts.append(context)
        page = context.new_page()
        page.goto(study(email, role))
        page.click("main button")
        return page

    yield enter
    for context in contexts:
        context.close()


def test_somebody_judges_takes_back_and_skips(enter):
    page = enter()
    page.click("text=Annotate")
    first = page.locator("[name=assignment]").first.get_attribute("value")
    page.click("[name=answer][value='2']")
    second = page.locator("[name=assignment]").first.get_attribute("value")
    assert second != first
    page.click("#undo")
    assert page.locator("[name=assignment]").first.get_attribute("value") == first
    page.click("[name=answer][value='6']")
    page.click("[popovertarget=skip]")
    page.click("#skip [name=skip] >> nth=0")
    expect(page.locator("#counted")).to_have_text("1 of 30")
    assert page.locator("[name=assignment]").first.get_attribute("value") not in (first, second)


def test_an_admin_uploads_and_takes_everything_away(enter):
    page = enter("boss@example.org", Role.admin)
    page.goto("/projects/study/batches")
    page.set_input_files("input[type=file]", ROWS)
    page.fill("[name=name]", "Without scripts")
    page.click("form[enctype] button.primary")
    expect(page.locator("h1")).to_have_text("Without scripts")
    expect(page.locator("#refused")).to_contain_text("1 refused row")

    ann = enter()
    ann.click("text=Annotate")
    ann.click("[name=answer][value='7']")

    page.goto("/projects/study/export")
    page.check("[name=format][value=preferences]")
    page.click("main form button")
    with page.expect_download() as arriving:
        page.click("a[download] >> nth=0")
    exported = [json.loads(line) for line in arriving.value.path().read_text().splitlines()]
    assert [row["strength_shown"] for row in exported] == [3]
    assert arriving.value.suggested_filename == "study-preferences.jsonl"
