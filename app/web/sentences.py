"""Figures as sentences: what a page says first."""

from markupsafe import Markup, escape

from app.domain.overview import Overview
from app.domain.pace import Outlook
from app.domain.quality import Agreement
from app.stats.agreement import in_words
from app.stats.forecast import Unknown
from app.stats.trend import Slope
from app.storage.training import TrainingRun
from app.web.dates import between, day
from app.web.languages import gettext, ngettext
from app.web.templating import figure


def agreement(found: Agreement, slope: Slope | None = None, doubted: int = 0) -> Markup:
    """How far people agree, by Krippendorff's ordinal α; whether that changes, and how many answer like chance."""
    alpha = found.alpha_ordinal
    if not found.judgements:
        return escape(gettext("Nobody has judged anything yet."))
    if alpha.value == alpha.value:
        values = {"word": _band(alpha.value), "alpha": _alpha(found), "number": figure(doubted, 0)}
        if doubted:
            return Markup(_doubtful(slope, doubted)) % values  # noqa: S704
        return Markup(_trusted(slope)) % values  # noqa: S704
    if found.single == found.comparisons:
        return escape(gettext("Every comparison has a single judgement, so nothing is known of agreement."))
    return escape(gettext("Everyone gave the same answer everywhere, so agreement beyond chance cannot be told."))


def model(run: TrainingRun | None) -> Markup:
    """How good the current reward model is, beside the simplest rival."""
    if run is None:
        return escape(gettext("There is no reward model yet."))
    metrics = run.metrics or {}
    if metrics.get("accuracy") is None:
        return escape(gettext("The reward model is not measured: no comparison that it has not seen has a majority."))
    said = gettext(
        "The reward model is right on <em>%(accuracy)s</em> of unseen comparisons; the longer answer wins %(length)s."
    )
    return Markup(said) % {  # noqa: S704
        "accuracy": figure(metrics["accuracy"]),
        "length": figure(metrics["length_accuracy"]),
    }


def ceiling(gain: Slope | None) -> str:
    """What the chart of the models beside people shows, and what more judgements would bring where that can be told."""
    said = gettext(
        "Right on unseen comparisons, by the judgements learned from; for people, how often two of them agree."
    )
    if gain is None or gain.low <= 0:
        return said
    more = gettext("Twice the judgements brought about %(gain)s (%(low)s–%(high)s) more.")
    return f"{said} {more % {'gain': figure(gain.value), 'low': figure(gain.low), 'high': figure(gain.high)}}"


def outlook(found: Overview) -> str:
    """When a project will be done, or why that cannot be told."""
    match found.outlook:
        case None:
            return ""
        case Unknown.short:
            return gettext("When it will be done can be told after a week of work.")
        case Unknown.idle:
            return gettext("Nothing was judged in the last four weeks, so when it will be done cannot be told.")
        case Unknown.far:
            return gettext("At the pace of the last four weeks it is not done in ten years.")
        case Outlook(on, low, high):
            year = (high or on).year != found.pace.days[-1][0].year
            values = {"day": day(on, year), "low": day(low, year)}
            if high is None:
                said = gettext(
                    "At the pace of the last four weeks it is done on %(day)s, at the earliest on %(low)s; how late it may "
                    "become cannot be told."
                )
                return said % values
            if low == high:
                return gettext("At the pace of the last four weeks it is done on %(day)s.") % values
            values["span"] = between(low, high, year)
            return gettext("At the pace of the last four weeks it is done on %(day)s (%(span)s).") % values


def size(number: int) -> str:
    """Bytes for people."""
    for unit, factor in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if number >= factor:
            return f"{figure(number / factor, 1)} {unit}"
    return ngettext("%(number)s byte", "%(number)s bytes", number) % {"number": figure(number, 0)}


def _alpha(found: Agreement) -> Markup:
    alpha = found.alpha_ordinal
    known = alpha.low == alpha.low and alpha.high == alpha.high
    interval = f", {figure(alpha.low)}–{figure(alpha.high)}" if known else ""
    return Markup('<span class="whole">α <em>{}</em>{}</span>').format(figure(alpha.value), interval)


def _band(value: float) -> str:
    """Landis and Koch's word for an agreement."""
    return {
        "poor": gettext("poor"),
        "slight": gettext("slight"),
        "fair": gettext("fair"),
        "moderate": gettext("moderate"),
        "substantial": gettext("substantial"),
        "almost perfect": gettext("almost perfect"),
    }[in_words(value)]


def _trusted(slope: Slope | None) -> str:
    if slope is not None and slope.high < 0:
        return gettext("Agreement is %(word)s (%(alpha)s) and falling.")
    if slope is not None and slope.low > 0:
        return gettext("Agreement is %(word)s (%(alpha)s) and rising.")
    return gettext("Agreement is %(word)s (%(alpha)s).")


def _doubtful(slope: Slope | None, doubted: int) -> str:
    if slope is not None and slope.high < 0:
        return ngettext(
            "Agreement is %(word)s (%(alpha)s) and falling: one annotator is no better than chance.",
            "Agreement is %(word)s (%(alpha)s) and falling: %(number)s annotators are no better than chance.",
            doubted,
        )
    if slope is not None and slope.low > 0:
        return ngettext(
            "Agreement is %(word)s (%(alpha)s) and rising, but one annotator is no better than chance.",
            "Agreement is %(word)s (%(alpha)s) and rising, but %(number)s annotators are no better than chance.",
            doubted,
        )
    return ngettext(
        "Agreement is %(word)s (%(alpha)s): one annotator is no better than chance.",
        "Agreement is %(word)s (%(alpha)s): %(number)s annotators are no better than chance.",
        doubted,
    )
