"""The charts of a project as a whole."""

from app.domain.pace import Pace
from app.domain.quality import Week
from app.domain.training_runs import Learned
from app.storage.training import TrainingRun
from app.web.charts import Band, Bars, Curve, Reference
from app.web.languages import gettext
from app.web.templating import figure


def pace(found: Pace) -> Bars | None:
    """Judgements by day; None when there were none in four weeks."""
    if not any(number for _, number in found.days):
        return None
    mean = found.per_day
    name = gettext("%(number)s a day") % {"number": figure(mean, 0 if mean >= 10 else 1)}
    return Bars(found.days, Reference(name, mean) if mean else None, (gettext("Day (UTC)"), gettext("Judgements")))


def agreement(weeks: list[Week]) -> Band | None:
    """α by week; None without a week that has enough comparisons."""
    points = tuple((week.monday, week.alpha.value, week.alpha.low, week.alpha.high, week.alpha.n) for week in weeks)
    head = (gettext("Week from"), "α", gettext("Lowest"), gettext("Highest"), gettext("Comparisons"))
    return Band("α", points, head) if points else None


def ceiling(learned: list[Learned], model: TrainingRun | None) -> Curve | None:
    """The accuracy of the project's models by how many judgements they learned from, under what people reach and over
    the simplest rival; None without a measured model."""
    if not learned:
        return None
    metrics = (model.metrics if model is not None else None) or {}
    against = (
        (gettext("people"), metrics.get("human_agreement")),
        (gettext("longer answer"), metrics.get("length_accuracy")),
    )
    points = tuple((one.judgements, one.accuracy) for one in learned)
    references = tuple(Reference(name, value) for name, value in against if value is not None)
    return Curve(gettext("model"), points, points[-1][0], gettext("judgements"), references)
