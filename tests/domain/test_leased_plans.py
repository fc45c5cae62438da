"""What reviewers look at is found by an index, however long the queue is."""

import pytest
from sqlalchemy import event, text

from app.domain import leased, people, pins, projects
from app.vocabulary import Role
from tests.domain.test_importing import take
from tests.domain.test_queue import claim, rows

LOOKS = {
    "holders": lambda session, project, now, person: leased.holders(session, project, now),
    "leases": lambda session, project, now, person: leased.of_project(session, project, now, 9),
    "leases of one": lambda session, project, now, person: leased.of_project(session, project, now, 9, person.id),
    "release": lambda session, project, now, person: leased.release_all(session, project, person),
    "pins": lambda session, project, now, person: pins.of_project(session, project, 9),
    "progress": lambda session, project, now, person: projects.progress(session, [project], person.id)[project.id],
}


@pytest.mark.parametrize("look", LOOKS.values(), ids=LOOKS)
def test_no_look_reads_the_whole_queue(engine, session, project, clock, look):
    take(session, project, clock, rows(9))
    ann, _ = people.add(session, "ann@example.org", "Ann", Role.annotator, clock())
    claim(session, project, ann, clock, 2)
    pins.pin(session, project, pins.named(session, project, "8").id, ann)
    session.commit()
    read = []
    event.listen(engine, "before_cursor_execute", lambda *seen: read.append(seen[2:4]))
    look(session, project, clock(), ann)
    statements = [(sql, values) for sql, values in read if sql.startswith("SELECT")]
    assert statements
    sqlite = engine.dialect.name == "sqlite"
    if not sqlite:
        session.execute(text("SET LOCAL enable_seqscan = off"))  # a queue of nine is read whole
    cursor = session.connection().connection.driver_connection.cursor()
    for sql, values in statements:
        cursor.execute(("EXPLAIN QUERY PLAN " if sqlite else "EXPLAIN ") + sql, values)
        plan = [str(row) for row in cursor.fetchall()]
        assert not any("SCAN assignment" in line or "Seq Scan on assignment" in line for line in plan), plan
