"""Threads of several processes at the same queue: each person in a tab of each process, leases that run out at once."""

import multiprocessing
import random
import threading
import time
import uuid
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from app.domain import assignments, people, preferences, projects
from app.domain.errors import Conflict
from app.domain.preferences import Answer
from app.storage.session import make_engine, make_sessions, perform
from app.vocabulary import Role
from tests.domain.test_importing import take
from tests.torture.verdict import Stored, Verdict, check_answers, check_queue

LEASE = timedelta(seconds=0.5)
PROCESSES = 2
PEOPLE = 6
COMPARISONS = {1: 120, 3: 60}
EMPTY = 5  # times that somebody looks again when there is nothing


@dataclass
class Tab:
    """One person in one process."""

    sessions: object
    project: int
    person: int
    email: str
    rng: random.Random
    busy: bool
    acknowledged: dict[str, dict] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)

    def do(self, work):
        return perform(self.sessions, lambda session: work(session, datetime.now(UTC)))

    def work(self):
        deeds = {self.answer: 8, self.answer_late: 2, self.skip: 1, self.abandon: 1} if self.busy else {self.answer: 1}
        try:
            empty = 0
            while empty < EMPTY:
                tasks = self.claim(self.rng.randint(1, 3))
                for task in tasks:
                    self.rng.choices(list(deeds), list(deeds.values()))[0](task)
                empty = 0 if tasks else empty + 1
                if not tasks:
                    time.sleep(0.1)
        except Exception as error:
            self.failures.append(repr(error))

    def claim(self, number):
        return self.do(lambda s, now: assignments.next_tasks(s, self.project, self.person, number, now, LEASE))

    def answer(self, task):
        answer = Answer(str(uuid.uuid4()), task.lease_token, self.rng.randint(-3, 3))
        swapped = task.left.startswith("b")
        stored = self.submit(task, answer)
        if self.rng.random() < 0.2:
            again = self.submit(task, answer)
            assert (again.id, again.strength, again.repeated) == (answer.id, answer.strength, True)
        self.acknowledged[answer.id] = {
            "id": answer.id, "person": self.email, "name": task.external_id, "strength": answer.strength,
            "swapped": swapped, "late": stored.late, "status": stored.status,
            "doubtful": True,  # an answer of the other tab may have taken its place
        }  # fmt: skip

    def submit(self, task, answer):
        return self.do(lambda s, now: preferences.submit(s, task.id, self.person, answer, now))

    def answer_late(self, task):
        time.sleep(LEASE.total_seconds() + 0.1)
        self.answer(task)

    def skip(self, task):
        def work(session, _now):
            return assignments.skip(session, task.id, self.person, task.lease_token, "other")

        try:
            self.do(work)
        except Conflict:  # it ran out, and the other tab has it or has judged it
            assert task.expires_at <= datetime.now(UTC)

    def abandon(self, task):
        """Does nothing: the lease runs out."""


def work(url, project, crowd, busy, seed=0):
    """What is done in one process: what was acknowledged, and what went wrong. Who is not `busy` only answers."""
    engine = make_engine(url)
    sessions = make_sessions(engine)
    tabs = [Tab(sessions, project, *person, random.Random(f"{seed}/{person}"), busy) for person in crowd]
    threads = [threading.Thread(target=tab.work) for tab in tabs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    engine.dispose()
    return {key: told for tab in tabs for key, told in tab.acknowledged.items()}, [f for t in tabs for f in t.failures]


def test_many_threads_and_processes_keep_every_answer_once(engine, database_url):
    sessions, now = make_sessions(engine), datetime.now(UTC)
    names = [f"p{n}@example.org" for n in range(PEOPLE + max(COMPARISONS))]
    overlap = {}
    with sessions.begin() as session:
        project = projects.create(session, "study", "", now)
        crowd = [(people.add(session, name, "", Role.annotator, now)[0].id, name) for name in names]
        for wanted, number in COMPARISONS.items():
            rows = [
                {"id": f"{wanted}-{n}", "prompt": f"Why {wanted} {n}?", "response_a": f"a{n}", "response_b": f"b{n}"}
                for n in range(number)
            ]
            overlap |= {row["id"]: wanted for row in rows}
            take(session, project, lambda: now, rows, overlap=wanted)
        project = project.id
    busy, fresh = crowd[:PEOPLE], crowd[PEOPLE:]
    answers = {}
    with ProcessPoolExecutor(PROCESSES, mp_context=multiprocessing.get_context("spawn")) as pool:
        found = [pool.submit(work, database_url, project, busy, True, n) for n in range(PROCESSES)]
        for told, failures in (one.result() for one in found):
            assert failures == []
            answers |= told
    time.sleep(LEASE.total_seconds())
    told, failures = work(database_url, project, fresh, busy=False)
    assert failures == []
    verdict, stored = Verdict(), Stored(database_url)
    check_answers(verdict, answers | told, stored)
    check_queue(verdict, stored, overlap)
    assert verdict.good, dict(verdict.wrong)
    assert any(row["slot"] is None for row in stored.preferences), "nobody was late enough"
