"""People who judge through the domain, at times of the test's own."""

import uuid
from datetime import timedelta

from app.domain import assignments, people, preferences
from app.vocabulary import Role

LEASE = timedelta(hours=1)


def hire(session, clock, *names):
    """Annotators with accounts, by name: their ids."""
    return {
        name: people.add(session, f"{name}@example.org", name.title(), Role.annotator, clock())[0].id for name in names
    }


def judge(session, project, person_id, now, *strengths, active_ms=None):
    """Judges the next comparisons with these strengths, as shown; returns the stored answers."""
    stored = []
    for strength in strengths:
        (task,) = assignments.next_tasks(session, project.id, person_id, 1, now, LEASE)
        answer = preferences.Answer(str(uuid.uuid4()), task.lease_token, strength, active_ms=active_ms)
        stored.append(preferences.submit(session, task.id, person_id, answer, now))
    return stored
