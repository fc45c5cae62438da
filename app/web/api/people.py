"""People and their API tokens."""

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field

from app.domain import people
from app.domain.errors import Conflict
from app.storage.people import Person
from app.vocabulary import Role
from app.web.deps import Admin, Db, Now

router = APIRouter(tags=["people"])


class NewPerson(BaseModel):
    """Whom to add."""

    model_config = ConfigDict(extra="forbid")
    email: str = Field(max_length=320)
    name: str = ""
    role: Role = Role.annotator


class PersonOut(BaseModel):
    """An account."""

    model_config = ConfigDict(from_attributes=True)
    id: int
    email: str | None
    name: str
    role: Role
    active: bool


class Change(BaseModel):
    """What to change of an account."""

    model_config = ConfigDict(extra="forbid")
    role: Role | None = None
    active: bool | None = None


class NewToken(BaseModel):
    """A token's name, to know it by."""

    model_config = ConfigDict(extra="forbid")
    name: str = Field("", max_length=200)


class TokenOut(BaseModel):
    """The token, shown this once."""

    token: str


@router.post("/people", status_code=201, responses={200: {"model": PersonOut, "description": "Was there already"}})
def add_person(body: NewPerson, admin: Admin, session: Db, now: Now, response: Response) -> PersonOut:
    """Adds an account; idempotent by email: one that exists is answered as it is, with 200."""
    person, new = people.add(session, body.email, body.name, body.role, now)
    if not new:
        response.status_code = 200
    return PersonOut.model_validate(person)


@router.get("/people")
def list_people(admin: Admin, session: Db) -> list[PersonOut]:
    """All accounts by email."""
    return [PersonOut.model_validate(person) for person in people.everyone(session)]


@router.patch("/people/{person_id}")
def change_person(person_id: int, body: Change, admin: Admin, session: Db) -> PersonOut:
    """Changes role or activity; deactivating ends all of the person's sessions and tokens."""
    person = people.get(session, person_id)
    people.change(session, person, role=body.role, active=body.active)
    return PersonOut.model_validate(person)


@router.post("/people/{person_id}/tokens", status_code=201)
def create_token(person_id: int, body: NewToken, admin: Admin, session: Db, now: Now) -> TokenOut:
    """A new API token of that person."""
    person = _usable(people.get(session, person_id))
    return TokenOut(token=people.create_token(session, person, body.name, now))


@router.delete("/people/{person_id}/tokens/{token_id}", status_code=204)
def revoke_token(person_id: int, token_id: int, admin: Admin, session: Db) -> None:
    """Ends a token at once."""
    people.revoke_token(session, people.get(session, person_id), token_id)


def _usable(person: Person) -> Person:
    if not person.active or person.email is None:
        raise Conflict("This person cannot sign in.")
    return person
