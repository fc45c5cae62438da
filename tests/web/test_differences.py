"""Marking what two responses do not share changes nothing else in them."""

import html
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markupsafe import Markup

from app.web import differences
from app.web.differences import BEGIN, END, marked
from app.web.richtext import render

WORDS = [
    "the",
    "cat",
    "sat",
    "**bold**",
    "`x < 1`",
    "&amp;",
    "<b>",
    "&",
    "\u00a0",
    "猫",
    "座る",
    "नमस्ते",
    "שלום",
    "$x^2$",
    "👍🏽",
]
BLOCKS = [
    "# {}",
    "- {}\n- {}",
    "> {}",
    "| {} | {} |\n|---|---|\n| a | b |",
    "```python\n{} = 1\n```",
    "$$\n{}\n$$",
    "{}\n{}",
    "1. {}",
]


def only(found):
    """What is marked, as text."""
    return [html.unescape(re.sub("<[^>]*>", "", part)) for part in re.findall(f"{BEGIN}(.*?){END}", found, re.DOTALL)]


def text(found):
    return html.unescape(re.sub("<[^>]*>", "", found))


def tags(found):
    return re.findall(r"<(?!/?mark\b)[^>]*>", found)


def both(left, right):
    one, other = marked(render(left), render(right))
    return only(one), only(other)


@pytest.mark.parametrize(
    ("left", "right", "marks"),
    [
        ("the same text", "the same text", ([], [])),
        ("the cat sat here", "the dog sat there", (["cat", "here"], ["dog", "there"])),
        ("a b", "a b and much more", ([], ["and much more"])),
        ("It sat.", "It sat!", (["."], ["!"])),
        ("one **two** three", "one two three", ([], [])),
        ("don't", "don’t", (["'"], ["’"])),
        ("我喜欢猫", "我喜欢狗", (["猫"], ["狗"])),
        ("ｶﾀｶﾅ", "ｶﾀﾄﾅ", (["ｶ"], ["ﾄ"])),
        ("हिन्दी", "हिन्दु", (["हिन्दी"], ["हिन्दु"])),  # never within a letter and its vowel sign
        ("e\u0301te\u0301", "ete", (["e\u0301te\u0301"], ["ete"])),
        ("a 👨‍👩‍👧 b", "a 👨‍👩‍👦 b", (["👨‍👩‍👧"], ["👨‍👩‍👦"])),
        ("👍🏽", "👍🏿", (["👍🏽"], ["👍🏿"])),
        ("🇩🇪", "🇩🇰", (["🇩🇪"], ["🇩🇰"])),
        ("if a < b && c", "if a > b && c", (["<"], [">"])),
        ("R&amp;D", "R&amp;E", (["D"], ["E"])),
        ("so $x^2$ it is", "so $x^3$ it is", (["x2"], ["x3"])),
        ("`x = 1`", "`x = 2`", (["1"], ["2"])),
    ],
)
def test_what_only_one_says_is_marked(left, right, marks):
    assert both(left, right) == marks


def test_a_formula_is_marked_whole_and_not_within():
    one, _ = marked(render("$x^2$"), render("$y$"))
    assert f"{BEGIN}<math" in one
    assert f"</math>{END}" in one
    assert one.count(BEGIN) == 1


def test_a_mark_never_reaches_beyond_its_element():
    one, _ = marked(render("- a\n- b\n\nc **d** e"), render("z"))
    for inside in re.findall(f"{BEGIN}(.*?){END}", one, re.DOTALL):
        assert "<" not in inside


@pytest.mark.parametrize(("left", "right"), [("", "x"), ("x", ""), ("", ""), ("   ", "...")])
def test_beside_an_empty_response_nothing_is_marked(left, right):
    one, other = (render(part) if part.strip() else Markup("") for part in (left, right))
    if not (text(one).strip() and text(other).strip()):
        assert marked(one, other) == (one, other)


def test_what_is_very_long_is_not_read_word_by_word():
    long, short = Markup("<p>" + "a " * differences.LONGEST + "</p>"), Markup("<p>b</p>")
    assert differences.marked(long, short) == (long, short)
    assert differences.marked(short, long) == (short, long)


def test_what_takes_too_long_is_left_as_it_is(monkeypatch):
    monkeypatch.setattr(differences, "MOST_PRODUCT", 8)
    assert both("a b c", "x y z") == ([], [])
    assert both("a b", "x y z") == (["a b"], ["x y z"])


def test_hostile_text_stays_text():
    hostile = "<script>alert(1)</script> <img src=x onerror=alert(1)> </mark> &lt;script&gt;"
    for found in marked(render(hostile), render("something else")):
        assert "<script" not in found
        assert "<img" not in found
    one, _ = marked(render(hostile), render("something else"))
    assert text(one) == text(render(hostile))


written = st.lists(
    st.tuples(st.sampled_from(BLOCKS), st.lists(st.sampled_from(WORDS) | st.text(max_size=6), min_size=2, max_size=9)),
    max_size=4,
).map(lambda parts: "\n\n".join(block.format(*[" ".join(words)] * block.count("{}")) for block, words in parts))


@settings(deadline=None, max_examples=60)
@given(written, written)
def test_nothing_is_lost_added_or_moved(left, right):
    for before, after in zip((render(left), render(right)), marked(render(left), render(right)), strict=True):
        assert text(after) == text(before)
        assert tags(after) == tags(before)
        assert after.count(BEGIN) == after.count(END) == len(only(after))
        assert not any(not found.strip() for found in only(after))


@settings(deadline=None, max_examples=60)
@given(written)
def test_what_is_the_same_has_no_differences(same):
    assert marked(render(same), render(same))[0].count(BEGIN) == 0


@settings(deadline=None, max_examples=60)
@given(written, written)
def test_what_is_not_marked_is_in_both_in_the_same_order(left, right):
    def shared(found):
        return text(re.sub(f"{BEGIN}.*?{END}", "", found, flags=re.DOTALL)).split()

    one, other = marked(render(left), render(right))
    if text(one).split() and text(other).split():
        assert "".join(shared(one)) == "".join(shared(other))
