"""Many people at once, from a table: email, name, role, groups. All of it is good, or nobody is added."""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain import groups, people
from app.domain.errors import DomainError, Invalid
from app.storage.people import Person
from app.vocabulary import Role

COLUMNS = ("email", "name", "role", "groups")
MOST = 1000
SEPARATOR = ";"  # between the groups of one cell


@dataclass(frozen=True)
class Guest:
    """A row: whom to invite. `groups` are names."""

    line: int
    email: str
    name: str
    role: Role
    groups: tuple[str, ...]


@dataclass(frozen=True)
class Wrong:
    """What is wrong in a line."""

    line: int
    error: Invalid


@dataclass(frozen=True)
class Invited:
    """What became of a row: the secret of a link for somebody new; who was there already stays as they are, without one."""

    person: Person
    secret: str | None


class Refused(DomainError):
    """Some rows make no sense, and nobody was added; `wrong` has them by line."""

    def __init__(self, wrong: list[Wrong]) -> None:
        super().__init__("Nobody was added: some rows make no sense.")
        self.wrong = wrong


def read(session: Session, text: str) -> list[Guest]:
    """The rows of a table as text, with or without a header, its cells between commas, semicolons or tabs.

    Raises Refused with what is wrong in which line, or Invalid when it cannot be read as a table at all.
    """
    known = groups.named(session)
    guests: list[Guest] = []
    wrong: list[Wrong] = []
    seen: dict[str, int] = {}
    for line, cells in _rows(text):
        try:
            guest = _guest(line, cells, set(known))
            if (first := seen.setdefault(guest.email, line)) != line:
                raise Invalid("email", "is that of line %(line)s, too", line=first)
        except Invalid as error:
            wrong.append(Wrong(line, error))
            continue
        guests.append(guest)
    if wrong:
        raise Refused(wrong)
    if not guests:
        raise Invalid("people", "are missing; there is no row with an email address")
    if len(guests) > MOST:
        raise Invalid("people", "are more than %(most)s; split them", most=MOST)
    return guests


def invite(session: Session, guests: list[Guest], now: datetime) -> list[Invited]:
    """Adds whoever is not there yet, with their groups, and makes a link for each of them; raises Conflict."""
    emails = [guest.email for guest in guests]
    there = {person.email: person for person in session.scalars(select(Person).where(Person.email.in_(emails)))}
    new = {
        guest.email: people.account_of(guest.email, guest.name, guest.role, now)
        for guest in guests
        if guest.email not in there
    }
    secrets = dict(zip(new, people.add_all(session, list(new.values()), now), strict=True))
    known = groups.named(session)
    fresh = [guest for guest in guests if guest.email in new]
    groups.add_all(session, [(known[name], new[guest.email]) for guest in fresh for name in guest.groups])
    found = there | new
    return [Invited(found[guest.email], secrets.get(guest.email)) for guest in guests]


def _rows(text: str) -> Iterator[tuple[int, dict[str, str]]]:
    """Each row that is not empty with its line, as cells by column."""
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    first = next((line for line in text.split("\n") if line.strip()), "")
    reader = csv.reader(io.StringIO(text), delimiter=max(",\t;", key=first.count), strict=True)
    columns: list[str] | None = None
    try:
        for row in reader:
            cells = [cell.strip() for cell in row]
            if not any(cells):
                continue
            if columns is None:
                columns = list(COLUMNS)
                names = [cell.lower() for cell in cells]
                if "email" in names:
                    if unknown := set(names) - {*COLUMNS, ""}:
                        raise Invalid("people", "have a column %(column)r that is not known", column=min(unknown))
                    columns = names
                    continue
            yield reader.line_num, dict(zip(columns, cells, strict=False)) | {"more": "".join(cells[len(columns) :])}
    except csv.Error as error:
        raise Invalid("people", "cannot be read as a table, from line %(line)s on", line=reader.line_num) from error


def _guest(line: int, cells: dict[str, str], known: set[str]) -> Guest:
    if cells["more"]:
        raise Invalid("more", "has more cells than columns")
    role = cells.get("role", "").lower() or Role.annotator
    if role not in set(Role):
        raise Invalid("role", "must be one of %(known)s, not %(role)r", known=", ".join(Role), role=role)
    of = tuple(dict.fromkeys(name.strip() for name in cells.get("groups", "").split(SEPARATOR) if name.strip()))
    if unknown := [name for name in of if name not in known]:
        raise Invalid("groups", "names %(group)r, and there is no such group", group=unknown[0])
    return Guest(line, people.address(cells.get("email", "")), cells.get("name", ""), Role(role), of)
