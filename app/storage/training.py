"""Snapshots and training runs."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, ForeignKey, LargeBinary, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, deferred, mapped_column

from app.storage.base import Base, Instant, index_where


class Snapshot(Base):
    """An immutable selection of preferences: gzipped JSON lines, named by the SHA-256 of the lines."""

    __tablename__ = "snapshot"
    __table_args__ = (UniqueConstraint("project_id", "digest"),)

    id: Mapped[int] = mapped_column(primary_key=True)
    project_id: Mapped[int] = mapped_column(ForeignKey("project.id", ondelete="CASCADE"))
    digest: Mapped[str] = mapped_column(String(64))
    counts: Mapped[dict[str, Any]] = mapped_column(JSON)
    content: Mapped[bytes] = deferred(mapped_column(LargeBinary))
    created_at: Mapped[datetime] = mapped_column(Instant)


class TrainingRun(Base):
    """One retraining; a project has one at a time that is not over. `machine` is what it ran on, as the worker saw it."""

    __tablename__ = "training_run"
    __table_args__ = (
        CheckConstraint("state IN ('requested', 'running', 'succeeded', 'failed', 'cancelled')", name="state"),
        index_where("uq_training_run_active", "state IN ('requested', 'running')", "project_id", unique=True),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    project_id: Mapped[int] = mapped_column(ForeignKey("project.id", ondelete="CASCADE"), index=True)
    state: Mapped[str] = mapped_column(String(16), default="requested")
    requested_by: Mapped[int | None] = mapped_column(ForeignKey("person.id", ondelete="SET NULL"))
    requested_at: Mapped[datetime] = mapped_column(Instant)
    started_at: Mapped[datetime | None] = mapped_column(Instant)
    finished_at: Mapped[datetime | None] = mapped_column(Instant)
    cancel_requested: Mapped[bool] = mapped_column(default=False)
    config: Mapped[dict[str, Any]] = mapped_column(JSON)
    snapshot_id: Mapped[int | None] = mapped_column(ForeignKey("snapshot.id", ondelete="RESTRICT"))
    step: Mapped[int] = mapped_column(default=0)
    steps: Mapped[int] = mapped_column(default=0)
    metrics: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    artefact: Mapped[str | None] = mapped_column(String(1000))
    promoted_at: Mapped[datetime | None] = mapped_column(Instant)
    verdict: Mapped[str | None] = mapped_column(Text)
    error: Mapped[str | None] = mapped_column(Text)
    machine: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))


class TrainingPoint(Base):
    """One point of a run's curves."""

    __tablename__ = "training_point"

    run_id: Mapped[int] = mapped_column(ForeignKey("training_run.id", ondelete="CASCADE"), primary_key=True)
    step: Mapped[int] = mapped_column(primary_key=True)
    loss: Mapped[float]
    accuracy: Mapped[float | None]
    elapsed_s: Mapped[float]


class LogLine(Base):
    """What the worker said while it performed a run."""

    __tablename__ = "training_log"

    id: Mapped[int] = mapped_column(primary_key=True)
    run_id: Mapped[int] = mapped_column(ForeignKey("training_run.id", ondelete="CASCADE"), index=True)
    at: Mapped[datetime] = mapped_column(Instant)
    text: Mapped[str] = mapped_column(Text)


class Reward(Base):
    """The reward that a run's model gives to a response of its snapshot."""

    __tablename__ = "reward"

    run_id: Mapped[int] = mapped_column(ForeignKey("training_run.id", ondelete="CASCADE"), primary_key=True)
    response_id: Mapped[int] = mapped_column(ForeignKey("response.id", ondelete="CASCADE"), primary_key=True)
    reward: Mapped[float]
