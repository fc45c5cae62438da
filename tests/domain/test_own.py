"""One's own judgements: as they were shown, page by page, and which of them may still be changed."""

import pytest
from sqlalchemy import select

from app.domain import asking, batches, own, people, preferences
from app.domain.asking import Asks, Criterion
from app.domain.errors import NotFound
from app.storage.tables import Assignment, Batch
from app.vocabulary import BatchState, Role
from tests.domain.test_importing import take
from tests.domain.test_queue import answer, claim, rows


@pytest.fixture
def ann(session, clock):
    return people.add(session, "ann@example.org", "Ann", Role.annotator, clock())[0]


@pytest.fixture
def bob(session, clock):
    return people.add(session, "bob@example.org", "Bob", Role.annotator, clock())[0]


@pytest.fixture
def judged(session, project, clock, ann):
    """Five judgements of Ann's, a minute apart: (task, answer), in that order."""
    project.asks = asking.written(Asks(criteria=(Criterion("kind", "Kind"),), flags=True))
    take(session, project, clock, rows(5))
    for number, slot in enumerate(session.scalars(select(Assignment))):
        slot.swapped = number % 2 == 0
    session.flush()
    found = []
    for strength, task in enumerate(claim(session, project, ann, clock, 5), -2):
        clock.forward(minutes=1)
        good = {"acceptable_left": strength <= 0, "acceptable_right": strength >= 0}
        said = answer(task, strength, criteria={"kind": -strength}, flags=("unsafe",), rationale=str(strength), **good)
        preferences.submit(session, task.id, ann.id, said, clock())
        found.append((task, said))
    return found


def test_they_are_read_as_they_were_shown_and_given(session, project, ann, judged):
    assert {task.left[0] for task, _ in judged} == {"a", "b"}  # else nothing was turned
    for task, said in judged:
        found = own.one(session, project.id, ann.id, task.id)
        assert (found.task.left, found.task.right, found.task.prompt) == (task.left, task.right, task.prompt)
        assert found.answer == said
        assert found.editable
        assert not found.late


def test_the_newest_first_and_then_page_by_page(session, project, ann, judged):
    newest_first = [said.id for _, said in reversed(judged)]
    first = own.newest(session, project.id, ann.id, None, 2)
    second = own.newest(session, project.id, ann.id, first[-1].answer.id, 2)
    third = own.newest(session, project.id, ann.id, second[-1].answer.id, 2)
    assert [found.answer.id for found in first + second + third] == newest_first
    assert own.newest(session, project.id, ann.id, third[-1].answer.id, 2) == []


def test_judgements_of_one_instant_are_all_found(session, project, clock, ann):
    take(session, project, clock, rows(6))
    for task in claim(session, project, ann, clock, 6):
        preferences.submit(session, task.id, ann.id, answer(task), clock())
    seen, before = [], None
    while page := own.newest(session, project.id, ann.id, before, 4):
        seen += [found.task.id for found in page]
        before = page[-1].answer.id
    assert len(seen) == len(set(seen)) == 6


def test_who_has_changed_the_one_they_go_on_from_goes_on_with_the_newest(session, project, clock, ann, judged):
    task, before = judged[2]
    clock.forward(minutes=1)
    preferences.submit(session, task.id, ann.id, answer(task, 3, criteria={"kind": 0}), clock())
    found = own.newest(session, project.id, ann.id, before.id, 1)
    assert [one.task.id for one in found] == [task.id]


def test_nobody_sees_what_others_judged(session, project, clock, bob, judged):
    assert own.newest(session, project.id, bob.id, None, 9) == []
    assert own.newest(session, project.id, bob.id, judged[-1][1].id, 9) == []
    for number in (judged[0][0].id, 10**6):
        with pytest.raises(NotFound):
            own.one(session, project.id, bob.id, number)


def test_what_is_held_but_not_judged_is_none(session, project, clock, ann):
    take(session, project, clock, rows(1))
    (task,) = claim(session, project, ann, clock)
    with pytest.raises(NotFound):
        own.one(session, project.id, ann.id, task.id)


@pytest.mark.parametrize(
    ("state", "editable"), [(BatchState.open, True), (BatchState.paused, True), (BatchState.closed, False)]
)
def test_they_may_be_changed_until_their_batch_is_closed(session, project, ann, judged, state, editable):
    batch = session.scalars(select(Batch)).one()
    if state != batch.state:
        batches.change(session, batch, state)
    assert {found.editable for found in own.newest(session, project.id, ann.id, None, 9)} == {editable}


def test_what_came_late_and_was_shown_the_other_way_round_is_not_changed_by_this_form(session, project, clock, ann):
    take(session, project, clock, rows(1))
    (first,) = claim(session, project, ann, clock)
    clock.forward(hours=1)
    (second,) = claim(session, project, ann, clock)
    row = session.get(Assignment, second.id)
    row.swapped = not row.swapped
    session.flush()
    preferences.submit(session, first.id, ann.id, answer(first, 2), clock())
    (found,) = own.newest(session, project.id, ann.id, None, 9)
    assert (found.task.left, found.answer.strength, found.late, found.editable) == (first.left, 2, True, False)
