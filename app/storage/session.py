"""Engine and Session. SQLite: WAL, enforced foreign keys, and BEGIN IMMEDIATE, so that a writer never has to upgrade.

A transaction that is opened with the execution option `read_only` sees one state of the database from its first
statement to its last, waits for no writer, and cannot write, on either database.
"""

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import DBAPIError, DisconnectionError, OperationalError, TimeoutError
from sqlalchemy.orm import Session, sessionmaker

from app.storage.turns import Turns

__all__ = [
    "Engine",
    "Session",
    "Sessions",
    "Unavailable",
    "available",
    "has_one_writer",
    "make_engine",
    "make_sessions",
    "missing_file",
    "perform",
    "reading",
    "unhurried",
]

PATIENCE = 60.0  # seconds that a writer waits for its turn
IDLE = 2.0  # seconds after which a connection of the pool is tried before it is used
ATTEMPTS = 3
MISTAKES = {sqlite3.SQLITE_ERROR, sqlite3.SQLITE_READONLY}  # ours, though they come as errors of operation
RETRIED = {"40001", "40P01"}  # serialization failure, deadlock
# milliseconds: a statement, a wait for a lock, a transaction in which nothing happens. A statement that is run often is
# planned once: planning the claim anew each time takes as long as running it
POSTGRESQL = {
    "statement_timeout": 60_000,
    "lock_timeout": 30_000,
    "idle_in_transaction_session_timeout": 300_000,
    "plan_cache_mode": "force_generic_plan",
    "timezone": "UTC",
}
T = TypeVar("T")
Sessions = sessionmaker[Session]


class Unavailable(Exception):
    """The database cannot be used at the moment; what was begun is undone, and may be tried again."""


def make_engine(url: str) -> Engine:
    """An engine for `url`; makes the folder of an SQLite file. Raises sqlalchemy's ArgumentError on a bad URL."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "postgresql":
        parsed = parsed.set(drivername="postgresql+psycopg")
        options = " ".join(f"-c {name}={value}" for name, value in POSTGRESQL.items())
        engine = create_engine(
            parsed,
            pool_size=20,
            max_overflow=20,
            connect_args={"options": options, "connect_timeout": 5},
            hide_parameters=True,
        )
        event.listen(engine, "begin", _begin_postgresql)
        event.listen(engine, "checkin", _note_time)
        event.listen(engine, "checkout", _try_when_idle)
        return engine
    if parsed.database:
        Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
    # connections are cheap here
    engine = create_engine(
        parsed, connect_args={"timeout": PATIENCE}, pool_size=20, max_overflow=-1, hide_parameters=True
    )
    turns = Turns()

    def begin(connection: Connection) -> None:
        _begin_sqlite(connection, turns)

    def end(connection: Any, record: Any) -> None:
        try:
            if connection is not None and connection.in_transaction:  # a commit that failed left it open
                connection.rollback()
        except sqlite3.Error:
            record.invalidate()
        finally:
            if record.info.pop("turn", False):
                turns.release()

    event.listen(engine, "connect", _configure_sqlite)
    event.listen(engine, "begin", begin)
    event.listen(engine, "commit", _still_open)
    event.listen(engine, "checkin", end)
    return engine


def missing_file(url: str) -> Path | None:
    """The file of an SQLite database that is not there; None where it is, and for any other database."""
    parsed = make_url(url)
    if parsed.get_backend_name() != "sqlite" or not parsed.database or Path(parsed.database).exists():
        return None
    return Path(parsed.database)


def make_sessions(engine: Engine) -> Sessions:
    """The factory of sessions; objects stay readable after the commit."""
    return sessionmaker(engine, expire_on_commit=False)


def has_one_writer(sessions: Sessions) -> bool:
    """Whether all that write wait for each other."""
    engine: Engine = sessions.kw["bind"]
    return engine.dialect.name == "sqlite"


def only_read(session: Session) -> None:
    """Begins a transaction that only reads (see above); the one before must have ended."""
    session.connection(execution_options={"read_only": True})


@contextmanager
def reading(sessions: Sessions) -> Iterator[Session]:
    """A session in a transaction that only reads (see above)."""
    with sessions() as session:
        only_read(session)
        yield session


def perform(sessions: Sessions, work: Callable[[Session], T]) -> T:
    """What `work` returns, done in one transaction and committed.

    `work` must be safe to repeat: it is tried again after a deadlock, a serialization failure or a lost connection,
    even one that was lost while it was committed. Raises Unavailable when that does not help.
    """
    for attempt in range(ATTEMPTS):
        try:
            with available(), sessions() as session:
                result = work(session)
                session.commit()
                return result
        except Unavailable as error:
            if attempt == ATTEMPTS - 1 or not _passes(error.__cause__):
                raise
    raise AssertionError("unreachable")


@contextmanager
def available() -> Iterator[None]:
    """Raises Unavailable in place of the errors that are the database's and not ours."""
    try:
        yield
    except (OperationalError, TimeoutError) as error:
        if getattr(getattr(error, "orig", None), "sqlite_errorcode", None) in MISTAKES:
            raise
        raise Unavailable("The database cannot be used at the moment. Try again in a moment.") from error


def unhurried(connection: Connection) -> None:
    """Lifts PostgreSQL's limits on the time of a statement and of waiting for a lock until the transaction ends."""
    if connection.dialect.name == "postgresql":
        connection.exec_driver_sql("SET LOCAL statement_timeout = 0; SET LOCAL lock_timeout = 0")


def _passes(error: BaseException | None) -> bool:
    if not isinstance(error, DBAPIError):
        return False
    return error.connection_invalidated or getattr(error.orig, "sqlstate", None) in RETRIED


def _configure_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON"):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection, turns: Turns) -> None:
    read_only = connection.get_execution_options().get("read_only", False)
    driver: Any = connection.connection.driver_connection
    if connection.info.get("query_only", False) != read_only:
        driver.execute(f"PRAGMA query_only={int(read_only)}")
        connection.info["query_only"] = read_only
    if not read_only and not connection.info.get("turn"):
        if not turns.acquire(PATIENCE):
            raise OperationalError("BEGIN IMMEDIATE", None, TimeoutError(f"no turn to write within {PATIENCE:.0f} s"))
        connection.info["turn"] = True
    statement = "BEGIN" if read_only else "BEGIN IMMEDIATE"
    try:
        driver.execute(statement)
    except sqlite3.OperationalError as error:
        raise OperationalError(statement, None, error) from error


def _still_open(connection: Connection) -> None:
    """SQLite ends a transaction by itself when it runs out of memory or space; what came later was never part of it."""
    driver: Any = connection.connection.driver_connection
    if not driver.in_transaction:
        raise OperationalError("COMMIT", None, sqlite3.OperationalError("the transaction has ended before"))


def _begin_postgresql(connection: Connection) -> None:
    if connection.get_execution_options().get("read_only", False):
        connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")


def _note_time(_connection: Any, record: Any) -> None:
    record.info["returned"] = time.monotonic()


def _try_when_idle(connection: Any, record: Any, _proxy: Any) -> None:
    """A server that was restarted has closed the connections of the pool; trying each one each time costs too much."""
    if time.monotonic() - record.info.get("returned", time.monotonic()) < IDLE:
        return
    try:
        connection.execute("SELECT 1")
        connection.rollback()
    except Exception as error:
        raise DisconnectionError from error
