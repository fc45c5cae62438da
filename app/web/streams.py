"""Events that a response sends while something goes on (server-sent events).

A stream holds neither a connection to the database nor a slot between two looks. It ends by itself after a while, and
the client comes back and says how far it has been told: so nobody is told for long what they may no longer see, and a
server that is to stop waits for no stream.
"""

import asyncio
import logging
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import suppress

from fastapi.sse import format_sse_event
from starlette.exceptions import HTTPException
from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from app.storage.session import Unavailable

MOST = 100  # streams of a process at the same time
EVERY, HEARTBEAT, LONGEST = 1.0, 15.0, 300.0  # seconds
RETRY = 2000  # milliseconds after which a client comes back
Look = Callable[[], Awaitable[tuple[list[bytes], bool]]]
logger = logging.getLogger(__name__)


class Streams:
    """The streams of this process. `every` is how often each looks, in seconds."""

    def __init__(self, most: int = MOST, every: float = EVERY) -> None:
        self.most, self.every = most, every
        self._ends: set[asyncio.Event] = set()
        self._stopped = False

    @property
    def open(self) -> int:
        """How many there are now."""
        return len(self._ends)

    def stop(self) -> None:
        """Ends all of them, and each that begins from now on after its first look."""
        self._stopped = True
        for end in self._ends:
            end.set()

    def follow(self, look: Look) -> StreamingResponse:
        """A response that sends the events of each look, until a look says that it was the last.

        Raises HTTPException 503 when there are too many.
        """
        if self.open >= self.most:
            raise HTTPException(
                503, "Too many pages are watched at the moment. Try again in a moment.", {"Retry-After": "5"}
            )
        return _Stream(self, look)

    async def events(self, look: Look) -> AsyncGenerator[bytes]:
        """What such a response sends."""
        end = asyncio.Event()
        if self._stopped:
            end.set()
        self._ends.add(end)
        try:
            yield format_sse_event(retry=RETRY)
            begun = told = time.monotonic()
            while True:
                sent, last = await _looked(look)
                now = time.monotonic()
                if sent:
                    yield b"".join(sent)
                    told = now
                elif now - told >= HEARTBEAT:
                    yield format_sse_event(comment="nothing new")
                    told = now
                if last or end.is_set() or now - begun >= LONGEST:
                    return
                with suppress(TimeoutError):
                    await asyncio.wait_for(end.wait(), self.every)
        finally:
            self._ends.discard(end)


class _Stream(StreamingResponse):
    def __init__(self, streams: Streams, look: Look) -> None:
        self._events = streams.events(look)
        super().__init__(self._events, media_type="text/event-stream", headers={"X-Accel-Buffering": "no"})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            await super().__call__(scope, receive, send)
        finally:  # a client that goes away leaves it in the middle
            await self._events.aclose()


async def _looked(look: Look) -> tuple[list[bytes], bool]:
    try:
        return await look()
    except Unavailable as error:
        logger.warning("a stream cannot look: %s", error.__cause__)
        return [], False
