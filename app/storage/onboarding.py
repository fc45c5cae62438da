"""How somebody comes to judge: the guidelines and who has read them, the quiz and who has passed it."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.storage.base import Base, Instant


class GuidelinesVersion(Base):
    """A version of a project's guidelines, for good; the newest is the project's own."""

    __tablename__ = "guidelines_version"

    project_id: Mapped[int] = mapped_column(ForeignKey("project.id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    text: Mapped[str] = mapped_column(Text)
    created_by: Mapped[int | None] = mapped_column(ForeignKey("person.id", ondelete="SET NULL"))
    created_at: Mapped[datetime] = mapped_column(Instant)


class GuidelinesRead(Base):
    """The newest version that somebody has read."""

    __tablename__ = "guidelines_read"

    project_id: Mapped[int] = mapped_column(ForeignKey("project.id", ondelete="CASCADE"), primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), primary_key=True)
    number: Mapped[int]
    at: Mapped[datetime] = mapped_column(Instant)


class QuizAttempt(Base):
    """Somebody's way through the qualification quiz; `correct` of the `asked` is known when it is finished."""

    __tablename__ = "quiz_attempt"
    __table_args__ = (
        Index(None, "project_id", "person_id"),
        CheckConstraint("correct BETWEEN 0 AND asked", name="correct"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    project_id: Mapped[int] = mapped_column(ForeignKey("project.id", ondelete="CASCADE"))
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"))
    started_at: Mapped[datetime] = mapped_column(Instant)
    finished_at: Mapped[datetime | None] = mapped_column(Instant)
    asked: Mapped[int]
    correct: Mapped[int | None]
    passed: Mapped[bool | None]


class QuizAnswer(Base):
    """What was answered to a gold comparison, the strength from a to b; `swapped` is the order in which it was shown."""

    __tablename__ = "quiz_answer"
    __table_args__ = (CheckConstraint("strength BETWEEN -3 AND 3", name="strength"),)

    attempt_id: Mapped[int] = mapped_column(ForeignKey("quiz_attempt.id", ondelete="CASCADE"), primary_key=True)
    comparison_id: Mapped[int] = mapped_column(
        ForeignKey("comparison.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    position: Mapped[int]
    swapped: Mapped[bool]
    strength: Mapped[int | None]
    correct: Mapped[bool | None]
    answered_at: Mapped[datetime | None] = mapped_column(Instant)


class Qualification(Base):
    """Who may judge in a project with a pass mark: whoever passed an attempt, or whom an admin let in."""

    __tablename__ = "qualification"

    project_id: Mapped[int] = mapped_column(ForeignKey("project.id", ondelete="CASCADE"), primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), primary_key=True)
    attempt_id: Mapped[int | None] = mapped_column(ForeignKey("quiz_attempt.id", ondelete="SET NULL"))
    granted_by: Mapped[int | None] = mapped_column(ForeignKey("person.id", ondelete="SET NULL"))
    at: Mapped[datetime] = mapped_column(Instant)
