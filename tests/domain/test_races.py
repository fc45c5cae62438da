"""Two people, or two tabs of one, at the same moment: one transaction is still open while the other begins."""

import threading
import uuid

import pytest
from sqlalchemy import func, select

from app.domain import assignments, batches, people, preferences, projects, snapshots, training_runs
from app.domain.errors import Conflict, DuplicateUpload, NotFound, Unauthenticated
from app.storage.judgements import decide
from app.storage.session import make_sessions
from app.storage.tables import Assignment, Batch, Comparison, Person, Preference, PreferenceHistory, Prompt, TrainingRun
from app.vocabulary import BatchState, Role
from tests.domain.test_importing import PAIR, take
from tests.domain.test_queue import LEASE, answer, rows

LONG_ENOUGH_TO_REACH_A_LOCK = 0.2


@pytest.fixture
def sessions(engine):
    return make_sessions(engine)


@pytest.fixture
def folk(sessions, clock):
    """Ids of two annotators with accounts."""
    with sessions.begin() as session:
        names = ("ann@example.org", "bob@example.org")
        return [people.add(session, name, "", Role.annotator, clock())[0].id for name in names]


@pytest.fixture
def study(sessions, clock):
    """A project in which every comparison wants two judgements."""
    with sessions.begin() as session:
        return projects.create(session, "study", "", clock(), overlap=2)


def during(sessions, first, second):
    """What `first` and `second` return, or raise, when the second begins before the first is committed."""

    def run(work, session):
        try:
            return work(session)
        except Exception as error:
            session.rollback()
            return error

    found = []

    def later():
        with sessions() as session:
            found.append(run(second, session))
            session.commit()

    thread = threading.Thread(target=later)
    with sessions() as session:
        before = run(first, session)
        thread.start()
        thread.join(LONG_ENOUGH_TO_REACH_A_LOCK)
        session.commit()
    thread.join(20)
    assert not thread.is_alive()
    return before, found[0]


def claim(study, person, clock, count=1):
    return lambda session: assignments.next_tasks(session, study.id, person, count, clock(), LEASE)


def submit(task, person, sent, clock):
    return lambda session: preferences.submit(session, task.id, person, sent, clock())


def load(sessions, study, clock, content, **upload):
    with sessions.begin() as session:
        return take(session, session.merge(study, load=False), clock, content, **upload)


def done(sessions, work):
    with sessions.begin() as session:
        return work(session)


def count(sessions, table):
    with sessions() as session:
        return session.scalar(select(func.count()).select_from(table))


def test_one_annotator_in_two_tabs_gets_two_comparisons(sessions, study, folk, clock):
    load(sessions, study, clock, rows(2))
    (first,), (second,) = during(sessions, claim(study, folk[0], clock), claim(study, folk[0], clock))
    assert {first.external_id, second.external_id} == {"0", "1"}


def test_one_annotator_in_two_tabs_gets_a_last_comparison_once(sessions, study, folk, clock):
    load(sessions, study, clock, rows(1))
    first, second = during(sessions, claim(study, folk[0], clock), claim(study, folk[0], clock))
    assert (len(first), second) == (1, [])


def test_two_annotators_do_not_wait_for_each_other(sessions, study, folk, clock):
    load(sessions, study, clock, rows(1))
    (first,), (second,) = during(sessions, claim(study, folk[0], clock), claim(study, folk[1], clock))
    assert first.external_id == second.external_id == "0"
    assert first.left == second.right


def test_the_same_answer_twice_at_once_is_stored_once(sessions, study, folk, clock):
    load(sessions, study, clock, rows(1))
    (task,) = done(sessions, claim(study, folk[0], clock))
    sent = submit(task, folk[0], answer(task), clock)
    first, second = during(sessions, sent, sent)
    assert (first.id, first.strength, first.slot) == (second.id, second.strength, second.slot)
    assert (first.repeated, second.repeated) == (False, True)
    assert count(sessions, Preference) == 1


def test_two_answers_at_once_are_one_and_its_revision(sessions, study, folk, clock):
    load(sessions, study, clock, rows(1))
    (task,) = done(sessions, claim(study, folk[0], clock))
    sent = [submit(task, folk[0], answer(task, strength), clock) for strength in (1, -3)]
    assert [stored.status for stored in during(sessions, *sent)] == ["stored", "stored"]
    assert (count(sessions, Preference), count(sessions, PreferenceHistory)) == (1, 1)


def test_one_id_for_two_answers_at_once_is_refused(sessions, study, folk, clock):
    load(sessions, study, clock, rows(1))
    tasks = [done(sessions, claim(study, person, clock))[0] for person in folk]
    number = str(uuid.uuid4())
    sent = [submit(t, p, answer(t, id=number), clock) for t, p in zip(tasks, folk, strict=True)]
    first, second = during(sessions, *sent)
    assert first.status == "stored"
    assert isinstance(second, Conflict)


def test_an_answer_that_comes_while_its_slot_is_taken_away_is_kept(sessions, study, folk, clock):
    load(sessions, study, clock, rows(1), name="x.jsonl")
    (task,) = done(sessions, claim(study, folk[0], clock))
    clock.forward(minutes=31)
    theirs, late = during(sessions, claim(study, folk[1], clock), submit(task, folk[0], answer(task), clock))
    assert len(theirs) == 1
    assert (late.status, late.late, late.slot) == ("stored", True, True)


def test_a_slot_is_not_taken_away_while_its_answer_comes(sessions, study, folk, clock):
    load(sessions, study, clock, rows(1))
    (task,) = done(sessions, claim(study, folk[0], clock))
    clock.forward(minutes=31)
    late, theirs = during(sessions, submit(task, folk[0], answer(task), clock), claim(study, folk[1], clock, 5))
    assert (late.status, late.late, late.slot) == ("stored", True, True)
    assert len(theirs) == 1
    assert count(sessions, Assignment) == 2


def test_a_late_answer_while_another_tab_leases_the_comparison_again(sessions, study, folk, clock):
    load(sessions, study, clock, rows(1))
    (task,) = done(sessions, claim(study, folk[0], clock))
    clock.forward(minutes=31)
    done(sessions, claim(study, folk[1], clock))
    again, late = during(sessions, claim(study, folk[0], clock), submit(task, folk[0], answer(task), clock))
    assert len(again) == 1
    assert (late.status, late.late, late.slot) == ("stored", True, True)
    assert count(sessions, Preference) == 1


def test_a_lease_in_another_tab_while_a_late_answer_comes(sessions, study, folk, clock):
    load(sessions, study, clock, rows(1))
    (task,) = done(sessions, claim(study, folk[0], clock))
    clock.forward(minutes=31)
    done(sessions, claim(study, folk[1], clock))
    late, again = during(sessions, submit(task, folk[0], answer(task), clock), claim(study, folk[0], clock))
    assert (late.status, late.slot, again) == ("stored", True, [])


def test_skip_in_one_tab_and_answer_in_another(sessions, study, folk, clock):
    load(sessions, study, clock, rows(1))
    (task,) = done(sessions, claim(study, folk[0], clock))
    sent = submit(task, folk[0], answer(task), clock)
    stored, skipped = during(
        sessions, sent, lambda s: assignments.skip(s, task.id, folk[0], task.lease_token, "unclear")
    )
    assert stored.status == "stored"
    assert isinstance(skipped, Conflict)


def test_two_tabs_resume_the_same(sessions, study, folk, clock):
    load(sessions, study, clock, rows(9))

    def resume(session):
        return assignments.resume(session, study.id, folk[0], 4, clock(), LEASE)

    first, second = during(sessions, resume, resume)
    assert [task.id for task in first] == [task.id for task in second]


JUDGED = rows(1, annotations=[{"annotator": "ann@example.org", "choice": "b"}])


def test_an_import_judges_what_its_annotator_leases_at_that_moment(sessions, study, folk, clock):
    load(sessions, study, clock, rows(2))

    def bring(session):
        return take(session, session.merge(study, load=False), clock, JUDGED).batch.judgements

    judged, tasks = during(sessions, bring, claim(study, folk[0], clock))
    assert (judged, [task.external_id for task in tasks]) == (1, ["1"])


def test_an_annotator_leases_what_an_import_judges_at_that_moment(sessions, study, folk, clock):
    load(sessions, study, clock, rows(2))

    def bring(session):
        return take(session, session.merge(study, load=False), clock, JUDGED).batch.judgements

    tasks, judged = during(sessions, claim(study, folk[0], clock), bring)
    assert (judged, [task.external_id for task in tasks]) == (0, ["0"])


def test_an_import_takes_no_slot_that_somebody_holds(sessions, study, folk, clock):
    load(sessions, study, clock, rows(1))
    many = rows(1, annotations=[{"annotator": name, "choice": "b"} for name in "xyz"])

    def bring(session):
        return take(session, session.merge(study, load=False), clock, many).batch.judgements

    (task,), judged = during(sessions, claim(study, folk[0], clock), bring)
    assert judged == 3
    assert done(sessions, submit(task, folk[0], answer(task), clock)).slot


def test_the_same_file_twice_at_once_asks(sessions, study, clock):
    def bring(session):
        return take(session, session.merge(study, load=False), clock, [PAIR])

    _, second = during(sessions, bring, bring)
    assert isinstance(second, DuplicateUpload)
    assert count(sessions, Comparison) == 1


@pytest.fixture
def draft(sessions, study, clock):
    """How somebody comes by it who looks at it before anything happens to it."""
    batch = load(sessions, study, clock, rows(1), opened=False).batch
    return lambda session: session.merge(batch, load=False)


def test_a_batch_that_somebody_opens_is_not_deleted(sessions, draft):
    opened, deleted = during(
        sessions,
        lambda session: batches.change(session, draft(session), BatchState.open),
        lambda session: batches.delete(session, draft(session)),
    )
    assert opened is None
    assert isinstance(deleted, Conflict)
    assert (count(sessions, Batch), count(sessions, Assignment)) == (1, 2)


@pytest.mark.parametrize(
    "late",
    [
        lambda session, batch: batches.change(session, batch, BatchState.open),
        lambda session, batch: batches.rename(session, batch, "Autumn"),
        lambda session, batch: batches.configure(session, batch, priority=3, max_per_annotator=None, group_id=None),
        batches.delete,
    ],
)
def test_a_batch_that_somebody_deletes_is_not_there_any_more(sessions, draft, late):
    deleted, error = during(
        sessions,
        lambda session: batches.delete(session, draft(session)),
        lambda session: late(session, draft(session)),
    )
    assert deleted is None
    assert isinstance(error, NotFound)
    assert count(sessions, Batch) == 0


def test_the_same_person_is_added_once(sessions, clock):
    def add(session):
        return people.add(session, "new@example.org", "", Role.reviewer, clock())

    (first, new), (second, again) = during(sessions, add, add)
    assert (first.id, new, again) == (second.id, True, False)


def test_the_same_slug_is_given_once(sessions, clock):
    first, second = during(sessions, *[lambda s: projects.create(s, "one", "", clock())] * 2)
    assert first.slug == "one"
    assert isinstance(second, Conflict)


def test_two_admins_cannot_send_each_other_away(sessions, clock):
    def ids(session):
        return [people.add(session, f"{n}@example.org", "", Role.admin, clock())[0].id for n in "ab"]

    gone = [lambda s, i=i: people.change(s, people.get(s, i), active=False) for i in done(sessions, ids)]
    _, second = during(sessions, *gone)
    assert isinstance(second, Conflict)
    with sessions() as session:
        assert session.scalar(select(func.count()).where(Person.active, Person.role == Role.admin)) == 1


def test_an_invitation_opens_one_session(sessions, folk, clock):
    secret = done(sessions, lambda s: people.invite(s, people.get(s, folk[0]), clock()))
    password = people.hashed("long enough!")
    opened, second = during(sessions, *[lambda s: people.accept(s, secret, clock(), password)] * 2)
    assert isinstance(opened, str)
    assert isinstance(second, Unauthenticated)


def test_one_training_run_is_requested(sessions, study, clock):
    def ask(session):
        return training_runs.request(session, session.merge(study, load=False), clock())

    for number, name in enumerate("xy", 1):
        load(sessions, study, clock, rows(12, annotations=[{"annotator": name, "choice": "a"}]))
        first, second = during(sessions, ask, ask)
        assert first.snapshot_id
        assert isinstance(second, Conflict)
        assert count(sessions, TrainingRun) == number
        done(sessions, lambda session, run=first: training_runs.cancel(session, session.merge(run), clock()))


JUDGED_BY_ONE = rows(12, annotations=[{"annotator": "x", "choice": "a"}])


def prepared(session, study):
    return training_runs.prepare(session, session.merge(study, load=False))


def test_what_was_drawn_is_what_was_judged_at_that_moment(sessions, study, clock):
    load(sessions, study, clock, JUDGED_BY_ONE)
    with sessions() as session:
        drawn = prepared(session, study)
        load(sessions, study, clock, rows(3, annotations=[{"annotator": "y", "choice": "b"}]))
        run = training_runs.request(session, session.merge(study, load=False), clock(), drawn=drawn)
        session.commit()
        found = snapshots.read(training_runs.snapshot_of(session, run))
        assert len(found) == drawn.counts["judgements"] == 12
        assert sum(row["split"] == "held_out" for row in found) == 3
        with pytest.raises(Conflict, match="under way"):
            prepared(session, study)
        session.rollback()
        with pytest.raises(Conflict, match="under way"):
            training_runs.request(session, session.merge(study, load=False), clock(), drawn=drawn)
        session.rollback()
        training_runs.cancel(session, run, clock())
        again = training_runs.request(session, session.merge(study, load=False), clock(), drawn=drawn)
        assert again.snapshot_id == run.snapshot_id


def test_whether_a_prompt_is_held_out_is_decided_once(sessions, study, clock):
    load(sessions, study, clock, JUDGED_BY_ONE)
    with sessions() as session:
        prompts = list(session.scalars(select(Prompt.id).order_by(Prompt.id)))
    first = {number: number % 2 == 0 for number in prompts[:8]}
    other = {number: number % 2 == 1 for number in reversed(prompts[4:])}
    during(sessions, lambda session: decide(session, first), lambda session: decide(session, other))
    with sessions() as session:
        found = dict(session.execute(select(Prompt.id, Prompt.held_out)).all())
    assert found == other | first
