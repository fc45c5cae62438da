"""Text as HTML: what is meant to be formatted is, and nothing that it says runs, loads or escapes."""

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
