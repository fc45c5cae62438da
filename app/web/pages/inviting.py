"""Many people invited at once, from a table."""

import base64
import csv
import io

from fastapi import APIRouter, File, Request, UploadFile
from starlette.responses import Response

from app.domain import groups, inviting, people
from app.domain.errors import Conflict, Invalid
from app.domain.inviting import Refused
from app.storage.people import Person, label
from app.storage.session import Session
from app.web.cells import cell
from app.web.deps import Admin, Config, Db, Now, look_again
from app.web.forms import Field
from app.web.templating import page

router = APIRouter(include_in_schema=False)
LARGEST = 1_000_000  # bytes of a table


@router.get("/people/table")
def show_form(request: Request, person: Admin, session: Db) -> Response:
    """Where a table is pasted or chosen."""
    return _form(request, session, person, "")


@router.post("/people/table")
def invite_all(
    request: Request,
    person: Admin,
    session: Db,
    now: Now,
    settings: Config,
    table: Field = "",
    file: UploadFile | None = File(None),
) -> Response:
    """Adds all of them or nobody, and shows their links this once: the answer is the page, so that no URL holds them."""
    try:
        table = _text(file) if file is not None and file.filename else table
        invited = inviting.invite(session, inviting.read(session, table), now)
    except (Refused, Invalid, Conflict) as error:
        look_again(session)
        return _form(request, session, person, table, error)
    links = [(found.person, settings.invitation(found.secret) if found.secret else None) for found in invited]
    context = {
        "person": person,
        "links": links,
        "new": sum(link is not None for _, link in links),
        "days": people.INVITATION.days,
        "download": "data:text/csv;charset=utf-8;base64," + base64.b64encode(_csv(links)).decode(),
    }
    return page(request, "invited.html", context)


def _text(file: UploadFile) -> str:
    content = file.file.read(LARGEST + 1)
    if len(content) > LARGEST:
        raise Invalid("people", "are more than %(most)s bytes; split them", most=LARGEST)
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise Invalid("people", "are not UTF-8; save the table as CSV in UTF-8") from None


def _csv(links: list[tuple[Person, str | None]]) -> bytes:
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(["email", "name", "role", "link"])
    for person, link in links:
        writer.writerow([cell(label(person)), cell(person.name), person.role, link or ""])
    return out.getvalue().encode()


def _form(
    request: Request, session: Session, person: Person, table: str, error: Refused | Invalid | Conflict | None = None
) -> Response:
    context = {
        "person": person,
        "table": table,
        "wrong": error.wrong if isinstance(error, Refused) else [],
        "error": error if isinstance(error, Invalid) else None,
        "conflict": error if isinstance(error, Conflict) else None,
        "groups": groups.everything(session),
        "most": inviting.MOST,
    }
    status = 200 if error is None else 409 if isinstance(error, Conflict) else 422
    return page(request, "people_table.html", context, status)
