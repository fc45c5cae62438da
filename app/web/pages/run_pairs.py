"""Two training runs side by side."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from app.domain import examples, rewards, run_pairs, training_runs
from app.domain.run_pairs import Paired
from app.storage.projects import Project
from app.storage.session import Session
from app.storage.training import TrainingRun
from app.web import run_charts, run_words
from app.web.deps import Db, InProject, PerhapsId, Reviewer
from app.web.templating import page

router = APIRouter(include_in_schema=False)
CHOSEN_FROM = 100


@router.get("/projects/{slug}/training-runs/compare")
def compare_runs(
    request: Request, person: Reviewer, project: InProject, session: Db, a: PerhapsId = None, b: PerhapsId = None
) -> Response:
    """What two runs were given, how good they came out, and where their models differ; without a choice the newest two."""
    models = training_runs.measured(session, project, CHOSEN_FROM)
    chosen = _chosen(session, project, models, a, b)
    context = {"person": person, "project": project, "tab": "Model", "models": models, "chosen": chosen}
    if len(models) < 2 or chosen[0].id == chosen[1].id:
        return page(request, "compare_none.html", context)
    first, second = chosen
    found = run_pairs.paired(session, first, second)
    differing, same = run_pairs.settings(first, second)
    snapshots = [training_runs.snapshot_of(session, run) for run in chosen]
    points = [training_runs.points(session, run) for run in chosen]
    context |= {
        "first": first,
        "second": second,
        "snapshots": snapshots,
        "differing": [(run_words.option(n), run_words.setting(n, x), run_words.setting(n, y)) for n, x, y in differing],
        "same": [(run_words.option(name), run_words.setting(name, value)) for name, value in same],
        "found": found,
        "headline": run_words.paired(found, first, second),
        "examples": [] if found is None else _examples(session, found, first, second),
        "keeps": rewards.KEPT,
        "loss": run_charts.losses(first, second, points),
        "accuracy": run_charts.accuracies(first, second, points),
    }
    return page(request, "compare.html", context)


def _chosen(
    session: Session, project: Project, models: list[TrainingRun], a: int | None, b: int | None
) -> list[TrainingRun]:
    """The runs that were asked for, else the newest two, the older one first. Raises NotFound."""
    newest = [run.id for run in models[:2]]
    wanted = [number or other for number, other in zip((a, b), reversed(newest), strict=False)]
    return [training_runs.get(session, run_id, project) for run_id in wanted]


def _examples(session: Session, found: Paired, first: TrainingRun, second: TrainingRun) -> list[dict[str, object]]:
    read = examples.read(session, [entry.comparison for entry in found.examples])
    return [
        run_words.difference(entry, read[entry.comparison], first.id, second.id)
        for entry in found.examples
        if entry.comparison in read
    ]
