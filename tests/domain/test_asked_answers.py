"""Answers to what a project asks beside the strength: how they are kept, what is refused, and what stays as it is."""

import pytest
from sqlalchemy import select

from app.domain import asking, batches, people, preferences
from app.domain.asking import Asks, Criterion
from app.domain.errors import Conflict, Invalid
from app.storage.tables import Assignment, Batch, Preference, PreferenceHistory
from app.vocabulary import Asked, BatchState, Role
from tests.domain.test_importing import take
from tests.domain.test_queue import LEASE, answer, claim, rows, stored

CRITERIA = Asks(criteria=(Criterion("helpful", "Helpful"), Criterion("honest", "Honest")), flags=True)


@pytest.fixture
def ann(session, clock):
    return people.add(session, "ann@example.org", "Ann", Role.annotator, clock())[0]


def ask(session, project, clock, asks):
    """Changes what is asked, now."""
    project.asks, project.asks_since = asking.written(asks), clock()
    session.flush()


def close(session):
    batches.change(session, session.scalars(select(Batch)).one(), BatchState.closed)


def test_criteria_are_turned_with_the_sides(session, project, clock, ann):
    ask(session, project, clock, CRITERIA)
    take(session, project, clock, rows(20))
    for task in claim(session, project, ann, clock, 20):
        towards_b = 1 if task.right.startswith("b") else -1
        said = answer(task, 3 * towards_b, criteria={"helpful": 2 * towards_b, "honest": -1 * towards_b})
        preferences.submit(session, task.id, ann.id, said, clock())
    assert len(set(session.scalars(select(Assignment.swapped)))) == 2
    assert {str(found.criteria) for found in stored(session).values()} == {str({"helpful": 2, "honest": -1})}


def test_an_answer_without_what_is_asked_leaves_the_lease_as_it_was(session, project, clock, ann):
    ask(session, project, clock, CRITERIA)
    take(session, project, clock, rows(1))
    session.commit()
    (task,) = claim(session, project, ann, clock)
    session.commit()
    for said in ({}, {"criteria": {"helpful": 1}}, {"criteria": {"helpful": 1, "honest": 4}}):
        with pytest.raises(Invalid):
            preferences.submit(session, task.id, ann.id, answer(task, **said), clock())
        session.rollback()
    assert stored(session) == {}
    whole = answer(task, criteria={"helpful": 1, "honest": 0}, flags=("broken", "unsafe", "broken"))
    assert preferences.submit(session, task.id, ann.id, whole, clock()).status == "stored"
    (kept,) = stored(session).values()
    assert kept.flags == ["unsafe", "broken"]


def test_nothing_said_is_nothing_stored(session, project, clock, ann):
    take(session, project, clock, rows(1))
    (task,) = claim(session, project, ann, clock)
    preferences.submit(session, task.id, ann.id, answer(task), clock())
    (kept,) = stored(session).values()
    assert (kept.criteria, kept.flags, kept.rationale) == (None, None, None)


def test_what_was_handed_out_before_may_be_answered_as_it_was_asked_then(session, project, clock, ann):
    take(session, project, clock, rows(3))
    (before,) = claim(session, project, ann, clock)
    clock.forward(minutes=1)
    ask(session, project, clock, CRITERIA)
    (after,) = claim(session, project, ann, clock)
    assert preferences.submit(session, before.id, ann.id, answer(before), clock()).status == "stored"
    with pytest.raises(Invalid, match="helpful"):
        preferences.submit(session, after.id, ann.id, answer(after), clock())
    assert preferences.submit(session, before.id, ann.id, answer(before, -1), clock()).status == "stored"


def test_what_was_asked_before_is_still_taken_after_it_is_asked_no_more(session, project, clock, ann):
    ask(session, project, clock, CRITERIA)
    clock.forward(minutes=1)
    take(session, project, clock, rows(1))
    (task,) = claim(session, project, ann, clock)
    clock.forward(minutes=1)
    ask(session, project, clock, Asks())
    said = answer(task, criteria={"helpful": 1, "honest": 1}, flags=("unsafe",))
    assert preferences.submit(session, task.id, ann.id, said, clock()).status == "stored"


@pytest.mark.parametrize("key", ["", "Helpful", "a b", "x" * 51, "nul\x00"])
def test_what_never_was_a_criterion_is_refused_whenever_it_was_handed_out(session, project, clock, ann, key):
    take(session, project, clock, rows(1))
    (task,) = claim(session, project, ann, clock)
    clock.forward(minutes=1)
    ask(session, project, clock, Asks())
    with pytest.raises(Invalid, match="criteria"):
        preferences.submit(session, task.id, ann.id, answer(task, criteria={key: 1}), clock())


def test_the_history_keeps_all_of_an_answer(session, project, clock, ann):
    ask(session, project, clock, CRITERIA)
    take(session, project, clock, rows(1))
    (task,) = claim(session, project, ann, clock)
    first = answer(task, 3, criteria={"helpful": 3, "honest": -2}, flags=("personal data",), rationale="because")
    preferences.submit(session, task.id, ann.id, first, clock())
    preferences.submit(session, task.id, ann.id, answer(task, -1, criteria={"helpful": 0, "honest": 0}), clock())
    past = session.get(PreferenceHistory, first.id)
    sign = -1 if past.content["swapped"] else 1
    assert past.why == "revised"
    assert past.content["criteria"] == {"helpful": 3 * sign, "honest": -2 * sign}
    assert (past.content["flags"], past.content["rationale"]) == (["personal data"], "because")
    (kept,) = stored(session).values()
    assert (kept.flags, kept.rationale) == (None, None)


def test_a_closed_batch_keeps_what_was_judged_as_it_is(session, project, clock, ann):
    take(session, project, clock, rows(2))
    done, held = claim(session, project, ann, clock, 2)
    sent = answer(done, 3)
    preferences.submit(session, done.id, ann.id, sent, clock())
    close(session)
    with pytest.raises(Conflict, match="closed"):
        preferences.submit(session, done.id, ann.id, answer(done, -3), clock())
    with pytest.raises(Conflict, match="closed"):
        preferences.withdraw(session, done.id, ann.id, done.lease_token, clock(), LEASE)
    with pytest.raises(Conflict, match="closed"):
        preferences.undo(session, project.id, ann.id, clock(), LEASE)
    assert preferences.submit(session, done.id, ann.id, sent, clock()).repeated  # the same answer again is no other
    assert list(stored(session)) == [sent.id]
    assert preferences.submit(session, held.id, ann.id, answer(held), clock()).status == "stored"


def test_the_worse_one_cannot_be_good_enough_alone(session, project, clock, ann):
    take(session, project, clock, rows(1))
    (task,) = claim(session, project, ann, clock)
    for strength, left, right in [(3, True, False), (-1, False, True), (0, True, False)]:
        said = answer(task, strength, acceptable_left=left, acceptable_right=right)
        with pytest.raises(Invalid, match="acceptable"):
            preferences.submit(session, task.id, ann.id, said, clock())
    assert stored(session) == {}


def test_a_required_text_is_measured_without_the_blanks_around_it(session, project, clock, ann):
    ask(session, project, clock, Asks(rationale=Asked.required, rationale_least=4))
    take(session, project, clock, rows(1))
    (task,) = claim(session, project, ann, clock)
    session.commit()
    with pytest.raises(Invalid, match="at least 4"):
        preferences.submit(session, task.id, ann.id, answer(task, rationale="  abc  "), clock())
    session.rollback()
    preferences.submit(session, task.id, ann.id, answer(task, rationale=" abcd\n"), clock())
    assert session.scalars(select(Preference.rationale)).one() == "abcd"
