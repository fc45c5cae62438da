"""The rules of distribution, as annotators notice them."""

import uuid
from dataclasses import replace
from datetime import timedelta

import pytest

from app.domain import assignments, batches, groups, leased, people, pins, preferences, projects
from app.domain.errors import Conflict, Invalid, NotFound
from app.domain.preferences import Answer
from app.vocabulary import BatchState, Role
from tests.domain.test_groups import configured
from tests.domain.test_importing import take

LEASE = timedelta(minutes=30)


class Desk:
    """One annotator in front of the queue of the project."""

    def __init__(self, session, project, person, clock):
        self.session, self.project, self.person, self.clock = session, project, person, clock

    def claim(self, count=20):
        return assignments.next_tasks(self.session, self.project.id, self.person.id, count, self.clock(), LEASE)

    def names(self, count=20):
        return [task.external_id for task in self.claim(count)]

    def judge(self, *tasks):
        for task in tasks:
            given = Answer(str(uuid.uuid4()), task.lease_token, 1)
            found = preferences.submit(self.session, task.id, self.person.id, given, self.clock())
        return found

    def skip(self, task):
        assignments.skip(self.session, task.id, self.person.id, task.lease_token, "unclear")

    def undo(self, task):
        return preferences.withdraw(self.session, task.id, self.person.id, task.lease_token, self.clock(), LEASE)


@pytest.fixture
def desks(session, project, clock):
    def desk(name):
        person, _ = people.add(session, f"{name}@example.org", name.title(), Role.annotator, clock())
        return Desk(session, project, person, clock)

    return [desk(name) for name in ("ann", "bob", "cid")]


@pytest.fixture
def bring(session, project, clock):
    """Imports so many comparisons as one batch, named a0, a1, …"""

    def bring(number, name="a", **more):
        rows = [
            {"id": f"{name}{n}", "prompt": f"Why {name}{n}?", "response_a": f"a{n}", "response_b": f"b{n}"}
            for n in range(number)
        ]
        return take(session, project, clock, rows, **more).batch

    return bring


def set_rules(project, **rules):
    projects.configure(project, replace(projects.settings(project), **rules), project.created_at)


def comparison(session, project, name):
    return pins.named(session, project, name).id


def test_nobody_judges_more_than_the_project_allows(session, project, desks, bring):
    ann, bob, _ = desks
    bring(9)
    set_rules(project, max_per_annotator=3)
    session.flush()
    first = ann.claim(2)
    ann.judge(first[0])
    assert len(ann.claim()) == 1  # one is judged and one is held
    assert ann.claim() == []
    assert len(bob.claim()) == 3
    ann.undo(first[0])
    assert ann.claim() == []  # it is held again
    ann.skip(first[0])
    assert len(ann.claim()) == 1
    set_rules(project, max_per_annotator=None)
    session.flush()
    assert len(ann.claim()) == 2


def test_a_limit_that_was_passed_before_takes_nothing_away(session, project, desks, bring):
    ann, *_ = desks
    bring(6)
    held = ann.claim(4)
    ann.judge(*held[:2])
    set_rules(project, max_per_annotator=1)
    session.flush()
    assert ann.claim() == []
    assert not ann.judge(*held[2:]).late
    assert projects.progress(session, [project], ann.person.id)[project.id].mine == 4


@pytest.mark.parametrize("limit", [0, -1, 2**31])
def test_a_limit_that_is_none_is_refused(session, project, bring, limit):
    with pytest.raises(Invalid, match="max_per_annotator"):
        set_rules(project, max_per_annotator=limit)
    with pytest.raises(Invalid, match="max_per_annotator"):
        configured(session, bring(1), max_per_annotator=limit)


def test_past_the_quota_of_a_batch_the_next_one_is_theirs(session, desks, bring):
    ann, bob, _ = desks
    first = bring(4, "a", priority=5)
    bring(2, "b")
    configured(session, first, max_per_annotator=2)
    ann.judge(*ann.claim(2))
    assert ann.names() == ["b0", "b1"]
    assert bob.names() == ["a2", "a3"]
    configured(session, first, max_per_annotator=3)
    assert ann.names() == []
    assert bob.names() == []


def test_the_priority_of_a_batch_holds_from_the_next_claim_on(session, desks, bring):
    ann, *_ = desks
    bring(2, "a")
    late = bring(2, "b")
    assert ann.names(1) == ["a0"]
    configured(session, late, priority=1)
    assert ann.names() == ["b0", "b1", "a1"]


def test_only_members_are_given_what_is_for_their_group(session, clock, desks, bring):
    ann, bob, _ = desks
    for_poets = bring(3, "a")
    bring(1, "b")
    poets = groups.create(session, "Poets", clock())
    groups.add(session, poets, ann.person)
    configured(session, for_poets, group_id=poets.id)
    assert bob.names() == ["b0"]
    (task,) = ann.claim(1)
    assert task.external_id == "a0"
    groups.remove(session, poets, ann.person)
    assert ann.names() == []
    stored = ann.judge(task)
    assert (stored.late, stored.slot) == (False, True)
    configured(session, for_poets, group_id=None)
    assert bob.names() == ["a1", "a2"]


@pytest.mark.parametrize(("spread", "after_ann"), [(False, "a0"), (True, "a1")])
def test_one_is_finished_after_the_other_unless_the_overlap_is_spread(
    session, project, desks, bring, spread, after_ann
):
    ann, bob, _ = desks
    set_rules(project, overlap=2, spread=spread)
    bring(3)
    assert ann.names(1) == ["a0"]
    assert bob.names(1) == [after_ann]
    names = sorted(ann.names() + bob.names())
    assert len(names) == 4
    assert desks[2].names() == []


def test_batches_with_different_overlaps(session, project, desks, bring):
    bring(2, "a", overlap=1)
    bring(2, "b", overlap=3)
    set_rules(project, overlap=2)
    bring(1, "c")
    held = [desk.names() for desk in desks]
    assert held == [["a0", "a1", "b0", "b1", "c0"], ["b0", "b1", "c0"], ["b0", "b1"]]


def test_what_is_pinned_is_handed_out_before_all_else_and_to_nobody_else(session, project, desks, bring):
    ann, bob, _ = desks
    bring(2, "a", priority=9)
    bring(3, "b")
    pins.pin(session, project, comparison(session, project, "b1"), ann.person)
    assert [(pin.comparison.external_id, pin.person) for pin in pins.of_project(session, project, 9)] == [
        ("b1", ann.person)
    ]
    assert bob.names() == ["a0", "a1", "b0", "b2"]
    assert ann.names() == ["b1"]
    assert pins.of_project(session, project, 9) == []


def test_a_pin_keeps_one_slot_and_leaves_the_others(session, project, desks, bring):
    ann, bob, cid = desks
    bring(1, overlap=2)
    pins.pin(session, project, comparison(session, project, "a0"), ann.person)
    assert bob.names() == ["a0"]
    assert cid.names() == []
    assert ann.names() == ["a0"]


def test_a_pin_outlasts_a_lease_that_runs_out(session, project, clock, desks, bring):
    ann, bob, _ = desks
    bring(1)
    pins.pin(session, project, comparison(session, project, "a0"), ann.person)
    ann.claim()
    clock.forward(minutes=31)
    assert bob.names() == []
    assert [pin.person for pin in pins.of_project(session, project, 9)] == [ann.person]
    assert ann.names() == ["a0"]


def test_what_the_pinned_one_skips_is_for_everybody(session, project, desks, bring):
    ann, bob, _ = desks
    bring(1)
    pins.pin(session, project, comparison(session, project, "a0"), ann.person)
    ann.skip(*ann.claim())
    assert pins.of_project(session, project, 9) == []
    assert ann.names() == []
    assert bob.names() == ["a0"]


def test_a_pin_moves_and_ends(session, project, desks, bring):
    ann, bob, cid = desks
    bring(1)
    wanted = comparison(session, project, "a0")
    for person in (ann.person, ann.person, bob.person):
        pins.pin(session, project, wanted, person)
    assert ann.names() == []
    for _ in range(2):
        pins.unpin(session, project, wanted)
    assert pins.of_project(session, project, 9) == []
    assert cid.names() == ["a0"]


def test_a_pin_moves_from_somebody_who_holds_it_to_the_next_slot(session, project, clock, desks, bring):
    ann, bob, cid = desks
    bring(1, overlap=2)
    wanted = comparison(session, project, "a0")
    pins.pin(session, project, wanted, ann.person)
    assert ann.names() == ["a0"]
    pins.pin(session, project, wanted, bob.person)
    assert cid.names() == []
    clock.forward(minutes=31)
    assert cid.names() == ["a0"]  # what ann held is reserved no more
    assert bob.names() == ["a0"]


def test_what_is_unpinned_goes_to_those_who_passed_it_by(session, project, desks, bring):
    ann, bob, _ = desks
    bring(3)
    pins.pin(session, project, comparison(session, project, "a0"), ann.person)
    assert bob.names(1) == ["a1"]
    pins.unpin(session, project, comparison(session, project, "a0"))
    assert bob.names(1) == ["a0"]


def test_whom_nothing_can_be_pinned_to(session, project, clock, desks, bring):
    ann, bob, cid = desks
    batch = bring(2)
    first, second = (comparison(session, project, name) for name in ("a0", "a1"))
    (task,) = ann.claim(1)
    for person in (ann.person, bob.person):
        with pytest.raises(Conflict, match=r"has had this comparison|No slot"):
            pins.pin(session, project, first, person)
    ann.judge(task)
    with pytest.raises(Conflict, match=r"ann@example.org has had this comparison already"):
        pins.pin(session, project, first, ann.person)
    people.change(session, cid.person, active=False)
    with pytest.raises(Conflict, match=r"cid@example.org is deactivated"):
        pins.pin(session, project, second, cid.person)
    poets = groups.create(session, "Poets", clock())
    configured(session, batch, group_id=poets.id)
    with pytest.raises(Conflict, match=r"bob@example.org is not in the group that batch b is for"):
        pins.pin(session, project, second, bob.person)
    groups.add(session, poets, bob.person)
    pins.pin(session, project, second, bob.person)
    other = projects.create(session, "other", "", clock())
    for change in (lambda: pins.pin(session, other, second, bob.person), lambda: pins.unpin(session, other, second)):
        with pytest.raises(NotFound):
            change()
    assert pins.named(session, other, "a0") is None
    assert pins.named(session, project, "a\x00") is None


def test_who_let_it_run_out_may_have_it_pinned(session, project, clock, desks, bring):
    ann, bob, _ = desks
    bring(1)
    ann.claim()
    clock.forward(minutes=31)
    assignments.give_back(session, (theirs := bob.claim()[0]).id, bob.person.id, theirs.lease_token)
    pins.pin(session, project, comparison(session, project, "a0"), ann.person)
    assert bob.names() == []
    assert ann.names() == ["a0"]


def test_an_imported_judgement_of_the_pinned_one_ends_the_pin(session, project, clock, desks, bring):
    ann, *_ = desks
    batch = bring(1, overlap=3)
    pins.pin(session, project, comparison(session, project, "a0"), ann.person)
    row = {"id": "a0", "prompt": "Why a0?", "response_a": "a0", "response_b": "b0"}
    judged = row | {"annotations": [{"annotator": "ann@example.org", "choice": "a"}]}
    take(session, project, clock, [judged])
    assert ann.names() == []
    assert pins.of_project(session, project, 9) == []
    assert batches.done(session, project)[batch.id] == (1, 3)
    assert [desk.names() for desk in desks] == [[], ["a0"], ["a0"]]


def test_what_is_leased_is_seen_until_it_ends(session, project, clock, desks, bring):
    ann, bob, _ = desks
    batch = bring(4)
    first = ann.claim(2)
    clock.forward(minutes=10)
    bob.claim(1)
    seen = leased.of_project(session, project, clock(), 9)
    assert [(lease.comparison.external_id, lease.person, lease.batch) for lease in seen] == [
        ("a0", ann.person, batch),
        ("a1", ann.person, batch),
        ("a2", bob.person, batch),
    ]
    assert leased.of_project(session, project, clock(), 1) == seen[:1]
    assert leased.of_project(session, project, clock(), 9, bob.person.id) == seen[2:]
    found = leased.holders(session, project, clock())
    assert [(holder.person, holder.leases, clock() - holder.since, holder.until - clock()) for holder in found] == [
        (ann.person, 2, timedelta(minutes=10), timedelta(minutes=20)),
        (bob.person, 1, timedelta(0), timedelta(minutes=30)),
    ]
    ann.judge(first[0])
    clock.forward(minutes=21)
    assert [holder.person for holder in leased.holders(session, project, clock())] == [bob.person]


def test_what_is_released_goes_to_the_next_and_a_late_answer_is_kept(session, project, desks, bring):
    ann, bob, _ = desks
    bring(3)
    (task,) = ann.claim(1)
    assert bob.names(1) == ["a1"]
    for _ in range(2):
        leased.release(session, project, task.id)
    assert leased.holders(session, project, bob.clock())[0].person == bob.person
    (theirs,) = bob.claim(1)
    assert theirs.external_id == "a0"
    late = ann.judge(task)
    assert (late.status, late.late, late.slot) == ("stored", True, False)
    on_time = bob.judge(theirs)
    assert (on_time.late, on_time.slot) == (False, True)


def test_an_answer_to_a_released_lease_takes_the_slot_while_it_is_free(session, project, desks, bring):
    ann, bob, _ = desks
    bring(1)
    (task,) = ann.claim()
    leased.release(session, project, task.id)
    late = ann.judge(task)
    assert (late.late, late.slot) == (True, True)
    assert bob.names() == []


def test_a_released_pin_stays_with_whom_it_is_for(session, project, desks, bring):
    ann, bob, _ = desks
    bring(1)
    pins.pin(session, project, comparison(session, project, "a0"), ann.person)
    leased.release(session, project, ann.claim()[0].id)
    assert bob.names() == []
    assert ann.names() == ["a0"]


def test_all_that_somebody_holds_is_released_at_once(session, project, desks, bring):
    ann, bob, _ = desks
    bring(5)
    kept, *_ = ann.claim(4)
    ann.judge(kept)
    bob.claim(1)
    assert leased.release_all(session, project, ann.person) == 3
    assert leased.release_all(session, project, ann.person) == 0
    assert [holder.person for holder in leased.holders(session, project, bob.clock())] == [bob.person]
    assert sorted(bob.names()) == ["a1", "a2", "a3"]


def test_what_cannot_be_released(session, project, clock, desks, bring):
    ann, *_ = desks
    batch = bring(2)
    judged, skipped = ann.claim(2)
    ann.judge(judged)
    ann.skip(skipped)
    with pytest.raises(Conflict, match="judged in the meantime"):
        leased.release(session, project, judged.id)
    with pytest.raises(Conflict, match="skipped in the meantime"):
        leased.release(session, project, skipped.id)
    other = projects.create(session, "other", "", clock())
    for place, number in ((other, judged.id), (project, 10**6)):
        with pytest.raises(NotFound):
            leased.release(session, place, number)
    batches.change(session, batch, BatchState.closed)
    assert projects.progress(session, [project], ann.person.id)[project.id] == projects.Progress(1, 1, 1)


def test_progress_counts_what_is_open_and_what_was_done(session, project, desks, bring):
    ann, *_ = desks
    bring(3, "a")
    paused, closed, _ = bring(2, "b"), bring(4, "c"), bring(5, "d", opened=False)
    tasks = ann.claim(7)
    ann.judge(tasks[0], *tasks[5:])
    batches.change(session, paused, BatchState.paused)
    assert projects.progress(session, [project], ann.person.id)[project.id] == projects.Progress(3, 9, 3)
    batches.change(session, closed, BatchState.closed)
    assert projects.progress(session, [project], ann.person.id)[project.id] == projects.Progress(3, 7, 3)
    assert projects.progress(session, [project], desks[1].person.id)[project.id].mine == 0
    ann.undo(tasks[0])
    assert projects.progress(session, [project], ann.person.id)[project.id] == projects.Progress(2, 7, 2)
