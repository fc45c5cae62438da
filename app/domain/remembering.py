"""What takes seconds to find out and never changes, remembered for as long as its database is in use."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from threading import Lock
from typing import Generic, TypeVar
from weakref import WeakKeyDictionary

from sqlalchemy import Connection, Engine
from sqlalchemy.orm import Session

T = TypeVar("T")


class Remembered(Generic[T]):
    """The last `most` things of a kind, of each database."""

    def __init__(self, most: int) -> None:
        self._most, self._lock = most, Lock()
        self._of: WeakKeyDictionary[Engine | Connection, OrderedDict[Hashable, T]] = WeakKeyDictionary()

    def get(self, session: Session, key: Hashable, find: Callable[[], T]) -> T:
        """What `find` returned for this key, or returns now: two who ask at the same time may both find it."""
        with self._lock:
            known = self._of.setdefault(session.get_bind(), OrderedDict())
            if key in known:
                known.move_to_end(key)
                return known[key]
        found = find()
        with self._lock:
            known[key] = found
            while len(known) > self._most:
                known.popitem(last=False)
        return found
