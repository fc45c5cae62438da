"""Queues of any size, made by the database itself, in the states in which they hurt.

The ids of each table come from a range of its own, so that a number tells what it is the id of: the floor is traced by
that.
"""

import itertools
from collections.abc import Iterable
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import make_url

from app.domain import people
from app.load.annotators import Player
from app.load.study import PROMPT, RESPONSE
from app.storage.leases import first_rank
from app.storage.session import make_engine, make_sessions
from app.vocabulary import Role
from benchmarks.throwaway import driver

RESPONSES = 5  # to each prompt, which makes ten pairs
PAIRS = [(a, b) for a in range(RESPONSES) for b in range(a + 1, RESPONSES)]
HOLDERS = 1_000
FIRST = {
    "project": 2_000,
    "batch": 4_000,
    "person": 10_000,
    "comparison": 100_000_000,
    "prompt": 400_000_000,
    "response": 500_000_000,
    "assignment": 1_000_000_000,
}


@dataclass(frozen=True)
class Part:
    """A batch. The first `done` of its comparisons have their first judgement, by the person `by`. With `expired` all
    slots are leased to a thousand people, and all of these leases have run out. Rows have `priorities` priorities."""

    comparisons: int
    state: str = "open"
    priority: int = 0
    overlap: int = 1
    done: int = 0
    by: int = 0
    expired: bool = False
    priorities: int = 1


@dataclass(frozen=True)
class Words:
    """How a database says what SQL leaves open."""

    pad: str
    json: str
    no: str
    odd: str
    at: str
    begin: tuple[str, ...]
    analyze: str
    calm: str


WORDS = {
    "postgresql": Words(
        pad="lpad(CAST({} AS text), {}, '0')",
        json="CAST({} AS json)",
        no="false",
        odd="i % 2 = 1",
        at="timestamptz '{}+00'",
        begin=("SET session_replication_role = replica",),  # no foreign keys are checked
        analyze="VACUUM ANALYZE",
        calm="CHECKPOINT",
    ),
    "sqlite": Words(
        pad="printf('%0{1}d', {0})",
        json="{}",
        no="0",
        odd="i % 2",
        at="'{}'",
        begin=(),
        analyze="ANALYZE",
        calm="PRAGMA wal_checkpoint(TRUNCATE)",
    ),
}


class Builder:
    """Puts projects into one database, and people who may judge them."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._words = WORDS[make_url(url).get_backend_name()]
        self._free = dict(FIRST)
        self._names = itertools.count(1)

    def hire(self, number: int, role: Role = Role.annotator) -> list[tuple[int, Player]]:
        """So many new accounts, each with its id and a token."""
        now = datetime.now(UTC)
        ids = self._persons(number, role)
        engine = make_engine(self.url)
        with make_sessions(engine).begin() as session:
            found = [people.get(session, number) for number in ids]
            hired = [
                (one.id, Player(one.email or "", people.create_token(session, one, "bench", now))) for one in found
            ]
        engine.dispose()
        return hired

    def project(self, slug: str, parts: Iterable[Part]) -> int:
        """A project with these batches, in this order; returns its id."""
        project = self._take("project", 1)
        self.run(
            "INSERT INTO project (id, slug, name, guidelines, overlap, base_model, retrain_every, spread, created_at) "
            f"VALUES ({project}, '{slug}', '{slug}', '', 1, '', 0, {self._words.no}, {self._at()})"
        )
        for part in parts:
            self.run(*self._part(project, part))
        self._advance("assignment")
        return project

    def run(self, *statements: str) -> None:
        """Performs statements in one transaction."""
        with closing(driver(self.url)) as connection:
            for statement in (*self._words.begin, *statements):
                connection.execute(statement)
            connection.commit()

    def settle(self) -> None:
        """Statistics of what is there, as an import leaves them."""
        self._do(self._words.analyze)
        self.calm()

    def calm(self) -> None:
        """Leaves nothing to be written, so that a measurement begins without the last one's."""
        self._do(self._words.calm)

    def _do(self, statement: str) -> None:
        with closing(driver(self.url, autocommit=True)) as connection:
            connection.execute(statement)

    def value(self, query: str) -> Any:
        """The one value that a query gives."""
        with closing(driver(self.url)) as connection:
            return connection.execute(query).fetchone()[0]

    def _part(self, project: int, part: Part) -> Iterable[str]:
        pad, json, odd, no = self._words.pad, self._words.json, self._words.odd, self._words.no
        prompts = -(-part.comparisons // len(PAIRS))
        slots = part.comparisons * part.overlap
        batch, prompt = self._take("batch", 1), self._take("prompt", prompts)
        response = self._take("response", prompts * RESPONSES)
        comparison, assignment = self._take("comparison", part.comparisons), self._take("assignment", slots)
        content = f"""'[{{"role": "user", "content": "' || {pad.format("i", PROMPT)} || '"}}]'"""
        of_prompt = f"{response} + i / {len(PAIRS)} * {RESPONSES} + "
        one, other = (
            of_prompt
            + f"(CASE i % {len(PAIRS)} {' '.join(f'WHEN {n} THEN {p[side]}' for n, p in enumerate(PAIRS))} END)"
            for side in (0, 1)
        )
        name = f"CAST({comparison} + i AS text)"
        yield (
            "INSERT INTO batch (id, project_id, name, state, priority, overlap, slots, comparisons, file_digest, "
            f"created_at, rows, judgements, duplicates, rejected) VALUES ({batch}, {project}, 'bench', '{part.state}', "
            f"{part.priority}, {part.overlap}, {slots}, {part.comparisons}, '', {self._at()}, {part.comparisons}, 0, 0, 0)"
        )
        yield _many(
            prompts,
            "prompt (id, project_id, digest, messages)",
            f"{prompt} + i, {project}, {pad.format(f'{prompt} + i', 64)}, {json.format(content)}",
        )
        yield _many(
            prompts * RESPONSES,
            "response (id, prompt_id, digest, text)",
            f"{response} + i, {prompt} + i / {RESPONSES}, {pad.format('i', 64)}, {pad.format('i', RESPONSE)}",
        )
        yield _many(
            part.comparisons,
            "comparison (id, project_id, batch_id, prompt_id, response_a_id, response_b_id, identity, external_id, "
            "priority)",
            f"{comparison} + i, {project}, {batch}, {prompt} + i / {len(PAIRS)}, {one}, {other}, {name}, {name}, "
            f"i % {part.priorities}",
        )
        number = f"i / {part.overlap}"
        state, annotator, token, since, until = "'open'", "NULL", "NULL", "NULL", "NULL"
        if part.expired:
            holder = self._persons(HOLDERS, Role.annotator)[0]
            state, annotator, token = "'leased'", f"{holder} + {number} % {HOLDERS}", "'past'"
            since, until = self._at(minutes=-31), self._at(minutes=-1)
        elif part.done:
            of_done = f"CASE WHEN {number} < {part.done} AND i % {part.overlap} = 0 THEN {{}} END"
            state = f"coalesce({of_done.format(chr(39) + 'done' + chr(39))}, 'open')"
            annotator, token = of_done.format(part.by), of_done.format("'past'")
            since, until = of_done.format(self._at(minutes=-31)), of_done.format(self._at(minutes=-1))
        yield _many(
            slots,
            "assignment (id, project_id, batch_id, comparison_id, slot, rank, swapped, state, annotator_id, "
            "lease_token, leased_at, lease_expires_at)",
            f"{assignment} + i, {project}, {batch}, {comparison} + {number}, i % {part.overlap}, "
            f"{number} % {part.priorities} * {first_rank(1, 0, False)}, {odd}, {state}, {annotator}, {token}, {since}, "
            f"{until}",
        )
        if part.done:
            yield _many(
                part.done,
                "preference (id, assignment_id, project_id, comparison_id, annotator_id, strength, swapped, "
                "received_at, late, imported)",
                f"{pad.format(f'{comparison} + i', 36)}, {assignment} + i * {part.overlap}, {project}, "
                f"{comparison} + i, {part.by}, i % 7 - 3, {no}, {self._at(minutes=-20)}, {no}, {no}",
            )
            yield f"INSERT INTO tally (batch_id, annotator_id, judged, filled) VALUES ({batch}, {part.by}, {part.done}, {part.done})"

    def _persons(self, number: int, role: Role) -> range:
        first = self._take("person", number)
        yes = f"NOT {self._words.no}"
        self.run(
            _many(
                number,
                "person (id, email, name, role, active, created_at)",
                f"{first} + i, 'annotator-' || CAST({first} + i AS text) || '@bench.invalid', '', '{role}', {yes}, {self._at()}",
            )
        )
        return range(first, first + number)

    def _at(self, **off: int) -> str:
        """An instant as the database reads it."""
        moment = datetime.now(UTC) + timedelta(**off)
        return self._words.at.format(f"{moment:%Y-%m-%d %H:%M:%S.%f}")

    def _take(self, table: str, number: int) -> int:
        first = self._free[table]
        self._free[table] += number
        return first

    def _advance(self, table: str) -> None:
        """PostgreSQL's sequences do not see what was given an id; SQLite goes on from the largest."""
        if self._words is WORDS["postgresql"]:
            self.run(f"SELECT setval('{table}_id_seq', (SELECT max(id) FROM {table}))")
        self._free[table] += 1_000_000  # the server makes rows of its own


def _many(count: int, into: str, values: str) -> str:
    numbers = f"WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i + 1 < {count})"
    return f"INSERT INTO {into} {numbers} SELECT {values} FROM n"
