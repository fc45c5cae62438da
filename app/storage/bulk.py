"""Many rows at once, past the ORM: COPY on PostgreSQL, executemany on SQLite. Ids are taken before the rows are made."""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any

import psycopg
from sqlalchemy import ARRAY, JSON, Boolean, ColumnElement, Dialect, FromClause, Table, bindparam, func, select, text
from sqlalchemy.orm import Session
from sqlalchemy.types import TypeEngine

from app.storage.base import Base
from app.storage.prepared import translated

Values = tuple[Any, ...]


def ids(session: Session, table: type[Base], number: int) -> list[int]:
    """So many ids for new rows, in ascending order; on SQLite they are free until the transaction writes a row."""
    if not number:
        return []
    found = _table(table)
    if session.get_bind().dialect.name == "sqlite":
        last = session.scalar(select(func.max(found.c.id))) or 0
        return list(range(last + 1, last + 1 + number))
    sequence = func.nextval(func.pg_get_serial_sequence(found.name, "id"))
    return list(session.scalars(select(sequence).select_from(func.generate_series(1, number))))


def among(session: Session, column: Any, values: Sequence[Any]) -> ColumnElement[bool]:
    """That the column has one of the values, which are one parameter: hundreds take longer to write than to look up."""
    if session.get_bind().dialect.name == "sqlite":
        found: ColumnElement[bool] = column.in_(select(_entries(values)))
    else:
        found = column == func.any(bindparam(None, values, ARRAY(column.type)))
    return found


def listed(session: Session, **columns: tuple[Any, Sequence[Any]]) -> FromClause:
    """A table to join with, of values for these columns: SQLite goes through all of a table for pairs that `IN` lists."""
    if session.get_bind().dialect.name == "sqlite":
        entry = _entries(list(zip(*(values for _, values in columns.values()), strict=True)))
        return select(*(func.json_extract(entry, f"$[{n}]").label(name) for n, name in enumerate(columns))).subquery()
    arrays = (bindparam(None, list(values), ARRAY(column.type)) for column, values in columns.values())
    return func.unnest(*arrays).table_valued(*columns).render_derived()


def _entries(values: Sequence[Any]) -> ColumnElement[Any]:
    return func.json_each(json.dumps(values)).table_valued("value").c.value


@contextmanager
def growing(session: Session) -> Iterator[None]:
    """While the block runs PostgreSQL plans each statement anew: a plan made while a table is small would stay while it
    grows."""
    driver = session.connection().connection.driver_connection
    if not isinstance(driver, psycopg.Connection):
        yield
        return
    # by the driver: the setting plan_cache_mode would have each check of a foreign key planned anew as well
    threshold, driver.prepare_threshold = driver.prepare_threshold, None
    try:
        yield
    finally:
        driver.prepare_threshold = threshold


def insert(session: Session, table: type[Base], columns: Sequence[str], rows: Iterable[Values]) -> None:
    """Inserts rows, each the values of those columns; what is left out is NULL or the database's own default.

    Raises sqlalchemy's DBAPIError.
    """
    rows = list(rows)
    if not rows:
        return
    found, connection = _table(table), session.connection()
    dialect = connection.dialect
    quoted = dialect.identifier_preparer
    names = ", ".join(quoted.format_column(found.c[name]) for name in columns)
    processed = _processed(rows, [_processor(found.c[name].type, dialect) for name in columns])
    if dialect.name == "sqlite":
        marks = ", ".join("?" * len(columns))
        statement = f"INSERT INTO {quoted.format_table(found)} ({names}) VALUES ({marks})"  # noqa: S608
        connection.exec_driver_sql(statement, processed)
        return
    statement = f"COPY {quoted.format_table(found)} ({names}) FROM STDIN"
    driver: Any = connection.connection.driver_connection
    try:
        with driver.cursor() as cursor, cursor.copy(statement) as copy:
            for row in processed:
                copy.write_row(row)
    except psycopg.Error as error:
        raise translated(error, connection, statement) from error


def analyze(session: Session, *tables: type[Base]) -> None:
    """Lets PostgreSQL see what was added: it plans by statistics, which would come minutes later. SQLite does not."""
    if session.get_bind().dialect.name == "postgresql":
        session.execute(text("ANALYZE " + ", ".join(_table(table).name for table in tables)))


def _table(table: type[Base]) -> Table:
    found = table.__table__
    assert isinstance(found, Table)  # noqa: S101
    return found


def _processor(kind: TypeEngine[Any], dialect: Dialect) -> Callable[[Any], Any] | None:
    """What makes of a value what the driver takes: instants and JSON need it, on the one database or the other."""
    process = None if isinstance(kind, Boolean) else kind.dialect_impl(dialect).bind_processor(dialect)
    return process if process is None or isinstance(kind, JSON) else cache(process)  # many instants are the same


def _processed(rows: list[Values], processors: list[Callable[[Any], Any] | None]) -> list[Values]:
    wanted = [(place, process) for place, process in enumerate(processors) if process is not None]
    if not wanted:
        return rows
    columns: list[Iterable[Any]] = list(zip(*rows, strict=True))
    for place, process in wanted:
        columns[place] = map(process, columns[place])
    return list(zip(*columns, strict=True))
