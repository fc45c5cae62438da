"""A project: one study."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, CheckConstraint, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.storage.base import Base, Instant


class Project(Base):
    """Its guidelines and rules. Its reward model is the training run that was promoted last.

    `overlap` and `spread` hold for what is uploaded from then on. With `spread` every comparison of a batch gets its
    first judgement before any gets its second; without, one comparison is finished after the other.

    `asks` is what a judgement has beside its strength (app/domain/asking.py), `asks_since` when that changed last: what
    was handed out before may be answered as it was asked. With `pass_mark`, in percent, only those work here who have
    qualified, by a quiz of `quiz_questions` (None: all there are) in at most `quiz_attempts` (None: any). `guidelines` is the newest of its versions, `guidelines_version` the number of that one, 0 for none.
    `session_goal` is how many judgements the desk suggests for one sitting.
    """

    __tablename__ = "project"
    __table_args__ = (
        CheckConstraint("overlap BETWEEN 1 AND 100", name="overlap"),
        CheckConstraint("retrain_every >= 0", name="retrain_every"),
        CheckConstraint("max_per_annotator >= 1", name="max_per_annotator"),
        CheckConstraint("pass_mark BETWEEN 1 AND 100", name="pass_mark"),
        CheckConstraint("quiz_questions >= 1", name="quiz_questions"),
        CheckConstraint("quiz_attempts >= 1", name="quiz_attempts"),
        CheckConstraint("session_goal >= 1", name="session_goal"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(String(100), unique=True)
    name: Mapped[str] = mapped_column(String(200))
    guidelines: Mapped[str] = mapped_column(Text, default="")
    overlap: Mapped[int] = mapped_column(default=1)
    base_model: Mapped[str] = mapped_column(String(500), default="")
    retrain_every: Mapped[int] = mapped_column(default=0)
    max_per_annotator: Mapped[int | None]
    spread: Mapped[bool] = mapped_column(default=False)
    asks: Mapped[dict[str, Any] | None] = mapped_column(JSON(none_as_null=True))
    asks_since: Mapped[datetime | None] = mapped_column(Instant)
    guidelines_version: Mapped[int] = mapped_column(default=0)
    pass_mark: Mapped[int | None]
    quiz_questions: Mapped[int | None]
    quiz_attempts: Mapped[int | None]
    session_goal: Mapped[int | None]
    created_at: Mapped[datetime] = mapped_column(Instant)
