"""A lock that is given in the order in which it was asked for."""

import threading
from collections import deque


class Turns:
    """Whoever waits for SQLite's own lock polls it, and may be overtaken for ever; who waits here is not."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._taken = False
        self._waiting: deque[threading.Lock] = deque()

    def acquire(self, patience: float) -> bool:
        """True when it is the caller's turn; False when it was not within `patience` seconds."""
        with self._guard:
            if not self._taken:
                self._taken = True
                return True
            place = threading.Lock()
            place.acquire()
            self._waiting.append(place)
        if place.acquire(timeout=patience):
            return True
        with self._guard:
            if place not in self._waiting:  # it was given just now
                return True
            self._waiting.remove(place)
            return False

    def release(self) -> None:
        """Gives it to whoever has waited longest. Any thread may do so."""
        with self._guard:
            if self._waiting:
                self._waiting.popleft().release()
            else:
                self._taken = False
