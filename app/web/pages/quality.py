"""How far people agree, and how well each of them judges."""

from typing import Annotated
from urllib.parse import urlencode

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from app.domain import annotators, batches, figures
from app.domain.annotators import Order
from app.domain.quality import trend
from app.web import pictures, project_charts, sentences
from app.web.deps import Db, InProject, Now, Reviewer
from app.web.forms import perhaps_whole
from app.web.pictures import Kind, Looks
from app.web.templating import page

router = APIRouter(include_in_schema=False)
SHOWN = 25


@router.get("/projects/{slug}/quality")
def show_quality(
    request: Request,
    person: Reviewer,
    project: InProject,
    session: Db,
    now: Now,
    batch: str = "",
    sort: Order = Order.doubt,
    down: bool = False,
    number: Annotated[int, Query(alias="page", ge=1, le=100_000)] = 1,
) -> Response:
    """Agreement in the project, or in one batch, and who works there."""
    chosen = perhaps_whole("batch", batch)
    known = figures.of_project(session, project, now)
    found = known.agreement if chosen is None else figures.agreement(session, project, now, chosen)
    listed = annotators.listed(session, known.work, sort, down)
    pages = max(1, -(-len(listed) // SHOWN))
    number = min(number, pages)
    here = f"/projects/{project.slug}/quality"
    context = {
        "person": person,
        "project": project,
        "tab": "Quality",
        "batches": batches.of_project(session, project),
        "chosen": chosen,
        "found": found,
        "known": known,
        "headline": sentences.agreement(found, trend(known.weeks) if chosen is None else None),
        "agreement": project_charts.agreement(known.weeks),
        "annotators": annotators.introduced(session, project, listed[(number - 1) * SHOWN : number * SHOWN]),
        "sort": sort,
        "down": down,
        "number": number,
        "pages": pages,
        "link": lambda **parameters: f"{here}?{urlencode(parameters)}#annotators",
    }
    return page(request, "quality.html", context)


@router.get("/projects/{slug}/agreement.{kind}")
def agreement_chart(person: Reviewer, project: InProject, session: Db, now: Now, kind: Kind, look: Looks) -> Response:
    """Agreement by week."""
    found = project_charts.agreement(figures.of_project(session, project, now).weeks)
    return pictures.answer(found, kind, look, f"{project.slug}-agreement")
