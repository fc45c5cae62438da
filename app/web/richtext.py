"""Text of prompts and responses as safe HTML: Markdown, code, maths."""

import html
import re
import unicodedata
from bisect import bisect_left
from contextlib import suppress
from functools import lru_cache
from typing import Any
from xml.etree.ElementTree import tostring

import nh3
from latex2mathml.converter import Converter
from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock
from markdown_it.rules_inline import StateInline
from markdown_it.token import Token
from markupsafe import Markup
from mdit_py_plugins.dollarmath import dollarmath_plugin
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import get_lexer_by_name
from pygments.util import ClassNotFound

BLOCKS = {"p", "h1", "h2", "h3", "h4", "h5", "h6", "ul", "ol", "li", "blockquote", "table", "th", "td", "pre"}
HOLDERS = {"ul", "ol", "li", "blockquote", "table"}
MATHML = {
    "math", "mrow", "mi", "mn", "mo", "ms", "mtext", "mspace", "mfrac", "msqrt", "mroot", "msub", "msup", "msubsup",
    "munder", "mover", "munderover", "mmultiscripts", "mprescripts", "none", "mtable", "mtr", "mtd", "mpadded",
    "mphantom", "menclose", "mstyle",
}  # fmt: skip
MATH_ATTRIBUTES = {"display", "stretchy", "fence", "form", "separator", "accent", "accentunder", "linethickness",
                   "mathvariant", "columnalign", "displaystyle", "scriptlevel", "width", "notation"}  # fmt: skip
TEXT = {"a", "br", "hr", "em", "strong", "s", "code", "span", "div", "thead", "tbody", "tr"}
LONGEST = 50_000
MOST_BLOCKS = 30_000  # tokens of them: a short line can stand for a hundred cells of a table
LONGEST_HIGHLIGHTED = 4_000
LANGUAGES = {"bash", "c", "console", "cpp", "css", "diff", "go", "html", "java", "javascript", "js", "json", "jsx",
             "kotlin", "php", "py", "python", "r", "ruby", "rust", "sh", "shell", "sql", "swift", "toml", "ts", "tsx",
             "typescript", "xml", "yaml"}  # fmt: skip
LONGEST_FORMULA = 5_000
DEEPEST = 5  # brackets in brackets among which links are looked for
BRACKETS = {r"\(": r"\)", r"\[": r"\]"}
_REFERENCE = re.compile(r"&amp;(#x[0-9A-Fa-f]+;)")


class _TooMuch(Exception):
    """More blocks than anybody reads."""


@lru_cache(maxsize=256)
def render(text: str) -> Markup:
    """Sanitised HTML of Markdown text with maths; nothing in it runs, loads or leaves the page by itself."""
    if len(text) > LONGEST:  # what Markdown costs can grow with the square of a hostile text
        return _plain(text)
    try:
        rendered = _markdown.render(text)
    except _TooMuch:
        return _plain(text)
    return Markup(_cleaner.clean(rendered))  # noqa: S704 - this is where it is made safe


def _plain(text: str) -> Markup:
    return Markup("<pre>{}</pre>").format(text)


def _maths(source: str, options: dict[str, Any]) -> str:
    if len(source) <= LONGEST_FORMULA:
        try:
            converter = Converter(display="block" if options["display_mode"] else "inline")
            formula = tostring(converter.convert_to_element(source), encoding="unicode")
            return _REFERENCE.sub(r"&\1", formula)  # its own `convert` undoes every escape, those of \text{<b>} too
        except Exception:  # noqa: S110 - latex2mathml raises what it likes; the source is shown instead
            pass
    return f"<code>{html.escape(source)}</code>"


def _fence(tokens: list[Token], index: int, env: Any) -> str:
    """Code in colours, as long as there is little of it: what a lexer costs can grow with the square of its length."""
    token = tokens[index]
    language = token.info.split()[0] if token.info.strip() else ""
    code = html.escape(token.content)
    spent = env.get("highlighted", 0) + len(token.content) ** 2
    if language in LANGUAGES and spent <= LONGEST_HIGHLIGHTED**2:
        env["highlighted"] = spent
        with suppress(ClassNotFound):
            code = highlight(token.content, get_lexer_by_name(language), _formatter)
    return f'<pre dir="ltr" tabindex="0"><code class="code">{code}</code></pre>\n'


def _image(tokens: list[Token], index: int) -> str:
    """A picture is a link: loading it would tell its host who reads."""
    token = tokens[index]
    alt = html.escape(token.content or "picture")
    return f'<a href="{html.escape(str(token.attrs.get("src", "")))}">{alt}</a>'


def _bracketed(state: StateInline, silent: bool) -> bool:
    r"""Maths in a paragraph: \(…\), and \[…\] at the beginning of a line; elsewhere those are escaped brackets."""
    opening = state.src[state.pos : state.pos + 2]
    if (closing := BRACKETS.get(opening)) is None or _last(state.src, closing) < state.pos + 3:
        return False
    if opening == r"\[" and state.src[: state.pos].rstrip(" ")[-1:] not in ("", "\n"):
        return False
    end = state.src.find(closing, state.pos + 3, state.posMax)
    if end < 0:
        return False
    if not silent:
        token = state.push("math_inline" if opening == r"\(" else "math_inline_double", "math", 0)
        token.content, token.markup = state.src[state.pos + 2 : end], opening
    state.pos = end + 2
    return True


def _displayed(state: StateBlock, first: int, last: int, silent: bool) -> bool:
    r"""Lines of maths: they begin with \[ and end with \]."""
    start = state.bMarks[first] + state.tShift[first]
    if not state.src.startswith(r"\[", start) or _last(state.src, r"\]") < start + 3:
        return False
    end = state.src.find(r"\]", start + 3)
    line = bisect_left(state.eMarks, end, first, last)
    if line == last or state.sCount[line] < state.blkIndent or state.src[end + 2 : state.eMarks[line]].strip():
        return False
    if not silent:
        token = state.push("math_block", "math", 0)
        token.block, token.markup, token.map = True, r"\[", [first, line + 1]
        token.content = state.getLines(first, line + 1, state.blkIndent, False).strip()[2:-2]
    state.line = line + 1
    return True


@lru_cache(maxsize=8)
def _last(text: str, wanted: str) -> int:
    """Where it stands last: each of thousands of openings would look for an end that is not there."""
    return text.rfind(wanted)


def _shallow(state: StateInline, silent: bool) -> bool:
    """Looks no deeper: each of thousands of brackets would look for its end in all that it may hold."""
    if silent and state.level > DEEPEST:
        state.pos = state.posMax
        return True
    return False


def _countable(state: StateBlock, first: int, last: int, silent: bool) -> bool:
    """Is asked at each line, those of tables too."""
    if len(state.tokens) > MOST_BLOCKS:
        raise _TooMuch
    return False


def _dir(state: Any) -> None:
    """Gives blocks their direction. What holds other blocks gets that of its first letter: of those that say their own,
    a browser would look into none."""
    around: list[Token] = []
    for token in state.tokens:
        if token.nesting == 1 and token.tag in BLOCKS:
            token.attrSet("dir", "auto")
            if token.tag == "table":  # it scrolls by itself where it is wide, and the keyboard must reach it
                token.attrSet("tabindex", "0")
            style = str(token.attrs.pop("style", ""))
            if style.startswith("text-align:"):
                token.attrSet("class", "align-" + style.removeprefix("text-align:"))
        if token.tag in HOLDERS:
            around = [*around, token] if token.nesting == 1 else around[:-1]
        elif token.type in ("inline", "fence", "code_block"):
            undecided = [holder for holder in around if holder.attrs["dir"] == "auto"]
            if undecided and (direction := _direction(token.content if token.type == "inline" else "a")):
                for holder in undecided:
                    holder.attrSet("dir", direction)


def _direction(text: str) -> str | None:
    """Of the first letter that has one."""
    kinds = map(unicodedata.bidirectional, text)
    return next(({"L": "ltr"}.get(kind, "rtl") for kind in kinds if kind in ("L", "R", "AL")), None)


_formatter = HtmlFormatter(nowrap=True)
_markdown = MarkdownIt("js-default", {"html": False, "linkify": False}).use(
    dollarmath_plugin, renderer=_maths, allow_digits=False, allow_blank_lines=False, double_inline=True
)
_markdown.add_render_rule("fence", lambda self, tokens, index, options, env: _fence(tokens, index, env))
_markdown.add_render_rule("code_block", lambda self, tokens, index, options, env: _fence(tokens, index, env))
_markdown.add_render_rule("image", lambda self, tokens, index, options, env: _image(tokens, index))
_markdown.core.ruler.push("dir", _dir)
_markdown.block.ruler.before("table", "countable", _countable, {"alt": ["blockquote"]})
_markdown.block.ruler.before("fence", "displayed", _displayed)  # what they find, dollarmath renders
_markdown.inline.ruler.before("escape", "bracketed", _bracketed)
_markdown.inline.ruler.before("text", "shallow", _shallow)
_cleaner = nh3.Cleaner(
    tags=BLOCKS | MATHML | TEXT,
    attributes={
        "*": {"dir", "class"},
        "a": {"href", "title"},
        "ol": {"start"},
        "pre": {"tabindex"},
        "table": {"tabindex"},
        **dict.fromkeys(MATHML, MATH_ATTRIBUTES),
    },
    url_schemes={"http", "https", "mailto"},
    link_rel="noopener noreferrer nofollow",
)
