"""What is measured: queues of each size in turns, the server against the floor, and the cases that were built to hurt."""

import asyncio
import json
import statistics
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass, field
from functools import partial
from typing import Any

from app.load.annotators import Player, Record, Round, Took
from app.load.api import Api, connected
from app.load.figures import Cost, Meter, kept, per_second, times
from app.vocabulary import Role
from benchmarks.floor import Floor, Script, Seat, digest
from benchmarks.queues import Builder, Part
from benchmarks.throwaway import Databases, web

ANNOTATORS = 32
CROWD = 64
LASTS = 100
TOO_LONG = 120.0  # seconds
say = partial(print, flush=True)


@dataclass
class Bed:
    """A database with people and a web process in front of it."""

    place: Databases
    builder: Builder
    api: Api
    pid: int
    people: list[tuple[int, Player]]
    admin: Player

    @property
    def players(self) -> list[Player]:
        return [player for _, player in self.people]

    def meter(self) -> Meter:
        """Of the web process and the database server."""
        return Meter([self.pid], self.place.pids)

    async def export(self, project: str) -> list[dict[str, Any]]:
        """All judgements of a project, as the server exports them."""
        lines = await self.api.raw("GET", f"projects/{project}/export", self.admin.token, format="preferences")
        return [json.loads(line) for line in lines.splitlines()]


@dataclass
class Case:
    """Rounds of one kind: each has its times, its rate and its cost, and their medians are reported."""

    name: str
    annotators: int
    rounds: list[list[Took]] = field(default_factory=list)
    rates: list[float] = field(default_factory=list)
    costs: list[Cost] = field(default_factory=list)
    counts: dict[str, int] = field(
        default_factory=lambda: dict.fromkeys(("errors", "twice", "lost", "wrong", "extra"), 0)
    )
    more: dict[str, Any] = field(default_factory=dict)

    def add(self, submits: Sequence[Took], since: float, meter: Meter) -> None:
        """Notes a round that began at `since`."""
        self.rounds.append(list(submits))
        self.rates.append(per_second(submits, since))
        self.costs.append(meter.cost(len(submits)))

    async def check(self, bed: Bed, project: str, record: Record) -> None:
        """Compares what the server exports with what it acknowledged."""
        found = asdict(kept(record, await bed.export(project)))
        found |= {"errors": record.errors.total(), "twice": record.twice}
        for name, number in found.items():
            self.counts[name] += number
        if record.errors:
            self.more["kinds"] = dict(record.errors)

    def row(self) -> dict[str, Any]:
        """Everything by name; times in milliseconds, costs in milliseconds of CPU per judgement."""
        of_rounds = [times(taken) for taken in self.rounds if taken]
        middle = {name: _median([getattr(one, name) for one in of_rounds]) for name in ("p50", "p95", "p99")}
        cost = {name: _median([getattr(one, name) for one in self.costs]) for name in Cost.__dataclass_fields__}
        return {
            "case": self.name,
            "annotators": self.annotators,
            "judgements": sum(one.n for one in of_rounds),
            "per_second": _median(self.rates),
            **middle,
            **cost,
            **self.counts,
            **self.more,
        }


def _median(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return round(statistics.median(known), 2) if known else None


@asynccontextmanager
async def bed(
    place: Databases, name: str, people: int, prepare: Callable[[Builder, list[int]], None]
) -> AsyncIterator[Bed]:
    """A fresh database that `prepare` fills, given the ids of the people, and a web process on it."""
    builder = Builder(place.create(name))
    hired = builder.hire(people)
    ((_, admin),) = builder.hire(1, Role.admin)
    prepare(builder, [number for number, _ in hired])
    builder.settle()
    with web(builder.url) as (address, pid):
        async with connected(address) as api:
            yield Bed(place, builder, api, pid, hired, admin)


async def play(bed: Bed, case: Case, project: str, record: Record, players: Sequence[Player], **until: Any) -> None:
    """One round; what it gave is added to the case."""
    before, meter = len(record.submits), bed.meter()
    since = time.perf_counter()
    await Round(bed.api, project, record, **{"seconds": TOO_LONG} | until).play(players)
    case.add(record.submits[before:], since, meter)


async def sizes(beds: dict[int, Bed], rounds: int, each: int) -> list[Case]:
    """Every size in turns, round by round of so many judgements of each annotator, so that all meet the same noise. The
    smallest queue is a new one in each round, since it would else end before the last of them."""
    cases = {size: Case(f"{size:,} comparisons".replace(",", " "), ANNOTATORS) for size in beds}
    for turn in range(-1, rounds):  # the first one warms up
        for size, here in beds.items():
            project = "plain"
            if size == min(beds) and turn >= 0:
                project = f"plain-{turn}"
                here.builder.project(project, [Part(size)])
                here.builder.settle()
            here.builder.calm()
            case, record = cases[size] if turn >= 0 else Case("", 0), Record()
            await play(here, case, project, record, here.players[:ANNOTATORS], each=each)
            await case.check(here, project, record)
    return list(cases.values())


async def against_the_floor(
    here: Bed, script: Script, floor: Floor, rounds: int, seconds: float
) -> tuple[Case, list[Case]]:
    """The server and the floor in turns on the same queue, with as many annotators; `of_floor` in the server's row is
    the ratio of their rates.

    On SQLite the floor is also played on one connection alone, since many that poll its lock are slower than one. The
    better of the two is what the server has to compare with.
    """
    server, record, seats = Case("submit-and-next", ANNOTATORS), Record(), await _seated(here)
    floors = [Case("the floor", ANNOTATORS)]
    if here.place.kind == "sqlite":
        floors.append(Case("the floor, one connection", 1))
    for turn in range(-1, rounds):  # the first one warms up
        for bare in floors:
            played = await asyncio.to_thread(floor.play, script, seats[: bare.annotators], seconds)
            seats[: bare.annotators] = played.seats
            if turn >= 0:
                bare.rounds.append([Took(0, taken) for taken in played.took])
                bare.rates.append(played.per_second)
        if None in seats:
            raise SystemExit("The queue ran out; measure with a larger size.")
        case = server if turn >= 0 else Case("", 0)
        await play(here, case, "plain", record, here.players[:ANNOTATORS], seconds=seconds)
    ratios = [rate / max(those) for rate, *those in zip(server.rates, *(bare.rates for bare in floors), strict=True)]
    server.more["of_floor"] = round(statistics.median(ratios), 3)
    await server.check(here, "plain", record)
    return server, floors


async def _seated(here: Bed) -> list[Seat]:
    """Annotators who play on the floor, each with a first assignment."""
    seats = []
    for number, player in here.people[ANNOTATORS : 2 * ANNOTATORS]:
        body = {"count": 1, "resume": True}
        answer = await here.api.call("POST", "projects/plain/assignments", player.token, body)
        task = answer["assignments"][0]
        seats.append(Seat(number, digest(player), task["id"], task["lease_token"]))
    return seats


async def hurting(place: Databases, number: int, rounds: int, seconds: float) -> list[Case]:
    """The cases that were built to hurt, each in a queue of that size."""

    def prepare(builder: Builder, ids: list[int]) -> None:
        builder.project("plain", [Part(number)])
        builder.project("half", [Part(number, overlap=3, done=number // 2, by=ids[-1])])
        builder.project("lasts", [Part(number, done=number - LASTS, by=ids[-2])])
        tenth = number // 10
        spent = [Part(tenth, priority=10 - n, done=tenth - 20, by=ids[-2], priorities=10) for n in range(9)]
        builder.project("ten", [*spent, Part(tenth, priorities=10)])
        builder.project("paused", [Part(number // 2, state="paused", priority=1), Part(number // 2)])

    found = []
    async with bed(place, "hurting", CROWD + 2, prepare) as here:
        many = here.players[:ANNOTATORS]
        veteran = here.players[-1]
        for name, project, players in (
            ("nothing special", "plain", many),
            ("nothing special, one alone", "plain", many[:1]),
            ("half judged by one before (overlap 3), that one alone", "half", [veteran]),
            ("half judged by one before (overlap 3), that one and 31 others", "half", [veteran, *many[1:]]),
            ("ten batches of ten priorities, nine nearly done", "ten", many),
            ("a paused batch in front", "paused", many),
        ):
            case, record = Case(name, len(players)), Record(overlap=3 if project == "half" else 1)
            await play(here, Case("", 0), project, record, players, each=3)
            for _ in range(rounds):
                await play(here, case, project, record, players, seconds=seconds)
            await case.check(here, project, record)
            found.append(case)
        found.append(await _lasts(here, rounds))
    found.append(await _expiry(place, number, seconds))
    return found


async def _lasts(here: Bed, rounds: int) -> Case:
    case = Case(f"{CROWD} annotators on the last {LASTS} slots", CROWD)
    of_lasts = "project_id = (SELECT id FROM project WHERE slug = 'lasts')"
    first = here.builder.value(f"SELECT max(id) - {LASTS - 1} FROM comparison WHERE {of_lasts}")
    for _ in range(rounds):
        record = Record()
        await play(here, case, "lasts", record, here.players[:CROWD])
        await case.check(here, "lasts", record)
        if len(record.judgements) != LASTS:
            raise AssertionError(f"{len(record.judgements)} of {LASTS} slots were judged")
        players = ", ".join(str(number) for number, _ in here.people[:CROWD])
        here.builder.run(
            f"DELETE FROM preference WHERE {of_lasts} AND comparison_id >= {first}",
            "UPDATE assignment SET state = 'open', annotator_id = NULL, lease_token = NULL, leased_at = NULL, "
            f"lease_expires_at = NULL WHERE {of_lasts} AND comparison_id >= {first}",
            f"DELETE FROM tally WHERE annotator_id IN ({players}) AND batch_id IN (SELECT id FROM batch WHERE {of_lasts})",
        )
        here.builder.settle()
    return case


async def _expiry(place: Databases, number: int, seconds: float) -> Case:
    """In a database of its own, for the server begins to sweep as soon as it is there."""

    def prepare(builder: Builder, ids: list[int]) -> None:
        builder.project("plain", [Part(number)])
        builder.project("expired", [Part(number, expired=True)])

    case, record = Case(f"{number:,} leases that ran out at once".replace(",", " "), ANNOTATORS), Record()
    async with bed(place, "expiry", ANNOTATORS, prepare) as here:
        await play(here, Case("", 0), "plain", Record(), here.players, each=3)
        await play(here, case, "expired", record, here.players, seconds=2 * seconds)
        await case.check(here, "expired", record)
        case.more["swept"] = here.builder.value("SELECT count(*) FROM assignment WHERE state = 'expired'")
    return case
