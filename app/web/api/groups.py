"""Groups of annotators."""

from datetime import datetime

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from app.domain import groups, people
from app.storage.people import Group, Person
from app.web.deps import Admin, Db, Id, Now

router = APIRouter(tags=["groups"], prefix="/groups")


class Named(BaseModel):
    """What a group is called."""

    model_config = ConfigDict(extra="forbid")
    name: str = Field(max_length=groups.LONGEST_NAME)


class GroupOut(BaseModel):
    """A group with the ids of its members."""

    id: int
    name: str
    created_at: datetime
    members: list[int]


@router.post("", status_code=201)
def create_group(body: Named, admin: Admin, session: Db, now: Now) -> GroupOut:
    """A new group, without members."""
    return _out(groups.create(session, body.name, now), [])


@router.get("")
def list_groups(admin: Admin, session: Db) -> list[GroupOut]:
    """All groups by name, with their members."""
    members = groups.members(session)
    return [_out(group, members.get(group.id, [])) for group in groups.everything(session)]


@router.patch("/{group_id}")
def rename_group(group_id: Id, body: Named, admin: Admin, session: Db) -> GroupOut:
    """Gives a group another name."""
    group = groups.get(session, group_id)
    groups.rename(session, group, body.name)
    return _out(group, groups.members(session).get(group.id, []))


@router.delete("/{group_id}", status_code=204)
def delete_group(group_id: Id, admin: Admin, session: Db) -> None:
    """Deletes a group that no batch is for."""
    groups.dissolve(session, groups.get(session, group_id))


@router.put("/{group_id}/members/{person_id}", status_code=204)
def add_member(group_id: Id, person_id: Id, admin: Admin, session: Db) -> None:
    """Lets a person into a group; the same again changes nothing."""
    groups.add(session, groups.get(session, group_id), people.account(session, person_id))


@router.delete("/{group_id}/members/{person_id}", status_code=204)
def remove_member(group_id: Id, person_id: Id, admin: Admin, session: Db) -> None:
    """Takes a person out of a group; what they hold they may still answer."""
    groups.remove(session, groups.get(session, group_id), people.account(session, person_id))


def _out(group: Group, members: list[Person]) -> GroupOut:
    ids = [person.id for person in members]
    return GroupOut(id=group.id, name=group.name, created_at=group.created_at, members=ids)
