"""A project's first page."""

from fastapi import APIRouter, Request
from markupsafe import Markup, escape
from starlette.responses import Response

from app.domain import overview, pace, reward_models, training_runs
from app.domain.annotators import Doubt
from app.domain.overview import Overview
from app.vocabulary import Purpose
from app.web import pictures, project_charts, sentences
from app.web.deps import Db, InProject, Now, Reviewer
from app.web.languages import gettext, ngettext
from app.web.pictures import Kind, Looks
from app.web.templating import figure, page

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
        "said": sentences.ceiling(found.gain),
        "outlook": sentences.outlook(found),
        "pace": project_charts.pace(found.pace),
        "agreement": project_charts.agreement(found.figures.weeks),
        "ceiling": project_charts.ceiling(found.learned, found.model),
        "aged": found.figures.at < now,
    }
    return page(request, "overview.html", context)


@router.get("/projects/{slug}/pace.{kind}")
def pace_chart(person: Reviewer, project: InProject, session: Db, now: Now, kind: Kind, look: Looks) -> Response:
    """Judgements by day."""
    found = project_charts.pace(pace.of_project(session, project, now))
    return pictures.answer(found, kind, look, f"{project.slug}-pace")


@router.get("/projects/{slug}/ceiling.{kind}")
def ceiling_chart(person: Reviewer, project: InProject, session: Db, kind: Kind, look: Looks) -> Response:
    """The accuracy of the project's models, beside people."""
    model = reward_models.current(session, project.id)
    found = project_charts.ceiling(training_runs.learned(session, project), model)
    return pictures.answer(found, kind, look, f"{project.slug}-model")


def _headline(found: Overview) -> Markup:
    if not found.batches:
        return escape(gettext("Nothing to compare yet."))
    if not found.figures.judgements:
        waiting = sum(batch.comparisons for batch in found.batches if batch.purpose == Purpose.judging)
        said = ngettext(
            "%(number)s comparison waits for a first judgement.",
            "%(number)s comparisons wait for a first judgement.",
            waiting,
        )
        return escape(said % {"number": figure(waiting, 0)})
    lost = sum(one.doubt in (Doubt.chance, Doubt.apart) for one in found.figures.doubted)
    return sentences.agreement(found.figures.agreement, found.slope, lost)
