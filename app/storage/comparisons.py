"""The queue and what came of it.

An assignment is one judgement slot. While the slot is free its row is `open`, without an annotator. Leased and done
rows have both. A row that lost its slot (skipped; expired and swept; a late extra) keeps its annotator, its token and
its preference, and has no slot: so an old token is always known, and nothing that someone did is ever overwritten.
"""

from datetime import datetime
from typing import Any

from sqlalchemy import (
    JSON,
    CheckConstraint,
    Computed,
    ForeignKey,
    Index,
    String,
    Text,
    UniqueConstraint,
    literal_column,
)
from sqlalchemy.orm import Mapped, mapped_column

from app.storage.base import Base, Instant, index_where

# states as they are written out in a statement: a planner takes an index of some rows only where it sees which are meant
OPEN, LEASED, DONE, SKIPPED = (literal_column(f"'{state}'", String) for state in ("open", "leased", "done", "skipped"))


class Assignment(Base):
    """See above. `swapped` is the shown order: true when response b stands on the left.

    `holder_id` is the annotator, unless time took the lease: who has it, or had it and is not to get it again. It is a
    column of its own so that no planner takes its index for one of all that an annotator ever had.

    Of a batch's free slots those are handed out first that have the smallest `rank`, then `id`. A slot that `pinned_to`
    reserves for a person goes to nobody else.
    """

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
        CheckConstraint("pinned_to IS NULL OR annotator_id IS NULL OR annotator_id = pinned_to", name="pinned"),
        index_where(
            "uq_assignment_comparison_annotator", "holder_id IS NOT NULL", "comparison_id", "holder_id", unique=True
        ),
        # what an annotator passed by in a batch, so that a claim begins where the last one ended
        index_where(
            "ix_assignment_mine",
            "lease_token IS NOT NULL AND pinned_to IS NULL",
            "annotator_id",
            "batch_id",
            "rank",
            "id",
        ),
        index_where("ix_assignment_queue", "state = 'open' AND pinned_to IS NULL", "batch_id", "rank", "id"),
        index_where("ix_assignment_pinned", "state = 'open' AND pinned_to IS NOT NULL", "pinned_to", "batch_id", "id"),
        index_where("ix_assignment_held", "state = 'leased'", "annotator_id", "project_id", "lease_expires_at"),
        # of the same rows, in words by which a planner cannot take it for the one before
        index_where("ix_assignment_expiry", "state = 'leased' AND lease_expires_at IS NOT NULL", "lease_expires_at"),
        # what reviewers look for
        index_where("ix_assignment_skipped", "state = 'skipped'", "project_id", "comparison_id"),
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
    pinned_to: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    holder_id: Mapped[int | None] = mapped_column(Computed("CASE WHEN state <> 'expired' THEN annotator_id END"))


class Tally(Base):
    """How many judgements an annotator has given in a batch, and how many of them fill a slot: kept by whoever stores
    or takes back a judgement, since counting them would take longer the more there are."""

    __tablename__ = "tally"
    __table_args__ = (CheckConstraint("filled >= 0 AND judged >= filled", name="counts"),)

    batch_id: Mapped[int] = mapped_column(ForeignKey("batch.id", ondelete="CASCADE"), primary_key=True)
    annotator_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="RESTRICT"), primary_key=True)
    judged: Mapped[int] = mapped_column(default=0)
    filled: Mapped[int] = mapped_column(default=0)


class Preference(Base):
    """What an annotator answered; `strength` −3..3 is from a to b (positive: b is better), 0 a tie.

    `swapped` is the order in which this answer was given: a late one may land on a later lease with another order.
    `criteria` has a strength, from a to b too, by the key of each criterion of the project; `flags` names what a reviewer
    should look at.
    """

    __tablename__ = "preference"
    __table_args__ = (
        CheckConstraint("strength BETWEEN -3 AND 3", name="strength"),
        Index(None, "project_id", "received_at"),
        Index(None, "annotator_id", "project_id", "received_at"),
        Index(None, "comparison_id"),
        index_where("ix_preference_flagged", "flags IS NOT NULL", "project_id", "comparison_id"),
        index_where("ix_preference_late", "late", "project_id", "comparison_id", on_sqlite="late = 1"),
    )

    id: Mapped[str] = mapped_column(String(36), primary_key=True)
    assignment_id: Mapped[int] = mapped_column(ForeignKey("assignment.id", ondelete="CASCADE"), unique=True)
    project_id: Mapped[int] = mapped_column(ForeignKey("project.id", ondelete="CASCADE"))
    comparison_id: Mapped[int] = mapped_column(ForeignKey("comparison.id", ondelete="CASCADE"))
    annotator_id: Mapped[int] = mapped_column(ForeignKey("person.id", ondelete="RESTRICT"))
    strength: Mapped[int]
    swapped: Mapped[bool] = mapped_column(default=False)
    acceptable_a: Mapped[bool | None]
    acceptable_b: Mapped[bool | None]
    criteria: Mapped[dict[str, int] | None] = mapped_column(JSON(none_as_null=True))
    flags: Mapped[list[str] | None] = mapped_column(JSON(none_as_null=True))
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
