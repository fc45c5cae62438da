"""What somebody may do next in each project: read the guidelines, practise, take the quiz, judge."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import select
from sqlalchemy.orm import Session

from app.domain import qualifications, questions, quiz
from app.storage.onboarding import GuidelinesRead
from app.storage.projects import Project
from app.vocabulary import Purpose


class Reading(StrEnum):
    """How somebody stands to a project's guidelines."""

    none = "none"  # there are none
    unread = "unread"
    changed = "changed"  # they read an earlier version
    read = "read"


@dataclass(frozen=True)
class Steps:
    """`practice` and `quiz` are how many questions each has. Who `must_qualify` is given no work, and cannot get any
    where the quiz has no questions."""

    reading: Reading
    practice: int
    quiz: int
    must_qualify: bool


def steps(session: Session, projects: Iterable[Project], person_id: int) -> dict[int, Steps]:
    """The person's steps by project id; four statements, however many projects there are."""
    wanted = select(GuidelinesRead.project_id, GuidelinesRead.number).where(GuidelinesRead.person_id == person_id)
    read = {project_id: number for project_id, number in session.execute(wanted)}
    held = qualifications.held(session, person_id)
    practice = questions.numbers(session, Purpose.practice)
    qualification = questions.numbers(session, Purpose.qualification)
    return {
        project.id: Steps(
            _reading(project, read.get(project.id)),
            practice.get(project.id, 0),
            quiz.asked_of(project, qualification.get(project.id, 0)),
            project.pass_mark is not None and project.id not in held,
        )
        for project in projects
    }


def _reading(project: Project, read: int | None) -> Reading:
    if not project.guidelines.strip():
        return Reading.none
    if read is None:
        return Reading.unread
    return Reading.changed if read < project.guidelines_version else Reading.read
