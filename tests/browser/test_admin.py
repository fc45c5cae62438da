"""What scripts add to the admin pages: an upload that shows how far it is."""

import pytest

from app.vocabulary import Role
from tests.web.conftest import lines, pairs

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


def test_a_file_goes_up_and_asks_before_it_does_twice(desk):
    desk.goto("/projects/study/batches")
    desk.set_input_files("#file", FILE)
    desk.fill("#name", "From the desk")
    desk.click("button:has-text('Upload')")
    desk.wait_for_url("**/batches/2")
    assert desk.text_content("h1") == "From the desk"
    assert "1 refused row" in desk.text_content("#refused")

    desk.goto("/projects/study/batches")
    desk.set_input_files("#file", FILE)
    desk.check("input[name=draft]")
    desk.click("form button:has-text('Upload')")
    assert "uploaded before" in desk.text_content("[data-refused]:not([hidden])")
    assert desk.get_attribute("text=Look at that batch", "href") == "/projects/study/batches/2"
    desk.click("text=Upload it again")
    desk.wait_for_url("**/batches/3")
    assert "draft" in desk.text_content(".lead")


def test_a_file_that_cannot_be_read_is_refused_where_one_stands(desk):
    desk.goto("/projects/study/batches")
    desk.set_input_files("#file", FILE | {"buffer": b"\xff\xfe"})
    desk.click("form button:has-text('Upload')")
    assert "The file is not UTF-8" in desk.text_content("[data-refused]:not([hidden])")
    assert desk.is_enabled("form button:has-text('Upload')")
