"""Which language a page is in."""

import re

import pytest

from app.web.languages import LANGUAGES, SOURCE, chosen
from tests.messages import extracted, read


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
        ("en; q=0.2, de; q=0.8", "de"),
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


@pytest.fixture(scope="module")
def messages():
    return extracted()


@pytest.mark.parametrize("language", sorted(LANGUAGES.keys() - {SOURCE}))
def test_every_message_is_translated_and_no_other(messages, language):
    found = read(language)
    wanted = {(message.context, message.id) for message in messages if message.id}
    assert {(message.context, message.id) for message in found if message.id} == wanted, "run `make messages`"
    missing = [message.id for message in found if message.id and not all(_forms(message.string))]
    assert not missing
    assert not [message.id for message in found if message.fuzzy and message.id]


@pytest.mark.parametrize("language", sorted(LANGUAGES.keys() - {SOURCE}))
def test_what_varies_in_a_message_varies_in_its_translation(language):
    for message in read(language):
        if message.id:
            wanted = _varying(_forms(message.id)[-1])
            assert all(_varying(form) <= wanted for form in _forms(message.string)), message.id
            assert _varying(_forms(message.string)[-1]) == wanted, message.id


def _forms(text):
    return [text] if isinstance(text, str) else list(text)


def _varying(text):
    return set(re.findall(r"%\(\w+\)[a-z]|\{\w+\}|</?\w+>", text))
