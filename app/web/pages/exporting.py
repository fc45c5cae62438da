"""Data sets out."""

from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from app.domain import batches, exporting
from app.vocabulary import ExportFormat
from app.web import sentences
from app.web.deps import Admin, Config, Db, InProject
from app.web.forms import perhaps_whole
from app.web.templating import page

router = APIRouter(include_in_schema=False)


@router.get("/projects/{slug}/export")
def show_export(
    request: Request,
    person: Admin,
    project: InProject,
    session: Db,
    settings: Config,
    shape: ExportFormat = Query(ExportFormat.comparisons, alias="format"),
    batch: str = "",
    late: bool = False,
    gold: bool = False,
    chosen: bool = False,
) -> Response:
    """The choice; once it is made, what it holds and where it is."""
    late, gold = late or not chosen, gold or not chosen
    number = perhaps_whole("batch", batch)
    manifest = None
    if chosen:
        selection = exporting.select_for(session, project, number, late, gold)
        manifest = exporting.manifest(session, project, shape, selection)
    asked = {"format": shape.value, "late": str(late).lower(), "gold": str(gold).lower()}
    query = urlencode(asked if number is None else asked | {"batch": str(number)})
    address = f"/api/v1/projects/{project.slug}/export"
    context = {
        "person": person,
        "project": project,
        "tab": "Export",
        "batches": batches.of_project(session, project),
        "formats": list(ExportFormat),
        "shape": shape,
        "batch": number,
        "late": late,
        "gold": gold,
        "manifest": manifest,
        "size": sentences.size(manifest.bytes) if manifest else "",
        "file": f"{project.slug}-{shape}.jsonl",
        "download": f"{address}?{query}",
        "description": f"{address}/manifest?{query}",
        "public_url": settings.public_url.rstrip("/"),
    }
    return page(request, "export.html", context)
