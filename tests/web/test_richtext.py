"""Text as HTML: what is meant to be formatted is, and nothing that it says runs, loads or escapes."""

import re
import sys

import pytest

from app.web.richtext import render


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("**bold** and `code`", "<strong>bold</strong> and <code>code</code>"),
        ("```python\nx = 1\n```", '<span class="mi">1</span>'),
        ("$x^2$", "<msup>"),
        ("so $$\\frac12$$ it is", "<mfrac>"),
        (r"so \(x^2\) it is", "<msup>"),
        ("\\[\nx^2\n\\]", '<math display="block">'),
        ("it costs $5 and $6", "it costs $5 and $6"),
        ("| a |\n|--:|\n| b |", '<td dir="auto" class="align-right">b</td>'),
        ("שלום", '<p dir="auto">שלום</p>'),
        ("- שלום\n\n- world", '<ul dir="rtl">\n<li dir="rtl">\n<p dir="auto">שלום</p>\n</li>\n<li dir="ltr">'),
        ("> - 1. مرحبا", '<blockquote dir="rtl">\n<ul dir="rtl">'),
        ("![a cat](https://example.org/cat.png)", '<a href="https://example.org/cat.png"'),
    ],
)
def test_what_is_meant_is_shown(text, expected):
    assert expected in render(text)


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "[x](javascript:alert(1))",
        "[x](data:text/html,<script>alert(1)</script>)",
        "![x](javascript:alert(1))",
        '![x" onload="alert(1)](https://example.org)',
        "<svg onload=alert(1)>",
        r"$\href{javascript:alert(1)}{x}$",
        r"$\text{<img src=x onerror=alert(1)>}$",
        "```<script>\nx\n```",
        "<style>body{display:none}</style>",
        "x" * 60_000 + "<script>alert(1)</script>",
    ],
)
def test_nothing_runs_or_loads(text):
    found = render(text)
    assert "<script" not in found
    assert "<img" not in found
    assert "<svg" not in found
    assert "<style" not in found
    assert 'href="javascript' not in found
    assert 'href="data' not in found
    assert " style=" not in found


@pytest.mark.parametrize(
    "text", [r"\[ x \] (1)", r"\[ x \] (1) and more", "so\n\\[x\\]\n(1)", "> \\[\n> x\n> \\]\n\n(1)"]
)
def test_a_formula_on_lines_of_its_own_takes_nothing_along(text):
    found = render(text)
    assert found.count('<math display="block">') == 1
    assert "<mi>x</mi>" in found
    assert "(1)" in found
    assert "<mo>&gt;</mo>" not in found


@pytest.mark.parametrize("opening", [r"\(", "\\[\n\n", "[", "![", "[![", "*[", "<![CDATA["])
def test_what_opens_and_never_ends_is_not_looked_for_again_and_again(opening):
    calls = 0

    def count(frame, event, arg):
        nonlocal calls
        calls += event == "call"

    text = opening * (10_000 // len(opening))
    sys.setprofile(count)
    try:
        found = render(text)
    finally:
        sys.setprofile(None)
    assert calls < 100 * len(text)
    assert found.count("[") == text.count("[")


def test_a_text_has_so_much_code_in_colours():
    block = "```ts\n" + "a." * 1_900 + "\n```\n"
    assert len(re.findall("<pre.*<span", render(block * 10))) == 1
    assert len(re.findall("<pre.*<span", render("```ts\nlet a = 1\n```\n" * 10))) == 10


def test_a_table_of_empty_cells_is_shown_as_it_was_typed():
    text = "|" * 100 + "a\n" + "|-" * 100 + "\n" + "a\n" * 5_000
    assert render(text).startswith("<pre>||||")
