"""People and their API tokens."""

from datetime import datetime

from fastapi import APIRouter, Response
from pydantic import BaseModel, ConfigDict, Field

from app.domain import people
from app.vocabulary import Role
from app.web.deps import Admin, Db, Id, Now

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


class TokenListed(BaseModel):
    """What is known of a token afterwards."""

    model_config = ConfigDict(from_attributes=True)
    id: int
    name: str
    created_at: datetime


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
def change_person(person_id: Id, body: Change, admin: Admin, session: Db) -> PersonOut:
    """Changes role or activity; deactivating ends all of the person's sessions and tokens, and releases what they hold."""
    person = people.account(session, person_id)
    people.change(session, person, role=body.role, active=body.active)
    return PersonOut.model_validate(person)


@router.post("/people/{person_id}/tokens", status_code=201)
def create_token(person_id: Id, body: NewToken, admin: Admin, session: Db, now: Now) -> TokenOut:
    """A new API token of that person."""
    return TokenOut(token=people.create_token(session, people.account(session, person_id), body.name, now))


@router.get("/people/{person_id}/tokens")
def list_tokens(person_id: Id, admin: Admin, session: Db) -> list[TokenListed]:
    """That person's API tokens, newest first, by what they can be revoked; never the tokens themselves."""
    found = people.tokens(session, people.account(session, person_id))
    return [TokenListed.model_validate(token) for token in found]


@router.delete("/people/{person_id}/tokens/{token_id}", status_code=204)
def revoke_token(person_id: Id, token_id: Id, admin: Admin, session: Db) -> None:
    """Ends a token at once."""
    people.revoke_token(session, people.account(session, person_id), token_id)
