"""Which language a page is in."""

import pytest

from app.web.languages import chosen


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("", "en"),
        ("de", "de"),
        ("de-AT,de;q=0.9,en;q=0.5", "de"),
        ("en-GB, de;q=0.8", "en"),
        ("en;q=0.2, de;q=0.8", "de"),
        ("fr, de;q=0.3", "de"),
        ("fr", "en"),
        ("de;q=0", "en"),
        ("*;q=x, \x00, ;;;", "en"),
    ],
)
def test_the_browser_asks_for_a_language(accepted, language):
    assert chosen(accepted) == language


def test_a_page_speaks_the_browsers_language_and_then_the_persons_own(browsers):
    ann_browser = browsers["ann"]
    german = {"accept-language": "de-DE,de;q=0.9"}
    assert '<html lang="en">' in ann_browser.get("/you").text
    shown = ann_browser.get("/you", headers=german).text
    assert '<html lang="de">' in shown
    assert "Zum Inhalt" in shown
    ann_browser.submit("/you/language", language="en")
    assert '<html lang="en">' in ann_browser.get("/you", headers=german).text
    ann_browser.submit("/you/language", language="")
    assert '<html lang="de">' in ann_browser.get("/you", headers=german).text
    assert ann_browser.post("/you/language", data={"language": "xx"}).status_code == 422
