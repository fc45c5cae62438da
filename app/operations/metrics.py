"""What Prometheus may ask for. Counts are of this process, or of all web processes that share their folder."""

import os
from collections.abc import Callable, Iterable
from functools import lru_cache
from pathlib import Path

from prometheus_client import CollectorRegistry, Counter, Histogram, disable_created_metrics, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4 as CONTENT_TYPE
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

__all__ = ["CONTENT_TYPE", "exposition", "judgement", "leased", "request"]

SECONDS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30)
disable_created_metrics()  # type: ignore[no-untyped-call]
_registry = CollectorRegistry()
_requests = Counter("touchstone_requests", "Requests answered", ["method", "route", "status"], registry=_registry)
_seconds = Histogram(
    "touchstone_request_seconds", "Time to answer", ["method", "route"], buckets=SECONDS, registry=_registry
)
_judgements = Counter(
    "touchstone_judgements", "Judgements sent in, by what became of them", ["outcome"], registry=_registry
)
_leases = Counter("touchstone_leases", "Comparisons handed out", registry=_registry)
_empty = Counter(
    "touchstone_empty_answers", "Times that somebody asked and nothing was left for them", registry=_registry
)


def request(method: str, route: str, status: int, seconds: float) -> None:
    """Counts a request that was answered; `route` is the template of its path."""
    count, observe = _series(method, route, status)
    count()
    observe(seconds)


def judgement(outcome: str) -> None:
    """Counts a judgement that was sent in: stored, late or repeated."""
    _judgements.labels(outcome).inc()


def leased(number: int) -> None:
    """Counts an answer to somebody who asked for comparisons."""
    if number:
        _leases.inc(number)
    else:
        _empty.inc()


def exposition(queues: Iterable[tuple[str, int, int]] = ()) -> bytes:
    """Everything in Prometheus's text format; `queues` are project, slots in open batches, and judgements of them."""
    registry = _registry
    if "PROMETHEUS_MULTIPROC_DIR" in os.environ:
        registry = CollectorRegistry()
        _OfProcesses(registry)  # type: ignore[no-untyped-call]
    depth = CollectorRegistry()
    depth.register(_Queues(queues))
    return generate_latest(registry) + generate_latest(depth)


class _OfProcesses(MultiProcessCollector):
    """Of all processes; one that begins just now, or was killed then, has a file with nothing in it."""

    def collect(self) -> Iterable[Metric]:
        files = [str(file) for file in Path(self._path).glob("*.db") if file.stat().st_size]
        found: Iterable[Metric] = self.merge(files, accumulate=True)  # type: ignore[no-untyped-call]
        return found


class _Queues(Collector):
    def __init__(self, queues: Iterable[tuple[str, int, int]]) -> None:
        self.queues = list(queues)

    def collect(self) -> Iterable[GaugeMetricFamily]:
        wanted = GaugeMetricFamily("touchstone_queue_wanted", "Judgements that open batches want", labels=["project"])
        filled = GaugeMetricFamily("touchstone_queue_filled", "Those of them that are there", labels=["project"])
        for project, slots, done in self.queues:
            wanted.add_metric([project], slots)
            filled.add_metric([project], done)
        return [wanted, filled]


@lru_cache(maxsize=4096)
def _series(method: str, route: str, status: int) -> tuple[Callable[[], None], Callable[[float], None]]:
    return _requests.labels(method, route, status).inc, _seconds.labels(method, route).observe
