"""Annotators in a closed loop: each judges what it was handed and gets the next comparison in the same request.

An answer is sent again under its own id until it is acknowledged, as a browser does, so that a server that comes back
loses nothing.
"""

import asyncio
import math
import random
import time
import uuid
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from aiohttp import ClientError

from app.load.api import Api, Refused

PAUSE = 0.1  # seconds before a request that failed is sent again
STRENGTHS = (-3, -2, -1, 1, 2, 3)


class Player(NamedTuple):
    """An annotator's account."""

    email: str
    token: str


class Judgement(NamedTuple):
    """One that the server acknowledged: its own id, the comparison's `external_id`, who, and −3 … 3 as shown."""

    id: str
    comparison: str
    email: str
    strength: int


class Took(NamedTuple):
    """When a request was answered, and how many seconds it took."""

    at: float
    seconds: float


@dataclass
class Record:
    """What annotators saw in one project, over any number of rounds. `twice` counts what was handed out too often: to
    somebody who had judged it, or to more people than the overlap."""

    overlap: int = 1
    judgements: list[Judgement] = field(default_factory=list)
    submits: list[Took] = field(default_factory=list)
    nexts: list[Took] = field(default_factory=list)
    errors: Counter[str] = field(default_factory=Counter)
    twice: int = 0
    _given: dict[str, set[str]] = field(default_factory=dict)
    _judged: set[tuple[str, str]] = field(default_factory=set)

    def hand(self, comparison: str, email: str) -> None:
        """Notes that somebody was given a comparison."""
        given = self._given.setdefault(comparison, set())
        again = (comparison, email) in self._judged
        self.twice += again or (email not in given and len(given) >= self.overlap)
        given.add(email)

    def acknowledge(self, judgement: Judgement, took: Took) -> None:
        """Notes that an answer is stored."""
        self.judgements.append(judgement)
        self.submits.append(took)
        self._judged.add((judgement.comparison, judgement.email))


@dataclass
class Round:
    """One go of some annotators in a project. It ends for each of them after `seconds`, after `each` judgements, or when
    there is nothing left; `think` is the mean time between two answers, in seconds."""

    api: Api
    project: str
    record: Record
    seconds: float = math.inf
    each: int | None = None
    think: float = 0.0

    async def play(self, players: Iterable[Player]) -> None:
        """Until the last of them is done."""
        end = time.perf_counter() + self.seconds
        await asyncio.gather(*(self._annotate(player, end) for player in players))

    async def _annotate(self, player: Player, end: float) -> None:
        path = f"projects/{self.project}/assignments"
        given, took = await self._ask("POST", path, player, {"count": 1, "resume": True}, end)
        if took is not None:
            self.record.nexts.append(took)
        done = 0
        while given and done != self.each and time.perf_counter() < end:
            task = given[0]
            self.record.hand(task["external_id"], player.email)
            if not await self._thought(end):
                break
            given = await self._judge(player, task, end)
            done += 1

    async def _thought(self, end: float) -> bool:
        """False when the round is over before that."""
        left = end - time.perf_counter()
        pause = self.think * random.uniform(0.5, 1.5)  # noqa: S311
        if self.think:
            await asyncio.sleep(min(pause, left))
        return pause < left

    async def _judge(self, player: Player, task: dict[str, Any], end: float) -> list[dict[str, Any]]:
        answer = {
            "id": str(uuid.uuid4()),
            "lease_token": task["lease_token"],
            "strength": random.choice(STRENGTHS),  # noqa: S311
            "active_ms": 3200,
            "next": 1,
        }
        given, took = await self._ask("PUT", f"assignments/{task['id']}/preference", player, answer, end)
        if took is not None:
            judgement = Judgement(answer["id"], task["external_id"], player.email, answer["strength"])
            self.record.acknowledge(judgement, took)
        return given

    async def _ask(
        self, method: str, path: str, player: Player, body: Any, end: float
    ) -> tuple[list[dict[str, Any]], Took | None]:
        """What was handed out, and the time of the request that got it: nothing when it is too late to try again."""
        while True:
            began = time.perf_counter()
            try:
                answer = await self.api.call(method, path, player.token, body)
            except (Refused, ClientError, TimeoutError) as error:
                self.record.errors[str(error.status) if isinstance(error, Refused) else type(error).__name__] += 1
                if time.perf_counter() + PAUSE >= end:
                    return [], None
                await asyncio.sleep(PAUSE)
                continue
            now = time.perf_counter()
            return answer["assignments"] or [], Took(now, now - began)
