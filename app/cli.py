"""The `touchstone` command."""

import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.progress import Progress
from sqlalchemy.exc import ArgumentError, OperationalError
from sqlalchemy.orm import Session

from app.domain import exporting, importing, people, projects, training_runs
from app.domain.errors import DomainError, DuplicateUpload
from app.settings import Settings
from app.storage.migrating import is_current
from app.storage.migrating import migrate as migrate_database
from app.storage.session import make_engine, make_sessions, missing_file, reading
from app.up import run as run_everything
from app.up import stop_on_signals
from app.vocabulary import ExportFormat, Role, RunState

app = typer.Typer(
    pretty_exceptions_enable=False,
    no_args_is_help=True,
    help="Compare answers side by side; learn a reward model from the judgements.",
)
user = typer.Typer(no_args_is_help=True, help="Accounts.")
token = typer.Typer(no_args_is_help=True, help="API tokens.")
project = typer.Typer(no_args_is_help=True, help="Projects.")
app.add_typer(user, name="user")
app.add_typer(token, name="token")
app.add_typer(project, name="project")
say = Console(stderr=True, highlight=False)

Slug = Annotated[str, typer.Argument(metavar="PROJECT", help="The project's slug")]
Host = Annotated[str, typer.Option(help="Address to listen on")]


def main() -> None:
    """Runs the command; what people did wrong is said in a line, with exit code 1."""
    try:
        app()
    except DomainError as error:
        say.print(f"touchstone: {error}", markup=False)
        sys.exit(1)
    except (ArgumentError, OperationalError) as error:
        say.print(f"touchstone: the database cannot be used: {getattr(error, 'orig', error)}", markup=False)
        sys.exit(1)
    except OSError as error:
        say.print(f"touchstone: {error.filename or ''}: {error.strerror or error}", markup=False, soft_wrap=True)
        sys.exit(1)


def _settings() -> Settings:
    try:
        return Settings()
    except ValidationError as error:
        for entry in error.errors():
            name = "TOUCHSTONE_" + "_".join(str(part) for part in entry["loc"]).upper()
            say.print(f"touchstone: {name}: {entry['msg']}", markup=False)
        raise typer.Exit(1) from None


@contextmanager
def _transaction(*, reads: bool = False) -> Iterator[Session]:
    url = _settings().url
    if (missing := missing_file(url)) is not None:
        say.print(f"touchstone: there is no database {missing}; `touchstone migrate` makes one", soft_wrap=True)
        raise typer.Exit(1)
    engine = make_engine(url)
    try:
        if not is_current(engine):
            say.print("touchstone: the database is not up to date; run `touchstone migrate` first")
            raise typer.Exit(1)
        sessions = make_sessions(engine)
        with reading(sessions) if reads else sessions.begin() as session:
            yield session
    finally:
        engine.dispose()


def _now() -> datetime:
    return datetime.now(UTC)


@app.command()
def up(
    host: Host = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port of the web app")] = 8000,
    reward_port: Annotated[int, typer.Option(min=1, max=65535, help="Port of the reward server")] = 8001,
) -> None:
    """Run everything until Ctrl-C: web app, worker and reward server. Prints links that sign you in."""
    settings = _settings().at(host, port)
    run_everything(settings, host, port, reward_port, lambda line: say.print(f"touchstone: {line}", markup=False))


@app.command()
def migrate() -> None:
    """Bring the database to the present schema."""
    migrate_database(make_engine(_settings().url))
    say.print("The database is up to date.")


@app.command()
def web(host: Host = "127.0.0.1", port: Annotated[int, typer.Option(help="Port")] = 8000) -> None:
    """Run the web app."""
    import uvicorn

    from app.web.application import create_app

    with _transaction(reads=True):
        pass
    uvicorn.run(
        create_app(_settings().at(host, port)),
        host=host,
        port=port,
        log_level="warning",
        server_header=False,
        timeout_graceful_shutdown=5,  # a page that listens for progress would hold it open for ever
    )


@app.command()
def reward(host: Host = "127.0.0.1", port: Annotated[int, typer.Option(help="Port")] = 8001) -> None:
    """Run the reward server, which scores responses with the projects' reward models."""
    import uvicorn

    from app.serving.application import create_app

    with _transaction(reads=True):
        pass
    uvicorn.run(create_app(_settings()), host=host, port=port, log_level="warning", server_header=False)


@app.command()
def worker() -> None:
    """Run the worker, which trains reward models."""
    from app.worker import service

    with _transaction(reads=True):
        pass
    service.run(_settings(), stop_on_signals())
    # the thread of a run in mid-training would hold it; that run goes on from its checkpoint when a worker is back
    os._exit(0)


@user.command("add")
def user_add(
    email: str,
    role: Annotated[Role, typer.Option(help="What they may do")] = Role.annotator,
    name: Annotated[str, typer.Option(help="Their name")] = "",
) -> None:
    """Add a person and print an invitation link, which works once within a week; somebody known gets a new link."""
    with _transaction() as session:
        person, new = people.add(session, email, name, role, _now())
        secret = people.invite(session, person, _now())
    if not new:
        say.print(f"{person.email} has an account already; its role stays {person.role}.", markup=False)
    print(_settings().invitation(secret))


@token.command("create")
def token_create(email: str, name: Annotated[str, typer.Option(help="What it is for")] = "command line") -> None:
    """Print a new API token of a person."""
    with _transaction() as session:
        person = people.by_email(session, email)
        if person is None or not person.active:
            say.print(f"touchstone: there is no active person {email}", markup=False)
            raise typer.Exit(1)
        secret = people.create_token(session, person, name, _now())
    say.print(f"A token of {email}. It is shown this once:", markup=False)
    print(secret)


@project.command("create")
def project_create(
    slug: str,
    name: Annotated[str, typer.Option(help="Its name; the slug without one")] = "",
    overlap: Annotated[int, typer.Option(help="Judgements that each comparison wants")] = 1,
    base_model: Annotated[str, typer.Option(help="Hub id or folder; empty for the default")] = "",
    retrain_every: Annotated[int, typer.Option(help="New judgements after which a run starts by itself; 0: never")] = 0,
) -> None:
    """Create a project."""
    with _transaction() as session:
        projects.create(
            session, slug, name, _now(), overlap=overlap, base_model=base_model, retrain_every=retrain_every
        )
    say.print(f"Project {slug} is there.", markup=False)


@app.command("import")
def import_(
    slug: Slug,
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help=".jsonl, .jsonl.gz or .csv")],
    name: Annotated[str, typer.Option(help="The batch's name; the file's without one")] = "",
    draft: Annotated[bool, typer.Option(help="Do not open the batch")] = False,
    again: Annotated[bool, typer.Option(help="Even if the same file was uploaded before")] = False,
    pairs_per_prompt: Annotated[int | None, typer.Option(min=1, help="Pairs of K responses; all without it")] = None,
) -> None:
    """Import a file as one batch, whole or not at all."""
    settings = _settings()
    with _transaction() as session, file.open("rb") as opened:
        upload = importing.Upload(
            name=name or file.name,
            file_name=file.name,
            opened=not draft,
            priority=0,
            pairs_per_prompt=pairs_per_prompt,
            again=again,
            created_by=None,
            limit=settings.max_upload,
        )
        try:
            report = importing.import_file(session, projects.get(session, slug), opened, upload, _now())
        except DuplicateUpload as error:
            say.print(f"touchstone: {error} (--again)", markup=False)
            raise typer.Exit(1) from None
    batch = report.batch
    say.print(
        f"Batch {batch.id}: {batch.rows} rows, {batch.comparisons} comparisons, {batch.judgements} judgements, "
        f"{batch.duplicates} duplicates, {batch.rejected} rejected."
    )
    for problem in report.errors[:20]:
        say.print(f"  line {problem.line}, {problem.field}: {problem.reason}", markup=False)
    if len(report.errors) > 20:
        say.print(f"  … and {len(report.errors) - 20} more")


@app.command()
def export(
    slug: Slug,
    shape: Annotated[ExportFormat, typer.Option("--format", help="The shape of the rows")] = ExportFormat.comparisons,
    batch: Annotated[int | None, typer.Option(help="Only this batch")] = None,
    late: Annotated[bool, typer.Option(help="Judgements given after their lease had run out too")] = True,
    gold: Annotated[bool, typer.Option(help="Gold comparisons too")] = True,
    out: Annotated[
        Path | None, typer.Option(help="File, with its manifest beside it; without it standard output")
    ] = None,
) -> None:
    """Export the comparisons as JSON lines."""
    with _transaction(reads=True) as session:
        found = projects.get(session, slug)
        chosen = exporting.select_for(session, found, batch, late, gold)
        parts = exporting.export(session, found, shape, chosen)
        if out is None:
            for part in parts:
                sys.stdout.buffer.write(part)
            return
        with out.open("wb") as file:
            file.writelines(parts)
        manifest = exporting.manifest(session, found, shape, chosen)
        out.with_name(out.name + ".manifest.json").write_text(json.dumps(asdict(manifest), indent=1))
    say.print(f"{manifest.counts['rows']} rows in {out}", markup=False)


@app.command()
def train(slug: Slug, wait: Annotated[bool, typer.Option(help="Until the run is over")] = False) -> None:
    """Request a training run on everything judged by now; the worker performs it."""
    with _transaction() as session:
        run = training_runs.request(session, projects.get(session, slug), _now(), base_model=_settings().base_model)
        run_id = run.id
    say.print(f"Run {run_id} is requested.")
    if wait:
        _wait(run_id)


@app.command()
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

    with _transaction(reads=True) as session:
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
                say.print(f"touchstone: line {number}, {error}", markup=False, soft_wrap=True)
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
    sessions = make_sessions(make_engine(_settings().url))
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
        say.print(f"touchstone: run {run_id} {state}\n{run.error or ''}", markup=False)
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
