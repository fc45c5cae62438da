"""Commands for projects."""

from typing import Annotated

import typer

from app.cli.terminal import now, say, transaction
from app.domain import projects


def create(
    slug: str,
    name: Annotated[str, typer.Option(help="Its name; the slug without one")] = "",
    overlap: Annotated[int, typer.Option(help="Judgements that each comparison wants")] = 1,
    max_per_annotator: Annotated[
        int | None, typer.Option(help="The most that one person judges; no limit without it")
    ] = None,
    spread: Annotated[bool, typer.Option("--spread", help="Every first judgement before any second one")] = False,
    base_model: Annotated[str, typer.Option(help="Hub id or folder; empty for the default")] = "",
    retrain_every: Annotated[int, typer.Option(help="New judgements after which a run starts by itself; 0: never")] = 0,
) -> None:
    """Create a project."""
    with transaction() as session:
        projects.create(
            session,
            slug,
            name,
            now(),
            overlap=overlap,
            max_per_annotator=max_per_annotator,
            spread=spread,
            base_model=base_model,
            retrain_every=retrain_every,
        )
    say.print(f"Project {slug} is there.", markup=False)
