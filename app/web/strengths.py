"""Judgements as words. Reviewers are not blind: for them the responses are a and b, wherever each stood."""

from datetime import timedelta

from app.domain.finding import Standing
from app.web import judging
from app.web.languages import gettext, ngettext
from app.web.templating import duration, figure


def of_responses(strength: int) -> str:
    """A strength from a to b, −3 to 3."""
    return {
        -3: gettext("a is much better"),
        -2: gettext("a is better"),
        -1: gettext("a is slightly better"),
        0: gettext("a tie"),
        1: gettext("b is slightly better"),
        2: gettext("b is better"),
        3: gettext("b is much better"),
    }[strength]


def side(strength: int) -> str:
    """Which answer it is, as gold has it."""
    return "tie" if strength == 0 else "b" if strength > 0 else "a"


def as_seen(strength: int, swapped: bool) -> str:
    """The same as it was put to whoever judged; `swapped` when b stood on the left."""
    return judging.strengths()[3 - strength if swapped else 3 + strength]


def mean(standing: Standing) -> str:
    """The mean strength in the words of the nearest step."""
    step = int(abs(standing.mean) + 0.5)
    if not step and standing.ties < standing.judgements:
        return gettext("undecided")
    return of_responses(step if standing.mean > 0 else -step)


def time(milliseconds: int) -> str:
    """A time that somebody took."""
    return duration(timedelta(milliseconds=milliseconds))


def majority(standing: Standing) -> str:
    """What most of the judgements say, with how many of how many."""
    most = max(standing.a, standing.ties, standing.b)
    number, of = figure(most, 0), figure(standing.judgements, 0)
    if [standing.a, standing.ties, standing.b].count(most) > 1:
        return gettext("No side has a majority.")
    if most == standing.a:
        said = ngettext("%(of)s judgement, for a.", "%(number)s of %(of)s judgements are for a.", standing.judgements)
    elif most == standing.b:
        said = ngettext("%(of)s judgement, for b.", "%(number)s of %(of)s judgements are for b.", standing.judgements)
    else:
        said = ngettext("%(of)s judgement, a tie.", "%(number)s of %(of)s judgements are ties.", standing.judgements)
    return said % {"number": number, "of": of}
