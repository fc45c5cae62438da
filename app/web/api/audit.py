"""The audit log."""

import csv
import io
import json
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel
from starlette.responses import StreamingResponse

from app.domain import audit, projects
from app.domain.audit import Wanted
from app.storage.audit import Entry
from app.storage.base import LARGEST
from app.storage.session import reading
from app.vocabulary import Act
from app.web.api.description import lines
from app.web.cells import cell
from app.web.deps import Admin, Db

router = APIRouter(tags=["audit"], prefix="/audit")
MOST = 1000
Older = Annotated[int | None, Query(ge=1, le=LARGEST, description="Only entries older than this one")]


class EntryOut(BaseModel):
    """Who did what to what, when. `actor` is an email, or words for what is no account; `details` differ by action."""

    id: int
    at: datetime
    actor_id: int | None
    actor: str
    action: Act
    project: str | None
    subject: str
    details: dict[str, Any]
    request_id: str | None


class EntriesOut(BaseModel):
    """Entries, newest first; `next` is the `before` of those that follow, null when there are none."""

    entries: list[EntryOut]
    next: int | None


def get_wanted(
    session: Db,
    project: Annotated[str, Query(description="Slug of a project")] = "",
    person: Annotated[str, Query(description="Email of who did it, or the words that stand in its place")] = "",
    action: Annotated[Act | Literal[""], Query(description="What was done")] = "",
    since: Annotated[date | Literal[""], Query(description="First day, in UTC")] = "",
    until: Annotated[date | Literal[""], Query(description="Last day, in UTC")] = "",
) -> Wanted:
    """Which entries the query asks for; what is empty asks for nothing. Raises NotFound for an unknown project."""
    return Wanted(
        project_id=projects.get(session, project).id if project else None,
        actor=person.strip().replace("\x00", "") or None,
        action=action or None,
        since=_begin(since) if since else None,
        until=_begin(until) + timedelta(days=1) if until and until < date.max else None,
    )


Asked = Annotated[Wanted, Depends(get_wanted)]


@router.get("")
def list_entries(
    admin: Admin, session: Db, wanted: Asked, before: Older = None, limit: Annotated[int, Query(ge=1, le=MOST)] = 100
) -> EntriesOut:
    """The audit log: who did what to what and when, newest first."""
    found, slugs = audit.newest(session, wanted, limit + 1, before), audit.slugs(session)
    entries = [_out(entry, slugs) for entry in found[:limit]]
    return EntriesOut(entries=entries, next=entries[-1].id if len(found) > limit else None)


@router.get("/entries.jsonl", response_class=StreamingResponse, responses=lines("application/x-ndjson", "The entries"))
def download_lines(request: Request, admin: Admin, session: Db, wanted: Asked) -> StreamingResponse:
    """The audit log as JSON lines, newest first."""
    return _download(request, wanted, "audit.jsonl", "application/x-ndjson", _json)


@router.get("/entries.csv", response_class=StreamingResponse, responses=lines("text/csv", "The entries"))
def download_table(request: Request, admin: Admin, session: Db, wanted: Asked) -> StreamingResponse:
    """The audit log as CSV, newest first; the details are JSON."""
    return _download(request, wanted, "audit.csv", "text/csv", _csv, ",".join(EntryOut.model_fields) + "\r\n")


def _begin(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def _out(entry: Entry, slugs: dict[int, str]) -> EntryOut:
    return EntryOut(
        id=entry.id,
        at=entry.at,
        actor_id=entry.actor_id,
        actor=entry.actor,
        action=Act(entry.action),
        project=slugs.get(entry.project_id) if entry.project_id else None,
        subject=entry.subject,
        details=entry.details,
        request_id=entry.request_id,
    )


def _json(entries: list[EntryOut]) -> str:
    return "".join(entry.model_dump_json() + "\n" for entry in entries)


def _csv(entries: list[EntryOut]) -> str:
    out = io.StringIO()
    writer = csv.writer(out)
    for entry in entries:
        row = entry.model_dump(mode="json")
        row["details"] = json.dumps(row["details"], ensure_ascii=False)
        writer.writerow([cell(value) if isinstance(value, str) else value for value in row.values()])
    return out.getvalue()


def _download(
    request: Request, wanted: Wanted, name: str, kind: str, written: Callable[[list[EntryOut]], str], head: str = ""
) -> StreamingResponse:
    def parts() -> Iterator[str]:
        yield head
        before: int | None = None
        while True:
            # each part in a transaction of its own: a slow reader holds none
            with reading(request.app.state.sessions) as session:
                found, slugs = audit.newest(session, wanted, MOST, before), audit.slugs(session)
            if not found:
                return
            yield written([_out(entry, slugs) for entry in found])
            before = found[-1].id

    disposition = f'attachment; filename="{name}"'
    return StreamingResponse(parts(), media_type=kind, headers={"Content-Disposition": disposition})
