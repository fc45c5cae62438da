"""A statement that is compiled once and run on the driver's own cursor.

SQLAlchemy's way from a statement to its rows costs more than the databases need for the statements of the queue. Only
what everybody runs all the time is worth this; errors, and the types of what goes in and comes out, are as there.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Dialect, literal_column
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

Convert = Callable[[Any], Any]


def looked_up(column: Any, where: str) -> Any:
    """A column of another table in what a statement returns, from one row of it.

    As text, since SQLAlchemy leaves out the tables' names in what SQLite returns.
    """
    return literal_column(f"(SELECT {column} FROM {where})", column.type)  # noqa: S608


@dataclass(frozen=True)
class _Compiled:
    sql: str
    order: list[str] | None  # of the parameters, where they have no names
    constants: dict[str, Any]
    into: dict[str, Convert]
    out: list[tuple[int, Convert]]


class Prepared:
    """`statement` takes bound parameters by name, but no lists."""

    def __init__(self, statement: Any) -> None:
        self.statement = statement
        self._compiled: dict[str, _Compiled] = {}

    def first(self, session: Session, values: dict[str, Any]) -> tuple[Any, ...] | None:
        """The first row, if there is one. Raises what Connection.execute raises."""
        return next(iter(self._run(session, values, lambda cursor: cursor.fetchmany(1))), None)

    def all(self, session: Session, values: dict[str, Any]) -> list[tuple[Any, ...]]:
        """All rows. Raises what Connection.execute raises."""
        return self._run(session, values, lambda cursor: cursor.fetchall())

    def run(self, session: Session, values: dict[str, Any]) -> None:
        """For its effect alone. Raises what Connection.execute raises."""
        self._run(session, values, lambda _: [])

    def _run(
        self, session: Session, values: dict[str, Any], fetch: Callable[[Any], list[tuple[Any, ...]]]
    ) -> list[tuple[Any, ...]]:
        connection = session.connection()
        compiled = self._for(connection.dialect)
        named = compiled.constants | values
        for name, convert in compiled.into.items():
            named[name] = convert(named[name])
        parameters = named if compiled.order is None else [named[name] for name in compiled.order]
        cursor = connection.connection.cursor()
        try:
            cursor.execute(compiled.sql, parameters)
            rows = fetch(cursor)
        except connection.dialect.loaded_dbapi.Error as error:
            raise translated(error, connection, compiled.sql) from error
        finally:
            cursor.close()
        return [_converted(row, compiled.out) for row in rows] if compiled.out else rows

    def _for(self, dialect: Dialect) -> _Compiled:
        if dialect.name not in self._compiled:
            self._compiled[dialect.name] = _compile(self.statement, dialect)
        return self._compiled[dialect.name]


def _compile(statement: Any, dialect: Dialect) -> _Compiled:
    compiled = statement.compile(dialect=dialect)
    into = {  # by name: several places of a statement may share a parameter
        name: convert
        for bound, name in compiled.bind_names.items()
        if (convert := bound.type.dialect_impl(dialect).bind_processor(dialect)) is not None
    }
    columns = getattr(statement, "exported_columns", ())
    out = [
        (place, convert)
        for place, column in enumerate(columns)
        if (convert := column.type.dialect_impl(dialect).result_processor(dialect, None)) is not None
    ]
    return _Compiled(str(compiled), compiled.positiontup, dict(compiled.params), into, out)


def _converted(row: tuple[Any, ...], out: list[tuple[int, Convert]]) -> tuple[Any, ...]:
    cells = list(row)
    for place, convert in out:
        cells[place] = convert(cells[place])
    return tuple(cells)


def translated(error: Any, connection: Connection, sql: str) -> BaseException:
    """A driver's error as SQLAlchemy names it; a connection that is lost is not used again."""
    dialect = connection.dialect
    lost = dialect.is_disconnect(error, connection.connection.driver_connection, None)
    if lost:
        connection.invalidate(error)
    base = dialect.loaded_dbapi.Error
    known: BaseException = DBAPIError.instance(sql, {}, error, base, connection_invalidated=lost, dialect=dialect)
    return known
