"""What scripts add to the admin pages: an upload that shows how far it is."""

import gzip

import pytest

from tests.web.conftest import lines, pairs

# what the pages do in a browser does not depend on the database; what they show of it is tested on both elsewhere
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

FILE = {
    "name": "rows.jsonl",
    "mimeType": "text/plain",
    "buffer": lines(*pairs(3, prompt="Another?", id=None), "no row"),
}


def many(number, *wrong):
    """A file of so many rows after the wrong ones, which takes a while to read."""
    rows = "".join(f'{{"prompt": "Sum {n}?", "response_a": "{n}", "response_b": "{n + 1}"}}\n' for n in range(number))
    return {"name": "many.jsonl", "mimeType": "text/plain", "buffer": lines(*wrong) + rows.encode()}


def test_a_file_is_dropped_looked_at_and_opened(boss):
    boss.goto("/projects/study/batches")
    rows = lines(*pairs(3, prompt="Dropped?", id=None), "no row").decode()
    dropped = boss.evaluate_handle(
        "text => { const d = new DataTransfer(); d.items.add(new File([text], 'dropped.jsonl')); return d }", rows
    )
    boss.dispatch_event("#upload h2", "dragover", {"dataTransfer": dropped})
    assert boss.get_attribute("#upload", "class").split() == ["panel", "over"]
    boss.dispatch_event("#upload h2", "drop", {"dataTransfer": dropped})
    assert boss.eval_on_selector("#file", "input => input.files[0].name") == "dropped.jsonl"
    boss.click("button:has-text('Upload')")
    boss.wait_for_url("**/batches/2")
    assert boss.text_content("h1") == "dropped.jsonl"
    assert "1 refused row" in boss.text_content("#refused")
    assert "draft" in boss.text_content(".lead")

    boss.click(".next >> text=Preview")
    assert "This is a preview." in boss.text_content(".previewing")
    assert boss.is_disabled(".steps button >> nth=0")
    boss.click("text=Next")
    boss.wait_for_url("**/preview?n=2")
    boss.click("text=Back to dropped.jsonl")
    boss.click(".next button")
    boss.wait_for_selector(".lead:has-text('open')")


def test_what_is_wrong_is_said_while_a_file_is_read_and_it_can_be_cancelled(boss):
    boss.goto("/projects/study/batches")
    boss.set_input_files("#file", many(60_000, "no row", {"prompt": "Alone"}))
    boss.click("[data-send]")
    boss.wait_for_selector("[data-rows]:has-text('Refused: 2.')")
    boss.wait_for_selector("[data-errors] li >> nth=1")
    assert boss.text_content("[data-errors] li >> nth=1") == "Line 2 response_a missing"
    assert boss.get_attribute("[data-errors]", "aria-live") == "polite"
    boss.click("text=Cancel")
    boss.wait_for_selector("[data-refused]:has-text('Nothing of the file was kept')")
    assert boss.is_enabled("[data-send]")
    boss.reload()
    assert boss.locator("table.data tbody tr").count() == 1


def test_the_first_faults_are_named_before_anything_is_uploaded(boss):
    boss.goto("/projects/study/batches")
    few = {"name": "few.jsonl", "mimeType": "text/plain", "buffer": lines(*pairs(2, prompt="Chosen?"), "no row")}
    boss.set_input_files("#file", few)
    boss.wait_for_selector("[data-rows]:has-text('Of the first 3 rows 1 would be refused.')")
    assert boss.locator("[data-errors] li").all_text_contents() == ["Line 3 not a JSON object"]
    boss.check("[name=purpose][value=practice]")
    boss.wait_for_selector("[data-rows]:has-text('Of the first 3 rows 3 would be refused.')")
    boss.check("[name=purpose][value=judging]")
    packed = {"name": "few.jsonl.gz", "mimeType": "application/gzip", "buffer": gzip.compress(lines(*pairs(2)))}
    boss.set_input_files("#file", packed)
    boss.wait_for_selector("[data-rows]:has-text('The first 2 rows can be read.')")
    assert boss.locator("[data-errors] li").count() == 0


def test_a_file_goes_up_and_asks_before_it_does_twice(boss):
    for number, name in ((2, "From the boss"), (3, "Again")):
        boss.goto("/projects/study/batches")
        boss.set_input_files("#file", FILE)
        boss.fill("#name", name)
        boss.click("form button:has-text('Upload')")
        if number == 3:
            assert "uploaded before" in boss.text_content("[data-refused]:not([hidden])")
            assert boss.get_attribute("text=Look at that batch", "href") == "/projects/study/batches/2"
            boss.click("text=Upload it again")
        boss.wait_for_url(f"**/batches/{number}")
        assert boss.text_content("h1") == name


def test_a_file_that_cannot_be_read_is_refused_where_one_stands(boss):
    boss.goto("/projects/study/batches")
    boss.set_input_files("#file", FILE | {"buffer": b"\xff\xfe"})
    boss.click("form button:has-text('Upload')")
    assert "The file is not UTF-8" in boss.text_content("[data-refused]:not([hidden])")
    assert boss.is_enabled("form button:has-text('Upload')")


def test_settings_grow_criteria_and_show_guidelines_as_they_are_typed(boss):
    boss.goto("/projects/study/settings")
    assert boss.locator("[name=criterion_name]").count() == 0
    for name in ("Helpful", "Gone again", "Honest"):
        boss.click("text=Add a criterion")
        boss.locator("[name=criterion_name]").last.fill(name)
    boss.locator("text=Remove").nth(1).click()
    assert boss.locator(".criterion").nth(1).get_attribute("aria-label") == "Criterion 2"
    boss.fill("#guidelines", "Be *exact*")
    boss.wait_for_selector("[data-preview] em:has-text('exact')")
    assert boss.text_content("[data-unsaved]") == "Not saved yet"
    boss.fill("#overlap", "2")
    boss.click(".saving button")
    assert "1 batch that is there keeps the overlap" in boss.text_content("#confirm")
    boss.click("text=Save it so")
    boss.wait_for_selector("text=Saved.")
    names = boss.locator("[name=criterion_name]").evaluate_all("found => found.map(input => input.value)")
    assert names == ["Helpful", "Honest"]
    assert boss.input_value("[name=criterion_key] >> nth=0") == "helpful"
