"""How far people agree."""

from fastapi import APIRouter, Request
from starlette.responses import Response

from app.domain import batches, quality
from app.web import sentences
from app.web.deps import Db, InProject, Reviewer
from app.web.forms import perhaps_whole
from app.web.templating import page

router = APIRouter(include_in_schema=False)


@router.get("/projects/{slug}/quality")
def show_quality(request: Request, person: Reviewer, project: InProject, session: Db, batch: str = "") -> Response:
    """Agreement in the project, or in one batch."""
    chosen = perhaps_whole("batch", batch)
    found = quality.agreement(session, project, chosen)
    context = {
        "person": person,
        "project": project,
        "tab": "Quality",
        "batches": batches.of_project(session, project),
        "chosen": chosen,
        "found": found,
        "headline": sentences.agreement(found),
    }
    return page(request, "quality.html", context)
