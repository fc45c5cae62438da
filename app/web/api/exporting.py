"""Data sets out."""

from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from fastapi import APIRouter, Query, Request
from starlette.responses import StreamingResponse

from app.domain import exporting
from app.storage.projects import Project
from app.storage.session import reading
from app.vocabulary import ExportFormat
from app.web.api.description import lines
from app.web.deps import Admin, Db, InProject, OfBatch

router = APIRouter(tags=["export"])


@router.get(
    "/projects/{slug}/export",
    response_class=StreamingResponse,
    responses=lines("application/x-ndjson", "The rows"),
)
def export(
    request: Request,
    admin: Admin,
    project: InProject,
    session: Db,
    shape: ExportFormat = Query(ExportFormat.comparisons, alias="format"),
    batch: OfBatch = None,
    late: bool = True,
    gold: bool = True,
) -> StreamingResponse:
    """The data set as JSON lines, streamed; `export/manifest` with the same parameters describes it."""
    chosen = exporting.select_for(session, project, batch, late, gold)
    name = f"{project.slug}-{shape}.jsonl"
    return StreamingResponse(
        _stream(request, project, shape, chosen),
        media_type="application/x-ndjson",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _stream(request: Request, project: Project, shape: ExportFormat, chosen: Any) -> Iterator[bytes]:
    # the request's own transaction ends before the body is sent
    with reading(request.app.state.sessions) as session:
        yield from exporting.export(session, project, shape, chosen)


@router.get("/projects/{slug}/export/manifest")
def export_manifest(
    admin: Admin,
    project: InProject,
    session: Db,
    shape: ExportFormat = Query(ExportFormat.comparisons, alias="format"),
    batch: OfBatch = None,
    late: bool = True,
    gold: bool = True,
) -> dict[str, Any]:
    """What an export with these parameters holds: hash of its bytes, filters, counts, tie policy."""
    chosen = exporting.select_for(session, project, batch, late, gold)
    return asdict(exporting.manifest(session, project, shape, chosen))
