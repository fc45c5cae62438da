"""Engine and Session. SQLite: WAL, enforced foreign keys, and BEGIN IMMEDIATE, so that a writer never has to upgrade.

A transaction that is opened with the execution option `read_only` sees one state of the database from its first
statement to its last, waits for no writer, and cannot write, on either database.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.orm import Session, sessionmaker

__all__ = ["Engine", "Session", "make_engine", "make_sessions", "missing_file", "reading"]


def make_engine(url: str) -> Engine:
    """An engine for `url`; makes the folder of an SQLite file. Raises sqlalchemy's ArgumentError on a bad URL."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "postgresql":
        parsed = parsed.set(drivername="postgresql+psycopg")
        engine = create_engine(parsed, pool_size=20, max_overflow=20, pool_pre_ping=True)
        event.listen(engine, "begin", _begin_postgresql)
        return engine
    if parsed.database:
        Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
    # connections are cheap here, and a slow reader of an export keeps one
    engine = create_engine(parsed, connect_args={"timeout": 30}, pool_size=20, max_overflow=-1)
    event.listen(engine, "connect", _configure_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def missing_file(url: str) -> Path | None:
    """The file of an SQLite database that is not there; None where it is, and for any other database."""
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite" or not parsed.database or Path(parsed.database).exists():
        return None
    return Path(parsed.database)


def make_sessions(engine: Engine) -> sessionmaker[Session]:
    """The factory of sessions; objects stay readable after the commit."""
    return sessionmaker(engine, expire_on_commit=False)


@contextmanager
def reading(sessions: sessionmaker[Session]) -> Iterator[Session]:
    """A session in a transaction that only reads (see above)."""
    with sessions() as session:
        session.connection(execution_options={"read_only": True})
        yield session


def _configure_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    read_only = connection.get_execution_options().get("read_only", False)
    driver: Any = connection.connection.driver_connection
    driver.execute(f"PRAGMA query_only={int(read_only)}")
    connection.exec_driver_sql("BEGIN" if read_only else "BEGIN IMMEDIATE")


def _begin_postgresql(connection: Connection) -> None:
    if connection.get_execution_options().get("read_only", False):
        connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
