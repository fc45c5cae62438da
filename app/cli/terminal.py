"""What the commands share: the terminal, the settings, a transaction, the clock."""

import getpass
import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Annotated

import typer
from pydantic import ValidationError
from rich.console import Console
from sqlalchemy.orm import Session

from app.settings import Settings
from app.storage.migrating import is_current
from app.storage.session import make_engine, make_sessions, missing_file, reading

say = Console(stderr=True, highlight=False)

Slug = Annotated[str, typer.Argument(metavar="PROJECT", help="The project's slug")]
Host = Annotated[str, typer.Option(help="Address to listen on")]


def warn(line: str) -> None:
    """Says what is wrong, in the name of the command."""
    say.print(f"touchstone: {line}", markup=False, soft_wrap=True)


def settings() -> Settings:
    """The settings of the environment; says what is wrong with them and exits."""
    try:
        return Settings()
    except ValidationError as error:
        for entry in error.errors():
            name = "TOUCHSTONE_" + "_".join(str(part) for part in entry["loc"]).upper()
            warn(f"{name}: {entry['msg']}")
        raise typer.Exit(1) from None


@contextmanager
def transaction(*, reads: bool = False) -> Iterator[Session]:
    """A transaction on the database of the settings, committed at the end; exits when it is missing or outdated."""
    url = settings().url
    if (missing := missing_file(url)) is not None:
        warn(f"there is no database {missing}; `touchstone migrate` makes one")
        raise typer.Exit(1)
    engine = make_engine(url)
    try:
        if not is_current(engine):
            warn("the database is not up to date; run `touchstone migrate` first")
            raise typer.Exit(1)
        sessions = make_sessions(engine)
        with reading(sessions) if reads else sessions() as session:
            session.info["actor"] = actor()
            yield session
            if not reads:
                session.commit()
    finally:
        engine.dispose()


def actor() -> str:
    """Who acts, in the words of the audit log."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError):  # a container may run as somebody whom its system does not know
        name = str(os.getuid())
    return f"command line ({name})"


def now() -> datetime:
    """The time."""
    return datetime.now(UTC)
