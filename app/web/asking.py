"""Questions of practice and quiz as the annotation page shows a comparison, and the words for answers to them."""

from datetime import datetime

from app.domain.assignments import Task
from app.domain.questions import Question
from app.web.languages import gettext
from app.web.tasks import Shown, shown


def asked(question: Question, swapped: bool, now: datetime) -> Shown:
    """The question for the template _comparison.html; no lease is behind it."""
    left, right = question.shown(swapped)
    return shown(Task(question.id, None, "", now, question.messages, left, right))


def side(question: Question, swapped: bool) -> str:
    """Where the gold answer stands: "left", "right", or "tie"."""
    found = -question.gold if swapped else question.gold
    return ("left", "tie", "right")[found + 1]


def gold_words(side: str) -> str:
    """The gold answer as a sentence."""
    return {
        "left": gettext("Gold: left is better."),
        "tie": gettext("Gold: they are as good as each other."),
        "right": gettext("Gold: right is better."),
    }[side]


def answer_words(strength: int) -> str:
    """An answer, −3..3 from left to right, as a sentence."""
    return (
        gettext("You said: left is much better."),
        gettext("You said: left is better."),
        gettext("You said: left is slightly better."),
        gettext("You said: they are as good as each other."),
        gettext("You said: right is slightly better."),
        gettext("You said: right is better."),
        gettext("You said: right is much better."),
    )[strength + 3]
