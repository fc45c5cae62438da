"""Receives an upload whole, on disk, before anything is done with it; a client that leaves half-way leaves nothing."""

import tempfile
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, BinaryIO, cast
from uuid import UUID

from fastapi import Depends, Request
from starlette.datastructures import UploadFile
from starlette.requests import ClientDisconnect

from app.domain import importing
from app.domain.errors import NoFile, TooLarge, UploadError
from app.domain.importing import Report
from app.domain.spooling import Rows
from app.storage.people import Person
from app.storage.projects import Project
from app.storage.session import Session
from app.web.deps import Db, Slot, without
from app.web.progress import shown
from app.web.security import limited

IN_MEMORY = 1_000_000


@dataclass(frozen=True)
class Received:
    """A file that has arrived whole, and the other fields of the form it came in."""

    file: BinaryIO
    name: str
    form: dict[str, str]


async def receive(request: Request, session: Db, slot: Slot) -> AsyncIterator[Received]:
    """The body, or the file of a multipart form. Raises UploadError when there is none, TooLarge."""
    session.commit()  # whoever was signed in was read in a writing transaction; annotators must not wait for a slow file
    limit = request.app.state.settings.max_upload
    if int(request.headers.get("content-length") or 0) > limit:
        raise TooLarge(limit)
    arriving = Request(request.scope, limited(request.receive, limit, TooLarge(limit)))
    kind = request.headers.get("content-type", "")
    try:
        if kind.startswith("multipart/form-data"):
            async with without(slot):
                form = await arriving.form(max_files=1)
            try:
                found = form.get("file")
                fields = {key: value for key, value in form.items() if isinstance(value, str)}
                if not isinstance(found, UploadFile) or not found.filename:
                    raise NoFile(fields)
                yield Received(found.file, found.filename, fields)
            finally:
                await form.close()
            return
        with tempfile.SpooledTemporaryFile(max_size=IN_MEMORY) as spool:
            async with without(slot):
                async for chunk in arriving.stream():
                    spool.write(chunk)
            yield Received(cast(BinaryIO, spool), "upload.csv" if kind.startswith("text/csv") else "upload.jsonl", {})
    except ClientDisconnect as error:
        raise UploadError("file", "did not arrive whole; nothing of it was kept") from error


def take_in(
    session: Session,
    project: Project,
    admin: Person,
    received: Received,
    upload: importing.Upload,
    now: datetime,
    import_id: UUID | None = None,
) -> Report:
    """Imports what was received, in a transaction that begins when all of it is read; see `importing.store`.

    Raises Conflict when the import is cancelled: then nothing of it is kept.
    """
    with Rows(received.file) as found, shown(import_id, admin.id, found) as stage:
        importing.check(session, project, found, upload)
        session.commit()
        importing.read(found, upload, stage("reading"))
        return importing.store(session, project, found, upload, now, stage("storing"))


Upload = Annotated[Received, Depends(receive, scope="function")]
