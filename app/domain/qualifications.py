"""Who may judge where a project has a pass mark: whoever passed its quiz, or whom an admin let in.

The rule itself is in the statement that hands out work (app/storage/claims.py).
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, and_, exists, func, select
from sqlalchemy.orm import Session

from app.domain import audit
from app.storage import leases
from app.storage.onboarding import Qualification, QuizAttempt
from app.storage.people import Person, label
from app.storage.projects import Project
from app.vocabulary import Act


@dataclass(frozen=True)
class Standing:
    """How somebody stands in a project with a pass mark: `since` when they are qualified, None when they are not, by
    their own passing or, with `granted_by`, by an admin; the finished `attempts`, and the `best` of them in percent."""

    project: Project
    since: datetime | None
    granted_by: str | None
    attempts: int
    best: int | None


def missing(session: Session, project: Project, person_id: int) -> bool:
    """Whether this person must qualify before they are given work; one look-up, and none without a pass mark."""
    return project.pass_mark is not None and session.get(Qualification, (project.id, person_id)) is None


def held(session: Session, person_id: int) -> set[int]:
    """The ids of the projects for which this person is qualified."""
    return set(session.scalars(select(Qualification.project_id).where(Qualification.person_id == person_id)))


def of_person(session: Session, person: Person) -> list[Standing]:
    """Where the person stands in each project that has a pass mark, by its name."""
    share = func.max(QuizAttempt.correct * 100 / func.nullif(QuizAttempt.asked, 0))
    tried = (
        select(QuizAttempt.project_id, func.count().label("number"), share.label("best"))
        .where(QuizAttempt.person_id == person.id, QuizAttempt.finished_at.is_not(None))
        .group_by(QuizAttempt.project_id)
        .subquery()
    )
    mine = and_(Qualification.project_id == Project.id, Qualification.person_id == person.id)
    wanted = (
        select(Project, Qualification.at, Person.email, tried.c.number, tried.c.best)
        .outerjoin(Qualification, mine)
        .outerjoin(Person, Person.id == Qualification.granted_by)
        .outerjoin(tried, tried.c.project_id == Project.id)
        .where(Project.pass_mark.is_not(None))
        .order_by(Project.name, Project.id)
    )
    return [
        Standing(project, since, granted_by, number or 0, None if best is None else int(best))
        for project, since, granted_by, number, best in session.execute(wanted)
    ]


def shut_out(session: Session, project: Project) -> int:
    """How many people with an account have had all their attempts at the quiz, and are not qualified."""
    if project.pass_mark is None or project.quiz_attempts is None:
        return 0
    tried = (
        select(QuizAttempt.person_id)
        .where(QuizAttempt.project_id == project.id, QuizAttempt.finished_at.is_not(None))
        .group_by(QuizAttempt.person_id)
        .having(func.count() >= project.quiz_attempts)
    )
    wanted = select(func.count()).select_from(Person)
    return session.scalar(wanted.where(Person.id.in_(tried), lacking(project))) or 0


def lacking(project: Project) -> ColumnElement[bool]:
    """What is true of people with an account who are not qualified in the project."""
    qualified = exists().where(Qualification.project_id == project.id, Qualification.person_id == Person.id)
    return and_(Person.email.is_not(None), Person.active, ~qualified)


def qualify(session: Session, project: Project, person_id: int, attempt_id: int, now: datetime) -> None:
    """What passing an attempt brings; who is qualified already stays so as they were."""
    if session.get(Qualification, (project.id, person_id)) is None:
        session.add(Qualification(project_id=project.id, person_id=person_id, attempt_id=attempt_id, at=now))
        session.flush()


def grant(session: Session, project: Project, person: Person, admin: Person, now: datetime) -> None:
    """Lets the person judge in the project without the quiz; the same again changes nothing."""
    leases.alone(session, person.id)  # lest they pass the quiz at the same moment
    if session.get(Qualification, (project.id, person.id)) is None:
        session.add(Qualification(project_id=project.id, person_id=person.id, granted_by=admin.id, at=now))
        audit.record(session, Act.qualification_granted, label(person), project_id=project.id)
        session.flush()


def withdraw(session: Session, project: Project, person: Person) -> None:
    """From now on they are given nothing there until they qualify again; what they hold they may still answer, and what
    they judged stays. The same again changes nothing."""
    found = session.get(Qualification, (project.id, person.id), with_for_update=True)
    if found is not None:
        session.delete(found)
        audit.record(session, Act.qualification_withdrawn, label(person), project_id=project.id)
        session.flush()
