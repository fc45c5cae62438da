"""The audit log: who did what to what, and when."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Index, String
from sqlalchemy.orm import Mapped, mapped_column

from app.storage.base import Base, Instant


class Entry(Base):
    """One act. Nothing refers to other tables, so that an entry outlives what it tells of; the database refuses to
    change one."""

    __tablename__ = "audit_entry"
    __table_args__ = (Index(None, "project_id", "id"), Index(None, "at"))

    id: Mapped[int] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(Instant)
    actor_id: Mapped[int | None]
    actor: Mapped[str] = mapped_column(String(320))
    action: Mapped[str] = mapped_column(String(64))
    project_id: Mapped[int | None]
    subject: Mapped[str] = mapped_column(String(320))
    details: Mapped[dict[str, Any]] = mapped_column(JSON)
    request_id: Mapped[str | None] = mapped_column(String(64))
