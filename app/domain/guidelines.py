"""Guidelines and their versions: what holds now, what somebody read last, and that they have read it."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session, aliased, object_session

from app.domain.errors import Invalid, NotFound
from app.storage.onboarding import GuidelinesRead, GuidelinesVersion
from app.storage.people import Person
from app.storage.projects import Project

MOST_LISTED = 1000


@dataclass(frozen=True)
class Guidelines:
    """The version `number` that holds, since `created_at`, and how somebody stands to it: `read` is the number of the
    version that they read last, `before` its text; both None when they have read none."""

    number: int
    text: str
    created_at: datetime
    read: int | None
    before: str | None

    @property
    def unread(self) -> bool:
        """Whether they have not read this version."""
        return self.read is None or self.read < self.number


def write(project: Project, text: str, now: datetime) -> None:
    """Sets a project's guidelines; another text is a new version, of whoever acts in the project's session. Of a
    project that is in no session yet the version waits for `keep`."""
    if (session := object_session(project)) is not None:
        # locked, lest two changes at once make the same version
        locked = {"key_share": True}
        session.refresh(project, ["guidelines", "guidelines_version"], with_for_update=locked)
    if text == project.guidelines:
        return
    project.guidelines, project.guidelines_version = text, project.guidelines_version + 1
    if session is not None:
        keep(session, project, now)


def keep(session: Session, project: Project, now: datetime) -> None:
    """Stores the present text as the version that it is; there is none of a project that never had guidelines."""
    if not project.guidelines_version:
        return
    actor = session.info.get("actor")
    session.add(
        GuidelinesVersion(
            project_id=project.id,
            number=project.guidelines_version,
            text=project.guidelines,
            created_by=actor.id if isinstance(actor, Person) else None,
            created_at=now,
        )
    )
    session.flush()


def read_by(session: Session, project: Project, person_id: int) -> Guidelines | None:
    """The guidelines as this person finds them, in one statement; None where there are none, in no statement."""
    if not project.guidelines.strip():
        return None
    earlier = aliased(GuidelinesVersion)
    mine = and_(GuidelinesRead.project_id == GuidelinesVersion.project_id, GuidelinesRead.person_id == person_id)
    theirs = and_(earlier.project_id == GuidelinesVersion.project_id, earlier.number == GuidelinesRead.number)
    found = session.execute(
        select(GuidelinesVersion.created_at, GuidelinesRead.number, earlier.text)
        .outerjoin(GuidelinesRead, mine)
        .outerjoin(earlier, theirs)
        .where(GuidelinesVersion.project_id == project.id, GuidelinesVersion.number == project.guidelines_version)
    ).one()
    return Guidelines(project.guidelines_version, project.guidelines, *found)


def versions(session: Session, project: Project) -> list[tuple[int, datetime]]:
    """(number, when) of the thousand newest versions, newest first."""
    wanted = select(GuidelinesVersion.number, GuidelinesVersion.created_at)
    newest = wanted.where(GuidelinesVersion.project_id == project.id).order_by(GuidelinesVersion.number.desc())
    return [(number, at) for number, at in session.execute(newest.limit(MOST_LISTED))]


def version(session: Session, project: Project, number: int) -> GuidelinesVersion:
    """That version; raises NotFound."""
    found = session.get(GuidelinesVersion, (project.id, number))
    if found is None:
        raise NotFound("There is no version %(number)s of these guidelines.", number=number)
    return found


def note_reading(session: Session, project: Project, person_id: int, number: int, now: datetime) -> None:
    """Remembers that this person has read that version, unless they have read a later one; raises Invalid when there is
    no such version."""
    if not 1 <= number <= project.guidelines_version:
        raise Invalid("number", "is not that of a version")
    kind = {"postgresql": postgresql, "sqlite": sqlite}[session.get_bind().dialect.name]
    noted = kind.insert(GuidelinesRead).values(project_id=project.id, person_id=person_id, number=number, at=now)
    session.execute(
        noted.on_conflict_do_update(
            index_elements=[GuidelinesRead.project_id, GuidelinesRead.person_id],
            set_={"number": noted.excluded.number, "at": noted.excluded.at},
            where=GuidelinesRead.number < noted.excluded.number,
        )
    )
