"""Uploads and what became of them."""

import csv
import io
from datetime import datetime

from fastapi import APIRouter, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from app.domain import batches, importing
from app.vocabulary import BatchState
from app.web.api.description import PROBLEM, lines
from app.web.deps import Admin, Config, Db, Id, InProject, Now, Reviewer
from app.web.uploads import Upload

router = APIRouter(tags=["batches"], prefix="/projects/{slug}/batches")
LISTED = 1000


class Problem(BaseModel):
    """Why a row was refused."""

    model_config = ConfigDict(from_attributes=True)
    line: int
    field: str
    reason: str


class BatchOut(BaseModel):
    """A batch and its counts: rows read, comparisons queued, judgements kept, duplicates, rows rejected."""

    model_config = ConfigDict(from_attributes=True)
    id: int
    name: str
    state: BatchState
    priority: int
    created_at: datetime
    rows: int
    comparisons: int
    judgements: int
    duplicates: int
    rejected: int


class Imported(BatchOut):
    """A batch with the first thousand of its row errors."""

    errors: list[Problem]


class Change(BaseModel):
    """Opens, pauses or closes a batch; sets its priority."""

    model_config = ConfigDict(extra="forbid")
    state: BatchState
    priority: int | None = Field(None, ge=-batches.MOST_PRIORITY, le=batches.MOST_PRIORITY)


@router.post(
    "",
    status_code=201,
    responses={413: PROBLEM},
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "application/x-ndjson": {"schema": {"type": "string"}},
                "application/gzip": {"schema": {"type": "string", "format": "binary"}},
                "text/csv": {"schema": {"type": "string"}},
                "multipart/form-data": {
                    "schema": {
                        "type": "object",
                        "properties": {"file": {"type": "string", "format": "binary"}},
                        "required": ["file"],
                    }
                },
            },
        }
    },
)
def upload_batch(
    admin: Admin,
    project: InProject,
    session: Db,
    now: Now,
    settings: Config,
    received: Upload,
    name: str = Query("", max_length=200),
    draft: bool = False,
    priority: int = Query(0, ge=-batches.MOST_PRIORITY, le=batches.MOST_PRIORITY),
    pairs_per_prompt: int | None = Query(None, ge=1),
    again: bool = False,
) -> Imported:
    """Imports JSON lines (plain or gzipped) or CSV as one batch, whole or not at all, and opens it unless `draft`.

    The same file a second time is refused with 409 unless `again` is set.
    """
    upload = importing.Upload(
        name=name,
        file_name=received.name,
        opened=not draft,
        priority=priority,
        pairs_per_prompt=pairs_per_prompt,
        again=again,
        created_by=admin.id,
        limit=settings.max_upload,
    )
    report = importing.import_file(session, project, received.file, upload, now)
    batch = BatchOut.model_validate(report.batch)
    return Imported(**batch.model_dump(), errors=[Problem.model_validate(error) for error in report.errors[:LISTED]])


@router.get("")
def list_batches(person: Reviewer, project: InProject, session: Db) -> list[BatchOut]:
    """The project's batches, newest first."""
    return [BatchOut.model_validate(batch) for batch in batches.of_project(session, project)]


@router.get("/{batch_id}")
def get_batch(person: Reviewer, project: InProject, session: Db, batch_id: Id) -> Imported:
    """One batch with its row errors."""
    batch = batches.get(session, project, batch_id)
    found = [Problem.model_validate(error) for error in batches.errors(session, batch, LISTED)]
    return Imported(**BatchOut.model_validate(batch).model_dump(), errors=found)


@router.patch("/{batch_id}")
def change_batch(admin: Admin, project: InProject, session: Db, batch_id: Id, body: Change) -> BatchOut:
    """Opens, pauses or closes."""
    batch = batches.get(session, project, batch_id)
    batches.change(session, batch, body.state, body.priority)
    return BatchOut.model_validate(batch)


def _cell(text: str) -> str:
    """A spreadsheet takes a cell that begins like a formula for one."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text


@router.get("/{batch_id}/errors.csv", response_class=Response, responses=lines("text/csv", "The row errors"))
def batch_errors(person: Reviewer, project: InProject, session: Db, batch_id: Id) -> Response:
    """All row errors of a batch (the first 10 000) as CSV: line, field, reason."""
    batch = batches.get(session, project, batch_id)
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["line", "field", "reason"])
    writer.writerows([error.line, _cell(error.field), _cell(error.reason)] for error in batches.errors(session, batch))
    name = f"{project.slug}-batch-{batch.id}-errors.csv"
    return Response(
        out.getvalue(), media_type="text/csv", headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )
