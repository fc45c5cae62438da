"""Comparisons: a list that is searched and sorted, and a page for each with all that people said of it."""

import json
from datetime import datetime
from math import exp
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import RedirectResponse, Response

from app.domain import asking, batches, comparisons, finding, people, pins
from app.domain.errors import Conflict, Invalid, NotFound
from app.domain.finding import Found, Kind, Order, Wanted
from app.storage.paging import ROWS
from app.storage.people import Person
from app.storage.projects import Project
from app.storage.session import Session
from app.vocabulary import Flag, SkipReason
from app.web import listing, strengths
from app.web.deps import Admin, Db, Id, InProject, Now, Reviewer, look_again
from app.web.forms import Field, whole
from app.web.languages import gettext
from app.web.listing import Listing, Shape
from app.web.names import named
from app.web.richtext import render as rich
from app.web.templating import page

router = APIRouter(include_in_schema=False)
BEGINNING = 160  # characters of a prompt in the list


def _any_or(kind: type[Flag] | type[SkipReason]) -> listing.Reader:
    return lambda text: text if text == finding.ANY else kind(text)


SHAPE = Shape(
    sorts=("-judged", "-id", "-judgements", "-dispute"),
    default="-judged",
    filters={
        "batch": listing.number,
        "annotator": listing.number,
        "kind": Kind,
        "flag": _any_or(Flag),
        "skipped": _any_or(SkipReason),
    },
)


@router.get("/projects/{slug}/comparisons")
def list_comparisons(request: Request, person: Reviewer, project: InProject, session: Db) -> Response:
    """Those that the URL asks for."""
    asked = listing.read(request, SHAPE)
    found = finding.find(session, project, _wanted(asked))
    rows = finding.listed(session, project, found, asked.page)
    annotators = dict(finding.annotators(session, project))
    if (by := asked.chosen.get("annotator")) is not None and by not in annotators:
        annotators |= finding.named(session, project, by)
    everywhere = batches.of_project(session, project)
    context = {
        "person": person,
        "project": project,
        "tab": "Comparisons",
        "listing": asked,
        "found": rows,
        "looked": found.looked if found.more else None,
        "oldest": found.oldest,
        "total": sum(batch.comparisons for batch in everywhere),
        "excerpts": finding.excerpts(session, rows, asked.q),
        "beginnings": {row.comparison.id: _beginning(row.messages) for row in rows.rows},
        "batch_choices": [(batch.id, batch.name) for batch in everywhere],
        "annotators": annotators,
        "flagged": finding.flagged(session, project),
        "flag_choices": [(finding.ANY, gettext("any flag")), *((flag.value, named(flag)) for flag in Flag)],
        "reason_choices": [
            (finding.ANY, gettext("for any reason")),
            *((reason.value, named(reason)) for reason in SkipReason),
        ],
        "asks_flags": asking.read(project.asks).flags,
        "words": strengths,
    }
    return page(request, "comparisons.html", context)


@router.get("/projects/{slug}/comparisons/{comparison_id}")
def show_comparison(
    request: Request, person: Reviewer, project: InProject, session: Db, now: Now, comparison_id: Id
) -> Response:
    """One comparison: the texts, who judged it how, what the model makes of it."""
    return _comparison(request, session, person, project, comparison_id, now)


@router.post("/projects/{slug}/comparisons/{comparison_id}/pin")
def pin_comparison(
    request: Request, person: Admin, project: InProject, session: Db, now: Now, comparison_id: Id, annotator: Field = ""
) -> Response:
    """Keeps one of its judgements for somebody."""
    comparisons.get(session, project, comparison_id)
    try:
        pins.pin(session, project, comparison_id, people.account(session, whole("annotator", annotator)))
    except (Invalid, Conflict, NotFound) as error:
        look_again(session)
        return _comparison(request, session, person, project, comparison_id, now, error)
    return RedirectResponse(listing.continued(request, request.url.path.removesuffix("/pin")) + "#queue", 303)


def _wanted(asked: Listing) -> Wanted:
    return Wanted(
        text=asked.q,
        batch_id=asked.chosen.get("batch"),
        annotator_id=asked.chosen.get("annotator"),
        flag=asked.chosen.get("flag"),
        skipped=asked.chosen.get("skipped"),
        kind=asked.chosen.get("kind"),
        order=Order(asked.column),
        descending=asked.descending,
    )


def _beginning(messages: list[dict[str, str]]) -> str:
    """What the conversation begins with, in one line."""
    asked = next((turn["content"] for turn in messages if turn["role"] == "user"), "")
    line = " ".join(asked[: 2 * BEGINNING].split())
    return line if len(line) <= BEGINNING else line[:BEGINNING] + "…"


def _comparison(
    request: Request,
    session: Session,
    person: Person,
    project: Project,
    comparison_id: int,
    now: datetime,
    error: Invalid | Conflict | NotFound | None = None,
) -> Response:
    found = comparisons.dossier(session, project, comparison_id, now)
    asked = listing.read(request, SHAPE, f"/projects/{project.slug}/comparisons")
    around = _around(finding.find(session, project, _wanted(asked)), comparison_id, asked)
    margin = found.model.margin if found.model else None
    admin = person.role == "admin"
    context: dict[str, Any] = {
        "person": person,
        "project": project,
        "tab": "Comparisons",
        "found": found,
        "now": now,
        "name": found.comparison.external_id or f"#{found.comparison.id}",
        "headline": _headline(found),
        "turns": [{"role": turn["role"], "html": rich(turn["content"])} for turn in found.prompt.messages],
        "sides": [
            ("a", found.a, rich(found.a.text) if found.a.text.strip() else None),
            ("b", found.b, rich(found.b.text) if found.b.text.strip() else None),
        ],
        "counted": [sum(one.strength == step for one in found.judgements) for step in range(-3, 4)],
        "criteria": {criterion.key: criterion.name for criterion in asking.read(project.asks).criteria},
        "details": _details(found.comparison.details),
        "probability": None if margin is None else _sigmoid(margin),
        "words": strengths,
        "accounts": [one for one in people.everyone(session) if one.active] if admin and found.free else [],
        "error": error if isinstance(error, Invalid) else None,
        "conflict": None if isinstance(error, Invalid) else error,
        **around,
    }
    status = 200 if error is None else 422 if isinstance(error, Invalid) else 409
    return page(request, "comparison.html", context, status)


def _headline(found: comparisons.Dossier) -> str:
    if found.standing is None:
        return gettext("Nobody has judged this comparison yet.")
    if found.standing.disputed:
        return gettext("People disagree: %(majority)s") % {"majority": strengths.majority(found.standing)}
    return strengths.majority(found.standing)


def _around(found: Found, comparison_id: int, asked: Listing) -> dict[str, str | None]:
    """Where the comparison is in the list that the URL asks for: the way back to it, and on to its neighbours."""
    if comparison_id not in found.ids:
        return {"back": asked.url(), "before": None, "behind": None, "query": asked.query}
    place = found.ids.index(comparison_id)
    ends = {"before": place - 1, "behind": place + 1}
    ways = {
        name: f"{asked.path}/{found.ids[other]}{asked.query}" if 0 <= other < len(found.ids) else None
        for name, other in ends.items()
    }
    return {"back": asked.url(page=place // ROWS + 1), "query": asked.query, **ways}


def _details(details: dict[str, Any] | None) -> str | None:
    return json.dumps(details, ensure_ascii=False, indent=2) if details else None


def _sigmoid(margin: float) -> float:
    return 1 / (1 + exp(-margin)) if margin > -500 else 0.0
