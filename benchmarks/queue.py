"""Measures the queue: `python -m benchmarks.queue [--quick] [--database KIND] [--sizes N,N,N] [--hurting N]`.

On a PostgreSQL and an SQLite of its own, with `touchstone web` in a process of its own in front:

- submit-and-next of 32 annotators at each size, round by round in turns;
- the same against the floor (benchmarks/floor.py), in turns on the queue of the largest size;
- the cases that were built to hurt (benchmarks/cases.py), at the middle size;
- the query plans on the largest, and what one judgement takes: statements, rows read, bytes.

Times are those of a client on the same machine, medians of the rounds' percentiles. Prints tables; the last line is one
JSON object. Ends with 1 when a limit of `LIMITS` is not kept.
"""

import argparse
import asyncio
import json
import os
import sys
from collections.abc import Iterable, Sequence
from contextlib import AsyncExitStack, closing
from typing import Any

from benchmarks import cases, plans
from benchmarks.cases import Bed, bed
from benchmarks.floor import COMMIT, Floor, Script, Seat, record
from benchmarks.queues import Builder, Part
from benchmarks.throwaway import KINDS, databases

# (least share of the floor, most p99/p50, most CPU ms of server and database, most p99 of the largest to the smallest)
LIMITS = {"postgresql": (0.35, 5.0, 3.0, 1.5), "sqlite": (0.25, 5.0, 3.0, 1.5)}
COLUMNS = {
    "case": "case",
    "annotators": "annotators",
    "judgements": "judgements",
    "per_second": "per second",
    "p50": "p50 ms",
    "p95": "p95 ms",
    "p99": "p99 ms",
    "server_ms": "CPU server",
    "database_ms": "CPU database",
    "client_ms": "CPU client",
    "foreign": "foreign",
    "errors": "errors",
    "twice": "twice",
    "lost": "lost",
    "wrong": "wrong",
    "extra": "extra",
}
OTHERS = 300  # people who have nothing to do with it: plans of a handful of people say little
WRITES = 50  # judgements from which the bytes of the log are taken


async def measured(kind: str, sizes: Sequence[int], hurting: int | None, quick: bool) -> dict[str, Any]:
    """Everything on one kind of database; prints as it goes."""
    rounds, seconds, each = (1, 0.3, 5) if quick else (9, 4.0, 20)
    middle = hurting or (4_000 if quick else sorted(sizes)[len(sizes) // 2])
    cases.say(f"\n## {kind}\n")
    found: dict[str, Any] = {}
    with databases(kind) as place, closing(Floor()) as floor:
        async with AsyncExitStack() as stack:
            beds: dict[int, Bed] = {}
            for size in sorted(sizes):

                def prepare(builder: Builder, _ids: list[int], size: int = size) -> None:
                    builder.project("plain", [Part(size)])
                    if size == max(sizes):
                        builder.hire(OTHERS)

                beds[size] = await stack.enter_async_context(bed(place, f"q{size}", 2 * cases.ANNOTATORS + 1, prepare))
            found["sizes"] = [case.row() for case in await cases.sizes(beds, rounds, each)]
            table(found["sizes"])
            here = beds[max(beds)]  # which does not run out
            script, seat = record(here.builder.url, "plain", *here.people[-1])
            server, bare = await cases.against_the_floor(here, script, floor, rounds, seconds)
            found["server"], found["floor"] = server.row(), [case.row() for case in bare]
            table([found["server"], *found["floor"]])
            found["counted"] = counted(here, script, seat)
        found["hurting"] = [case.row() for case in await cases.hurting(place, middle, max(1, rounds // 3), seconds)]
        table(found["hurting"])
    found["limits"] = limits(kind, found)
    for line in found["limits"]:
        cases.say(f"{'ok  ' if line['kept'] else 'FAIL'} {line['what']}: {line['found']} ({line['limit']})")
    return found


def counted(here: Bed, script: Script, seat: Seat | None) -> dict[str, Any]:
    """What a judgement takes, and what is wrong with the plans of its statements, which are printed."""
    found = plans.performed(script, seat)
    with closing(script.connect()) as connection:
        if script.setup:  # SQLite: its log begins anew and grows
            connection.execute("PRAGMA wal_autocheckpoint = 0")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        begun = _written(here.builder)
        for _ in range(WRITES):
            seat = script.perform(connection, seat)
        written = round((_written(here.builder) - begun) / WRITES)
    cases.say("")
    for plan in found:
        cases.say(
            f"```\n{plan.sql}\n\n{plan.text}\n```\n{', '.join(plan.wrong) or 'An index under it, no sort of the queue'}.\n"
        )
    result = {
        "statements": sum(sql != COMMIT for sql, _ in script.statements),
        **{name: _total([getattr(plan, name) for plan in found]) for name in ("rows", "pages", "steps")},
        "log_bytes": written,
        "wrong": [wrong for plan in found for wrong in plan.wrong],
    }
    cases.say(f"counted: {json.dumps(result)}\n")
    return result


def _total(numbers: Sequence[int | None]) -> int | None:
    known = [number for number in numbers if number is not None]
    return sum(known) if known else None


def _written(builder: Builder) -> int:
    if builder.url.startswith("sqlite"):
        return os.path.getsize(builder.url.removeprefix("sqlite:///") + "-wal")
    return int(builder.value("SELECT pg_current_wal_insert_lsn() - '0/0'"))


def limits(kind: str, found: dict[str, Any]) -> list[dict[str, Any]]:
    """What was asked for, against what was found."""
    share, spread, cpu, growth = LIMITS[kind]
    server, sizes = found["server"], found["sizes"]
    largest = f"p99 at {sizes[-1]['case']} to that at {sizes[0]['case']}"
    cost = round(server["server_ms"] + (server["database_ms"] or 0), 2)
    wrong = sum(row[name] for row in rows_of(found) for name in ("errors", "twice", "lost", "wrong", "extra"))
    lines = (
        ("share of the floor", server["of_floor"], f"at least {share}", server["of_floor"] >= share),
        (
            "p99 to p50",
            round(server["p99"] / server["p50"], 2),
            f"at most {spread}",
            server["p99"] <= spread * server["p50"],
        ),
        ("CPU ms per judgement", cost, f"at most {cpu}", cost <= cpu),
        (largest, ratio := round(sizes[-1]["p99"] / sizes[0]["p99"], 2), f"at most {growth}", ratio <= growth),
        ("plans that scan or sort the queue", len(found["counted"]["wrong"]), "none", not found["counted"]["wrong"]),
        ("errors, handed out twice, lost, wrong, extra", wrong, "none", wrong == 0),
    )
    return [dict(zip(("what", "found", "limit", "kept"), line, strict=True)) for line in lines]


def rows_of(found: dict[str, Any]) -> Iterable[dict[str, Any]]:
    """All rows in which something was judged through the server."""
    return [*found["sizes"], found["server"], *found["hurting"]]


def table(rows: Sequence[dict[str, Any]]) -> None:
    """Prints rows as Markdown."""
    more = dict.fromkeys(name for row in rows for name in row if name not in COLUMNS)
    names = [*COLUMNS, *more]
    cases.say(f"| {' | '.join(COLUMNS.get(name, name.replace('_', ' ')) for name in names)} |")
    cases.say("|---" * len(names) + "|")
    for row in rows:
        cells = ("–" if row.get(name) is None else str(row[name]) for name in names)
        cases.say(f"| {' | '.join(cells)} |")
    cases.say("")


def main() -> None:
    """Runs from the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="few rounds on small queues, within a minute")
    parser.add_argument("--database", choices=KINDS, help="only this one")
    parser.add_argument("--sizes", help="numbers of queued comparisons, with commas between")
    parser.add_argument("--hurting", type=int, help="size of the queues that are built to hurt, else the middle one")
    given = parser.parse_args()
    sizes = given.sizes or ("1000,10000" if given.quick else "1000,100000,1000000")
    numbers = [int(size) for size in sizes.split(",")]
    kinds = [given.database] if given.database else KINDS
    found = {kind: asyncio.run(measured(kind, numbers, given.hurting, given.quick)) for kind in kinds}
    cases.say(json.dumps(found))
    if not all(line["kept"] for one in found.values() for line in one["limits"]):
        sys.exit(1)


if __name__ == "__main__":
    main()
