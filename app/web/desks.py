"""Where annotators' work is done: each piece of it in a transaction, outside of the event loop, and committed before the
reply is made.

For the route that everybody calls all the time, dependencies and a session of FastAPI's would cost more than all its
statements. PostgreSQL is asked by a few threads at once. SQLite has one writer, and there a commit costs as much as the
statements of several judgements: what comes in while one transaction runs is committed together by the next one.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any, Protocol, TypeVar

from fastapi import Depends, Request
from starlette.concurrency import run_in_threadpool

from app.domain import people
from app.domain.errors import Unauthenticated
from app.domain.people import Caller
from app.storage.session import Session, Sessions, has_one_writer, perform, perform_together
from app.vocabulary import Role
from app.web.deps import check, credential

T = TypeVar("T")
THREADS = 8  # a few get more done than many
TOGETHER = 32  # pieces of work in one transaction: others wait for it


class Desks(Protocol):
    """What does the work of all annotators of this process."""

    async def perform(self, work: Callable[[Session], T]) -> T:
        """What `work` returns, committed. `work` must be safe to repeat. Raises Unavailable (see app.storage.session)."""


class Threads:
    """Each piece of work has a thread and a connection of its own."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions
        self._free = asyncio.Semaphore(THREADS)

    async def perform(self, work: Callable[[Session], T]) -> T:
        async with self._free:
            return await run_in_threadpool(perform, self._sessions, work)


class Grouped:
    """One transaction at a time; all that waits when it begins is in it, up to a limit, in the order in which it came."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions
        self._waiting: list[tuple[Callable[[Session], Any], asyncio.Future[Any]]] = []
        self._running: asyncio.Task[None] | None = None

    async def perform(self, work: Callable[[Session], T]) -> T:
        done: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._waiting.append((work, done))
        if self._running is None:
            self._running = asyncio.create_task(self._run())
        return await done

    async def _run(self) -> None:
        while self._waiting:
            group, self._waiting = self._waiting[:TOGETHER], self._waiting[TOGETHER:]
            try:
                outcomes = await run_in_threadpool(perform_together, self._sessions, [work for work, _ in group])
            except Exception as error:  # there was no thread
                outcomes = [error] * len(group)
            for (_, done), outcome in zip(group, outcomes, strict=True):
                if done.cancelled():  # whoever asked has gone
                    continue
                if isinstance(outcome, Exception):
                    done.set_exception(outcome)
                else:
                    done.set_result(outcome)
        self._running = None


def desks(sessions: Sessions) -> Desks:
    """Those that suit the database."""
    return Grouped(sessions) if has_one_writer(sessions) else Threads(sessions)


@dataclass(frozen=True)
class Desk:
    """Does the work of one annotator, whose credentials are looked at in the same transaction."""

    request: Request
    kind: str
    secret: str
    now: datetime
    lease: timedelta

    async def __call__(self, work: Callable[[Session, Caller], T]) -> T:
        """What `work` returns for whoever makes the request, committed; `work` must be safe to repeat."""

        def step(session: Session) -> T:
            caller = people.identify(session, self.kind, self.secret, self.now)
            self.request.scope["person_id"] = caller.id
            check(self.request, caller.id, caller.role, Role.annotator)
            return work(session, caller)

        desks: Desks = self.request.app.state.desks
        return await desks.perform(step)


async def get_desk(request: Request) -> Desk:
    """The desk of whoever makes the request. Raises Unauthenticated without credentials; bad ones are found in use."""
    found = credential(request)
    if found is None:
        raise Unauthenticated("Sign in first.")
    state = request.app.state
    return Desk(request, *found, now=state.clock(), lease=state.settings.lease)


get_desk.needs = Role.annotator  # type: ignore[attr-defined]
AtDesk = Annotated[Desk, Depends(get_desk)]
