"""Compares what the queue does, and what the database holds, with the model."""

import json

from hypothesis.stateful import invariant
from sqlalchemy import select

from app.storage.tables import Assignment
from tests.domain.queue.model import LEASE, Model, Seat

ROWS = "SELECT id, comparison_id, slot, state, annotator_id, pinned_to, rank, swapped FROM assignment"
KEPT = (
    "SELECT id, assignment_id, comparison_id, annotator_id, strength, acceptable_a, acceptable_b, swapped, late, imported "
    "FROM preference"
)
PAST = "SELECT preference_id, why, CAST(content AS text) FROM preference_history"
COUNTED = (
    "SELECT batch_id, annotator_id, count(*), count(slot) FROM assignment WHERE state = 'done' "
    "GROUP BY batch_id, annotator_id"
)
TALLIED = "SELECT batch_id, annotator_id, judged, filled FROM tally WHERE judged > 0"


class Checked(Model):
    """The model, and how the app is held against it."""

    def notice_swept(self):
        """The rows that the queue took for expired by now: they have run out, and their slots are free."""
        with self.sessions() as session:
            gone = set(session.scalars(select(Assignment.id).where(Assignment.state == "expired")))
        for seat in self.seats.values():
            if seat.state == "leased" and seat.id in gone:
                assert seat.expires <= self.now, f"the lease of {seat} was ended early"
                self.returns(seat, seat.pinned)
                seat.state = "expired"

    def take_slot(self, seat):
        """A row that lost its slot has one again, unless none is free for its person; raises AssertionError."""
        pair = self.pairs[seat.comparison]
        with self.sessions() as session:
            seat.slot = session.get_one(Assignment, seat.id).slot
        slots = [slot for slot, free in pair.free.items() if free.pinned in (None, seat.person)]
        assert seat.slot in slots if slots else seat.slot is None
        if seat.slot is not None:
            seat.pinned = pair.free.pop(seat.slot).pinned

    def shows(self, seat, task):
        """The task is that row, as it was shown before."""
        assert (task.id, task.lease_token, task.expires_at) == (seat.id, seat.token, seat.expires)
        assert task.left.startswith("b" if seat.swapped else "a")

    def handed(self, person, tasks, all_that_there_is):
        """Checks that each of these could be leased and that nothing should have gone before it."""
        before = self.claimable(person).keys()  # the rest became free in the middle of the call
        self.notice_swept()
        for task in tasks:
            with self.sessions() as session:
                row = session.get_one(Assignment, task.id)
            allowed = self.claimable(person)
            assert (row.comparison_id, row.slot) in allowed, f"{task} is not for {person}"
            certain = {key: order for key, order in allowed.items() if key in before}
            if (row.comparison_id, row.slot) in certain:
                assert certain[row.comparison_id, row.slot] == min(certain.values()), (
                    f"{task} was not the next: {certain}"
                )
            free = self.pairs[row.comparison_id].free.pop(row.slot)
            assert row.state == "leased"
            assert task.expires_at == self.now + LEASE
            self.seats[row.id] = Seat(
                row.id, row.comparison_id, person, "leased", row.slot, row.swapped,
                row.lease_token, self.now, self.now + LEASE, free.pinned, free.rank,
            )  # fmt: skip
            self.shows(self.seats[row.id], task)
        if all_that_there_is:
            assert self.claimable(person, sweeping=True) == {}, "there was more"

    @invariant()
    def the_database_holds_what_the_model_says(self):
        with self.sessions() as session:
            read = session.connection().exec_driver_sql
            rows, kept, past, counted, tallied = (read(wanted).all() for wanted in (ROWS, KEPT, PAST, COUNTED, TALLIED))
        self.rows_are_as_modelled(rows)
        self.every_acknowledged_answer_is_there_once(kept, past)
        assert set(tallied) == set(counted)

    def rows_are_as_modelled(self, rows):
        free = {(pair.id, slot): place for pair in self.pairs.values() for slot, place in pair.free.items()}
        places = {(row.comparison_id, row.slot): row for row in rows if row.state == "open"}
        assert {key: (row.rank, row.pinned_to) for key, row in places.items()} == {
            key: (place.rank, place.pinned) for key, place in free.items()
        }
        for key, row in places.items():
            free[key].id = row.id
        assert {
            row.id: (row.comparison_id, row.slot, row.state, row.annotator_id, bool(row.swapped))
            for row in rows
            if row.state != "open"
        } == {
            seat.id: (seat.comparison, seat.slot, seat.state, seat.person, seat.swapped) for seat in self.seats.values()
        }
        for pair in self.pairs.values():
            slots = sorted(row.slot for row in rows if row.comparison_id == pair.id and row.slot is not None)
            assert slots == list(range(pair.overlap)), f"comparison {pair.id} has the slots {slots}"
        reserved = [row for row in rows if row.slot is not None and row.pinned_to and row.annotator_id]
        assert all(row.pinned_to == row.annotator_id for row in reserved)

    def every_acknowledged_answer_is_there_once(self, found, past):
        assert {row[0]: tuple(row[1:]) for row in found} == {
            kept.id: (kept.seat, kept.comparison, kept.person, *kept.stored, kept.swapped, kept.late, kept.imported)
            for kept in self.kept.values()
            if kept.why is None
        }
        contents = {number: (why, json.loads(text)) for number, why, text in past}
        assert {
            number: (why, content["comparison_id"], content["strength"], content["late"])
            for number, (why, content) in contents.items()
        } == {
            kept.id: (kept.why, kept.comparison, kept.stored[0], kept.late)
            for kept in self.kept.values()
            if kept.why is not None
        }
