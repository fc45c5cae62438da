"""What the audit log keeps, and that nobody changes it."""

from dataclasses import replace

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from app.domain import audit, people, projects, training_runs
from app.domain.audit import Wanted
from app.storage.training import TrainingRun
from app.vocabulary import Act, Role, RunState


@pytest.fixture
def session(session, clock):
    session.info.update(actor="somebody", clock=clock, request_id="r-1")
    return session


def told(session, **wanted):
    """The entries, oldest first, as (action, subject, details)."""
    session.flush()
    found = audit.newest(session, Wanted(**wanted), 100)
    return [(entry.action, entry.subject, entry.details) for entry in reversed(found)]


def settings(project, **changed):
    return replace(projects.settings(project), **changed)


def test_an_entry_names_who_when_and_by_which_request(session, clock, project):
    ann, _ = people.add(session, "ann@example.org", "Ann", Role.admin, clock())
    session.info["actor"] = ann
    clock.forward(hours=1)
    people.create_token(session, ann, "for\x00 CI", clock())
    session.commit()
    [entry, *_] = audit.newest(session, Wanted(), 10)
    assert (entry.at, entry.actor_id, entry.actor, entry.request_id) == (clock(), ann.id, "ann@example.org", "r-1")
    assert (entry.action, entry.subject, entry.details) == (Act.token_made, "ann@example.org", {"name": "for CI"})


def test_no_secret_goes_in(session, clock):
    ann, _ = people.add(session, "ann@example.org", "Ann", Role.annotator, clock())
    secrets = [people.invite(session, ann, clock()), people.create_token(session, ann, "", clock())]
    people.accept(session, secrets[0], clock(), people.hashed("a long password"))
    shown = str(told(session))
    assert not any(secret in shown for secret in [*secrets, "a long password", ann.password_hash])
    acts = [action for action, _, _ in told(session)]
    assert acts == ["account added", "account invited", "token made", "password set", "signed in"]


def test_of_settings_it_tells_which_changed_from_what_to_what(session, project, clock):
    projects.configure(project, settings(project, overlap=3, guidelines="Be kind to whoever asks."), clock())
    projects.configure(project, settings(project), clock())
    assert told(session, action=Act.project_changed) == [
        ("project changed", "study", {"overlap": [1, 3], "guidelines": "changed", "guidelines_version": [0, 1]})
    ]


def test_what_is_undone_leaves_no_entry(session, project, clock):
    session.commit()
    before = told(session)
    people.add(session, "ann@example.org", "Ann", Role.annotator, clock())
    session.rollback()
    assert told(session) == before


def test_the_same_again_is_no_act(session, clock, project):
    for _ in range(2):
        ann, _ = people.add(session, "ann@example.org", "Ann", Role.annotator, clock())
        people.change(session, ann, role=Role.reviewer)
    run = TrainingRun(project_id=project.id, state=RunState.running, requested_at=clock(), config={})
    session.add(run)
    session.flush()
    for _ in range(2):
        training_runs.cancel(session, run, clock())
    subject = "ann@example.org"
    assert told(session)[1:] == [
        ("account added", subject, {"role": "annotator"}),
        ("account changed", subject, {"role": ["annotator", "reviewer"]}),
        ("run cancelled", f"run {run.id}", {}),
    ]


def test_the_database_refuses_to_change_an_entry(session, project):
    session.commit()
    with pytest.raises(DBAPIError, match="an audit entry is never changed"):
        session.execute(text("UPDATE audit_entry SET actor = 'somebody else'"))


def test_it_can_be_asked_by_project_person_action_and_day(session, clock, project):
    other = projects.create(session, "other", "", clock())
    session.info["actor"] = "somebody else"
    clock.forward(days=1)
    projects.configure(other, settings(other, overlap=2), clock())
    assert [subject for _, subject, _ in told(session)] == ["study", "other", "other"]
    assert [subject for _, subject, _ in told(session, project_id=project.id)] == ["study"]
    assert [action for action, _, _ in told(session, actor="somebody else")] == [Act.project_changed]
    assert [subject for _, subject, _ in told(session, action=Act.project_created)] == ["study", "other"]
    assert [action for action, _, _ in told(session, since=clock())] == [Act.project_changed]
    assert [action for action, _, _ in told(session, until=clock())] == [Act.project_created] * 2


def test_pages_follow_each_other_without_gap_or_repetition(session, clock):
    for number in range(7):
        audit.record(session, Act.pruned, str(number))
    session.flush()
    first = audit.newest(session, Wanted(), 3)
    audit.record(session, Act.pruned, "a newer one")
    session.flush()
    second = audit.newest(session, Wanted(), 3, first[-1].id)
    assert [entry.subject for entry in [*first, *second]] == ["6", "5", "4", "3", "2", "1"]
