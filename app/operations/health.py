"""Whether a process lives, and whether it can do its work: for those who restart it, or send it requests."""

import asyncio
import logging

from fastapi import APIRouter, Request
from starlette.responses import JSONResponse, Response

from app.problems import problem
from app.storage.migrating import is_current
from app.storage.session import Engine

PATIENCE = 2.0  # seconds
log = logging.getLogger("touchstone.health")
router = APIRouter(prefix="/health", include_in_schema=False)


@router.get("/live")
async def live() -> Response:
    """Answers, and touches nothing."""
    return JSONResponse({"status": "ok"})


@router.get("/ready")
async def ready(request: Request) -> Response:
    """503 with the reason when the database does not answer in time, or its schema is not ours."""
    engine: Engine = request.app.state.sessions.kw["bind"]
    try:
        # not one of the threads that requests wait for: those may all be waiting for the database
        current = await asyncio.wait_for(asyncio.to_thread(is_current, engine), PATIENCE)
    except Exception as error:
        log.warning("not ready: %r", error)
        return problem(503, "The database does not answer.")
    if not current:
        return problem(503, "The schema of the database is not the present one: run `touchstone migrate`.")
    return JSONResponse({"status": "ok"})
