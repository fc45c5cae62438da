"""Commands that train reward models and ask them."""

import sys
import time
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import Progress

from app.cli.terminal import Slug, now, say, settings, transaction, warn
from app.domain import projects, training_runs
from app.storage.session import make_engine, make_sessions, reading
from app.vocabulary import RunState


def train(slug: Slug, wait: Annotated[bool, typer.Option(help="Until the run is over")] = False) -> None:
    """Request a training run on everything judged by now; the worker performs it."""
    with transaction() as session:
        project = projects.get(session, slug)
        drawn = training_runs.prepare(session, project)
        run = training_runs.request(session, project, now(), base_model=settings().base_model, drawn=drawn)
        run_id = run.id
    say.print(f"Run {run_id} is requested.")
    if wait:
        _wait(run_id)


def score(
    slug: Slug,
    file: Annotated[
        Path, typer.Argument(metavar="FILE", dir_okay=False, help="JSON lines; - is standard input")
    ] = Path("-"),
    out: Annotated[Path | None, typer.Option(dir_okay=False, help="File; without it standard output")] = None,
) -> None:
    """Add the `reward` to JSON lines of `prompt` and `response`, by the project's current model."""
    piped = str(file) == "-"
    if not piped and not file.exists():
        raise typer.BadParameter(f"There is no file {file}.", param_hint="FILE")
    if not piped and out is not None and out.exists() and out.samefile(file):
        raise typer.BadParameter("This is the file to be read; choose another.", param_hint="--out")

    from app.serving.scoring import current

    with transaction(reads=True) as session:
        found = current(session, slug)

    from app.serving.lines import score_lines
    from app.serving.models import Served

    model = Served(found)
    good = bad = cut = 0
    # a bar would get between lines that are shown on the same terminal
    silent = not say.is_terminal or (out is None and sys.stdout.isatty())
    with (
        nullcontext(sys.stdin.buffer) if piped else file.open("rb") as lines,
        nullcontext(sys.stdout.buffer) if out is None else out.open("wb") as target,
        Progress(console=say, disable=silent) as bar,
    ):
        task = bar.add_task(f"run {found.run}", total=None if piped else file.stat().st_size or None)
        for chunk in score_lines(model, lines):
            target.writelines(chunk.scored)
            for number, error in chunk.bad:
                warn(f"line {number}, {error}")
            good, bad, cut = good + len(chunk.scored), bad + len(chunk.bad), cut + chunk.truncated
            bar.advance(task, chunk.read)
    say.print(
        f"{good} rewards by run {found.run} (snapshot {found.snapshot[:12]}); {cut} inputs were cut to its greatest "
        f"length; {bad} lines were left out.",
        soft_wrap=True,
    )
    if bad:
        raise typer.Exit(1)


def _wait(run_id: int) -> None:
    sessions = make_sessions(make_engine(settings().url))
    with Progress(console=say) as bar:
        task = bar.add_task("requested", total=None)
        while True:
            with reading(sessions) as session:
                run = training_runs.get(session, run_id)
            state = RunState(run.state)
            bar.update(task, description=state, completed=run.step, total=run.steps or None)
            if state.final:
                break
            time.sleep(1)
    if state is not RunState.succeeded:
        warn(f"run {run_id} {state}\n{run.error or ''}")
        raise typer.Exit(1)
    metrics = run.metrics or {}
    say.print(
        f"Held-out accuracy {_number(metrics.get('accuracy'))} ({_number(metrics.get('low'))} to "
        f"{_number(metrics.get('high'))}), the longer one wins {_number(metrics.get('length_accuracy'))}, people agree "
        f"{_number(metrics.get('human_agreement'))}. {run.verdict}",
        markup=False,
    )


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"
