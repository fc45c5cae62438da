import threading
import uuid
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from app.domain import assignments, people, pins, preferences, qualifications
from app.domain.errors import Conflict, Invalid, NotFound
from app.domain.preferences import Answer
from app.storage import claims
from app.storage.session import make_sessions
from app.storage.tables import Assignment, Batch, Preference, Tally
from app.vocabulary import Role
from tests.domain.test_importing import take

LEASE = timedelta(minutes=30)


@pytest.fixture
def ann(session, clock):
    return people.add(session, "ann@example.org", "Ann", Role.annotator, clock())[0]


@pytest.fixture
def bob(session, clock):
    return people.add(session, "bob@example.org", "Bob", Role.annotator, clock())[0]


def rows(n, **extra):
    return [
        {"id": str(i), "prompt": f"Why {i}?", "response_a": f"a{i}", "response_b": f"b{i}"} | extra for i in range(n)
    ]


def claim(session, project, person, clock, count=1):
    return assignments.next_tasks(session, project.id, person.id, count, clock(), LEASE)


def answer(task, strength=2, **extra):
    return Answer(**({"id": str(uuid.uuid4()), "lease_token": task.lease_token, "strength": strength} | extra))


def stored(session):
    return {p.id: p for p in session.scalars(select(Preference))}


def test_nobody_gets_a_comparison_twice_and_overlap_is_kept(session, project, clock, ann, bob):
    project.overlap = 2
    take(session, project, clock, rows(3))
    cid = people.add(session, "cid@example.org", "Cid", Role.annotator, clock())[0]
    for person in (ann, bob):
        tasks = claim(session, project, person, clock, 10)
        assert sorted(task.external_id for task in tasks) == ["0", "1", "2"]
    assert claim(session, project, cid, clock, 10) == []


def test_the_shown_order_is_stored_and_turned_back(session, project, clock, ann):
    take(session, project, clock, rows(20))
    for task in claim(session, project, ann, clock, 20):
        better = 3 if task.right.startswith("b") else -3
        preferences.submit(session, task.id, ann.id, answer(task, better, acceptable_left=task.left[0] == "a"), clock())
    found = stored(session).values()
    assert {p.strength for p in found} == {3}
    swapped = {a.id: a.swapped for a in session.scalars(select(Assignment))}
    assert len(set(swapped.values())) == 2
    assert all(p.acceptable_b is False if swapped[p.assignment_id] else p.acceptable_a is True for p in found)


def test_batches_by_priority_paused_ones_wait(session, project, clock, ann):
    take(session, project, clock, rows(1))
    take(session, project, clock, [r | {"id": "urgent", "prompt": "Now?"} for r in rows(1)], priority=5)
    take(session, project, clock, [r | {"id": "paused", "prompt": "Then?"} for r in rows(1)], priority=9)
    session.scalars(select(Batch).where(Batch.priority == 9)).one().state = "paused"
    session.flush()
    assert [task.external_id for task in claim(session, project, ann, clock, 5)] == ["urgent", "0"]


def test_the_same_answer_again_changes_nothing(session, project, clock, ann):
    take(session, project, clock, rows(1))
    (task,) = claim(session, project, ann, clock)
    sent = answer(task)
    first = preferences.submit(session, task.id, ann.id, sent, clock())
    clock.forward(days=3)
    again = preferences.submit(session, task.id, ann.id, sent, clock())
    assert (again.id, again.strength, again.late, again.status) == (first.id, 2, False, "stored")
    assert len(stored(session)) == 1


def test_a_wrong_token_changes_nothing(session, project, clock, ann, bob):
    take(session, project, clock, rows(1))
    (task,) = claim(session, project, ann, clock)
    with pytest.raises(Conflict):
        preferences.submit(session, task.id, ann.id, answer(task, lease_token="guess"), clock())
    with pytest.raises(Conflict):
        preferences.submit(session, task.id, bob.id, answer(task), clock())
    with pytest.raises(NotFound):
        preferences.submit(session, 10**6, ann.id, answer(task), clock())
    with pytest.raises(NotFound):
        preferences.submit(session, 10**30, ann.id, answer(task), clock())
    with pytest.raises(Invalid):
        preferences.submit(session, task.id, ann.id, answer(task, 4), clock())
    assert stored(session) == {}


def test_an_expired_lease_returns_and_the_late_answer_is_kept(session, project, clock, ann, bob):
    take(session, project, clock, rows(1))
    (mine,) = claim(session, project, ann, clock)
    assert claim(session, project, bob, clock) == []
    clock.forward(minutes=31)
    (theirs,) = claim(session, project, bob, clock)
    late = preferences.submit(session, mine.id, ann.id, answer(mine), clock())
    assert (late.late, late.slot) == (True, False)
    on_time = preferences.submit(session, theirs.id, bob.id, answer(theirs), clock())
    assert (on_time.late, on_time.slot) == (False, True)
    assert len(stored(session)) == 2


@pytest.mark.parametrize("swept", [False, True])
def test_a_late_answer_takes_the_slot_when_it_is_still_free(session, project, clock, ann, bob, swept):
    take(session, project, clock, rows(1))
    (mine,) = claim(session, project, ann, clock)
    clock.forward(minutes=31)
    if swept:
        (theirs,) = claim(session, project, bob, clock)
        assignments.give_back(session, theirs.id, bob.id, theirs.lease_token)
    late = preferences.submit(session, mine.id, ann.id, answer(mine), clock())
    assert (late.late, late.slot) == (True, True)
    assert claim(session, project, bob, clock) == []


def test_who_let_a_lease_run_out_may_have_it_again_and_both_answers_survive(session, project, clock, ann):
    take(session, project, clock, rows(1))
    (first,) = claim(session, project, ann, clock)
    clock.forward(minutes=31)
    (second,) = claim(session, project, ann, clock)
    assert second.id != first.id
    late = preferences.submit(session, first.id, ann.id, answer(first), clock())
    assert (late.late, late.status, late.slot) == (True, "stored", True)
    assert preferences.submit(session, second.id, ann.id, answer(second, -1), clock()).status == "stored"
    assert [p.strength for p in stored(session).values()] in ([1], [-1])


def test_skip_passes_on_and_can_be_taken_back(session, project, clock, ann, bob):
    take(session, project, clock, rows(1))
    (task,) = claim(session, project, ann, clock)
    assignments.skip(session, task.id, ann.id, task.lease_token, "unclear")
    assignments.skip(session, task.id, ann.id, task.lease_token, "unclear")
    assert claim(session, project, ann, clock) == []
    again = assignments.unskip(session, task.id, ann.id, task.lease_token, clock(), LEASE)
    assert again.left == task.left
    assignments.skip(session, task.id, ann.id, task.lease_token, "other")
    assert len(claim(session, project, bob, clock)) == 1
    with pytest.raises(Conflict, match="Someone else"):
        assignments.unskip(session, task.id, ann.id, task.lease_token, clock(), LEASE)


def test_undo_and_revise_keep_the_history(session, project, clock, ann):
    take(session, project, clock, rows(1))
    (task,) = claim(session, project, ann, clock)
    sent = answer(task, 3)
    preferences.submit(session, task.id, ann.id, sent, clock())
    again = preferences.withdraw(session, task.id, ann.id, task.lease_token, clock(), LEASE)
    assert (again.id, again.left) == (task.id, task.left)
    assert stored(session) == {}
    assert preferences.submit(session, task.id, ann.id, sent, clock()).status == "withdrawn"
    preferences.submit(session, task.id, ann.id, answer(task, 1), clock())
    preferences.submit(session, task.id, ann.id, answer(task, -1), clock())
    assert len(stored(session)) == 1


def test_a_reload_gets_back_what_was_held(session, project, clock, ann):
    take(session, project, clock, rows(5))
    held = claim(session, project, ann, clock, 2)
    resumed = assignments.resume(session, project.id, ann.id, 3, clock(), LEASE)
    assert [task.id for task in resumed[:2]] == [task.id for task in held]
    assert len(resumed) == 3


def test_threads_never_share_a_slot(engine, session, project, clock):
    project.overlap = 2
    take(session, project, clock, rows(40))
    crowd = [people.add(session, f"p{n}@example.org", "", Role.annotator, clock())[0].id for n in range(6)]
    session.commit()
    sessions, failures = make_sessions(engine), []

    def work(person):
        try:
            while True:
                with sessions.begin() as own:
                    tasks = assignments.next_tasks(own, project.id, person, 1, clock(), LEASE)
                    for task in tasks:
                        preferences.submit(own, task.id, person, answer(task), clock())
                if not tasks:
                    return
        except Exception as error:
            failures.append(error)

    threads = [threading.Thread(target=work, args=(person,)) for person in crowd]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert failures == []
    per = session.execute(select(Preference.comparison_id, func.count()).group_by(Preference.comparison_id))
    assert set(dict(per.all()).values()) == {2}
    session.rollback()


def test_what_came_back_goes_before_what_is_new(session, project, clock, ann, bob):
    take(session, project, clock, rows(4))
    first, second = claim(session, project, ann, clock, 2)
    assignments.give_back(session, second.id, ann.id, second.lease_token)
    assignments.skip(session, first.id, ann.id, first.lease_token, "unclear")
    came_back = [task.external_id for task in claim(session, project, bob, clock, 4)]
    assert came_back == [second.external_id, first.external_id, "2", "3"]


def test_an_annotator_goes_on_where_they_were_and_still_gets_what_comes_back_behind_them(
    session, project, clock, ann, bob
):
    take(session, project, clock, rows(6))
    given = {task.external_id: task for task in claim(session, project, ann, clock, 3)}
    for task in given.values():
        preferences.submit(session, task.id, ann.id, answer(task), clock())
    (theirs,) = claim(session, project, bob, clock)
    assignments.skip(session, theirs.id, bob.id, theirs.lease_token, "unclear")
    assert [task.external_id for task in claim(session, project, ann, clock, 6)] == [theirs.external_id, "4", "5"]


def test_what_was_passed_by_while_another_held_it_is_found_at_the_end(session, project, clock, ann):
    """Another's claim hides a slot, and is then rolled back: the slot is free again, behind where Ann is."""
    take(session, project, clock, rows(3))
    hidden = session.scalars(select(Assignment).order_by(Assignment.id).limit(1)).one()
    hidden.state, hidden.annotator_id, hidden.lease_token = "leased", ann.id, "another's"
    hidden.lease_expires_at = clock() + LEASE
    session.flush()
    hidden_id, external_ids = hidden.id, [task.external_id for task in claim(session, project, ann, clock)]
    hidden.state, hidden.annotator_id, hidden.lease_token, hidden.lease_expires_at = "open", None, None, None
    session.flush()
    rest = claim(session, project, ann, clock, 5)
    assert external_ids + [task.external_id for task in rest] == ["1", "2", "0"]
    assert rest[-1].id == hidden_id


def test_nobody_hoards(session, project, clock, ann):
    take(session, project, clock, rows(claims.MOST_HELD + 20))
    held = [task for _ in range(7) for task in claim(session, project, ann, clock, 20)]
    assert len(held) == claims.MOST_HELD
    preferences.submit(session, held[0].id, ann.id, answer(held[0]), clock())
    assert len(claim(session, project, ann, clock, 20)) == 1


def test_a_late_answer_tells_how_it_was_shown_and_when_it_was_begun(session, project, clock, ann):
    take(session, project, clock, rows(1))
    (first,) = claim(session, project, ann, clock)
    begun = clock()
    clock.forward(hours=1)
    (second,) = claim(session, project, ann, clock)
    row = session.get(Assignment, second.id)
    row.swapped = not row.swapped  # an import of judgements, say, has taken the slot and given it back
    session.flush()
    preferences.submit(session, first.id, ann.id, answer(first, 3), clock())
    (kept,) = stored(session).values()
    assert (kept.strength if first.left.startswith("a") else -kept.strength) == 3
    assert kept.swapped is first.left.startswith("b")
    assert kept.started_at == begun


def test_the_tallies_are_what_a_count_would_find(session, project, clock, ann, bob):
    project.overlap = 2
    take(session, project, clock, rows(4))
    for person in (ann, bob):
        for task in claim(session, project, person, clock, 3):
            preferences.submit(session, task.id, person.id, answer(task), clock())
    (task,) = claim(session, project, ann, clock)
    clock.forward(hours=1)
    preferences.submit(session, task.id, ann.id, answer(task), clock())
    preferences.undo(session, project.id, bob.id, clock(), LEASE)
    session.flush()
    kept = {(t.annotator_id, t.judged, t.filled) for t in session.scalars(select(Tally))}
    assert kept == {(ann.id, 4, 4), (bob.id, 2, 2)}


def test_after_what_was_pinned_an_annotator_goes_on_where_they_were(session, project, clock, ann, bob):
    take(session, project, clock, rows(5))
    (first,) = claim(session, project, ann, clock)
    pins.pin(session, project, pins.named(session, project, "4").id, ann)
    assert [first.external_id] + [task.external_id for task in claim(session, project, ann, clock, 5)] == list("04123")


def test_a_pin_that_ends_while_it_is_leased_moves_nobody_in_the_queue(session, project, clock, ann):
    take(session, project, clock, rows(6))
    (first,) = claim(session, project, ann, clock)
    last = pins.named(session, project, "5").id
    pins.pin(session, project, last, ann)
    (pinned,) = claim(session, project, ann, clock)
    pins.unpin(session, project, last)
    assert [first.external_id, pinned.external_id] == ["0", "5"]
    assert [task.external_id for task in claim(session, project, ann, clock, 6)] == list("1234")


def test_who_skips_what_waited_for_them_after_time_took_it_leaves_it_to_others(session, project, clock, ann, bob):
    take(session, project, clock, rows(1))
    pins.pin(session, project, pins.named(session, project, "0").id, ann)
    (task,) = claim(session, project, ann, clock)
    assignments.give_back(session, task.id, ann.id, task.lease_token)
    assignments.skip(session, task.id, ann.id, task.lease_token, "unclear")
    assert claim(session, project, ann, clock) == []
    assert len(claim(session, project, bob, clock)) == 1


def test_taking_skips_back_is_no_way_around_a_limit(session, project, clock, ann):
    project.max_per_annotator = 2
    take(session, project, clock, rows(3))
    (skipped,) = claim(session, project, ann, clock)
    assignments.skip(session, skipped.id, ann.id, skipped.lease_token, "unclear")
    assert len(claim(session, project, ann, clock, 3)) == 2
    with pytest.raises(Conflict, match="more of this batch"):
        assignments.unskip(session, skipped.id, ann.id, skipped.lease_token, clock(), LEASE)


@pytest.mark.parametrize("token", ["a\x00b", "\ud800", "token\n"])
def test_what_cannot_be_a_token_is_nobodys(session, project, clock, ann, token):
    take(session, project, clock, rows(1))
    (task,) = claim(session, project, ann, clock)
    for act in (
        lambda: preferences.submit(session, task.id, ann.id, answer(task, lease_token=token), clock()),
        lambda: assignments.skip(session, task.id, ann.id, token, "unclear"),
    ):
        with pytest.raises(Conflict, match="not leased with that token"):
            act()


def test_nothing_is_pinned_to_somebody_who_may_not_judge_yet(session, project, clock, ann):
    take(session, project, clock, rows(2))
    project.pass_mark = 80
    session.flush()
    with pytest.raises(Conflict, match="quiz"):
        pins.pin(session, project, pins.named(session, project, "1").id, ann)
    qualifications.qualify(session, project, ann.id, None, clock())
    pins.pin(session, project, pins.named(session, project, "1").id, ann)
    assert [task.external_id for task in claim(session, project, ann, clock, 1)] == ["1"]
