"""Attempts at a password: each counts as failed until it fits, and too many slow down.

A key says whose attempts they are: an address and an email for those who sign in, the person for those who have.
"""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, delete, func, select
from sqlalchemy.orm import Session

from app.domain.errors import TooManyAttempts
from app.domain.text import plain
from app.storage.people import Failure

PATIENCE = 5
OFFICE = 100
WINDOW = timedelta(minutes=15)


def slow_down(session: Session, key: str, now: datetime) -> None:
    """Raises TooManyAttempts when `key` failed five times in a quarter of an hour; the wait doubles with each more."""
    _slow_down(session, Failure.key == plain(key, 400), PATIENCE, now)


def slow_address_down(session: Session, address: str, now: datetime) -> None:
    """The same for all emails from one address together, once a hundred attempts failed: who tries one password on many
    emails reaches that, and an office whose people sit behind one address does not, since whoever gets in is forgiven."""
    _slow_down(session, Failure.key.startswith(f"{address} ", autoescape=True), OFFICE, now)


def note(session: Session, key: str, now: datetime) -> None:
    """Remembers an attempt as failed, and forgets the old ones."""
    forget(session, now)
    session.add(Failure(key=plain(key, 400), at=now))
    session.flush()


def forgive(session: Session, key: str) -> None:
    """Forgets what `key` failed."""
    session.execute(delete(Failure).where(Failure.key == plain(key, 400)))


def forget(session: Session, now: datetime) -> int:
    """Drops those that slow nobody down any more; returns how many."""
    return session.connection().execute(delete(Failure).where(Failure.at <= now - WINDOW)).rowcount


def _slow_down(session: Session, whose: ColumnElement[bool], patience: int, now: datetime) -> None:
    wanted = select(func.count(), func.max(Failure.at)).where(whose, Failure.at > now - WINDOW)
    count, last = session.execute(wanted).one()
    if count < patience:
        return
    wait = timedelta(seconds=min(2 ** (count - patience + 1), WINDOW.total_seconds()))
    if last + wait > now:
        raise TooManyAttempts(int((last + wait - now).total_seconds()) + 1)
