"""The charts of training runs."""

from app.storage.training import TrainingPoint, TrainingRun
from app.web.charts import Curve, Reference, Rivals, smoothed, thinned
from app.web.languages import gettext


def loss(run: TrainingRun, points: list[TrainingPoint]) -> Curve | None:
    """The training loss by step, each report and their running mean; None before the first report."""
    if not points:
        return None
    reports = _losses(points)
    return Curve(
        gettext("loss"), smoothed(reports), run.steps, gettext("steps"), behind=reports, smooths=gettext("report")
    )


def accuracy(run: TrainingRun, points: list[TrainingPoint]) -> Curve | None:
    """The accuracy on held-out comparisons by step, over that of the longer answer; None before it was measured."""
    measured = _accuracies(points)
    length = (run.metrics or {}).get("length_accuracy")
    references = () if length is None else (Reference(gettext("longer answer"), length),)
    return Curve(gettext("model"), measured, run.steps, gettext("steps"), references) if measured else None


def losses(first: TrainingRun, second: TrainingRun, points: list[list[TrainingPoint]]) -> Rivals | None:
    """The running mean of the loss of both; None where one has no report."""
    return _rivals(first, second, [smoothed(_losses(found)) for found in points])


def accuracies(first: TrainingRun, second: TrainingRun, points: list[list[TrainingPoint]]) -> Rivals | None:
    """The accuracy of both on held-out comparisons; None where one was never measured."""
    return _rivals(first, second, [_accuracies(found) for found in points])


def _losses(points: list[TrainingPoint]) -> tuple[tuple[float, float], ...]:
    return thinned([(point.step, point.loss) for point in points])


def _accuracies(points: list[TrainingPoint]) -> tuple[tuple[float, float], ...]:
    return tuple((point.step, point.accuracy) for point in points if point.accuracy is not None)


def _rivals(first: TrainingRun, second: TrainingRun, lines: list[tuple[tuple[float, float], ...]]) -> Rivals | None:
    if not all(lines):
        return None
    names = [gettext("run %(run)s") % {"run": run.id} for run in (first, second)]
    until = max(first.steps, second.steps)
    return Rivals(names[1], lines[1], names[0], lines[0], until, gettext("steps"))
