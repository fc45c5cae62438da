"""Uploads and what became of them."""

import csv
import io
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from app.domain import batches, importing
from app.storage.base import LARGEST
from app.vocabulary import BatchState, Purpose
from app.web.api.description import PROBLEM, lines
from app.web.cells import cell
from app.web.deps import Admin, Config, Db, Id, InProject, Now, Reviewer, reads
from app.web.progress import FIRST, cancel, look_up
from app.web.uploads import Upload, take_in

router = APIRouter(tags=["batches"], prefix="/projects/{slug}/batches")
LISTED = 1000


class Problem(BaseModel):
    """Why a row was refused."""

    model_config = ConfigDict(from_attributes=True)
    line: int
    field: str
    reason: str


class BatchOut(BaseModel):
    """A batch with its rules and its counts: rows read, comparisons queued, judgements kept, duplicates, rows rejected.

    Each comparison of a batch whose `purpose` is judging wants `overlap` judgements; nobody gives more than `max_per_annotator` (null: no limit), and with
    `group_id` only the members of that group get any.
    """

    model_config = ConfigDict(from_attributes=True)
    id: int
    name: str
    state: BatchState
    purpose: Purpose
    priority: int
    overlap: int
    max_per_annotator: int | None
    group_id: int | None
    created_at: datetime
    rows: int
    comparisons: int
    judgements: int
    duplicates: int
    rejected: int


class Imported(BatchOut):
    """A batch with the first thousand of its row errors."""

    errors: list[Problem]


class Progress(BaseModel):
    """How far an import is: how many bytes were read or how many comparisons stored, of how many; how many rows were
    read and rejected so far, and why the first of them were."""

    stage: Literal["reading", "storing"]
    done: int
    total: int
    rows: int
    rejected: int
    errors: list[Problem]


class Inspection(BaseModel):
    """How many rows the beginning of a file has, how many of them would be refused, and why the first of them."""

    rows: int
    rejected: int
    errors: list[Problem]


class Change(BaseModel):
    """Opens, pauses or closes a batch; sets its rules. What is missing stays as it is; a `max_per_annotator` of null is
    no limit, and a `group_id` of null is everybody."""

    model_config = ConfigDict(extra="forbid")
    state: BatchState | None = None
    priority: int | None = Field(None, ge=-batches.MOST_PRIORITY, le=batches.MOST_PRIORITY)
    max_per_annotator: int | None = Field(None, ge=1, le=LARGEST)
    group_id: int | None = Field(None, ge=1, le=LARGEST)


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
    purpose: Purpose = Purpose.judging,
    priority: int = Query(0, ge=-batches.MOST_PRIORITY, le=batches.MOST_PRIORITY),
    pairs_per_prompt: int | None = Query(None, ge=1),
    overlap: int | None = Query(None, ge=1, le=100),
    again: bool = False,
    import_id: UUID | None = Query(None, description="Any id of yours, by which its progress can be asked for"),
) -> Imported:
    """Imports JSON lines (plain or gzipped) or CSV as one batch, whole or not at all, and opens it unless `draft`.

    The same file a second time is refused with 409 unless `again` is set. Each comparison wants `overlap` judgements,
    or as many as the project says. With the `purpose` practice or qualification every row must be gold, and nobody is
    given any of it to judge.
    """
    upload = importing.Upload(
        name=name,
        file_name=received.name,
        opened=not draft,
        purpose=purpose,
        priority=priority,
        pairs_per_prompt=pairs_per_prompt,
        overlap=overlap,
        again=again,
        created_by=admin.id,
        limit=settings.max_upload,
    )
    report = take_in(session, project, admin, received, upload, now, import_id)
    batch = BatchOut.model_validate(report.batch)
    return Imported(**batch.model_dump(), errors=[Problem.model_validate(error) for error in report.errors[:LISTED]])


async def sent(request: Request) -> bytes:
    """The body as it is."""
    return await request.body()


@router.post(
    "/inspection",
    openapi_extra={
        "requestBody": {"required": True, "content": {"application/octet-stream": {"schema": {"type": "string"}}}}
    },
    responses={413: PROBLEM},
)
@reads
def inspect_file(
    admin: Admin,
    project: InProject,
    session: Db,
    sample: Annotated[bytes, Depends(sent)],
    name: str = Query("", max_length=200, description="Of the file; one that ends in .csv is CSV"),
    whole: bool = Query(True, description="False for the beginning of a file, up to the end of a line"),
    purpose: Purpose = Purpose.judging,
    pairs_per_prompt: int | None = Query(None, ge=1),
) -> Inspection:
    """Reads a file, or its beginning, of at most 2 MB as an upload would be read, and keeps nothing of it."""
    session.commit()  # reading takes a while, and nobody may wait for it
    upload = importing.Upload("", name or "upload.jsonl", purpose=purpose, pairs_per_prompt=pairs_per_prompt)
    found = importing.inspect(sample, upload, whole)
    errors = [Problem.model_validate(error) for error in found.refused[:FIRST]]
    return Inspection(rows=found.rows, rejected=found.rejected, errors=errors)


@router.get("")
def list_batches(person: Reviewer, project: InProject, session: Db) -> list[BatchOut]:
    """The project's batches, newest first."""
    return [BatchOut.model_validate(batch) for batch in batches.of_project(session, project)]


@router.get("/imports/{import_id}")
def show_import(admin: Admin, project: InProject, import_id: UUID) -> Progress:
    """How far an import of yours is, while it runs and on the machine where it does."""
    return Progress(**look_up(import_id, admin.id))


@router.put("/imports/{import_id}/cancellation", status_code=204)
@reads
def cancel_import(admin: Admin, project: InProject, import_id: UUID) -> None:
    """Ends an import of yours, if it is not over yet: it is answered with 409, and nothing of it is kept."""
    cancel(import_id, admin.id)


@router.get("/{batch_id}")
def get_batch(person: Reviewer, project: InProject, session: Db, batch_id: Id) -> Imported:
    """One batch with its row errors."""
    batch = batches.get(session, project, batch_id)
    found = [Problem.model_validate(error) for error in batches.errors(session, batch, LISTED)]
    return Imported(**BatchOut.model_validate(batch).model_dump(), errors=found)


@router.patch("/{batch_id}")
def change_batch(admin: Admin, project: InProject, session: Db, batch_id: Id, body: Change) -> BatchOut:
    """Opens, pauses or closes a batch, and sets its rules, while work goes on too."""
    batch = batches.get(session, project, batch_id)
    asked = body.model_dump(exclude_unset=True)
    if body.state is not None:
        batches.change(session, batch, body.state)
    batches.configure(
        session,
        batch,
        priority=batch.priority if body.priority is None else body.priority,
        max_per_annotator=asked.get("max_per_annotator", batch.max_per_annotator),
        group_id=asked.get("group_id", batch.group_id),
    )
    return BatchOut.model_validate(batch)


@router.get("/{batch_id}/errors.csv", response_class=Response, responses=lines("text/csv", "The row errors"))
def batch_errors(person: Reviewer, project: InProject, session: Db, batch_id: Id) -> Response:
    """All row errors of a batch (the first 10 000) as CSV: line, field, reason."""
    batch = batches.get(session, project, batch_id)
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["line", "field", "reason"])
    writer.writerows([error.line, cell(error.field), cell(error.reason)] for error in batches.errors(session, batch))
    name = f"{project.slug}-batch-{batch.id}-errors.csv"
    return Response(
        out.getvalue(), media_type="text/csv", headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )
