"""The audit log, for admins."""

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from app.domain import asking, audit, people, projects
from app.storage.audit import Entry
from app.vocabulary import Act
from app.web import setting
from app.web.api.audit import Asked, Older
from app.web.deps import Admin, Db
from app.web.languages import gettext
from app.web.templating import page

router = APIRouter(include_in_schema=False)
MOST = 100
FILTERS = ("project", "person", "action", "since", "until")


@router.get("/audit")
def show_audit(request: Request, person: Admin, session: Db, wanted: Asked, before: Older = None) -> Response:
    """What was done, newest first, a hundred entries a page."""
    found = audit.newest(session, wanted, MOST + 1, before)
    typed = {name: request.query_params.get(name, "") for name in FILTERS}
    context = {
        "person": person,
        "entries": [(entry, _said(entry)) for entry in found[:MOST]],
        "slugs": audit.slugs(session),
        "typed": typed,
        "filtered": any(typed.values()),
        "before": before,
        "older": found[MOST - 1].id if len(found) > MOST else None,
        "projects": projects.everything(session),
        "everyone": people.everyone(session),
        "actions": list(Act),
    }
    return page(request, "audit.html", context)


def _said(entry: Entry) -> str:
    """The details as words: what was one thing and is another has an arrow."""
    between = " → " if entry.action in audit.CHANGES else ", "
    return ", ".join(
        f"{name.replace('_', ' ')} {_value(name, value, between)}"
        for name, value in entry.details.items()
        if value != ""
    )


def _value(name: str, value: Any, between: str) -> str:
    if isinstance(value, list):
        return between.join(_value(name, one, between) for one in value)
    if name == "asks":
        return setting.asks_said(asking.read(value))
    if isinstance(value, bool):
        return gettext("yes") if value else gettext("no")
    return gettext("nothing") if value in (None, "") else str(value)
