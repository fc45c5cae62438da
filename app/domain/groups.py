"""Groups of annotators: a batch can be for one of them only."""

from collections import defaultdict
from datetime import datetime

from sqlalchemy import delete, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from app.domain import audit
from app.domain.errors import Conflict, Invalid, NotFound
from app.domain.text import plain
from app.storage.batches import Batch
from app.storage.people import Group, Membership, Person, label
from app.storage.projects import Project
from app.vocabulary import Act

LONGEST_NAME = 100


def create(session: Session, name: str, now: datetime) -> Group:
    """A new group without members; raises Invalid, or Conflict when there is one of that name."""
    group = Group(name="", created_at=now)
    _name(session, group, name)
    audit.record(session, Act.group_made, group.name)
    return group


def rename(session: Session, group: Group, name: str) -> None:
    """Gives it another name; raises Invalid, or Conflict when that is another group's."""
    with audit.changes(group, Act.group_renamed, group.name):
        _name(session, group, name)


def dissolve(session: Session, group: Group) -> None:
    """Deletes it with its memberships; raises Conflict while a batch is for it."""
    used = [batch for batch, _ in batches(session, group)]
    if used:
        raise Conflict(
            "%(group)s is whom batch %(batch)s is for. Choose another group there first.",
            group=group.name,
            batch=used[0].name,
        )
    try:
        with session.begin_nested():
            session.delete(group)
            session.flush()
    except IntegrityError as error:  # somebody chose it for a batch a moment ago
        raise Conflict(
            "%(group)s is whom a batch is for. Choose another group there first.", group=group.name
        ) from error
    audit.record(session, Act.group_deleted, group.name)


def get(session: Session, group_id: int) -> Group:
    """The group; raises NotFound."""
    group = session.get(Group, group_id)
    if group is None:
        raise NotFound("There is no group %(number)s.", number=group_id)
    return group


def everything(session: Session) -> list[Group]:
    """All groups by name."""
    return list(session.scalars(select(Group).order_by(Group.name)))


def named(session: Session) -> dict[str, Group]:
    """All groups by name."""
    return {group.name: group for group in everything(session)}


def members(session: Session) -> dict[int, list[Person]]:
    """The members of all groups by group id, each list by email; a group without any is missing."""
    wanted = select(Membership.group_id, Person).join(Person, Person.id == Membership.person_id)
    found: dict[int, list[Person]] = defaultdict(list)
    for group_id, person in session.execute(wanted.order_by(Person.email)):
        found[group_id].append(person)
    return found


def of_people(session: Session) -> dict[int, list[Group]]:
    """The groups that people are in by person id, each list by name; who is in none is missing."""
    wanted = select(Membership.person_id, Group).join(Group, Group.id == Membership.group_id)
    found: dict[int, list[Group]] = defaultdict(list)
    for person_id, group in session.execute(wanted.order_by(Group.name)):
        found[person_id].append(group)
    return found


def batches(session: Session, group: Group) -> list[tuple[Batch, Project]]:
    """The batches that are for this group only, newest first, each with its project."""
    wanted = select(Batch, Project).join(Project, Project.id == Batch.project_id).where(Batch.group_id == group.id)
    return [(batch, project) for batch, project in session.execute(wanted.order_by(Batch.id.desc()))]


def add(session: Session, group: Group, person: Person) -> None:
    """Lets the person in; the same again changes nothing. They are given what is the group's from the next claim on."""
    if session.get(Membership, (group.id, person.id)) is not None:
        return
    try:
        with session.begin_nested():
            session.add(Membership(group_id=group.id, person_id=person.id))
            session.flush()
    except IntegrityError as error:  # somebody else let them in, or deleted the group, a moment ago
        if session.get(Membership, (group.id, person.id)) is None:
            raise NotFound("There is no group %(number)s.", number=group.id) from error
        return
    audit.record(session, Act.member_added, label(person), group=group.name)


def add_all(session: Session, joining: list[tuple[Group, Person]]) -> None:
    """Lets people in who are in no group yet; raises Conflict when a group was deleted a moment ago."""
    try:
        with session.begin_nested():
            session.add_all(Membership(group_id=group.id, person_id=person.id) for group, person in joining)
            session.flush()
    except IntegrityError as error:
        raise Conflict("One of the groups was deleted a moment ago. Nobody was let in.") from error
    for group, person in joining:
        audit.record(session, Act.member_added, label(person), group=group.name)


def remove(session: Session, group: Group, person: Person) -> None:
    """Takes the person out; the same again changes nothing. What they hold of the group's they may still answer."""
    gone = delete(Membership).where(Membership.group_id == group.id, Membership.person_id == person.id)
    if session.connection().execute(gone).rowcount:
        audit.record(session, Act.member_removed, label(person), group=group.name)


def _name(session: Session, group: Group, name: str) -> None:
    name = plain(name, LONGEST_NAME + 1)
    if not name:
        raise Invalid("name", "is missing")
    if len(name) > LONGEST_NAME:
        raise Invalid("name", "is longer than %(most)s characters", most=LONGEST_NAME)
    taken = Conflict("There is a group %(name)s already.", name=name)
    if session.scalar(select(Group.id).where(Group.name == name, Group.id != group.id)):
        raise taken
    try:
        with session.begin_nested():
            group.name = name
            session.add(group)
            session.flush()
    except IntegrityError as error:  # somebody else took the name a moment ago
        raise taken from error
