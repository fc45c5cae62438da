"""What changed in a text, marked in it."""

import re
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.web import changes
from app.web.changes import marked
from app.web.richtext import render


def runs(html, tag):
    """What is in the elements of that name, without what is only said."""
    seen = re.sub(r'<span class="unseen">.*?</span>', "", html)
    return [" ".join(words.split()) for words in re.findall(rf"<{tag}>(.*?)</{tag}>", seen, re.DOTALL)]


def changed(old, new):
    found = marked(old, new)
    return runs(found, "del"), runs(found, "ins")


class Sound(HTMLParser):
    """Fails on an end that fits no beginning."""

    def __init__(self):
        super().__init__()
        self.open = []

    def handle_starttag(self, tag, attrs):
        if tag not in ("br", "hr"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_a_text_that_did_not_change_is_as_it_is_without_marks():
    text = "# Title\n\nBe **kind**.\n\n- one\n- two\n\n$$x^2$$"
    assert marked(text, text) == render(text)


@pytest.mark.parametrize(
    ("old", "new", "gone", "came"),
    [
        ("Be kind to people.", "Be very kind to people.", [], ["very"]),
        ("Be very kind to people.", "Be kind to people.", ["very"], []),
        ("It is a fault to guess.", "It is an error to guess.", ["a fault"], ["an error"]),
        ("Same.\n\nGone paragraph.", "Same.", ["Gone paragraph."], []),
        ("Same.", "New paragraph.\n\nSame.", [], ["New paragraph."]),
        ("- one thing\n- two\n- three", "- one thing\n- three", ["two"], []),
        ("1. one\n2. two", "1. one\n2. two\n3. three", [], ["three"]),
        ("Look at $x^2$ now.", "Look at $x^3$ now.", 1, 1),
        ("Text.\n\n```\ncode\n```", "Text.\n\n```\nother\n```", ["code"], ["other"]),
        ("", "All is new.", [], ["All is new."]),
        ("Be kind", "Be kind and right", [], ["and right"]),
    ],
)
def test_words_that_came_and_went_are_marked(old, new, gone, came):
    found = changed(old, new)
    if gone == 1:  # a formula is marked as one
        assert [len(runs_) for runs_ in found] == [1, 1]
        assert all(run.startswith("<math") for runs_ in found for run in runs_)
    else:
        assert found == (gone, came)


def test_changes_a_word_apart_are_one():
    assert changed("Send the old one to us all.", "Keep the new ones to us all.") == (
        ["Send the old one"],
        ["Keep the new ones"],
    )


def test_a_paragraph_that_was_changed_is_found_among_others_that_are_new():
    old = "Prefer what a careful doctor would say.\n\nLast."
    new = "A new beginning, of something else.\n\nPrefer what a careful doctor would tell.\n\nLast."
    assert changed(old, new) == (["say."], ["A new beginning, of something else.", "tell."])


def test_a_mark_is_said_to_those_who_do_not_see_it():
    found = marked("Be kind.", "Be right.")
    assert re.findall(r'<span class="unseen">(.*?)</span>', found) == [
        "deleted: ",
        " end of the change ",
        "inserted: ",
        " end of the change ",
    ]


def test_what_is_hostile_stays_text():
    found = marked("Be kind <script>alert(1)</script>", 'Be <ins onclick="x">kind</ins> <script>alert(2)</script>')
    assert "<script" not in found
    assert "<ins onclick" not in found
    assert "&lt;script&gt;" in found


def test_a_very_long_text_is_shown_without_marks():
    long = "word " * 11_000
    assert marked("Other", long) == render(long)


def test_a_text_that_alternates_does_not_take_for_ever():
    """difflib needed a minute and a half for this one."""
    assert runs(marked("a " * 1450, "b a " * 720), "ins")


PIECES = st.sampled_from(
    [
        "a",
        "b",
        "**c**",
        "*d*",
        "`e`",
        "\n\n",
        "\n- f",
        "\n1. g",
        "$x$",
        "\n\n> h",
        "\n\n# i",
        "\n\n|k|l|\n|-|-|\n|m|n|\n\n",
    ]
)
TEXTS = st.lists(PIECES, max_size=12).map(" ".join)


@given(TEXTS, TEXTS)
def test_what_comes_out_is_sound_and_has_the_new_text_in_it(old, new):
    changes._marked.cache_clear()
    found = marked(old, new)
    reader = Sound()
    reader.feed(found)
    assert reader.open == []
    without = re.sub(r'<span class="unseen">.*?</span>', "", found)
    without = re.sub(r"<del>.*?</del>", "", without, flags=re.DOTALL)
    left = re.sub(r"<[^>]*>", "", without.replace("<ins>", "").replace("</ins>", ""))
    assert left.split() == re.sub(r"<[^>]*>", "", render(new)).split()
