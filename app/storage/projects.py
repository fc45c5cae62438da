"""A project: one study."""

from datetime import datetime

from sqlalchemy import CheckConstraint, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from app.storage.base import Base, Instant


class Project(Base):
    """Its guidelines and rules. Its reward model is the training run that was promoted last."""

    __tablename__ = "project"
    __table_args__ = (
        CheckConstraint("overlap BETWEEN 1 AND 100", name="overlap"),
        CheckConstraint("retrain_every >= 0", name="retrain_every"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    slug: Mapped[str] = mapped_column(String(100), unique=True)
    name: Mapped[str] = mapped_column(String(200))
    guidelines: Mapped[str] = mapped_column(Text, default="")
    overlap: Mapped[int] = mapped_column(default=1)
    base_model: Mapped[str] = mapped_column(String(500), default="")
    retrain_every: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime] = mapped_column(Instant)
