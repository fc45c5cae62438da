"""Figures as sentences: what a page says first."""

from markupsafe import Markup

from app.domain.quality import Agreement
from app.stats.agreement import in_words
from app.storage.training import TrainingRun
from app.web.templating import figure


def agreement(found: Agreement) -> Markup:
    """How far people agree, by Krippendorff's ordinal α."""
    alpha = found.alpha_ordinal
    if not found.judgements:
        return Markup("Nobody has judged anything yet.")
    if alpha.value == alpha.value:
        said = Markup('Agreement is {} <span class="whole">(α <em>{}</em>{}).</span>')
        return said.format(in_words(alpha.value), figure(alpha.value), _interval(alpha.low, alpha.high))
    if found.single == found.comparisons:
        return Markup("Every comparison has a single judgement, so nothing is known of agreement.")
    return Markup("Everyone gave the same answer everywhere, so agreement beyond chance cannot be told.")


def model(run: TrainingRun | None) -> Markup:
    """How good the current reward model is, beside the simplest rival."""
    if run is None:
        return Markup("There is no reward model yet.")
    metrics = run.metrics or {}
    if metrics.get("accuracy") is None:
        return Markup("The reward model is not measured: no comparison that it has not seen has a majority.")
    said = Markup("The reward model is right on <em>{}</em> of unseen comparisons; the longer answer wins {}.")
    return said.format(figure(metrics["accuracy"]), figure(metrics["length_accuracy"]))


def several(number: int, one: str, many: str | None = None) -> str:
    """A number with its noun: "1 row", "12 rows"."""
    return f"{figure(number, 0)} {one if number == 1 else many or one + 's'}"


def size(number: int) -> str:
    """Bytes for people."""
    for unit, factor in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if number >= factor:
            return f"{figure(number / factor, 1)} {unit}"
    return several(number, "byte")


def _interval(low: float, high: float) -> str:
    return f", {figure(low)}–{figure(high)}" if low == low and high == high else ""
