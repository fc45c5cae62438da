"""Commands that keep an installation: backups, and what is dropped with time."""

from pathlib import Path
from typing import Annotated

import typer

from app.cli.terminal import actor, now, say, settings, transaction, warn
from app.domain import audit
from app.operations import backup as backups
from app.operations import retention
from app.storage.session import make_engine, make_sessions
from app.vocabulary import Act


def backup(file: Annotated[Path, typer.Argument(metavar="FILE", help="Where to; must not be there yet")]) -> None:
    """Write the database and the models to one file, while everything goes on running."""
    with transaction(reads=True):
        pass
    manifest = backups.make(settings(), file, now(), warn)
    with transaction() as session:
        audit.record(session, Act.backup_made, file.name, bytes=manifest.size, files=len(manifest.files))
    say.print(f"{manifest.size / 1e6:.1f} MB in {file}", markup=False, soft_wrap=True)


def restore(
    file: Annotated[Path, typer.Argument(metavar="FILE", exists=True, dir_okay=False, help="What backup has written")],
    replace: Annotated[
        bool,
        typer.Option(
            "--replace", help="In place of what is there, which is lost: on PostgreSQL all of the schema public"
        ),
    ] = False,
) -> None:
    """Put a backup in place, checked and brought to the present schema. Stop everything else first."""
    manifest = backups.restore(settings(), file, replace=replace, actor=actor())
    say.print(f"Restored what was there on {manifest.made_at}.", markup=False)


def prune() -> None:
    """Drop what the settings of retention give no more time; the web app does so every day by itself."""
    with transaction(reads=True):
        pass
    engine = make_engine(settings().url)
    found = retention.prune(make_sessions(engine), settings(), now(), actor())
    engine.dispose()
    say.print(
        f"Dropped {found.audit_entries} entries of the audit log, {found.models} models, {found.credentials} expired "
        f"credentials, {found.failures} failed sign-ins, the rewards of {found.rewards} training runs.",
        soft_wrap=True,
    )
