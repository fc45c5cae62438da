"""The form in which a judgement is given: its words, what it is filled with, and the answer that it sends."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from starlette.datastructures import FormData

from app.domain.asking import Asks
from app.domain.errors import DomainError, Invalid
from app.domain.preferences import Answer
from app.web.languages import gettext
from app.web.names import said

KEYS = {str(key): key - 4 for key in range(1, 8)}
TIES = {"x": False, "g": True}  # a tie of two bad, or two good, responses
ACCEPTABLE: dict[bool | None, str] = {True: "yes", False: "no", None: ""}


@dataclass(frozen=True)
class Filled:
    """What the form holds: `answer` a key of the scale, `left` and `right` "yes" or "no", `criteria` keys of the scale;
    empty where nothing was said."""

    answer: str = ""
    left: str = ""
    right: str = ""
    criteria: Mapping[str, str] = field(default_factory=dict)
    rationale: str = ""
    flags: tuple[str, ...] = ()


def strengths() -> list[str]:
    """The seven strengths in words, from left to right."""
    return [
        gettext("Left is much better"),
        gettext("Left is better"),
        gettext("Left is slightly better"),
        gettext("They are as good as each other"),
        gettext("Right is slightly better"),
        gettext("Right is better"),
        gettext("Right is much better"),
    ]


def filled(form: FormData) -> Filled:
    """What was sent."""
    text = {name: value for name, value in form.items() if isinstance(value, str)}
    prefix = "criterion."
    return Filled(
        text.get("answer", ""),
        text.get("acceptable_left", ""),
        text.get("acceptable_right", ""),
        {name.removeprefix(prefix): value for name, value in text.items() if name.startswith(prefix) and value},
        text.get("rationale", "").replace("\r\n", "\n"),
        tuple(str(flag) for flag in form.getlist("flag")),
    )


def refilled(answer: Answer, asks: Asks) -> Filled:
    """What the form was filled with, of an answer that was given."""
    left, right = ACCEPTABLE[answer.acceptable_left], ACCEPTABLE[answer.acceptable_right]
    key = str(answer.strength + 4)
    if not asks.acceptable and answer.strength == 0 and left and left == right:
        key = "g" if answer.acceptable_left else "x"
    criteria = {name: str(said + 4) for name, said in answer.criteria.items()}
    return Filled(key, left, right, criteria, answer.rationale or "", answer.flags)


def given(form: Filled, answer_id: str, lease_token: str) -> Answer:
    """The answer that it is; raises Invalid where it is none."""
    answer = Answer(
        answer_id,
        lease_token,
        0,
        _acceptable(form.left),
        _acceptable(form.right),
        form.rationale or None,
        criteria={key: _strength("criteria", said) for key, said in form.criteria.items()},
        flags=form.flags,
    )
    if form.answer not in TIES:
        return replace(answer, strength=_strength("answer", form.answer))
    good = TIES[form.answer]
    if (not good) in (answer.acceptable_left, answer.acceptable_right):
        raise Invalid("acceptable", "says something else than the tie")
    return replace(answer, acceptable_left=good, acceptable_right=good)


def complaint(error: DomainError) -> str:
    """What is wrong with an answer as a sentence in the reader's language, for above the form."""
    if not isinstance(error, Invalid):
        return said(error)
    if error.field == "answer":
        return gettext("Say which one is better, and by how much.")
    sentences = {
        "acceptable": gettext("What is good enough %(reason)s."),
        "criteria": gettext("The answer %(reason)s."),
        "rationale": gettext("The text that says why %(reason)s."),
        "flags": gettext("The flags %(reason)s."),
    }
    return sentences.get(error.field, gettext("What was sent %(reason)s.")) % {"reason": said(error)}


def _strength(name: str, key: str) -> int:
    if key not in KEYS:
        raise Invalid(name, "must be one of %(known)s", known=", ".join([*KEYS, *TIES]))
    return KEYS[key]


def _acceptable(said: str) -> bool | None:
    known: dict[Any, bool | None] = {said: value for value, said in ACCEPTABLE.items()}
    if said not in known:
        raise Invalid("acceptable", "must be yes or no")
    return known[said]
