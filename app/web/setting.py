"""The form of a project's settings: what was typed as settings, settings as what one would type, and what would happen."""

import hashlib
import re
import unicodedata
from dataclasses import dataclass, fields, replace
from itertools import zip_longest

from pydantic import BaseModel

from app.domain.asking import MOST_CRITERIA, Asks, Criterion
from app.domain.effects import Effects
from app.domain.errors import Invalid
from app.domain.projects import Settings
from app.vocabulary import Asked
from app.web.forms import perhaps_whole, whole
from app.web.languages import gettext, ngettext

EMPTY_ROWS = 2  # for criteria to be, where no script adds them
_NO_KEY = re.compile(r"[^a-z0-9]+")


class Typed(BaseModel):
    """The fields as they came. `seen` marks what the page was made from, `confirmed` what one has been warned of."""

    slug: str = ""
    name: str = ""
    guidelines: str = ""
    session_goal: str = ""
    acceptable: str = ""
    criterion_key: list[str] = []
    criterion_name: list[str] = []
    criterion_hint: list[str] = []
    rationale: str = Asked.no
    rationale_least: str = "1"
    flags: str = ""
    pass_mark: str = ""
    quiz_questions: str = ""
    quiz_attempts: str = ""
    max_per_annotator: str = ""
    overlap: str = "1"
    spread: str = ""
    base_model: str = ""
    retrain_every: str = "0"
    seen: str = ""
    confirmed: str = ""

    def criteria(self) -> list[tuple[str, str, str]]:
        """(key, name, hint) of each row that is not empty."""
        columns = (self.criterion_key, self.criterion_name, self.criterion_hint)
        rows = [tuple(cell.strip() for cell in row) for row in zip_longest(*columns, fillvalue="")]
        return [(key, name, hint) for key, name, hint in rows if key or name or hint]

    def rows(self) -> list[tuple[str, str, str]]:
        """The criteria, and a few empty rows for more of them."""
        found = self.criteria()
        return found + [("", "", "")] * min(EMPTY_ROWS, max(MOST_CRITERIA - len(found), 0))


@dataclass(frozen=True)
class Clash:
    """A setting that somebody else changed in the meantime; `mine` is none where one has not touched it."""

    label: str
    theirs: str
    mine: str | None


def read(typed: Typed) -> Settings:
    """The settings that were typed; raises Invalid at the first field that cannot be read."""
    if typed.rationale not in set(Asked):
        raise Invalid("rationale", "must be one of %(known)s", known=", ".join(Asked))
    needed = typed.rationale == Asked.required or typed.rationale_least.strip()
    asks = Asks(
        acceptable=bool(typed.acceptable),
        criteria=tuple(Criterion(key or _key(name), name, hint) for key, name, hint in typed.criteria()),
        rationale=Asked(typed.rationale),
        rationale_least=whole("rationale_least", typed.rationale_least) if needed else 1,
        flags=bool(typed.flags),
    )
    return Settings(
        name=typed.name,
        guidelines=typed.guidelines.replace("\r\n", "\n"),  # as browsers end lines
        session_goal=perhaps_whole("session_goal", typed.session_goal),
        asks=asks,
        pass_mark=perhaps_whole("pass_mark", typed.pass_mark),
        quiz_questions=perhaps_whole("quiz_questions", typed.quiz_questions),
        quiz_attempts=perhaps_whole("quiz_attempts", typed.quiz_attempts),
        max_per_annotator=perhaps_whole("max_per_annotator", typed.max_per_annotator),
        overlap=whole("overlap", typed.overlap),
        spread=bool(typed.spread),
        base_model=typed.base_model,
        retrain_every=whole("retrain_every", typed.retrain_every),
    )


def written(found: Settings) -> Typed:
    """The settings as somebody would type them."""
    asks = found.asks
    return Typed(
        name=found.name,
        guidelines=found.guidelines,
        session_goal=_perhaps(found.session_goal),
        acceptable="1" if asks.acceptable else "",
        criterion_key=[criterion.key for criterion in asks.criteria],
        criterion_name=[criterion.name for criterion in asks.criteria],
        criterion_hint=[criterion.hint for criterion in asks.criteria],
        rationale=asks.rationale,
        rationale_least=str(asks.rationale_least),
        flags="1" if asks.flags else "",
        pass_mark=_perhaps(found.pass_mark),
        quiz_questions=_perhaps(found.quiz_questions),
        quiz_attempts=_perhaps(found.quiz_attempts),
        max_per_annotator=_perhaps(found.max_per_annotator),
        overlap=str(found.overlap),
        spread="1" if found.spread else "",
        base_model=found.base_model,
        retrain_every=str(found.retrain_every),
        seen=marks(found),
    )


def marks(found: Settings) -> str:
    """A mark of each setting in their order, by which it is known whether it is still the same."""
    values = (getattr(found, field.name) for field in fields(found))
    return ",".join(hashlib.sha256(repr(value).encode()).hexdigest()[:10] for value in values)


def merged(seen: str, wanted: Settings, present: Settings) -> tuple[Settings, list[Clash]]:
    """What one wants on top of what somebody else has set since the page was made, and what they have set otherwise."""
    clashes: list[Clash] = []
    names = [field.name for field in fields(wanted)]
    columns = (seen.split(","), marks(wanted).split(","), marks(present).split(","))
    if len(columns[0]) != len(names):
        return wanted, []
    for name, was, mine, theirs in zip(names, *columns, strict=True):
        if theirs in (was, mine):
            continue
        untouched = mine == was
        texts = said(name, present), None if untouched else said(name, wanted)
        clashes.append(Clash(label(name), *texts))
        if untouched:
            wanted = replace(wanted, **{name: getattr(present, name)})
    return wanted, clashes


def label(name: str) -> str:
    """What a setting is called on its page."""
    return {
        "name": gettext("Name"),
        "guidelines": gettext("Guidelines"),
        "session_goal": gettext("Goal of a sitting"),
        "asks": gettext("What is asked"),
        "pass_mark": gettext("Pass mark"),
        "quiz_questions": gettext("Questions of an attempt"),
        "quiz_attempts": gettext("Attempts at the quiz"),
        "max_per_annotator": gettext("Judgements of one annotator"),
        "overlap": gettext("Overlap"),
        "spread": gettext("Spread the overlap"),
        "base_model": gettext("Base model"),
        "retrain_every": gettext("Retrain after"),
    }[name]


def said(name: str, found: Settings) -> str:
    """A setting in words."""
    value = getattr(found, name)
    if name == "asks":
        return asks_said(found.asks)
    if isinstance(value, bool):
        return gettext("yes") if value else gettext("no")
    return gettext("nothing") if value in (None, "") else str(value)


def warnings(effects: Effects) -> list[str]:
    """What would surprise somebody, as sentences."""
    found = []
    if effects.batches:
        text = ngettext(
            "%(count)s batch that is there keeps the overlap of its upload. The new one holds for what is uploaded from "
            "now on.",
            "%(count)s batches that are there keep the overlap of their upload. The new one holds for what is uploaded "
            "from now on.",
            effects.batches,
        )
        found.append(text % {"count": effects.batches})
    if effects.held:
        held = ngettext("%(count)s comparison", "%(count)s comparisons", effects.held) % {"count": effects.held}
        text = ngettext(
            "%(count)s person holds %(held)s, asked the old way, and may answer so.",
            "%(count)s people hold %(held)s, asked the old way, and may answer so.",
            effects.holders,
        )
        found.append(text % {"count": effects.holders, "held": held})
    if effects.judgements:
        text = ngettext(
            "%(count)s judgement was given as it was asked before. It stays as it is.",
            "%(count)s judgements were given as it was asked before. They stay as they are.",
            effects.judgements,
        )
        found.append(text % {"count": effects.judgements})
    if effects.unqualified:
        text = ngettext(
            "%(count)s person who judges here has not qualified and is handed nothing more until they have.",
            "%(count)s people who judge here have not qualified and are handed nothing more until they have.",
            effects.unqualified,
        )
        found.append(text % {"count": effects.unqualified})
    if effects.quizless:
        found.append(
            gettext("There is no quiz: until a batch for qualification is open, nobody can qualify, and nobody judges.")
        )
    if effects.over:
        text = ngettext(
            "%(count)s person is past the new limit and is handed nothing more. What they hold they may answer.",
            "%(count)s people are past the new limit and are handed nothing more. What they hold they may answer.",
            effects.over,
        )
        found.append(text % {"count": effects.over})
    return found


def asks_said(asks: Asks) -> str:
    """What is asked beside which response is better, in words."""
    parts = [gettext("whether each response is acceptable")] if asks.acceptable else []
    parts += [criterion.name for criterion in asks.criteria]
    if asks.rationale is Asked.optional:
        parts.append(gettext("words, if they like"))
    if asks.rationale is Asked.required:
        parts.append(gettext("at least %(least)s characters of why") % {"least": asks.rationale_least})
    if asks.flags:
        parts.append(gettext("flags"))
    return ", ".join(parts) or gettext("which response is better, and nothing else")


def _key(name: str) -> str:
    """A key made from a criterion's name."""
    ascii_only = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
    return _NO_KEY.sub("_", ascii_only.lower()).strip("_")[:50]


def _perhaps(value: int | None) -> str:
    return "" if value is None else str(value)
