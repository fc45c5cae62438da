"""Where annotators' work is done: each request is one piece of it, done outside of the event loop and committed before
its reply is made.

A thread, a session and a commit cost more than the statements of a judgement. So what comes in while one transaction
runs is done together by the next one, which databases call group commit. It waits for no other transaction: whoever has
something else under way, or is not known, gets a transaction of their own, and so does each of a group of which one
fails.
"""

import asyncio
from collections.abc import Callable
from contextvars import Context
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any, TypeVar

from fastapi import Depends, Request
from starlette.concurrency import run_in_threadpool

from app.domain import people
from app.domain.errors import Unauthenticated
from app.domain.people import Caller
from app.storage.session import Session, Sessions, Unavailable, has_one_writer, perform
from app.vocabulary import Role
from app.web.deps import check, credential

T = TypeVar("T")
Work = Callable[[Session, Caller], T]
TOGETHER = 32  # pieces of work in a transaction: others wait for it
APART = 8  # pieces of work with a transaction of their own at the same time
LANES = 4  # groups at the same time, where the database can do that
LONG = 0.03  # seconds that a group takes before another one begins beside it


@dataclass
class _Asked:
    """A piece of work; `done` becomes whether it was done with others, and then `result` is what came of it."""

    kind: str
    secret: str
    now: datetime
    work: Work[Any]
    done: asyncio.Future[bool]
    result: Any = None


class Desks:
    """Does the work of all annotators of this process, which has one event loop."""

    def __init__(self, sessions: Sessions) -> None:
        self._sessions = sessions
        self._waiting: list[_Asked] = []
        self._lanes: set[asyncio.Task[None]] = set()
        self._most = 1 if has_one_writer(sessions) else LANES
        self._apart = asyncio.Semaphore(APART)

    async def perform(self, kind: str, secret: str, now: datetime, work: Work[T]) -> T:
        """What `work` returns for the person whose credential it is, committed. `work` must be safe to repeat.

        Raises what `work` raises, Unauthenticated, or Unavailable (app.storage.session).
        """
        asked = _Asked(kind, secret, now, work, asyncio.get_running_loop().create_future())
        self._waiting.append(asked)
        self._open_lane(1)
        if await asked.done:
            result: T = asked.result
            return result

        def alone(session: Session) -> T:
            return work(session, people.identify(session, kind, secret, now))

        async with self._apart:
            return await run_in_threadpool(perform, self._sessions, alone)

    def _open_lane(self, most: int) -> None:
        self._lanes = {lane for lane in self._lanes if not lane.done()}
        if len(self._lanes) < most:  # it works for more than this request, of which it knows nothing
            self._lanes.add(asyncio.create_task(self._serve(), context=Context()))

    async def _serve(self) -> None:
        while self._waiting:
            group, self._waiting = self._waiting[:TOGETHER], self._waiting[TOGETHER:]
            group = [asked for asked in group if not asked.done.cancelled()]  # whoever asked may have gone
            done: set[int] = set()
            try:
                working = asyncio.ensure_future(run_in_threadpool(self._together, group))
                while not (await asyncio.wait({working}, timeout=LONG))[0]:
                    if self._waiting:
                        self._open_lane(self._most)
                done = working.result()
            except Exception as error:  # nothing can be begun, for nobody who waits
                group, self._waiting = group + self._waiting, []
                for asked in group:
                    if not asked.done.done():
                        asked.done.set_exception(Unavailable(str(error)))
            finally:
                for number, asked in enumerate(group):
                    if not asked.done.done():
                        asked.done.set_result(number in done)

    def _together(self, group: list[_Asked]) -> set[int]:
        """Does what can be done together, and returns the places of that. Raises Unavailable where nothing could begin."""
        begun = False

        def step(session: Session) -> set[int]:
            nonlocal begun
            done = set()
            for number, asked in enumerate(group):
                caller = people.identify_at_once(session, asked.kind, asked.secret, asked.now)
                begun = True
                if caller is not None:
                    asked.result = asked.work(session, caller)
                    session.flush()
                    session.expunge_all()  # what follows reads anew
                    done.add(number)
            return done

        try:
            return perform(self._sessions, step)
        except BaseException as error:  # each of them says what is wrong when it is done by itself
            if isinstance(error, Unavailable) and not begun:
                raise
            return set()


@dataclass(frozen=True)
class Desk:
    """Does the work of one annotator, whose credentials are looked at in the same transaction."""

    request: Request
    kind: str
    secret: str
    now: datetime
    lease: timedelta

    async def __call__(self, work: Work[T]) -> T:
        """What `work` returns for whoever makes the request, committed; `work` must be safe to repeat."""

        def step(session: Session, caller: Caller) -> T:
            self.request.scope["person_id"] = caller.id
            check(self.request, caller.id, caller.role, Role.annotator)
            return work(session, caller)

        desks: Desks = self.request.app.state.desks
        return await desks.perform(self.kind, self.secret, self.now, step)


async def get_desk(request: Request) -> Desk:
    """The desk of whoever makes the request. Raises Unauthenticated without credentials; bad ones are found in use."""
    found = credential(request)
    if found is None:
        raise Unauthenticated("Sign in first.")
    state = request.app.state
    return Desk(request, *found, now=state.clock(), lease=state.settings.lease)


get_desk.needs = Role.annotator  # type: ignore[attr-defined]
AtDesk = Annotated[Desk, Depends(get_desk)]
