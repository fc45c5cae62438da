"""The queue and what came of it.

An assignment is one judgement slot. While the slot is free its row is `open`, without an annotator. Leased and done
rows have both. A row that lost its slot (skipped; expired and swept; a late extra) keeps its annotator, its token and
its preference, and has no slot: so an old token is always known, and nothing that someone did is ever overwritten.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.storage.base import Base, Instant


class Assignment(Base):
    """See above. `swapped` is the shown order: true when response b stands on the left."""

    __tablename__ = "assignment"
    __table_args__ = (
        UniqueConstraint("comparison_id", "slot"),
        CheckConstraint("state IN ('open', 'leased', 'done', 'skipped', 'expired')", name="state"),
        CheckConstraint("(state = 'open') = (annotator_id IS NULL)", name="open_is_nobodys"),
        CheckConstraint("slot IS NOT NULL OR state IN ('done', 'skipped', 'expired')", name="slotless"),
        CheckConstraint("state NOT IN ('skipped', 'expired') OR slot IS NULL", name="lost_its_slot"),
        CheckConstraint(
            "state <> 'leased' OR (lease_token IS NOT NULL AND lease_expires_at IS NOT NULL)", name="leased_has_lease"
        ),
        Index(
            "uq_assignment_comparison_annotator",
            "comparison_id",
            "annotator_id",
            unique=True,
            sqlite_where=text("state <> 'expired' AND annotator_id IS NOT NULL"),
            postgresql_where=text("state <> 'expired' AND annotator_id IS NOT NULL"),
        ),
        Index(
            "ix_assignment_queue",
            "batch_id",
            "rank",
            "comparison_id",
            "slot",
            sqlite_where=text("state = 'open'"),
            postgresql_where=text("state = 'open'"),
        ),
        Index(
            "ix_assignment_lease",
            "project_id",
            "lease_expires_at",
            sqlite_where=text("state = 'leased'"),
            postgresql_where=text("state = 'leased'"),
        ),
        Index("ix_assignment_annotator", "annotator_id", "project_id", "state"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    project_id: Mapped[int] = mapped_column(ForeignKey("project.id", ondelete="CASCADE"))
    batch_id: Mapped[int] = mapped_column(ForeignKey("batch.id", ondelete="CASCADE"))
    comparison_id: Mapped[int] = mapped_column(ForeignKey("comparison.id", ondelete="CASCADE"))
    slot: Mapped[int | None]
    rank: Mapped[int] = mapped_column(default=0)
    swapped: Mapped[bool]
    state: Mapped[str] = mapped_column(String(16), default="open")
    annotator_id: Mapped[int | None] = mapped_column(ForeignKey("person.id", ondelete="RESTRICT"))
    lease_token: Mapped[str | None] = mapped_column(String(64))
    leased_at: Mapped[datetime | None] = mapped_column(Instant)
    lease_expires_at: Mapped[datetime | None] = mapped_column(Instant)
    skip_reason: Mapped[str | None] = mapped_column(String(100))


class Preference(Base):
    """What an annotator answered; `strength` −3..3 is from a to b (positive: b is better), 0 a tie."""

    __tablename__ = "preference"
    __table_args__ = (
        CheckConstraint("strength BETWEEN -3 AND 3", name="strength"),
        Index(None, "project_id", "received_at"),
        Index(None, "comparison_id"),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    assignment_id: Mapped[int] = mapped_column(ForeignKey("assignment.id", ondelete="CASCADE"), unique=True)
    project_id: Mapped[int] = mapped_column(ForeignKey("project.id", ondelete="CASCADE"))
    comparison_id: Mapped[int] = mapped_column(ForeignKey("comparison.id", ondelete="CASCADE"))
    annotator_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="RESTRICT"))
    strength: Mapped[int]
    acceptable_a: Mapped[bool | None]
    acceptable_b: Mapped[bool | None]
    rationale: Mapped[str | None] = mapped_column(Text)
    started_at: Mapped[datetime | None] = mapped_column(Instant)
    submitted_at: Mapped[datetime | None] = mapped_column(Instant)
    received_at: Mapped[datetime] = mapped_column(Instant)
    active_ms: Mapped[int | None]
    late: Mapped[bool] = mapped_column(default=False)
    imported: Mapped[bool] = mapped_column(default=False)


class PreferenceHistory(Base):
    """A preference that no longer counts, whole: revised, withdrawn (undone), or a second late answer."""

    __tablename__ = "preference_history"
    __table_args__ = (CheckConstraint("why IN ('revised', 'withdrawn', 'superseded')", name="why"),)

    preference_id: Mapped[str] = mapped_column(String(36), primary_key=True)
    assignment_id: Mapped[int] = mapped_column(ForeignKey("assignment.id", ondelete="CASCADE"), index=True)
    annotator_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="RESTRICT"))
    why: Mapped[str] = mapped_column(String(16))
    content: Mapped[dict[str, Any]] = mapped_column(JSON)
    at: Mapped[datetime] = mapped_column(Instant)
