"""The queue against a model of it: whatever annotators, admins and imports do in whatever order, the database holds
what the model says, and hands out what the model allows.

QUEUE_MACHINE_EXAMPLES sets how many histories are tried on each database.
"""

import os
import uuid
from dataclasses import replace
from functools import partial

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule, run_state_machine_as_test
from sqlalchemy import delete, event

from app.domain import assignments, preferences
from app.domain.errors import Invalid, NotFound
from app.domain.preferences import Answer
from app.storage import leases
from app.storage.session import make_sessions
from app.storage.tables import (
    Assignment,
    Group,
    Membership,
    Person,
    Preference,
    PreferenceHistory,
    Project,
    Tally,
)
from tests.domain.queue.administering import Administered
from tests.domain.queue.drawing import ACCEPTABLE, STRENGTHS, answered, chosen, seats, seats_in, some, staff
from tests.domain.queue.model import LEASE, Free, Kept

EXAMPLES = int(os.environ.get("QUEUE_MACHINE_EXAMPLES", "30"))


class Queue(Administered, RuleBasedStateMachine):
    """Each rule is one transaction, a second after the one before."""

    def teardown(self):
        with self.sessions.begin() as session:
            for table in (PreferenceHistory, Preference, Assignment, Tally, Project, Membership, Group, Person):
                session.execute(delete(table))

    @some(staff)
    @rule(person=chosen(staff), count=st.integers(1, 4))
    def claim(self, person, count):
        tasks = self.act(lambda s: assignments.next_tasks(s, self.project, person, count, self.now, LEASE))
        assert len(tasks) <= count
        self.handed(person, tasks, len(tasks) < count)

    @some(staff)
    @rule(person=chosen(staff), count=st.integers(1, 4))
    def claim_in_another_tab(self, person, count):
        self.claim(person, count)

    @some(staff)
    @rule(person=chosen(staff), count=st.integers(1, 4))
    def resume(self, person, count):
        held = self.held(person)
        tasks = self.act(lambda s: assignments.resume(s, self.project, person, count, self.now, LEASE))
        assert [task.id for task in tasks[: len(held)]] == [seat.id for seat in held]
        for seat, task in zip(held, tasks, strict=False):
            seat.expires = self.now + LEASE
            self.shows(seat, task)
        assert len(tasks) <= max(count, len(held))
        self.handed(person, tasks[len(held) :], len(tasks) < count)

    @some(seats)
    @rule(seat=chosen(seats), strength=STRENGTHS, acceptable=ACCEPTABLE)
    def submit(self, seat, strength, acceptable):
        self.send(seat, Answer(str(uuid.uuid4()), seat.token, strength, *acceptable))

    @some(seats_in("expired"))
    @rule(seat=chosen(seats_in("expired")), strength=STRENGTHS)
    def submit_late(self, seat, strength):
        self.send(seat, Answer(str(uuid.uuid4()), seat.token, strength))

    @some(seats_in("leased"))
    @rule(seat=chosen(seats_in("leased")), strength=STRENGTHS, acceptable=ACCEPTABLE)
    def submit_in_time(self, seat, strength, acceptable):
        self.send(seat, Answer(str(uuid.uuid4()), seat.token, strength, *acceptable))

    @some(answered)
    @rule(kept=chosen(answered), strength=STRENGTHS)
    def submit_again(self, kept, strength):
        """The same id, with the same or another strength, on the row it was sent for."""
        seat = self.seats[kept.seat]
        self.send(seat, Answer(kept.id, seat.token, strength, *kept.acceptable))

    @some(answered)
    @some(seats)
    @rule(kept=chosen(answered), seat=chosen(seats), strength=STRENGTHS)
    def submit_with_a_used_id(self, kept, seat, strength):
        self.send(seat, Answer(kept.id.upper(), seat.token, strength))

    def send(self, seat, answer):
        """Submits, and says what must come of it."""
        number = answer.id.lower()
        work = partial(preferences.submit, assignment_id=seat.id, annotator_id=seat.person, answer=answer)
        if answer.acceptable_left is not None and answer.acceptable_right is not None:
            better = answer.acceptable_right - answer.acceptable_left
            if better and answer.strength * better <= 0:  # the worse one will do, and the better one will not
                return self.refused(lambda s: work(s, now=self.now), Invalid)
        earlier = self.kept.get(number)
        if earlier and (earlier.comparison, earlier.person) != (seat.comparison, seat.person):
            return self.refused(lambda s: work(s, now=self.now))
        if earlier is None and (seat.state == "skipped" or self.settled(seat)):
            return self.refused(lambda s: work(s, now=self.now))
        stored = self.act(lambda s: work(s, now=self.now))
        assert (stored.id, stored.assignment_id, stored.project_id) == (number, seat.id, self.project)
        if earlier:
            slot = earlier.why is None and self.seats[earlier.seat].slot is not None
            assert stored.repeated
            assert (stored.strength, stored.late, stored.slot) == (earlier.strength, earlier.late, slot)
            assert stored.status == (earlier.why or "stored")
            return None
        new = Kept(
            number, seat.id, seat.comparison, seat.person, answer.strength,
            (answer.acceptable_left, answer.acceptable_right), seat.swapped,
            seat.state == "expired" or (seat.state == "leased" and seat.expires < self.now), self.now,
        )  # fmt: skip
        other = self.live(seat.comparison, seat.person)
        if seat.state == "expired" and other and other.state != "leased":
            new.why = "superseded"
            slot = None
        else:
            landed = other or seat
            if landed.state == "expired":
                self.take_slot(landed)
            elif landed.state == "done":
                (old,) = [kept for kept in self.kept.values() if kept.seat == landed.id and kept.why is None]
                old.why, new.late = "revised", old.late
            landed.state, new.seat, slot = "done", landed.id, landed.slot
        self.kept[number] = new
        assert (stored.strength, stored.late, stored.repeated) == (answer.strength, new.late, False)
        assert (stored.status, stored.slot) == (new.why or "stored", slot is not None)

    @some(seats)
    @rule(seat=chosen(seats), intruder=chosen(lambda self: self.people), strength=STRENGTHS)
    def wrong_token(self, seat, intruder, strength):
        answer = Answer(str(uuid.uuid4()), "guess", strength)
        self.refused(lambda s: preferences.submit(s, seat.id, seat.person, answer, self.now))
        if intruder != seat.person:
            stolen = replace(answer, lease_token=seat.token)
            self.refused(lambda s: preferences.submit(s, seat.id, intruder, stolen, self.now))
            self.refused(lambda s: assignments.skip(s, seat.id, intruder, seat.token, "other"))
            self.refused(lambda s: assignments.give_back(s, seat.id, intruder, seat.token))
        self.refused(lambda s: preferences.submit(s, 10**9, seat.person, answer, self.now), NotFound)

    @some(seats)
    @rule(seat=chosen(seats))
    def skip(self, seat):
        other = self.live(seat.comparison, seat.person)
        work = partial(assignments.skip, assignment_id=seat.id, annotator_id=seat.person, lease_token=seat.token)
        if seat.state == "done" or (seat.state == "expired" and other):
            return self.refused(lambda s: work(s, reason="other"))
        row, repeated = self.act(lambda s: work(s, reason="unclear"))
        assert (row.id, row.state, repeated) == (seat.id, "skipped", seat.state == "skipped")
        if seat.state == "leased":
            self.returns(seat, None)
        for slot, free in self.pairs[seat.comparison].free.items():
            if free.pinned == seat.person:  # a lease ran out, and what is reserved waited for them again
                self.pairs[seat.comparison].free[slot] = Free(leases.RETURNED)
        seat.state = "skipped"

    @some(seats_in("leased", "skipped", "expired"))
    @rule(seat=chosen(seats_in("leased", "skipped", "skipped", "expired")))
    def unskip(self, seat):
        work = partial(assignments.unskip, assignment_id=seat.id, annotator_id=seat.person, lease_token=seat.token)
        self.take_back(seat, work)

    def take_back(self, seat, work):
        slots = [free for free in self.pairs[seat.comparison].free.values() if free.pinned in (None, seat.person)]
        if seat.state == "leased":
            return self.shows(seat, self.act(lambda s: work(s, now=self.now, lease=LEASE)))
        if seat.state == "expired" or not slots or not self.may_have(seat.person, self.pairs[seat.comparison].batch):
            return self.refused(lambda s: work(s, now=self.now, lease=LEASE))
        task = self.act(lambda s: work(s, now=self.now, lease=LEASE))
        self.take_slot(seat)
        seat.state, seat.expires = "leased", self.now + LEASE
        self.shows(seat, task)

    @some(seats)
    @rule(seat=chosen(seats))
    def give_back(self, seat):
        work = partial(assignments.give_back, assignment_id=seat.id, annotator_id=seat.person, lease_token=seat.token)
        if seat.state in ("done", "skipped"):
            return self.refused(work)
        self.act(work)
        self.ended(seat)

    @some(seats_in("done", "leased", "expired"))
    @rule(seat=chosen(seats_in("done", "done", "leased", "expired")))
    def undo(self, seat):
        work = partial(preferences.withdraw, assignment_id=seat.id, annotator_id=seat.person, lease_token=seat.token)
        if seat.state == "leased":
            return self.shows(seat, self.act(lambda s: work(s, now=self.now, lease=LEASE)))
        if seat.state == "expired" or seat.slot is None or self.settled(seat):
            return self.refused(lambda s: work(s, now=self.now, lease=LEASE))
        self.withdrawn(seat, self.act(lambda s: work(s, now=self.now, lease=LEASE)))

    @some(staff)
    @rule(person=chosen(staff))
    def undo_the_last(self, person):
        mine = [kept for kept in self.kept.values() if kept.person == person and not kept.why and not kept.imported]
        last = max(mine, key=lambda kept: kept.received, default=None)
        skips = [seat for seat in self.seats.values() if seat.person == person and seat.state == "skipped"]
        skipped = max(skips, key=lambda seat: (seat.expires, seat.id), default=None)
        if skipped and (last is None or skipped.expires - LEASE > last.received):
            return self.take_back(skipped, partial(preferences.undo, project_id=self.project, annotator_id=person))
        work = partial(preferences.undo, project_id=self.project, annotator_id=person, lease=LEASE)
        if last is None or self.seats[last.seat].slot is None or self.settled(self.seats[last.seat]):
            return self.refused(lambda s: work(s, now=self.now))
        self.withdrawn(self.seats[last.seat], self.act(lambda s: work(s, now=self.now)))

    def withdrawn(self, seat, task):
        (old,) = [kept for kept in self.kept.values() if kept.seat == seat.id and kept.why is None]
        old.why = "withdrawn"
        seat.state, seat.expires = "leased", self.now + LEASE
        self.shows(seat, task)


@pytest.fixture
def sessions(engine):
    """Sessions of a database that does not wait for its disk: nothing here is about power cuts."""

    @event.listens_for(engine, "connect")
    def hurry(connection, _record):
        cursor = connection.cursor()
        sqlite = engine.dialect.name == "sqlite"
        cursor.execute("PRAGMA synchronous=OFF" if sqlite else "SET synchronous_commit = off")
        cursor.close()
        if not sqlite:
            connection.commit()

    return make_sessions(engine)


def test_the_queue_is_what_its_model_says(sessions):
    run_state_machine_as_test(
        lambda: Queue(sessions),
        settings=settings(
            max_examples=EXAMPLES,
            report_multiple_bugs=False,
            stateful_step_count=60,
            deadline=None,
            phases=[Phase.reuse, Phase.generate, Phase.shrink],
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
        ),
    )
