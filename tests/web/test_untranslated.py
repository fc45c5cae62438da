"""No page speaks English by itself: what is on it went through a catalogue, came with the study, or is no word."""

import json
import re
import shutil
from datetime import UTC, datetime
from enum import Enum
from html.parser import HTMLParser
from inspect import getmembers, isclass

import pytest
from babel.dates import get_day_names, get_month_names
from babel.support import NullTranslations
from sqlalchemy import select
from starlette.testclient import TestClient

from app import vocabulary
from app.settings import Settings
from app.storage.tables import Base
from app.web import languages
from app.web.application import create_app
from app.web.deps import COOKIE
from app.web.names import NAMES
from tests.tour.pages import pages
from tests.tour.study import build

LATIN = re.compile(r"[A-Za-zÀ-ÿ]{2,}")
PARTS = re.compile(r"\s*(?:^· | · | ·$|, |…|\.\.\.$|[()])\s*")
ADDRESS = re.compile(r"\S+@\S+\.\w+|\S+\.jsonl")
MARKDOWN = re.compile(r"[\n*`|#\[\]()<>]+|^\s*(?:\d+\.|-) ", re.MULTILINE)
CODE = ("script", "style", "code", "pre", "kbd", "math", "textarea")
READ_OUT = ("alt", "aria-label", "aria-description", "label", "placeholder", "title")
VOID = {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
# what is the same in every language, or a name
SAME = {
    "Touchstone",
    "UTC",
    "CSV",
    "SVG",
    "JSON",
    "JSONL",
    "API",
    "TRL",
    "PyTorch",
    "Python",
    "Transformers",
    "English",
    "Deutsch",
    "GB",
    "MB",
    "kB",
    "min",
    "ms",
    "SHA",
    "Bradley",
    "Terry",
    "Fleiss",
    "Cohen",
    "Krippendorff",
    "McNemar",
}


class Marked(NullTranslations):
    """A language in which every message stands between ⟦ and ⟧."""

    def gettext(self, message):
        return f"⟦{message}⟧"

    def ngettext(self, one, many, number):
        return f"⟦{one if number == 1 else many}⟧"

    def pgettext(self, context, message):
        return f"⟦{message}⟧"

    def npgettext(self, context, one, many, number):
        return f"⟦{one if number == 1 else many}⟧"


class Outside(HTMLParser):
    """`found`: the texts of a page outside of all messages, but for code, keys, what people wrote (class rich, dir=auto), and
    what is marked as another language's or none's (lang, translate=no)."""

    def __init__(self):
        super().__init__()
        self.found, self.within, self.open, self.skipped, self.is_words = [], 0, [], 0, False

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        if not self.skipped and given.get("translate") != "no":
            for name in READ_OUT:
                self._out(given.get(name) or "", 0)
            if tag == "input" and given.get("type") in ("submit", "button"):
                self._out(given.get("value") or "", 0)
        if tag in VOID:
            return
        foreign = (tag != "html" and "lang" in given) or given.get("translate") == "no"
        brought = "rich" in (given.get("class") or "").split() or given.get("dir") == "auto"
        skip = foreign or brought or tag in CODE
        self.open.append((tag, skip))
        self.skipped += skip
        self.is_words = tag == "script" and given.get("id") == "words"

    def handle_endtag(self, tag):
        while self.open:
            name, skip = self.open.pop()
            self.skipped -= skip
            if name == tag:
                break

    def handle_data(self, text):
        if self.open and self.open[-1][0] == "script":
            if self.is_words:
                for said in json.loads(text).values():
                    self._out(said, 0)
        elif self.skipped:
            self.within += text.count("⟦") - text.count("⟧")
        else:
            self.within = self._out(text, self.within)

    def _out(self, text, within):
        said = ""
        for character in text:
            within += (character == "⟦") - (character == "⟧")
            said += character if not within and character != "⟧" else "\n" if said[-1:] != "\n" else ""
        self.found += [" ".join(line.split()) for line in said.split("\n") if LATIN.search(line)]
        return within


@pytest.fixture
def app(sqlite_template, tmp_path):
    shutil.copy(sqlite_template, tmp_path / "tour.db")
    now = datetime(2026, 1, 5, 9, tzinfo=UTC)
    settings = Settings(_env_file=None, database_url=f"sqlite:///{tmp_path}/tour.db", data_dir=tmp_path)
    app = create_app(settings, lambda: now)
    yield app
    app.state.sessions.kw["bind"].dispose()


def strings(value):
    """Every string in a value of a column."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for entry in value.values():
            yield from strings(entry)
    elif isinstance(value, list):
        for entry in value:
            yield from strings(entry)


def kept(session):
    """What people have brought into the study: every text in the database but for the words of the vocabulary."""
    found = set()
    for table in Base.metadata.sorted_tables:
        for row in session.execute(select(table)):
            for value in row:
                found.update(strings(value))
    kinds = [kind for _, kind in getmembers(vocabulary, isclass) if issubclass(kind, Enum)]
    return found - {entry.value for kind in kinds for entry in kind}


def dates():
    """Names of months and days as a reader of German has them."""
    named = [get_month_names(width, locale="de") for width in ("wide", "abbreviated")]
    named += [get_day_names(width, locale="de") for width in ("wide", "abbreviated")]
    return {name.strip(".") for names in named for name in names.values()}


@pytest.mark.parametrize(
    "kind", [vocabulary.Act, vocabulary.Flag, vocabulary.Role, vocabulary.RunState, vocabulary.SkipReason]
)
def test_every_word_of_the_vocabulary_that_pages_show_has_a_name(kind):
    assert [word for word in kind if word not in NAMES] == []


def test_words_of_its_own_are_found_on_a_page():
    outside = Outside()
    outside.feed(
        '<title>⟦Runs⟧ · New</title><p title="Old">⟦Run <b>3</b> is⟧ over</p><code>def</code><i lang="en">Worse</i>'
        '<div class="rich"><p>hello</div><script id="words">{"a": "⟦Yes⟧", "b": "No"}</script>'
    )
    assert (outside.found, outside.within) == (["· New", "Old", "over", "No"], 0)


def test_no_page_speaks_by_itself(app, monkeypatch):
    world = build(app.state.sessions, app.state.clock())
    with app.state.sessions() as session:
        data = kept(session)
    pieces = {" ".join(piece.split()) for text in data for piece in (text, *MARKDOWN.split(text))}
    whole = " ".join(" ".join(text.split()) for text in data)
    known = SAME | dates()
    monkeypatch.setattr(languages, "catalogue", lambda name: Marked())
    clients = {
        name: TestClient(app, cookies={COOKIE: secret}, headers={"accept-language": "de"})
        for name, secret in world.secrets.items()
    }
    clients[""] = TestClient(app, headers={"accept-language": "de"})
    wrong = set()
    for who, path in {(page.who, page.path): None for page in pages(app, world)}:
        outside = Outside()
        outside.feed(clients[who].get(path).text)
        assert outside.within == 0, path
        for text in outside.found:
            for part in PARTS.split(ADDRESS.sub("", text)):
                if part in pieces or (len(part.split()) > 2 and part in whole) or set(LATIN.findall(part)) <= known:
                    continue
                wrong.add((part, path))
    assert sorted(wrong) == []
