"""The current reward model of each project, in memory."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from threading import Lock

from app.domain.errors import DomainError
from app.reward import export
from app.reward.data import Item
from app.serving.scoring import Current, current
from app.storage.session import Sessions, reading

RETRY = timedelta(seconds=30)
log = logging.getLogger("touchstone.serving")


class Unavailable(DomainError):
    """The project's reward model cannot be loaded; the message says why."""


class Served:
    """A reward model in memory, for any number of threads. Raises Unavailable when it cannot be loaded as it was saved."""

    def __init__(self, found: Current) -> None:
        self.current = found
        self._lock = Lock()
        try:
            self._model = export.load(found.artefact)
        except Exception as error:  # no folder, damaged weights, other rewards than when it was saved …
            what = f"The reward model of {found.project} (run {found.run})"
            raise Unavailable(f"{what} cannot be loaded: {error}") from error

    def score(self, items: Sequence[Item]) -> tuple[list[float], int]:
        """The reward of each item in float32 arithmetic, and how many were cut to the model's greatest length."""
        with self._lock:  # neither the tokenizer nor the processor gains from a second thread
            encoded, cut = self._model.encode(items)
            return self._model.score_encoded(encoded).tolist(), cut


@dataclass(frozen=True)
class State:
    """What answers for a project: a run and its snapshot; `failed_run` is the current one if it cannot be loaded."""

    project: str
    run: int | None
    snapshot: str | None
    failed_run: int | None


@dataclass(frozen=True)
class _Failure:
    current: Current
    reason: str
    until: datetime


class Models:
    """Loads a project's model when it is first asked for, and another when that has become current."""

    def __init__(self, sessions: Sessions, clock: Callable[[], datetime]) -> None:
        self._sessions, self._clock = sessions, clock
        self._served: dict[str, Served] = {}
        self._failures: dict[str, _Failure] = {}
        self._loading = Lock()

    def of(self, slug: str) -> Served:
        """The project's current model.

        The request that finds another one current loads it. Meanwhile all others are answered by the older one, and
        so is everybody while the other one cannot be loaded, which is tried again every half a minute.
        Raises NotFound, Conflict without a model, Unavailable.
        """
        wanted, served = self._current(slug), self._served.get(slug)
        if served is not None and served.current == wanted:
            self._failures.pop(slug, None)
            return served
        # one load at a time for all projects: transformers patches torch while it loads
        if not self._loading.acquire(blocking=served is None):
            assert served is not None  # noqa: S101
            return served
        try:
            return self._renewed(slug)
        finally:
            self._loading.release()

    def states(self) -> list[State]:
        """What was loaded, or could not be, by project."""
        served, failures = self._served.copy(), self._failures.copy()
        found = {slug: State(slug, one.current.run, one.current.snapshot, None) for slug, one in served.items()}
        for slug, failure in failures.items():
            found[slug] = replace(found.get(slug) or State(slug, None, None, None), failed_run=failure.current.run)
        return [found[slug] for slug in sorted(found)]

    def _current(self, slug: str) -> Current:
        with reading(self._sessions) as session:
            return current(session, slug)

    def _renewed(self, slug: str) -> Served:
        wanted = self._current(slug)  # another one may have become current, or been loaded, while this thread waited
        served, failure = self._served.get(slug), self._failures.get(slug)
        if served is not None and served.current == wanted:
            return served
        if failure is None or failure.current != wanted or failure.until <= self._clock():
            try:
                self._served[slug] = Served(wanted)
            except Unavailable as error:
                log.warning("%s", error)
                failure = self._failures[slug] = _Failure(wanted, str(error), self._clock() + RETRY)
            else:
                self._failures.pop(slug, None)
                return self._served[slug]
        if served is None:
            raise Unavailable(failure.reason)
        return served
