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


GERMAN = {"accept-language": "de-DE,de;q=0.9"}


def test_an_error_page_speaks_the_persons_own_language(browsers, study):
    browsers["ann"].post("/you/language", data={"language": "de"})
    assert "Das verlangt die Rolle Admin; Sie haben Annotator." in browsers["ann"].text("/people", 403)


def test_what_makes_no_sense_in_an_address_is_said_in_words_of_ours(boss):
    assert boss.text("/audit?since=zz", 422).endswith("makes no sense here. Nothing was changed. To the start")


def test_a_program_reads_what_pydantic_says_and_a_page_what_we_say(boss, admin, study):
    wrong = {"slug": study, "overlap": 500}
    assert "Input should be" in admin.post("/projects", json=wrong).json()["detail"]
    assert boss.post("/api/v1/projects", json=wrong).json()["detail"] == "overlap: must be 100 or less"


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/projects/nowhere", None),
        ("POST", "/projects", {"slug": "No!"}),
        ("DELETE", "/assignments/1/preference", {"lease_token": "x"}),
    ],
)
def test_the_api_answers_pages_in_their_language_and_programs_in_english(browsers, admin, study, method, path, body):
    program = admin.request(method, path, json=body, headers=GERMAN).json()
    page = browsers["admin"].request(method, f"/api/v1{path}", json=body).json()
    german = browsers["admin"].request(method, f"/api/v1{path}", json=body, headers=GERMAN).json()
    assert page == program
    assert german["detail"] != program["detail"]
    assert all(entry["reason"] in german["detail"] for entry in german.get("errors", []))


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
