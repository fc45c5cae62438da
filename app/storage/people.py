"""People and the three ways in: password, invitation, API token."""

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.storage.base import Base, Instant


class Person(Base):
    """Someone with an account, or an annotator whom an import named: those have no email, belong to its project and
    cannot sign in. `active` false locks a person out at the next request. Without a `language` their browser chooses."""

    __tablename__ = "person"
    __table_args__ = (
        CheckConstraint("role IN ('annotator', 'reviewer', 'admin')", name="role"),
        CheckConstraint("(email IS NULL) = (project_id IS NOT NULL)", name="account_or_imported"),
        UniqueConstraint("project_id", "name"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str | None] = mapped_column(String(320), unique=True)
    project_id: Mapped[int | None] = mapped_column(ForeignKey("project.id", ondelete="CASCADE"))
    name: Mapped[str] = mapped_column(String(200))
    role: Mapped[str] = mapped_column(String(16))
    password_hash: Mapped[str | None] = mapped_column(String(200))
    active: Mapped[bool] = mapped_column(default=True)
    language: Mapped[str | None] = mapped_column(String(16))
    created_at: Mapped[datetime] = mapped_column(Instant)


class Credential(Base):
    """A secret that stands for a person, stored as its SHA-256: an invitation (once), a session or an API token."""

    __tablename__ = "credential"
    __table_args__ = (CheckConstraint("kind IN ('invitation', 'session', 'token')", name="kind"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(16))
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), index=True)
    digest: Mapped[str] = mapped_column(String(64), unique=True)
    name: Mapped[str] = mapped_column(String(200), default="")
    created_at: Mapped[datetime] = mapped_column(Instant)
    expires_at: Mapped[datetime | None] = mapped_column(Instant)


class Group(Base):
    """People who get what others do not: a batch can be for one group only."""

    __tablename__ = "annotator_group"

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(String(100), unique=True)
    created_at: Mapped[datetime] = mapped_column(Instant)


class Membership(Base):
    """Who is in which group."""

    __tablename__ = "group_member"

    group_id: Mapped[int] = mapped_column(ForeignKey("annotator_group.id", ondelete="CASCADE"), primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="CASCADE"), primary_key=True, index=True)


class Failure(Base):
    """One failed attempt at a password, by the key that is slowed down: an address and an email, or a person."""

    __tablename__ = "sign_in_failure"

    id: Mapped[int] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(String(400), index=True)
    at: Mapped[datetime] = mapped_column(Instant)


def label(person: Person) -> str:
    """How exports and pages name them: the email, or the name that the import gave."""
    return person.email or person.name
