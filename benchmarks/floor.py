"""The floor: what the database alone makes of the same work.

One submit-and-next goes through the whole application while the driver is listened to. What it sent becomes a script:
each parameter that is known (the assignment, its token, the annotator) or came out of an earlier statement is looked up
again, the others stay. Processes without anything between them and the driver then play the script for other rows, with
as many connections as there are annotators.
"""

import hashlib
import sqlite3
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from multiprocessing import get_context
from typing import Any

import psycopg
from sqlalchemy import Engine, event
from starlette.testclient import TestClient

from app.load.annotators import Player
from app.settings import Settings
from app.web.application import create_app
from benchmarks.throwaway import driver

SMALLEST = 1_000  # what is smaller is a number and no id
SHORTEST = 16  # what is shorter is a word and no token
PROCESSES = 2
COMMIT = "COMMIT"
Look = Callable[[Any, str, Any], None]
Source = tuple[Any, ...]  # ("fact", name) or ("row", statement, row, column)


@dataclass
class Statement:
    """One that was sent, with its parameters and the rows that were fetched of it."""

    sql: str
    parameters: Any = None
    rows: list[tuple[Any, ...]] = field(default_factory=list)


class _Listening:
    """A cursor that writes down what it sends and what it fetches."""

    log: list[Statement]

    def execute(self, sql: Any, parameters: Any = None, **options: Any) -> Any:
        self.last = Statement(str(sql), parameters)
        self.log.append(self.last)
        return super().execute(sql, *([] if parameters is None else [parameters]), **options)  # type: ignore[misc]

    def executemany(self, sql: Any, parameters: Any, **options: Any) -> Any:
        parameters = list(parameters)
        self.last = Statement(str(sql), parameters[0])  # the others have the same plan
        self.log.append(self.last)
        return super().executemany(sql, parameters, **options)  # type: ignore[misc]

    def fetchone(self) -> Any:
        row = super().fetchone()  # type: ignore[misc]
        self.last.rows += [] if row is None else [row]
        return row

    def fetchall(self) -> Any:
        rows = super().fetchall()  # type: ignore[misc]
        self.last.rows += rows
        return rows

    def fetchmany(self, size: int = 0) -> Any:
        rows = super().fetchmany(size)  # type: ignore[misc]
        self.last.rows += rows
        return rows


@contextmanager
def listening() -> Iterator[list[Statement]]:
    """Everything that engines which connect meanwhile send to their databases, as it is sent."""
    log: list[Statement] = []
    postgres = type("Cursor", (_Listening, psycopg.Cursor), {"log": log})
    sqlite = type("Cursor", (_Listening, sqlite3.Cursor), {"log": log})

    class Connection(sqlite3.Connection):
        def cursor(self, factory: Any = sqlite) -> Any:
            return super().cursor(factory)

        def execute(self, *sent: Any) -> Any:
            return self.cursor().execute(*sent)

    def connect(dialect: Any, _record: Any, _arguments: Any, parameters: dict[str, Any]) -> None:
        parameters |= {"factory": Connection} if dialect.name == "sqlite" else {"cursor_factory": postgres}

    def commit(_connection: Any) -> None:
        log.append(Statement(COMMIT))

    event.listen(Engine, "do_connect", connect)
    event.listen(Engine, "commit", commit)
    try:
        yield log
    finally:
        event.remove(Engine, "do_connect", connect)
        event.remove(Engine, "commit", commit)


@dataclass(frozen=True)
class Script:
    """The statements of a submit-and-next, as (SQL, traced parameters), and where its next assignment and token are."""

    url: str
    setup: tuple[str, ...]
    statements: tuple[tuple[str, Any], ...]
    assignment: Source
    token: Source | str

    def connect(self) -> Any:
        """A connection of the bare driver that is set up as the app's are."""
        connection = driver(self.url)
        if isinstance(connection, sqlite3.Connection):
            connection.isolation_level = None
        for statement in self.setup:
            connection.execute(statement)
        return connection

    def perform(self, connection: Any, seat: "Seat", look: Look | None = None) -> "Seat | None":
        """One judgement of whoever sits there; returns the seat with the next assignment, None when there is none.

        `look` is called before each statement, with its parameters; nothing is committed then.
        """
        facts = seat.facts()
        rows: list[Any] = []
        for sql, parameters in self.statements:
            if sql == COMMIT:
                rows.append([])
                if look is None:
                    connection.commit()
                continue
            given = None if parameters is None else _filled(parameters, facts, rows)
            if look is not None:
                look(connection, sql, given)
            cursor = connection.execute(sql, *([] if given is None else [given]))
            rows.append(cursor.fetchall() if cursor.description else [])
            if len(rows) - 1 == self.assignment[1] and not rows[-1]:
                connection.rollback()
                return None
        token = self.token if isinstance(self.token, str) else _look_up(self.token, facts, rows)
        return Seat(seat.annotator, seat.digest, _look_up(self.assignment, facts, rows), token)


@dataclass(frozen=True)
class Seat:
    """An annotator with what they hold; `digest` is what the database knows of their API token."""

    annotator: int
    digest: str
    assignment: int
    token: str

    def facts(self) -> dict[str, Any]:
        """By name, with a new id for the answer."""
        return {
            "annotator": self.annotator,
            "digest": self.digest,
            "assignment": self.assignment,
            "token": self.token,
            "answer": str(uuid.uuid4()),
        }


@contextmanager
def client(url: str, player: Player) -> Iterator[tuple[TestClient, list[Statement]]]:
    """The application in this process, asked by somebody, and everything that it sends to its database.

    It is not started: what it does by itself every second is no part of what is asked.
    """
    with listening() as log:
        app = create_app(Settings(_env_file=None, database_url=url))
        yield TestClient(app, "http://testserver/api/v1", headers={"Authorization": f"Bearer {player.token}"}), log
        app.state.sessions.kw["bind"].dispose()


def record(url: str, project: str, annotator: int, player: Player) -> tuple[Script, Seat]:
    """The script of a submit-and-next in this project, and the annotator with the assignment that comes after it.

    The third judgement is taken, so that nothing is in it that happens once only.
    """
    with client(url, player) as (asking, log):
        opened = asking.post(f"/projects/{project}/assignments", json={"count": 1, "resume": True})
        (task,) = opened.json()["assignments"]
        setup = tuple(dict.fromkeys(sent.sql for sent in log if sent.sql.startswith("PRAGMA")))
        for _ in range(3):
            log.clear()
            seat = Seat(annotator, digest(player), task["id"], task["lease_token"])
            answer = {"id": str(uuid.uuid4()), "lease_token": seat.token, "strength": 2, "active_ms": 3200, "next": 1}
            response = asking.put(f"/assignments/{seat.assignment}/preference", json=answer)
            (task,) = response.json()["assignments"]
        sent = list(log)
    traced = _Tracer(seat.facts() | {"answer": answer["id"]}, sent)
    statements = tuple(
        (one.sql, None if one.parameters is None else traced.of(one.parameters, number))
        for number, one in enumerate(sent)
    )
    following = traced.of(task["id"], len(sent))
    if not isinstance(following, _Traced):
        raise ValueError("the next assignment came out of no statement")
    script = Script(url, setup, statements, following, traced.of(task["lease_token"], len(sent)))
    return script, Seat(annotator, digest(player), task["id"], task["lease_token"])


def digest(player: Player) -> str:
    """What the database knows of a token."""
    return hashlib.sha256(player.token.encode()).hexdigest()


class _Traced(tuple[Any, ...]):
    """Marks a source among parameters, which may be tuples too."""


class _Tracer:
    """Finds where a value came from: a fact, or a row that an earlier statement gave."""

    def __init__(self, facts: dict[str, Any], sent: Sequence[Statement]) -> None:
        self._facts, self._sent = facts, sent

    def of(self, value: Any, before: int) -> Any:
        if isinstance(value, dict):
            return {name: self.of(one, before) for name, one in value.items()}
        if isinstance(value, list | tuple):
            return [self.of(one, before) for one in value]
        number = isinstance(value, int) and value >= SMALLEST
        if not number and not (isinstance(value, str) and len(value) >= SHORTEST):
            return value
        for name, known in self._facts.items():
            if known == value:
                return _Traced(("fact", name))
        for number, statement in enumerate(self._sent[:before]):
            for row, columns in enumerate(statement.rows):
                if value in columns:
                    return _Traced(("row", number, row, columns.index(value)))
        return value


def _look_up(source: Source, facts: dict[str, Any], rows: list[Any]) -> Any:
    if source[0] == "fact":
        return facts[source[1]]
    _, statement, row, column = source
    return rows[statement][row][column]


def _filled(parameters: Any, facts: dict[str, Any], rows: list[Any]) -> Any:
    if isinstance(parameters, _Traced):
        return _look_up(parameters, facts, rows)
    if isinstance(parameters, dict):
        return {name: _filled(one, facts, rows) for name, one in parameters.items()}
    if isinstance(parameters, list):
        return [_filled(one, facts, rows) for one in parameters]
    return parameters


@dataclass(frozen=True)
class Played:
    """What the floor did: seconds of each transaction, judgements per second, and who holds what now."""

    per_second: float
    took: list[float]
    seats: list[Seat]


class Floor:
    """Two processes, one for each core of a small machine, that share the annotators; close it at the end."""

    def __init__(self) -> None:
        self._pool = get_context("spawn").Pool(PROCESSES)

    def play(self, script: Script, seats: Sequence[Seat], seconds: float) -> Played:
        """Everybody judges for so long, each on a connection of their own."""
        shares = [list(seats[number::PROCESSES]) for number in range(PROCESSES)]
        shares = [share for share in shares if share]
        parts = self._pool.starmap(_play, [(script, share, seconds) for share in shares])
        took = [one for part, _, _ in parts for one in part]
        span = max(span for *_, span in parts)
        return Played(round(len(took) / span, 1), took, [seat for _, part, _ in parts for seat in part])

    def close(self) -> None:
        """Ends the processes."""
        self._pool.close()
        self._pool.join()


def _play(script: Script, seats: list[Seat], seconds: float) -> tuple[list[float], list[Seat], float]:
    took: list[float] = []
    left: list[Seat] = []
    ready = threading.Barrier(len(seats) + 1)

    def annotate(seat: Seat | None) -> None:
        with closing(script.connect()) as connection:
            ready.wait()
            end = time.perf_counter() + seconds
            while seat is not None and (began := time.perf_counter()) < end:
                last, seat = seat, script.perform(connection, seat)
                took.append(time.perf_counter() - began)
            left.append(seat or last)

    threads = [threading.Thread(target=annotate, args=(seat,)) for seat in seats]
    for thread in threads:
        thread.start()
    ready.wait()
    began = time.perf_counter()
    for thread in threads:
        thread.join()
    return took, left, time.perf_counter() - began
