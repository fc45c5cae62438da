"""All that is known of one comparison."""

import uuid
from datetime import timedelta

import pytest
from sqlalchemy import select

from app.domain import assignments, comparisons, people, pins, preferences, projects, reward_models, training_runs
from app.domain.errors import NotFound
from app.domain.preferences import Answer
from app.storage.tables import Assignment, Comparison, Preference, Reward
from app.vocabulary import Role, RunState
from tests.domain.test_finding import row
from tests.domain.test_importing import take

LEASE = timedelta(minutes=30)


@pytest.fixture
def comparison(session, project, clock):
    project.overlap = 5
    rows = [row("one", ("w", 2), generator_a="model 1", metadata={"source": "here"})]
    take(session, project, clock, rows)
    return session.scalars(select(Comparison)).one()


@pytest.fixture
def hire(session, clock):
    return lambda name: people.add(session, f"{name}@example.org", name.title(), Role.annotator, clock())[0]


@pytest.fixture
def look(session, project, comparison, clock):
    return lambda: comparisons.dossier(session, project, comparison.id, clock())


def claim(session, project, person, clock):
    return assignments.next_tasks(session, project.id, person.id, 1, clock(), LEASE)[0]


def answer(session, task, person, clock, strength, **more):
    sent = Answer(str(uuid.uuid4()), task.lease_token, strength, **more)
    preferences.submit(session, task.id, person.id, sent, clock())
    return session.get_one(Preference, sent.id)


def test_what_was_uploaded_is_there(look):
    found = look()
    assert (found.a.text, found.b.text, found.a.generator, found.b.generator) == (
        "a of one",
        "b of one",
        "model 1",
        None,
    )
    assert found.prompt.messages == [{"role": "user", "content": "Why one?"}]
    assert found.comparison.details == {"source": "here"}
    assert (found.batch.name, found.free) == ("b", 4)
    (judgement,) = found.judgements
    assert (judgement.person.name, judgement.strength, judgement.imported, judgement.extra) == ("w", 2, True, False)


def test_a_judgement_has_all_that_was_said_and_how_it_was_seen(session, project, comparison, look, hire, clock):
    ann = hire("ann")
    task = claim(session, project, ann, clock)
    clock.forward(minutes=1)
    stored = answer(
        session, task, ann, clock, 3, acceptable_left=False, acceptable_right=True, rationale="So.", active_ms=900
    )
    stored.criteria, stored.flags = {"helpful": -1}, ["unsafe"]
    session.flush()
    swapped = session.get_one(Assignment, task.id).swapped
    said = look().judgements[-1]
    assert said.person == ann
    assert (said.strength, said.swapped) == (-3 if swapped else 3, swapped)
    assert (said.acceptable_a, said.acceptable_b) == ((True, False) if swapped else (False, True))
    assert (said.criteria, said.flags, said.rationale, said.active_ms) == ({"helpful": -1}, ["unsafe"], "So.", 900)
    assert said.submitted_at - said.started_at == timedelta(minutes=1)
    assert (said.late, said.imported, said.extra, said.why) == (False, False, False, None)


def test_what_no_longer_counts_is_kept_newest_first(session, project, look, hire, clock):
    ann, ben = hire("ann"), hire("ben")
    task = claim(session, project, ann, clock)
    answer(session, task, ann, clock, 1, rationale="First.")
    clock.forward(minutes=1)
    answer(session, task, ann, clock, 2)
    clock.forward(minutes=1)
    other = claim(session, project, ben, clock)
    answer(session, other, ben, clock, -2)
    clock.forward(minutes=1)
    preferences.withdraw(session, other.id, ben.id, other.lease_token, clock(), LEASE)
    found = look()
    assert [(one.person, one.why, one.until) for one in found.past] == [
        (ben, "withdrawn", clock()),
        (ann, "revised", clock() - timedelta(minutes=2)),
    ]
    assert found.past[1].rationale == "First."
    assert [one.person.name for one in found.judgements] == ["w", "Ann"]
    assert [(who, slot.lease_expires_at) for slot, who in found.held] == [(ben, clock() + LEASE)]


def test_who_holds_it_passed_it_on_or_is_waited_for(session, project, comparison, look, hire, clock):
    ann, ben, cleo = hire("ann"), hire("ben"), hire("cleo")
    skipped = claim(session, project, ann, clock)
    assignments.skip(session, skipped.id, ann.id, skipped.lease_token, "not my field")
    claim(session, project, ben, clock)
    pins.pin(session, project, comparison.id, cleo)
    found = look()
    assert [(slot.skip_reason, who) for slot, who in found.skipped] == [("not my field", ann)]
    assert [who for _, who in found.held] == [ben]
    assert (found.pinned, found.free, found.lapsed) == (cleo, 3, 0)
    clock.forward(minutes=31)
    assert (look().held, look().free) == ([], 4)  # a lease that ran out holds nothing, swept or not
    assignments.sweep(session, clock())
    assert (look().free, look().lapsed) == (4, 1)


def test_the_present_models_rewards_where_there_are_any(session, project, comparison, look, clock):
    assert look().model is None
    take(session, project, clock, [row(f"more-{n}", ("w", 1)) for n in range(9)])
    run = training_runs.request(session, project, clock())
    run.artefact = "somewhere"
    training_runs.begin(session, run, clock())
    training_runs.finish(session, run, RunState.succeeded, clock())
    reward_models.promote(session, run, clock())
    assert (look().model.run, look().model.margin) == (run, None)
    session.add(Reward(run_id=run.id, response_id=comparison.response_a_id, reward=1.5))
    session.flush()
    assert look().model.margin is None
    session.add(Reward(run_id=run.id, response_id=comparison.response_b_id, reward=1.0))
    session.flush()
    assert look().model.margin == -0.5


def test_it_is_found_in_its_own_project_only(session, project, comparison, clock):
    other = projects.create(session, "other", "Another", clock())
    for asked, number in ((other, comparison.id), (project, comparison.id + 1)):
        with pytest.raises(NotFound, match="There is no comparison"):
            comparisons.dossier(session, asked, number, clock())
