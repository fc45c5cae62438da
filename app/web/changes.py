"""What changed from one Markdown text to another, as HTML: the new text, with what came and what went marked in it.

Both are rendered and made safe first. Then what they are made of, tags and words, is compared: only words are ever
wrapped, and a tag of the old text is only taken over together with its end, so that what comes out is as sound as what
went in.
"""

import re
from collections.abc import Iterator
from functools import lru_cache

from markupsafe import Markup, escape
from rapidfuzz.distance import Indel
from rapidfuzz.fuzz import ratio

from app.web.languages import gettext
from app.web.richtext import LONGEST, render

Change = tuple[str, int, int, int, int]  # what, from where to where in the old, and in the new
MOST = 3_000  # pieces of one changed passage on either side; what is longer is marked whole
ALIKE = 50  # percent of two blocks, from which on one is taken to have become the other
CHANCE = 3  # words that two changes may have between them by chance, and that are then part of one
TAG = r'<(?:"[^"]*"|[^>"])*>'
# a formula is one word, since nothing may be marked inside of it
_PIECE = re.compile(rf"<math\b.*?</math>\s*|{TAG}\s*|[^<\s]+\s*|\s+", re.DOTALL)
_NAME = re.compile(r"</?([a-z0-9]+)")
VOID = {"br", "hr"}
WHOLE = {"pre", "table"}


def marked(old: str, new: str) -> Markup:
    """The new text as `richtext.render` gives it, with `<ins>` and `<del>` around what changed, which is said in words
    to those who do not see it."""
    if len(old) > LONGEST or len(new) > LONGEST:
        return render(new)
    return _marked(old, new, gettext("inserted:"), gettext("deleted:"), gettext("end of the change"))


@lru_cache(maxsize=64)
def _marked(old: str, new: str, inserted: str, deleted: str, end: str) -> Markup:
    before, after = _blocks(render(old)), _blocks(render(new))
    words = {"ins": inserted, "del": deleted}
    out: list[str] = []
    for kind, i1, i2, j1, j2 in _joined(before, after, 0):
        ours, theirs = before[i1:i2], after[j1:j2]
        if kind == "equal":
            out += theirs
        for one, other in _pairs(ours, theirs) if kind != "equal" else []:
            out += _passage(one, other, words, end)
    return Markup("".join(out))  # noqa: S704 - of pieces that were made safe


def _blocks(html: str) -> list[str]:
    """The elements of the outermost level, each with what follows it up to the next one."""
    blocks: list[str] = []
    depth, start = 0, True
    for piece in _PIECE.findall(html):
        if start and (piece.strip() or not blocks):
            blocks.append("")
        blocks[-1] += piece
        depth += _step(piece)
        start = depth == 0
    return blocks


def _step(piece: str) -> int:
    """How much deeper one is after it."""
    name = _NAME.match(piece)
    if name is None or name[1] in VOID or piece.startswith("<math"):
        return 0
    return -1 if piece.startswith("</") else 1


def _pairs(before: list[str], after: list[str]) -> Iterator[tuple[str, str]]:
    """Which block became which, in order, by how much they are alike: the dearest alignment, as in an edit distance.
    What became of none, or came from none, is paired with nothing."""
    if len(before) * len(after) > MOST:
        yield "".join(before), "".join(after)
        return
    worth = [[0.0] * (len(after) + 1) for _ in range(len(before) + 1)]
    for i in reversed(range(len(before))):
        for j in reversed(range(len(after))):
            alike = worth[i + 1][j + 1] + ratio(before[i], after[j], score_cutoff=ALIKE)
            worth[i][j] = max(alike, worth[i + 1][j], worth[i][j + 1])
    i = j = 0
    while i < len(before) or j < len(after):
        if i < len(before) and worth[i][j] == worth[i + 1][j]:
            yield before[i], ""
            i += 1
        elif j < len(after) and worth[i][j] == worth[i][j + 1]:
            yield "", after[j]
            j += 1
        else:
            yield before[i], after[j]
            i, j = i + 1, j + 1


def _passage(old: str, new: str, words: dict[str, str], end: str) -> Iterator[str]:
    before, after = _PIECE.findall(old), _PIECE.findall(new)
    whole = any(f"<{name}" in html for name in WHOLE for html in (old, new))
    if whole or max(len(before), len(after)) > MOST or not (before and after):
        changes: list[Change] = [("replace", 0, len(before), 0, len(after))]
    else:
        changes = _joined(before, after, CHANCE)
    for kind, i1, i2, j1, j2 in changes:
        if kind == "equal":
            yield from after[j1:j2]
            continue
        yield from _wrapped("del", _kept(before[i1:i2]), words["del"], end)
        yield from _wrapped("ins", after[j1:j2], words["ins"], end)


def _joined(before: list[str], after: list[str], chance: int) -> list[Change]:
    """What is "equal" and what is not; changes that have fewer than `chance` words between them are one: nobody can read
    a text that alternates."""
    found: list[Change] = []
    # a word is the same at the end of a line, of a paragraph, and before another one
    changes = list(Indel.opcodes([piece.rstrip() for piece in before], [piece.rstrip() for piece in after]))
    for place, change in enumerate(changes):
        kind, i1, i2, j1, j2 = change.tag, change.src_start, change.src_end, change.dest_start, change.dest_end
        between = kind == "equal" and 0 < place < len(changes) - 1
        few = j2 - j1 < chance and not any(piece.startswith("<") for piece in after[j1:j2])
        if (kind != "equal" or (between and few)) and found and found[-1][0] != "equal":
            _, i1, _, j1, _ = found.pop()
            kind = "replace"
        found.append((kind, i1, i2, j1, j2))
    return found


def _kept(pieces: list[str]) -> list[str]:
    """Of what is gone the words, and its tags where all of them end in it."""
    depth, least = 0, 0
    for piece in pieces:
        depth += _step(piece)
        least = min(least, depth)
    if depth == 0 and least == 0:
        return pieces
    return [piece for piece in pieces if not piece.startswith("<") or piece.startswith("<math")]


def _wrapped(tag: str, pieces: list[str], words: str, end: str) -> Iterator[str]:
    """The pieces with each run of words in an element of its own, what it is before the first and after the last."""
    runs = [place for place, piece in enumerate(pieces) if _is_word(piece)]
    inside = False
    for place, piece in enumerate(pieces):
        if inside and not _is_word(piece) and piece.startswith("<"):
            yield f"</{tag}>"
            inside = False
        if not inside and _is_word(piece):
            yield f"<{tag}>"
            inside = True
        if runs and place == runs[0]:
            yield f'<span class="unseen">{escape(words)} </span>'
        yield piece
        if runs and place == runs[-1]:
            yield f'<span class="unseen"> {escape(end)} </span>'
    if inside:
        yield f"</{tag}>"


def _is_word(piece: str) -> bool:
    return bool(piece.strip()) and (not piece.startswith("<") or piece.startswith("<math"))
