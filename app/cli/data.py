"""Commands that bring comparisons in and take them out."""

import json
import sys
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from app.cli.terminal import Slug, now, say, settings, transaction, warn
from app.domain import exporting, importing, projects
from app.domain.errors import DuplicateUpload
from app.domain.exporting import Target
from app.domain.spooling import Rows
from app.storage.judgements import Selection
from app.storage.projects import Project
from app.storage.session import Session
from app.vocabulary import ExportFormat, Purpose


def import_(
    slug: Slug,
    file: Annotated[Path, typer.Argument(exists=True, dir_okay=False, help=".jsonl, .jsonl.gz or .csv")],
    name: Annotated[str, typer.Option(help="The batch's name; the file's without one")] = "",
    draft: Annotated[bool, typer.Option(help="Do not open the batch")] = False,
    purpose: Annotated[
        Purpose, typer.Option(help="What it is for; to practise or to qualify with, every row must be gold")
    ] = Purpose.judging,
    again: Annotated[bool, typer.Option(help="Even if the same file was uploaded before")] = False,
    pairs_per_prompt: Annotated[int | None, typer.Option(min=1, help="Pairs of K responses; all without it")] = None,
    overlap: Annotated[
        int | None, typer.Option(min=1, max=100, help="Judgements that each comparison wants; the project's without it")
    ] = None,
) -> None:
    """Import a file as one batch, whole or not at all."""
    with transaction() as session, file.open("rb") as opened, _bar() as bar, Rows(opened) as found:
        upload = importing.Upload(
            name=name or file.name,
            file_name=file.name,
            opened=not draft,
            purpose=purpose,
            pairs_per_prompt=pairs_per_prompt,
            overlap=overlap,
            again=again,
            limit=settings().max_upload,
        )
        into = projects.get(session, slug)
        try:
            importing.check(session, into, found, upload)
            session.commit()  # annotators need not wait for the file to be read
            importing.read(found, upload, _stage(bar, "reading"))
            report = importing.store(session, into, found, upload, now(), _stage(bar, "storing"))
        except DuplicateUpload as error:
            warn(f"{error} (--again)")
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


def export(
    slug: Slug,
    shape: Annotated[ExportFormat, typer.Option("--format", help="The shape of the rows")] = ExportFormat.comparisons,
    batch: Annotated[int | None, typer.Option(help="Only this batch")] = None,
    late: Annotated[bool, typer.Option(help="Judgements given after their lease had run out too")] = True,
    gold: Annotated[bool, typer.Option(help="Gold comparisons too")] = True,
    out: Annotated[
        Path | None,
        typer.Option(help="File, with its manifest beside it; gzipped when it ends in .gz. Standard output without it"),
    ] = None,
) -> None:
    """Export the comparisons as JSON lines."""
    with transaction(reads=True) as session:
        found = projects.get(session, slug)
        chosen = exporting.select_for(session, found, batch, late, gold)
        if out is None:
            exporting.write(session, found, shape, chosen, sys.stdout.buffer)
            _tell(session, found, shape, chosen)
            return
        with ExitStack() as files:
            file = files.enter_context(out.open("wb"))
            target: Target = files.enter_context(exporting.packed(file)) if out.suffix == ".gz" else file
            bar = files.enter_context(_bar())
            task = bar.add_task("judgements", total=None)
            manifest = exporting.write(
                session, found, shape, chosen, target, lambda done: bar.update(task, completed=done)
            )
        _tell(session, found, shape, chosen)
        out.with_name(out.name + ".manifest.json").write_text(json.dumps(asdict(manifest), indent=1))
    say.print(f"{manifest.counts['rows']} rows in {out}", markup=False)


def _tell(session: Session, project: Project, shape: ExportFormat, chosen: Selection) -> None:
    session.commit()  # that transaction only reads
    exporting.tell(session, project, shape, chosen, "rows")
    session.commit()


def _bar() -> Progress:
    """Shows stages one after the other, on a terminal."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        console=say,
        disable=not say.is_terminal,
    )


def _stage(bar: Progress, name: str) -> Callable[[int, int], None]:
    task = bar.add_task(name, total=None)
    return lambda done, total: bar.update(task, completed=done, total=total)
