"""What a load comes to: times, rates, what it cost, and whether everything that was acknowledged is there."""

import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import psutil

from app.load.annotators import Record, Took


@dataclass(frozen=True)
class Times:
    """Milliseconds; None where there is nothing to take them from."""

    p50: float | None
    p95: float | None
    p99: float | None
    n: int


def times(taken: Iterable[Took]) -> Times:
    """Percentiles of requests: the smallest time that so many of them did not exceed."""
    sorted_ = sorted(took.seconds * 1000 for took in taken)
    if not sorted_:
        return Times(None, None, None, 0)
    p50, p95, p99 = (round(sorted_[-(-len(sorted_) * share // 100) - 1], 2) for share in (50, 95, 99))
    return Times(p50, p95, p99, len(sorted_))


def per_second(submits: Sequence[Took], since: float) -> float:
    """Judgements per second from `since` to the last of them."""
    span = max((took.at for took in submits), default=since) - since
    return round(len(submits) / span, 1) if span > 0 else 0.0


@dataclass(frozen=True)
class Cost:
    """CPU milliseconds per judgement of the server, the database and this process; None where no process is known.
    `foreign` is the share of the machine's CPU that everything else took."""

    server_ms: float | None
    database_ms: float | None
    client_ms: float
    foreign: float | None


class Meter:
    """CPU time from its making on, of processes with all of their children."""

    def __init__(self, server: Sequence[int] = (), database: Sequence[int] = ()) -> None:
        self._server, self._database = server, database
        self._before = self._now()

    def _now(self) -> tuple[float, float, float, float, float]:
        machine = psutil.cpu_times()
        busy = sum(getattr(machine, name, 0.0) for name in ("user", "nice", "system", "irq", "softirq", "steal"))
        return _cpu(self._server), _cpu(self._database), time.process_time(), busy, time.perf_counter()

    def cost(self, judgements: int) -> Cost:
        """What so many judgements took since the beginning; `foreign` only where the server's processes are known."""
        server, database, own, busy, wall = (
            after - before for before, after in zip(self._before, self._now(), strict=True)
        )
        each = 1000 / max(1, judgements)
        others = (busy - server - database - own) / wall / (psutil.cpu_count() or 1)
        return Cost(
            round(server * each, 2) if self._server else None,
            round(database * each, 2) if self._database else None,
            round(own * each, 2),
            round(max(0.0, others), 2) if self._server else None,
        )


def _cpu(pids: Iterable[int]) -> float:
    seconds = 0.0
    for pid in pids:
        try:
            root = psutil.Process(pid)
            tree = [root, *root.children(recursive=True)]
        except psutil.Error:
            continue
        for process in tree:
            try:
                taken = process.cpu_times()
            except psutil.Error:
                continue
            # those of children that ended meanwhile; elsewhere than on Linux they are not told
            gone = getattr(taken, "children_user", 0.0) + getattr(taken, "children_system", 0.0)
            seconds += taken.user + taken.system + gone
    return seconds


@dataclass(frozen=True)
class Kept:
    """The server's own export against what it acknowledged. `lost` are missing, `wrong` are somebody else's or another
    answer, `extra` are judgements beyond the overlap or a second one of the same person."""

    lost: int
    wrong: int
    extra: int


def kept(record: Record, exported: Iterable[dict[str, Any]]) -> Kept:
    """`exported` are the rows of an export of preferences of the same project."""
    found = {}
    judges: dict[str, list[str]] = {}
    for row in exported:
        found[row["id"]] = (row["external_id"], row["annotator"], row["strength_shown"])
        judges.setdefault(row["external_id"], []).append(row["annotator"])
    lost = wrong = 0
    for judgement in record.judgements:
        stored = found.get(judgement.id)
        lost += stored is None
        wrong += stored is not None and stored != judgement[1:]
    extra = sum(max(len(those) - record.overlap, len(those) - len(set(those)), 0) for those in judges.values())
    return Kept(lost, wrong, extra)
