"""What machines ask for that keep an eye on the web app."""

from fastapi import APIRouter
from starlette.responses import Response

from app.domain import queues
from app.operations import health, metrics
from app.web.deps import PUBLIC, Db, Reviewer

router = APIRouter(include_in_schema=False)
router.include_router(health.router, dependencies=[PUBLIC])


@router.get("/metrics")
def show_metrics(person: Reviewer, session: Db) -> Response:
    """Counts and times for Prometheus, and how much is queued."""
    return Response(metrics.exposition(queues.depths(session)), media_type=metrics.CONTENT_TYPE)
