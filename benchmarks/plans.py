"""The query plans of the queue, read by a program: an index under each, no sort of the queue, few rows."""

import re
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from typing import Any

from psycopg.sql import SQL, Literal

from benchmarks.floor import Script, Seat, Statement
from benchmarks.throwaway import driver

LARGE = {"assignment", "comparison", "prompt", "response", "preference", "preference_history", "tally"}
MOST_SORTED = 100  # rows; what one annotator holds, or the slots of one comparison
FEW = r"comparison_id=\?|ix_assignment_held"  # how SQLite says that it finds no more than those
# a table of a few pages is best read as a whole
_LARGE = "SELECT relname FROM pg_class WHERE relname = ANY(%s) AND pg_relation_size(oid) > 128 * 1024"
_FIRST = """
    SELECT indexrelid::regclass::text, attname FROM pg_index
    JOIN pg_attribute ON attrelid = indrelid AND attnum = indkey[0]
    WHERE indrelid = ANY(%s::regclass[])
"""
WORDS = ("SELECT", "INSERT", "UPDATE", "DELETE", "WITH")


@dataclass(frozen=True)
class Plan:
    """A statement with its plan as the database prints it, and what is wrong with that. Of one that was performed,
    PostgreSQL tells how many rows it read and how many pages it looked at, and SQLite is counted in steps of its
    machine."""

    sql: str
    text: str
    wrong: tuple[str, ...]
    rows: int | None = None
    pages: int | None = None
    steps: int | None = None


def performed(script: Script, seat: Seat) -> list[Plan]:
    """The plans of a submit-and-next, each taken where its turn is; nothing of it stays."""
    found = []

    def look(connection: Any, sql: str, parameters: Any) -> None:
        if sql.startswith(WORDS):
            found.append(_plan(connection, sql, parameters, analyze=True))

    with closing(script.connect()) as connection:
        script.perform(connection, seat, look)
        connection.rollback()
    return found


def imagined(url: str, sent: Iterable[Statement]) -> list[Plan]:
    """The plans of statements that were recorded, each kind once, without performing any."""
    kinds = {statement.sql: statement for statement in sent if statement.sql.startswith(WORDS)}
    with closing(driver(url)) as connection:
        return [_plan(connection, one.sql, one.parameters, analyze=False) for one in kinds.values()]


def _plan(connection: Any, sql: str, parameters: Any, *, analyze: bool) -> Plan:
    read = _sqlite if isinstance(connection, sqlite3.Connection) else _postgresql
    return read(connection, sql, parameters, analyze)


def _sqlite(connection: Any, sql: str, parameters: Any, analyze: bool) -> Plan:
    lines = connection.execute(f"EXPLAIN QUERY PLAN {sql}", parameters or ()).fetchall()
    depth, text, wrong = {0: 0}, [], []
    for number, parent, _, detail in lines:
        depth[number] = depth[parent] + 1
        text.append("  " * depth[parent] + detail)
        beside = [other for _, level, _, other in lines if level == parent and _table(other) in LARGE]
        walks = _table(detail) in LARGE and (detail.startswith("SCAN ") or "(rowid>?)" in detail)
        sorts = "TEMP B-TREE" in detail and any(not re.search(FEW, other) for other in beside)
        if walks or sorts:
            wrong.append(detail)
    steps = _steps(connection, sql, parameters) if analyze else None
    return Plan(sql, "\n".join(text), tuple(wrong), steps=steps)


def _table(detail: str) -> str:
    found = re.match(r"(?:SCAN|SEARCH) (\w+?)(?:_\d+)?\b", detail)
    return found[1] if found else ""


def _steps(connection: Any, sql: str, parameters: Any) -> int:
    steps = 0

    def count() -> None:
        nonlocal steps
        steps += 1

    connection.execute("SAVEPOINT look")
    connection.set_progress_handler(count, 1)
    connection.execute(sql, parameters or ()).fetchall()
    connection.set_progress_handler(None, 0)
    connection.execute("ROLLBACK TO look")
    connection.execute("RELEASE look")
    return steps


def _postgresql(connection: Any, sql: str, parameters: Any, analyze: bool) -> Plan:
    options = "ANALYZE, BUFFERS, " if analyze else ""
    # as the app's connections run it: prepared, by the plan that serves whatever it is given
    numbered: dict[str, str] = {}
    for name in re.findall(r"%\((\w+)\)s", sql):
        numbered.setdefault(name, f"${len(numbered) + 1}")
    unbound = re.sub(r"%\((\w+)\)s", lambda match: numbered[match[1]], sql).replace("%%", "%")
    given = SQL(", ").join(Literal(parameters[name]) for name in numbered)
    connection.execute("SET LOCAL plan_cache_mode = force_generic_plan")
    connection.execute(f"PREPARE look AS {unbound}")

    def explain(shape: str) -> list[Any]:
        connection.execute("SAVEPOINT look")
        asked = SQL("EXPLAIN ({}FORMAT {}) EXECUTE look {}").format(
            SQL(options), SQL(shape), SQL("({})").format(given) if numbered else SQL("")
        )
        lines = connection.execute(asked).fetchall()
        connection.execute("ROLLBACK TO look")
        return [line for (line,) in lines]

    ((whole,),) = explain("JSON")
    large = {name for (name,) in connection.execute(_LARGE, [list(LARGE)])}
    first = dict(connection.execute(_FIRST, [list(LARGE)]).fetchall())
    wrong = tuple(dict.fromkeys(_wrong(whole["Plan"], large, first)))
    text = "\n".join(explain("TEXT"))
    connection.execute("DEALLOCATE look")
    if not analyze:
        return Plan(sql, text, wrong)
    rows = sum(_read(node) for node in _nodes(whole["Plan"]))
    pages = whole["Plan"]["Shared Hit Blocks"] + whole["Plan"]["Shared Read Blocks"]
    return Plan(sql, text, wrong, rows=rows, pages=pages)


def _nodes(node: dict[str, Any], inner: bool = True) -> Iterable[dict[str, Any]]:
    """The node and what is below it; without `inner` not what is asked anew for each row."""
    yield node
    for below in node.get("Plans", ()):
        if inner or below.get("Parent Relationship") not in ("SubPlan", "InitPlan"):
            yield from _nodes(below, inner)


def _read(node: dict[str, Any]) -> int:
    if "Scan" not in node["Node Type"] or "Relation Name" not in node:
        return 0
    removed = node.get("Rows Removed by Filter", 0) + node.get("Rows Removed by Index Recheck", 0)
    return round((node["Actual Rows"] + removed) * node["Actual Loops"])


def _wrong(plan: dict[str, Any], large: set[str], first: dict[str, str]) -> Iterable[str]:
    for node in _nodes(plan):
        kind, index, condition = node["Node Type"], node.get("Index Name", ""), node.get("Index Cond", "")
        if kind == "Seq Scan" and node["Relation Name"] in large:
            yield f"Seq Scan on {node['Relation Name']}"
        if node.get("Relation Name") in large and index:
            if not re.search(rf"\b{first[index]}\b", condition):
                yield f"{kind} using {index} without its first column"
            if re.search(r"\(id [<>]", condition) and first[index] == "id":
                yield f"{kind} using {index} from there on"
        sorts = "Sort" in kind and node["Plan Rows"] > MOST_SORTED
        if sorts and any(below.get("Relation Name") in large for below in _nodes(node, inner=False)):
            yield f"{kind} by {', '.join(node['Sort Key'])}"
