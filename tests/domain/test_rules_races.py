"""An admin or a reviewer and an annotator, or two admins, at the same moment."""

import pytest

from app.domain import batches, groups, leased, people, pins
from app.domain.errors import Conflict, Invalid
from tests.domain import test_races
from tests.domain.test_groups import configured
from tests.domain.test_queue import answer, rows
from tests.domain.test_races import claim, done, during, load, submit

sessions, folk, study = test_races.sessions, test_races.folk, test_races.study


@pytest.fixture
def batch_id(sessions, study, clock):
    """A batch of one comparison that wants one judgement."""
    return load(sessions, study, clock, rows(1), overlap=1).batch.id


@pytest.fixture
def pin(study, batch_id):
    """Work that pins the comparison to somebody."""

    def pin(person):
        def work(session):
            comparison = pins.named(session, study, "0")
            pins.pin(session, study, comparison.id, people.get(session, person))

        return work

    return pin


def test_what_is_being_leased_is_pinned_to_nobody_else(sessions, study, folk, clock, pin):
    tasks, pinned = during(sessions, claim(study, folk[0], clock), pin(folk[1]))
    assert len(tasks) == 1
    assert isinstance(pinned, Conflict)


def test_what_is_being_pinned_is_leased_to_nobody_else(sessions, study, folk, clock, pin):
    _, tasks = during(sessions, pin(folk[1]), claim(study, folk[0], clock))
    assert tasks == []
    assert len(done(sessions, claim(study, folk[1], clock))) == 1


def test_two_admins_pin_the_same_to_two_people(sessions, study, folk, clock, pin):
    assert during(sessions, pin(folk[0]), pin(folk[1])) == (None, None)
    assert done(sessions, claim(study, folk[0], clock)) == []
    assert len(done(sessions, claim(study, folk[1], clock))) == 1


def test_a_pin_ends_while_it_is_leased(sessions, study, folk, clock, pin):
    done(sessions, pin(folk[0]))

    def unpin(session):
        pins.unpin(session, study, pins.named(session, study, "0").id)

    tasks, ended = during(sessions, claim(study, folk[0], clock), unpin)
    assert (len(tasks), ended) == (1, None)
    clock.forward(minutes=31)
    assert len(done(sessions, claim(study, folk[1], clock))) == 1


def test_a_release_while_the_answer_comes(sessions, study, folk, clock, batch_id):
    (task,) = done(sessions, claim(study, folk[0], clock))
    sent = submit(task, folk[0], answer(task), clock)
    stored, released = during(sessions, sent, lambda session: leased.release(session, study, task.id))
    assert (stored.late, stored.slot) == (False, True)
    assert isinstance(released, Conflict)


def test_an_answer_while_its_lease_is_released(sessions, study, folk, clock, batch_id):
    (task,) = done(sessions, claim(study, folk[0], clock))
    sent = submit(task, folk[0], answer(task), clock)
    _, stored = during(sessions, lambda session: leased.release_all(session, study, people.get(session, folk[0])), sent)
    assert (stored.status, stored.late, stored.slot) == ("stored", True, True)


@pytest.mark.parametrize("chosen_first", [False, True])
def test_a_group_is_chosen_while_it_is_deleted(sessions, study, clock, batch_id, chosen_first):
    poets = done(sessions, lambda session: groups.create(session, "Poets", clock())).id

    def choose(session):
        configured(session, batches.get(session, study, batch_id), group_id=poets)

    def dissolve(session):
        groups.dissolve(session, groups.get(session, poets))

    first, second = (choose, dissolve) if chosen_first else (dissolve, choose)
    before, refused = during(sessions, first, second)
    assert before is None
    assert isinstance(refused, Conflict if chosen_first else Invalid)


def test_two_admins_let_the_same_person_in(sessions, folk, clock):
    poets = done(sessions, lambda session: groups.create(session, "Poets", clock())).id

    def add(session):
        groups.add(session, groups.get(session, poets), people.get(session, folk[0]))

    assert during(sessions, add, add) == (None, None)
    with sessions() as session:
        assert [person.id for person in groups.members(session)[poets]] == [folk[0]]


def test_two_admins_make_the_same_group(sessions, clock):
    made, refused = during(sessions, *[lambda session: groups.create(session, "Poets", clock())] * 2)
    assert made.name == "Poets"
    assert isinstance(refused, Conflict)
