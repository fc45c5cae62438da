"""What a web process does without being asked: expired leases return to the queue, and what is too old is dropped."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI
from starlette.concurrency import run_in_threadpool

from app.domain import assignments
from app.operations.retention import prune
from app.storage.session import Unavailable, perform, reading

EVERY, DAY = 1.0, 86_400.0  # seconds
logger = logging.getLogger(__name__)


@asynccontextmanager
async def janitor(app: FastAPI) -> AsyncIterator[None]:
    """Sweeps every second and prunes every day while the application runs; several processes may do so at once."""
    tasks = [asyncio.create_task(_keep_sweeping(app)), asyncio.create_task(_keep_pruning(app))]
    yield
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def _keep_sweeping(app: FastAPI) -> None:
    while True:
        more = False
        try:
            more = await run_in_threadpool(_sweep, app)
        except Unavailable as error:
            logger.warning("expired leases are not swept: %s", error.__cause__)
        except Exception:
            logger.exception("expired leases are not swept")  # a task that has ended would never sweep again
        # others get their turn between two parts
        await asyncio.sleep(EVERY / 20 if more else EVERY)


async def _keep_pruning(app: FastAPI) -> None:
    while True:
        try:
            await run_in_threadpool(prune, app.state.sessions, app.state.settings, app.state.clock())
        except Unavailable as error:
            logger.warning("nothing is pruned today: %s", error.__cause__)
        except Exception:
            logger.exception("nothing is pruned today")
        await asyncio.sleep(DAY)


def _sweep(app: FastAPI) -> bool:
    now, sessions = app.state.clock(), app.state.sessions
    with reading(sessions) as session:
        if not assignments.any_expired(session, now):
            return False
    return perform(sessions, lambda session: assignments.sweep(session, now)) > 0
