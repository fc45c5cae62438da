"""An import beside those whose judgements it brings: who comes second waits, and neither breaks."""

import pytest

from app.domain import people, projects
from app.storage import leases
from app.storage.session import make_sessions
from app.storage.tables import Preference, PreferenceHistory
from app.vocabulary import Role
from tests.domain.test_importing import take
from tests.domain.test_queue import answer, rows
from tests.domain.test_races import claim, count, done, during, load, submit

JUDGED = rows(1, annotations=[{"annotator": "ann@example.org", "choice": "b"}])


@pytest.fixture
def study(engine, clock):
    """Sessions, a project, and an annotator."""
    sessions = make_sessions(engine)
    with sessions.begin() as session:
        ann = people.add(session, "ann@example.org", "", Role.annotator, clock())[0]
        return sessions, projects.create(session, "study", "", clock()), ann.id


@pytest.fixture
def late(study, clock):
    """An answer to a comparison whose lease ran out, and whose slot is free again."""
    sessions, project, ann = study
    load(sessions, project, clock, rows(1))
    (task,) = done(sessions, claim(project, ann, clock))
    clock.forward(minutes=31)
    done(sessions, lambda session: leases.sweep(session, clock()))
    return submit(task, ann, answer(task), clock)


@pytest.fixture
def bring(study, clock):
    """An import of the annotator's judgement; returns how many were new."""
    return lambda session: take(session, session.merge(study[1], load=False), clock, JUDGED).batch.judgements


def test_an_import_waits_for_a_late_answer_of_the_same_person(study, late, bring):
    stored, judged = during(study[0], late, bring)
    assert (stored.status, judged) == ("stored", 0)
    assert count(study[0], Preference) == 1


def test_a_late_answer_waits_for_an_import_of_the_same_persons_judgement(study, late, bring):
    judged, stored = during(study[0], bring, late)
    assert (judged, stored.status) == (1, "superseded")
    assert (count(study[0], Preference), count(study[0], PreferenceHistory)) == (1, 1)
