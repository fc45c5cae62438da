"""What scripts add to the admin pages: an upload that shows how far it is."""

import gzip

import pytest

from app.vocabulary import Role
from tests.web.conftest import lines, pairs

# what the pages do in a browser does not depend on the database; what they show of it is tested on both elsewhere
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

FILE = {
    "name": "rows.jsonl",
    "mimeType": "text/plain",
    "buffer": lines(*pairs(3, prompt="Another?", id=None), "no row"),
}


@pytest.fixture
def desk(browser, server, study):
    """A page of an admin who is signed in; whatever a script or the policy complains about fails the test."""
    context = browser.new_context(base_url=server.url)
    page = context.new_page()
    complaints = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda message: complaints.append(message.text) if "Content Security" in message.text else None)
    page.goto(study("boss@example.org", Role.admin))
    page.click("text=Start")
    yield page
    assert complaints == []
    context.close()


def many(number, *wrong):
    """A file of so many rows after the wrong ones, which takes a while to read."""
    rows = "".join(f'{{"prompt": "Sum {n}?", "response_a": "{n}", "response_b": "{n + 1}"}}\n' for n in range(number))
    return {"name": "many.jsonl", "mimeType": "text/plain", "buffer": lines(*wrong) + rows.encode()}


def test_a_file_is_dropped_looked_at_and_opened(desk):
    desk.goto("/projects/study/batches")
    rows = lines(*pairs(3, prompt="Dropped?", id=None), "no row").decode()
    dropped = desk.evaluate_handle(
        "text => { const d = new DataTransfer(); d.items.add(new File([text], 'dropped.jsonl')); return d }", rows
    )
    desk.dispatch_event("#upload h2", "dragover", {"dataTransfer": dropped})
    assert desk.get_attribute("#upload", "class").split() == ["panel", "over"]
    desk.dispatch_event("#upload h2", "drop", {"dataTransfer": dropped})
    assert desk.eval_on_selector("#file", "input => input.files[0].name") == "dropped.jsonl"
    desk.click("button:has-text('Upload')")
    desk.wait_for_url("**/batches/2")
    assert desk.text_content("h1") == "dropped.jsonl"
    assert "1 refused row" in desk.text_content("#refused")
    assert "draft" in desk.text_content(".lead")

    desk.click(".next >> text=Preview")
    assert "This is a preview." in desk.text_content(".previewing")
    assert desk.is_disabled(".steps button >> nth=0")
    desk.click("text=Next")
    desk.wait_for_url("**/preview?n=2")
    desk.click("text=Back to dropped.jsonl")
    desk.click(".next button")
    desk.wait_for_selector(".lead:has-text('open')")


def test_what_is_wrong_is_said_while_a_file_is_read_and_it_can_be_cancelled(desk):
    desk.goto("/projects/study/batches")
    desk.set_input_files("#file", many(60_000, "no row", {"prompt": "Alone"}))
    desk.click("[data-send]")
    desk.wait_for_selector("[data-rows]:has-text('Refused: 2.')")
    desk.wait_for_selector("[data-errors] li >> nth=1")
    assert desk.text_content("[data-errors] li >> nth=1") == "Line 2 response_a missing"
    assert desk.get_attribute("[data-errors]", "aria-live") == "polite"
    desk.click("text=Cancel")
    desk.wait_for_selector("[data-refused]:has-text('Nothing of the file was kept')")
    assert desk.is_enabled("[data-send]")
    desk.reload()
    assert desk.locator("table.data tbody tr").count() == 1


def test_the_first_faults_are_named_before_anything_is_uploaded(desk):
    desk.goto("/projects/study/batches")
    few = {"name": "few.jsonl", "mimeType": "text/plain", "buffer": lines(*pairs(2, prompt="Chosen?"), "no row")}
    desk.set_input_files("#file", few)
    desk.wait_for_selector("[data-rows]:has-text('Of the first 3 rows 1 would be refused.')")
    assert desk.locator("[data-errors] li").all_text_contents() == ["Line 3 not a JSON object"]
    desk.check("[name=purpose][value=practice]")
    desk.wait_for_selector("[data-rows]:has-text('Of the first 3 rows 3 would be refused.')")
    desk.check("[name=purpose][value=judging]")
    packed = {"name": "few.jsonl.gz", "mimeType": "application/gzip", "buffer": gzip.compress(lines(*pairs(2)))}
    desk.set_input_files("#file", packed)
    desk.wait_for_selector("[data-rows]:has-text('The first 2 rows can be read.')")
    assert desk.locator("[data-errors] li").count() == 0


def test_a_file_goes_up_and_asks_before_it_does_twice(desk):
    for number, name in ((2, "From the desk"), (3, "Again")):
        desk.goto("/projects/study/batches")
        desk.set_input_files("#file", FILE)
        desk.fill("#name", name)
        desk.click("form button:has-text('Upload')")
        if number == 3:
            assert "uploaded before" in desk.text_content("[data-refused]:not([hidden])")
            assert desk.get_attribute("text=Look at that batch", "href") == "/projects/study/batches/2"
            desk.click("text=Upload it again")
        desk.wait_for_url(f"**/batches/{number}")
        assert desk.text_content("h1") == name


def test_a_file_that_cannot_be_read_is_refused_where_one_stands(desk):
    desk.goto("/projects/study/batches")
    desk.set_input_files("#file", FILE | {"buffer": b"\xff\xfe"})
    desk.click("form button:has-text('Upload')")
    assert "The file is not UTF-8" in desk.text_content("[data-refused]:not([hidden])")
    assert desk.is_enabled("form button:has-text('Upload')")


def test_settings_grow_criteria_and_show_guidelines_as_they_are_typed(desk):
    desk.goto("/projects/study/settings")
    assert desk.locator("[name=criterion_name]").count() == 0
    for name in ("Helpful", "Gone again", "Honest"):
        desk.click("text=Add a criterion")
        desk.locator("[name=criterion_name]").last.fill(name)
    desk.locator("text=Remove").nth(1).click()
    assert desk.locator(".criterion").nth(1).get_attribute("aria-label") == "Criterion 2"
    desk.fill("#guidelines", "Be *exact*")
    desk.wait_for_selector("[data-preview] em:has-text('exact')")
    assert desk.text_content("[data-unsaved]") == "Not saved yet"
    desk.fill("#overlap", "2")
    desk.click(".saving button")
    assert "1 batch that is there keeps the overlap" in desk.text_content("#confirm")
    desk.click("text=Save it so")
    desk.wait_for_selector("text=Saved.")
    names = desk.locator("[name=criterion_name]").evaluate_all("found => found.map(input => input.value)")
    assert names == ["Helpful", "Honest"]
    assert desk.input_value("[name=criterion_key] >> nth=0") == "helpful"
