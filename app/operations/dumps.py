"""A whole database as one file, and such a file as the database."""

import os
import shutil
import sqlite3
import subprocess
import time
from contextlib import closing
from pathlib import Path
from typing import Protocol

from sqlalchemy import Engine, make_url, text
from sqlalchemy.exc import ProgrammingError

from app.domain.errors import Conflict, Invalid
from app.storage.migrating import migrate
from app.storage.session import make_engine

PATIENCE = 10.0  # seconds that a restore waits for those who use an SQLite database
ASIDE = "touchstone_before_restore"


class Dump(Protocol):
    """How one kind of database is saved and replaced; `name` is what the file is called."""

    name: str

    def holds_something(self) -> bool:
        """Whether there is a table already, of whomever; raises Conflict as `refuse_half` does."""

    def save(self, file: Path) -> None:
        """Writes the database as it is at one moment, while others go on working with it."""

    def check(self, file: Path) -> None:
        """Raises Invalid when the file cannot be read."""

    def load(self, file: Path) -> None:
        """Puts what the file holds, brought to the present schema, in place of all that is there; or changes nothing."""


class SQLite:
    """By SQLite's own online backup, both ways."""

    name = "database.sqlite3"

    def __init__(self, path: Path) -> None:
        self.path = path

    def holds_something(self) -> bool:
        if not self.path.exists():
            return False
        with closing(sqlite3.connect(self.path)) as found:
            return found.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone() is not None

    def save(self, file: Path) -> None:
        with closing(sqlite3.connect(self.path)) as source, closing(sqlite3.connect(file)) as target:
            source.backup(target)
            target.execute("PRAGMA journal_mode=DELETE")  # else it would be three files

    def check(self, file: Path) -> None:
        try:
            with closing(sqlite3.connect(file)) as found:
                sound = found.execute("PRAGMA quick_check").fetchone()[0] == "ok"
        except sqlite3.DatabaseError:
            sound = False
        if not sound:
            raise Invalid("", "The database in this backup is damaged.")

    def load(self, file: Path) -> None:
        engine = make_engine(f"sqlite:///{file}")
        migrate(engine)
        engine.dispose()
        self.path.parent.mkdir(parents=True, exist_ok=True)
        until = time.monotonic() + PATIENCE

        def give_up(status: int, _remaining: int, _total: int) -> None:
            if status in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED) and time.monotonic() > until:
                raise Conflict("Somebody works with the database. Stop everything else first.")

        with closing(sqlite3.connect(file)) as source, closing(sqlite3.connect(self.path)) as target:
            source.backup(target, progress=give_up)


class PostgreSQL:
    """By pg_dump and pg_restore, which must be installed: the schema public. For DBOS's own see `restore`."""

    name = "database.dump"

    def __init__(self, url: str) -> None:
        parsed = make_url(url).set(drivername="postgresql")
        self.url = url
        # a password on the command line can be read by everybody on the machine
        self.address = parsed.set(password=None).render_as_string()
        self.environment = os.environ | ({"PGPASSWORD": parsed.password} if parsed.password else {})

    def holds_something(self) -> bool:
        refuse_half(self.url)
        return _answer(self.url, "SELECT 1 FROM pg_class WHERE relnamespace = to_regnamespace('public') LIMIT 1")

    def save(self, file: Path) -> None:
        options = ("--format=custom", "--no-owner", "--no-privileges", "--schema=public", f"--file={file}")
        self._run("pg_dump", *options, f"--dbname={self.address}")

    def check(self, file: Path) -> None:
        try:
            self._run("pg_restore", "--list", f"--file={os.devnull}", str(file))
        except Failed as error:
            raise Invalid("", f"The database in this backup is damaged. {error}") from error

    def load(self, file: Path) -> None:
        engine = make_engine(self.url)
        try:
            _execute(engine, f"ALTER SCHEMA public RENAME TO {ASIDE}", "CREATE SCHEMA public")
        except ProgrammingError as error:
            raise Conflict(f"The schema public cannot be moved aside: {error.orig}") from error
        # that schema's own entry is passed over, so that it must be there
        options = ("--single-transaction", "--no-owner", "--no-privileges", "--schema=public")
        try:
            self._run("pg_restore", *options, f"--dbname={self.address}", str(file))
            migrate(engine)
        except BaseException:
            _execute(engine, "DROP SCHEMA public CASCADE", f"ALTER SCHEMA {ASIDE} RENAME TO public")
            raise
        else:
            _execute(engine, f"DROP SCHEMA {ASIDE} CASCADE", "DROP SCHEMA IF EXISTS dbos CASCADE")
        finally:
            engine.dispose()

    def _run(self, name: str, *arguments: str) -> None:
        if (found := shutil.which(name)) is None:
            raise Conflict(f"{name} is not to be found; install the client programs of PostgreSQL.")
        done = subprocess.run([found, *arguments], env=self.environment, capture_output=True, text=True)  # noqa: S603
        if done.returncode:
            raise Failed((done.stderr.strip() or f"{name} ended with exit code {done.returncode}").splitlines()[0])


class Failed(Conflict):
    """A program of PostgreSQL failed; the message is its own."""


def dump_of(url: str) -> Dump:
    """How the database of this URL is saved."""
    parsed = make_url(url)
    return SQLite(Path(parsed.database or "")) if parsed.get_backend_name() == "sqlite" else PostgreSQL(url)


def refuse_half(url: str) -> None:
    """Raises Conflict when a restore was cut off in this database: what it was to replace is still aside."""
    if isinstance(dump_of(url), PostgreSQL) and _answer(url, f"SELECT 1 WHERE to_regnamespace('{ASIDE}') IS NOT NULL"):
        raise Conflict(
            "A restore was cut off here. Undo it: DROP SCHEMA IF EXISTS public CASCADE; "
            f"ALTER SCHEMA {ASIDE} RENAME TO public; then try again."
        )


def _answer(url: str, statement: str) -> bool:
    """Whether the statement finds a row."""
    engine = make_engine(url)
    try:
        with engine.connect() as connection:
            return connection.execute(text(statement)).first() is not None
    finally:
        engine.dispose()


def _execute(engine: Engine, *statements: str) -> None:
    with engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement))
