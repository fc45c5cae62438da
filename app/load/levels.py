"""A running server under the load of so many annotators, then of more."""

import asyncio
import secrets
import time
from collections.abc import AsyncGenerator, Callable, Coroutine, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from app.load.annotators import Player, Record, Round
from app.load.api import Api
from app.load.figures import Cost, Kept, Meter, Times, kept, per_second, times
from app.load.study import Study

TICK = 0.25  # seconds
Tell = Callable[[str, float], None]


@dataclass(frozen=True)
class Load:
    """What to put on a server: `annotators` one level after the other, each with a batch of so many comparisons, for so
    many seconds after the warm-up. `server` and `database` are the process ids whose CPU is counted."""

    comparisons: int
    annotators: Sequence[int]
    seconds: float
    warm_up: float
    think: float = 0.0
    server: Sequence[int] = ()
    database: Sequence[int] = ()


@dataclass(frozen=True)
class Level:
    """What so many annotators met: times of requests that submit and get the next comparison, and of those that only
    get one. `ran_out`: there were too few comparisons for the time."""

    annotators: int
    judgements: int
    per_second: float
    submit_and_next: Times
    next: Times
    cost: Cost
    errors: dict[str, int]
    handed_out_twice: int
    kept: Kept
    ran_out: bool


async def levels(api: Api, token: str, load: Load, tell: Tell) -> AsyncGenerator[Level, None]:
    """Each level when it is over; `tell` hears what is being done and how far that is, from 0 to 1.

    Everything happens in a project of its own, whose batches are closed and whose accounts are deactivated at the end,
    however that comes. Raises Refused, or aiohttp's ClientError.
    """
    study = Study(api, token, f"bench-{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(2)}")
    await study.create()
    hired: list[tuple[int, Player]] = []
    try:
        for number in range(max(load.annotators)):
            tell("accounts", number / max(load.annotators))
            hired.append(await study.hire(number + 1))
        players = [player for _, player in hired]
        for number, count in enumerate(load.annotators, 1):
            tell(f"{load.comparisons} comparisons", 0)
            batch = await study.fill(f"level-{number}", load.comparisons)
            try:
                yield await _level(study, load, players[:count], tell)
            finally:
                await study.close(batch)
    finally:
        for person, _ in hired:
            await study.dismiss(person)


async def _level(study: Study, load: Load, players: Sequence[Player], tell: Tell) -> Level:
    record = Record()
    warm_up = Round(study.api, study.slug, record, load.warm_up, think=load.think)
    measured = Round(study.api, study.slug, record, load.seconds, think=load.think)
    what = f"{len(players)} annotators"
    await _timed(warm_up.play(players), load.warm_up, what + ", warming up", tell)
    submits, nexts, meter, since = len(record.submits), len(record.nexts), Meter(load.server, load.database), _now()
    await _timed(measured.play(players), load.seconds, what, tell)
    cost, took = meter.cost(len(record.submits) - submits), _now() - since
    tell(what + ", comparing with the export", 1)
    return Level(
        annotators=len(players),
        judgements=len(record.submits) - submits,
        per_second=per_second(record.submits[submits:], since),
        submit_and_next=times(record.submits[submits:]),
        next=times(record.nexts[nexts:]),
        cost=cost,
        errors=dict(record.errors),
        handed_out_twice=record.twice,
        kept=kept(record, await study.export()),
        ran_out=took < load.seconds,
    )


async def _timed(work: Coroutine[Any, Any, None], seconds: float, what: str, tell: Tell) -> None:
    task, began = asyncio.create_task(work), _now()
    try:
        while not task.done():
            tell(what, min(1.0, (_now() - began) / seconds) if seconds else 1.0)
            await asyncio.wait([task], timeout=TICK)
    finally:
        task.cancel()
    await task


def _now() -> float:
    return time.perf_counter()
