"""Data sets out."""

from dataclasses import asdict
from typing import Any, BinaryIO

from fastapi import APIRouter, Query
from starlette.responses import Response

from app.domain import exporting
from app.vocabulary import ExportFormat
from app.web.deps import Admin, Db, InProject, OfBatch
from app.web.downloads import Download

router = APIRouter(tags=["export"])
LINES, GZIP = "application/x-ndjson", "application/gzip"


@router.get(
    "/projects/{slug}/export",
    response_class=Response,
    responses={
        200: {
            "description": "The rows; the entity tag is the `snapshot` of their manifest",
            "content": {
                LINES: {"schema": {"type": "string"}},
                GZIP: {"schema": {"type": "string", "format": "binary"}},
            },
        }
    },
)
def export(
    admin: Admin,
    project: InProject,
    session: Db,
    shape: ExportFormat = Query(ExportFormat.comparisons, alias="format"),
    batch: OfBatch = None,
    late: bool = True,
    gold: bool = True,
    gzip: bool = False,
) -> Download:
    """The data set as a file of JSON lines, gzipped on request; `export/manifest` with the same parameters describes it."""
    chosen = exporting.select_for(session, project, batch, late, gold)

    def write(file: BinaryIO) -> str:
        if not gzip:
            return exporting.write(session, project, shape, chosen, file).snapshot
        with exporting.packed(file) as target:
            return exporting.write(session, project, shape, chosen, target).snapshot + "-gzip"

    name = f"{project.slug}-{shape}.jsonl"
    download = Download(write, f"{name}.gz", GZIP) if gzip else Download(write, name, LINES)
    session.commit()  # that transaction only reads
    exporting.tell(session, project, shape, chosen, "rows")
    return download


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
    manifest = exporting.manifest(session, project, shape, chosen)
    session.commit()  # that transaction only reads
    exporting.tell(session, project, shape, chosen, "manifest")
    return asdict(manifest)
