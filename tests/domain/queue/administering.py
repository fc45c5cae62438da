"""What admins and reviewers do to the queue, imports, and time."""

from datetime import timedelta

from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule
from sqlalchemy import delete, select

from app.domain import assignments, batches, leased, people, pins
from app.storage import leases
from app.storage.tables import Assignment, Batch, Comparison, Membership, Person, Preference, Project
from app.vocabulary import BatchState
from tests.domain.queue.checks import Checked
from tests.domain.queue.drawing import STRENGTHS, chosen, pairs, some
from tests.domain.queue.model import NAMES, Free, Kept, Pair, Rules, Seat
from tests.domain.test_importing import take

STRANGERS = ("w1", "w2")
MOST_COMPARISONS = 5


class Administered(Checked):
    """Rules of everybody who is not an annotator."""

    @initialize(number=st.integers(1, 2), overlap=st.integers(1, 3))
    def begin(self, number, overlap):
        self.bring(number, overlap, False, 0, [0])

    @precondition(lambda self: len(self.pairs) < MOST_COMPARISONS)
    @rule(
        number=st.integers(1, 2),
        overlap=st.integers(1, 3),
        spread=st.booleans(),
        priority=st.integers(-1, 1),
        ranks=st.lists(st.integers(-1, 1), min_size=1, max_size=3),
    )
    def upload(self, number, overlap, spread, priority, ranks):
        self.bring(number, overlap, spread, priority, ranks)

    def bring(self, number, overlap, spread, priority, ranks):
        rows = [self.row(f"{self.uploads}-{each}") | {"priority": ranks[each % len(ranks)]} for each in range(number)]

        def work(session):
            project = session.get_one(Project, self.project)
            project.overlap, project.spread = overlap, spread
            return take(session, project, lambda: self.now, rows, priority=priority).batch.id

        batch = self.act(work)
        self.uploads += 1
        self.rules[batch] = Rules("open", priority)
        with self.sessions() as session:
            found = session.execute(
                select(Comparison.id, Comparison.priority).where(Comparison.batch_id == batch)
            ).all()
        assert len(found) == number
        for comparison, own in found:
            free = {slot: Free(leases.first_rank(own, slot, spread)) for slot in range(overlap)}
            self.pairs[comparison] = Pair(comparison, batch, overlap, free)

    def row(self, number):
        return {"id": number, "prompt": f"Why {number}?", "response_a": f"a{number}", "response_b": f"b{number}"}

    @rule(
        batch=chosen(lambda self: list(self.rules)),
        state=st.sampled_from(["open", "open", "open", "paused", "closed"]),
        priority=st.integers(-2, 2),
        limit=st.sampled_from([None, None, None, 1, 2]),
        of_project=st.sampled_from([None, None, None, 1, 3]),
        only=st.sampled_from([False, False, True]),
    )
    def configure(self, batch, state, priority, limit, of_project, only):
        group = self.group if only else None

        def work(session):
            row = session.get_one(Batch, batch)
            batches.change(session, row, BatchState(state))
            batches.configure(session, row, priority=priority, max_per_annotator=limit, group_id=group)
            session.get_one(Project, self.project).max_per_annotator = of_project

        self.act(work)
        self.rules[batch] = Rules(state, priority, limit, only)
        self.limit = of_project

    @rule(person=chosen(lambda self: self.people), member=st.booleans(), active=st.sampled_from([True, True, False]))
    def change_person(self, person, member, active):
        def work(session):
            session.execute(delete(Membership).where(Membership.person_id == person))
            if member:
                session.add(Membership(group_id=self.group, person_id=person))
            people.change(session, session.get_one(Person, person), active=active)

        self.act(work)
        self.members = self.members | {person} if member else self.members - {person}
        self.active[person] = active
        if not active:
            for seat in self.seats.values():
                if seat.person == person:
                    self.ended(seat)
            for pair in self.pairs.values():
                for slot, free in pair.free.items():
                    if free.pinned == person:
                        pair.free[slot] = Free(leases.RETURNED)

    @rule(pair=chosen(pairs), person=chosen(lambda self: self.people))
    def pin(self, pair, person):
        def work(session):
            pins.pin(session, session.get_one(Project, self.project), pair.id, session.get_one(Person, person))

        stranger = self.rules[pair.batch].members_only and person not in self.members
        if stranger or not self.active[person] or self.live(pair.id, person) or not pair.free:
            return self.refused(work)
        self.act(work)
        chosen = min(pair.free, key=lambda slot: (pair.free[slot].pinned is None, pair.free[slot].id))
        self.let_go(pair, keep=chosen)
        pair.free[chosen].pinned = person

    @rule(pair=chosen(pairs))
    def unpin(self, pair):
        self.act(lambda s: pins.unpin(s, s.get_one(Project, self.project), pair.id))
        self.let_go(pair)

    @some(lambda self: [seat for seat in self.seats.values() if seat.token])
    @rule(seat=chosen(lambda self: [seat for seat in self.seats.values() if seat.token]))
    def release(self, seat):
        def work(session):
            leased.release(session, session.get_one(Project, self.project), seat.id)

        if seat.state in ("done", "skipped"):
            return self.refused(work)
        self.act(work)
        self.ended(seat)

    @rule(
        pair=chosen(pairs),
        name=st.sampled_from([*(f"{name}@example.org" for name in NAMES), *STRANGERS]),
        strength=STRENGTHS,
        turned=st.booleans(),
    )
    def import_a_judgement(self, pair, name, strength, turned):
        with self.sessions() as session:
            row = self.row(session.get_one(Comparison, pair.id).external_id)
        if turned:
            row |= {"response_a": row["response_b"], "response_b": row["response_a"]}
        row["annotations"] = [{"annotator": name, "strength": -strength if turned else strength}]

        def work(session):
            return take(session, session.get_one(Project, self.project), lambda: self.now, [row], again=True).batch

        batch = self.act(work)
        self.rules[batch.id] = Rules("open", 0)
        with self.sessions() as session:
            known = (Person.email == name) | (Person.name == name)
            person = session.scalars(select(Person.id).where(known)).one()
            found = select(Assignment).join(Preference, Preference.assignment_id == Assignment.id)
            new = session.scalars(
                found.where(Assignment.comparison_id == pair.id, Assignment.id.not_in(list(self.seats)))
            ).all()
            ids = {
                seat.id: session.scalars(select(Preference).where(Preference.assignment_id == seat.id)).one()
                for seat in new
            }
        assert batch.judgements == len(new)
        if self.live(pair.id, person):
            assert new == []
            return
        (row,) = new
        slots = [slot for slot, free in pair.free.items() if free.pinned in (None, person)]
        assert row.slot in slots if slots else row.slot is None
        if row.slot is not None:
            pair.free.pop(row.slot)
        self.active.setdefault(person, False)
        self.seats[row.id] = Seat(row.id, pair.id, person, "done", row.slot, False, pinned=row.pinned_to)
        number = ids[row.id].id
        self.kept[number] = Kept(
            number, row.id, pair.id, person, strength, (None, None), False, False, self.now, imported=True
        )

    @rule(minutes=st.sampled_from([1, 29, 31, 31]), sweep=st.booleans(), first=chosen(lambda self: self.people))
    def wait(self, minutes, sweep, first):
        """Time passes; the janitor may come by, and then whoever is first."""
        self.now += timedelta(minutes=minutes)
        if sweep:
            self.act(lambda s: assignments.sweep(s, self.now))
            self.notice_swept()
            assert not [seat for seat in self.seats.values() if seat.state == "leased" and seat.expires <= self.now]
            self.the_database_holds_what_the_model_says()
            if self.active[first]:
                self.claim(first, 1)
