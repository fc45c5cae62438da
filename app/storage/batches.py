"""What was uploaded: batches, the rows they refused, prompts and responses."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, Index, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from app.storage.base import Base, Instant, index_where


class Batch(Base):
    """One upload. Its row is committed together with everything in it: a broken upload leaves no batch.

    Its `purpose` is to be judged, or else it is gold to practise or to qualify with, which has no slots.

    `overlap` and `slots` are of its upload. Nobody judges more than `max_per_annotator` of it; with `group_id` only the
    members of that group get any.
    """

    __tablename__ = "batch"
    __table_args__ = (
        CheckConstraint("state IN ('draft', 'open', 'paused', 'closed')", name="state"),
        CheckConstraint("max_per_annotator >= 1", name="max_per_annotator"),
        CheckConstraint("purpose IN ('judging', 'practice', 'qualification')", name="purpose"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    project_id: Mapped[int] = mapped_column(ForeignKey("project.id", ondelete="CASCADE"), index=True)
    name: Mapped[str] = mapped_column(String(200))
    state: Mapped[str] = mapped_column(String(16), default="draft")
    purpose: Mapped[str] = mapped_column(String(16), default="judging")
    priority: Mapped[int] = mapped_column(default=0)
    overlap: Mapped[int] = mapped_column(default=1)
    max_per_annotator: Mapped[int | None]
    group_id: Mapped[int | None] = mapped_column(ForeignKey("annotator_group.id"))
    file_digest: Mapped[str] = mapped_column(String(64))
    created_by: Mapped[int | None] = mapped_column(ForeignKey("person.id", ondelete="SET NULL"))
    created_at: Mapped[datetime] = mapped_column(Instant)
    rows: Mapped[int] = mapped_column(default=0)
    comparisons: Mapped[int] = mapped_column(default=0)
    slots: Mapped[int] = mapped_column(default=0)
    judgements: Mapped[int] = mapped_column(default=0)
    duplicates: Mapped[int] = mapped_column(default=0)
    rejected: Mapped[int] = mapped_column(default=0)


class RowError(Base):
    """Why one line of an upload was refused."""

    __tablename__ = "row_error"

    id: Mapped[int] = mapped_column(primary_key=True)
    batch_id: Mapped[int] = mapped_column(ForeignKey("batch.id", ondelete="CASCADE"), index=True)
    line: Mapped[int]
    field: Mapped[str] = mapped_column(String(200))
    reason: Mapped[str] = mapped_column(Text)


class Prompt(Base):
    """A conversation that ends with a user turn; `digest` is the SHA-256 of its canonical JSON.

    `held_out` is decided for the first snapshot that holds the prompt, for good.
    """

    __tablename__ = "prompt"
    __table_args__ = (UniqueConstraint("project_id", "digest"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    project_id: Mapped[int] = mapped_column(ForeignKey("project.id", ondelete="CASCADE"))
    digest: Mapped[str] = mapped_column(String(64))
    messages: Mapped[list[dict[str, str]]] = mapped_column(JSON)
    held_out: Mapped[bool | None]


class Response(Base):
    """One candidate answer; the same text from two generators is two responses."""

    __tablename__ = "response"
    __table_args__ = (UniqueConstraint("prompt_id", "digest"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    prompt_id: Mapped[int] = mapped_column(ForeignKey("prompt.id", ondelete="CASCADE"))
    digest: Mapped[str] = mapped_column(String(64))
    text: Mapped[str] = mapped_column(Text)
    generator: Mapped[str | None] = mapped_column(String(500))


class Comparison(Base):
    """Two responses to one prompt; `identity` is the row's own id or, without one, the hash of its content. What is gold
    may have an `explanation` of its answer."""

    __tablename__ = "comparison"
    __table_args__ = (
        UniqueConstraint("project_id", "identity"),
        CheckConstraint("response_a_id <> response_b_id", name="distinct_responses"),
        CheckConstraint("gold IN ('a', 'b', 'tie')", name="gold"),
        Index(None, "batch_id", "id"),
        Index(None, "project_id", "id"),
        index_where("ix_comparison_gold", "gold IS NOT NULL", "project_id", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    project_id: Mapped[int] = mapped_column(ForeignKey("project.id", ondelete="CASCADE"))
    batch_id: Mapped[int] = mapped_column(ForeignKey("batch.id", ondelete="CASCADE"))
    prompt_id: Mapped[int] = mapped_column(ForeignKey("prompt.id", ondelete="CASCADE"))
    response_a_id: Mapped[int] = mapped_column(ForeignKey("response.id", ondelete="CASCADE"))
    response_b_id: Mapped[int] = mapped_column(ForeignKey("response.id", ondelete="CASCADE"))
    identity: Mapped[str] = mapped_column(String(300))
    external_id: Mapped[str | None] = mapped_column(String(200))
    priority: Mapped[int] = mapped_column(default=0)
    gold: Mapped[str | None] = mapped_column(String(3))
    explanation: Mapped[str | None] = mapped_column(Text)
    details: Mapped[dict[str, Any] | None] = mapped_column("metadata", JSON(none_as_null=True))
