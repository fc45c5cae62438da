"""What the worker says of a run while it performs it: a few lines for people, not a file of everything."""

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from app.storage.training import LogLine

MOST = 300
LONGEST = 500


def say(session: Session, run_id: int, text: str, now: datetime) -> None:
    """Adds a line, cut to LONGEST characters; what comes after the first MOST lines of a run is not kept."""
    there = session.scalar(select(func.count()).select_from(LogLine).where(LogLine.run_id == run_id)) or 0
    if there < MOST:
        session.add(LogLine(run_id=run_id, at=now, text=text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"))
        session.flush()


def lines(session: Session, run_id: int, after: int = 0) -> list[LogLine]:
    """The lines of a run in order, those with a greater id than `after`."""
    wanted = select(LogLine).where(LogLine.run_id == run_id, LogLine.id > after)
    return list(session.scalars(wanted.order_by(LogLine.id)))
