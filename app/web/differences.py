"""What two responses do not share, word by word, marked in the HTML that they are shown as."""

import html
import re
import unicodedata
from html.parser import HTMLParser

from markupsafe import Markup
from rapidfuzz.distance import LCSseq

MOST_PRODUCT = 40_000_000  # words times words: what is longer takes too long to compare, and is not marked
LONGEST = 200_000  # characters of HTML: what is longer takes too long to read word by word, and is not marked either
BEGIN, END = '<mark class="only">', "</mark>"
# written without blanks: each character is a word
_CJK = "\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\uff66-\uff9d\U00020000-\U0003ffff"
# what belongs to the character before it: accents and vowel signs, joiners, the colours of emoji
_MARKS = "".join(chr(code) for code in range(0x300, 0x10000) if unicodedata.category(chr(code))[0] == "M")
_MARKS = f"[{_MARKS}\u200c\u200d\U0001f3fb-\U0001f3ff\U000e0020-\U000e007f\U000e0100-\U000e01ef]"
_WORD = re.compile(
    rf"[\U0001f1e6-\U0001f1ff]{{2}}|[{_CJK}]{_MARKS}*|[^\W{_CJK}](?:[^\W{_CJK}]|{_MARKS})*|[^\w\s](?:{_MARKS}|(?<=\u200d)[^\w\s])*"
)


class _Read(HTMLParser):
    """Sanitised HTML as pieces: tags as they are, text cut into words and what lies between them. A formula is one word."""

    def __init__(self, source: str) -> None:
        super().__init__(convert_charrefs=True)
        self.pieces: list[tuple[str, bool]] = []
        self.words: list[str] = []
        self._formula: list[str] | None = None
        self._text: list[str] = []
        self.feed(source)
        self.close()

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag == "math" and self._formula is None:
            self._formula, self._text = [], []
        self._add(self.get_starttag_text() or "")

    def handle_endtag(self, tag: str) -> None:
        self._add(f"</{tag}>")
        if tag == "math" and self._formula is not None:
            self.pieces.append(("".join(self._formula), True))
            self.words.append(" ".join(self._text))
            self._formula = None

    def handle_data(self, data: str) -> None:
        if self._formula is not None:
            self._text.append(data)
            self._formula.append(html.escape(data, quote=False))
            return
        end = 0
        for found in _WORD.finditer(data):
            if found.start() > end:
                self._add(html.escape(data[end : found.start()], quote=False))
            self.pieces.append((html.escape(found[0], quote=False), True))
            self.words.append(found[0])
            end = found.end()
        if end < len(data):
            self._add(html.escape(data[end:], quote=False))

    def _add(self, raw: str) -> None:
        if self._formula is not None:
            self._formula.append(raw)
        else:
            self.pieces.append((raw, False))


def marked(left: Markup, right: Markup) -> tuple[Markup, Markup]:
    """Both, with `<mark class="only">` around what the other does not have; as they are where that takes too long.

    What they share is a longest common subsequence of their words, so that what only moved is marked once in each.
    """
    if max(len(left), len(right)) > LONGEST:
        return left, right
    one, other = _Read(left), _Read(right)
    if not one.words or not other.words or len(one.words) * len(other.words) > MOST_PRODUCT:
        return left, right
    shared = [block for block in LCSseq.opcodes(one.words, other.words) if block.tag == "equal"]
    return (
        _with_marks(one, [(block.src_start, block.src_end) for block in shared]),
        _with_marks(other, [(block.dest_start, block.dest_end) for block in shared]),
    )


def _with_marks(read: _Read, shared: list[tuple[int, int]]) -> Markup:
    common = bytearray(len(read.words))
    for start, end in shared:
        common[start:end] = b"\x01" * (end - start)
    out: list[str] = []
    held: list[str] = []  # blanks after a marked word: marked too when another one follows
    open_, number = False, 0
    for raw, word in read.pieces:
        if word and not common[number]:
            out.extend(held if open_ else [BEGIN])
            out.append(raw)
            held, open_ = [], True
        elif open_ and not word and not raw.startswith("<"):
            held.append(raw)
        else:
            out.extend([END, *held, raw] if open_ else [raw])
            held, open_ = [], False
        number += word
    out.extend([END, *held] if open_ else [])
    return Markup("".join(out))  # noqa: S704 - its tags are those of what came in, and its text is escaped again
