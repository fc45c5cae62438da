"""All judgements as numbers, and the statements that must not read them all."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import event

from app.domain import projects
from app.storage import evidence
from app.storage.evidence import UNKNOWN
from tests.domain.judging import hire, judge
from tests.domain.test_importing import take
from tests.web.conftest import pairs


def test_every_judgement_of_the_project_is_there_once_in_order(session, project, clock):
    other = projects.create(session, "other", "", clock())
    given = [
        {"annotator": "w1", "strength": -2, "submitted_at": "2025-12-31T23:00:00-02:00"},
        {"annotator": "w0", "strength": 3},
    ]
    rows = pairs(3)
    rows[0] |= {"annotations": given}
    rows[1] |= {"annotations": given[1:], "gold": "b"}
    batch = take(session, project, clock, rows).batch
    take(session, other, clock, rows)
    (ann,) = hire(session, clock, "ann").values()
    clock.forward(days=1)
    judge(session, project, ann, clock(), 3, active_ms=1500)
    found = evidence.evidence(session, project.id)
    order = list(zip(found.comparison.tolist(), found.annotator.tolist(), strict=True))
    assert order == sorted(order)
    assert len(set(order)) == len(order) == 4
    assert found.batch.tolist() == [batch.id] * 4
    assert sorted(found.gold.tolist()) == [1, UNKNOWN, UNKNOWN, UNKNOWN]
    mine = found.annotator == ann
    assert (found.active_ms[mine].tolist(), found.imported[mine].tolist()) == ([1500], [False])
    assert found.strength[mine].tolist() == [-3 if found.swapped[mine][0] else 3]
    days = {datetime.fromtimestamp(number * 86_400, UTC).date().isoformat() for number in found.day.tolist()}
    assert days == {"2026-01-01", "2026-01-05", "2026-01-06"}


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_the_pace_and_the_state_are_read_by_an_index(session, project, clock):
    said = []

    @event.listens_for(session.get_bind(), "before_cursor_execute")
    def note(_connection, _cursor, statement, parameters, *_):
        if "FROM preference" in statement:
            said.append((statement, parameters))

    evidence.per_day(session, project.id, clock())
    evidence.state(session, project.id)
    driver = session.connection().connection.driver_connection
    plans = [" ".join(row[3] for row in driver.execute("EXPLAIN QUERY PLAN " + one, given)) for one, given in said]
    by_index = "ix_preference_project_id_received_at (project_id=?"
    assert f"{by_index} AND received_at>?)" in plans[0]
    assert f"{by_index})" in plans[1]
