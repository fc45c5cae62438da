"""A project's first page."""

from datetime import timedelta

from fastapi import APIRouter, Request
from markupsafe import Markup
from starlette.responses import Response

from app.domain import overview
from app.domain.overview import Overview
from app.web import sentences
from app.web.deps import Db, InProject, Now, Reviewer
from app.web.templating import page

router = APIRouter(include_in_schema=False)


@router.get("/projects/{slug}")
def show_overview(request: Request, person: Reviewer, project: InProject, session: Db, now: Now) -> Response:
    """How the project stands, and what asks for attention."""
    found = overview.overview(session, project, now)
    context = {
        "person": person,
        "project": project,
        "tab": "Overview",
        "found": found,
        "headline": _headline(found),
        "pace": {entry.person_id: _seconds(entry.active_ms) for entry in found.annotators},
    }
    return page(request, "overview.html", context)


def _headline(found: Overview) -> Markup:
    if not found.batches:
        return Markup("Nothing to compare yet.")
    if not found.agreement.judgements:
        waiting = sum(batch.comparisons for batch in found.batches)
        return Markup("{} {} for a first judgement.").format(
            sentences.several(waiting, "comparison"), "waits" if waiting == 1 else "wait"
        )
    said = sentences.agreement(found.agreement)
    return said if found.model is None else said + Markup(" ") + sentences.model(found.model)


def _seconds(milliseconds: int | None) -> timedelta | None:
    return None if milliseconds is None else timedelta(milliseconds=milliseconds)
