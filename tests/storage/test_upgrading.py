"""Data of the first schema, after the upgrade."""

from datetime import UTC, datetime, timedelta

import pytest
from alembic import command
from sqlalchemy import text

from app.domain import assignments
from app.storage.migrating import configuration, migrate
from app.storage.session import make_engine, make_sessions

NOW = datetime(2026, 1, 5, 9, tzinfo=UTC)
LEASE = timedelta(minutes=30)


@pytest.fixture
def empty(request, tmp_path):
    """An engine on a database without tables, of each kind."""
    if request.param == "sqlite":
        engine = make_engine(f"sqlite:///{tmp_path / 'old.db'}")
        yield engine
        engine.dispose()
        return
    server, admin = request.getfixturevalue("postgres")
    with admin.connect() as connection:
        connection.execute(text("CREATE DATABASE upgraded"))
    engine = make_engine(server.get_uri("upgraded"))
    yield engine
    engine.dispose()
    with admin.connect() as connection:
        connection.execute(text("DROP DATABASE upgraded WITH (FORCE)"))


def fill(connection):
    """Six comparisons that want two judgements; Ann has skipped the first, and Bob has judged what came back of it."""

    def run(statement, *rows):
        for row in rows or ({},):
            connection.execute(text(statement), {"now": NOW.replace(tzinfo=None), **row})

    run("INSERT INTO project VALUES (1, 'study', 'A study', '', 2, '', 0, :now)")
    people = [{"id": number, "email": f"{name}@example.org"} for number, name in enumerate(("ann", "bob", "cid"), 1)]
    run("INSERT INTO person VALUES (:id, :email, NULL, 'x', 'annotator', NULL, true, :now)", *people)
    run("INSERT INTO batch VALUES (1, 1, 'b', 'open', 0, 'd', NULL, :now, 6, 6, 0, 0, 0)")
    run("INSERT INTO prompt VALUES (1, 1, 'd', '[]', NULL)")
    run("INSERT INTO response VALUES (1, 1, 'a', 'a', NULL)")
    run("INSERT INTO response VALUES (2, 1, 'b', 'b', NULL)")
    pairs = [{"id": number, "name": str(number)} for number in range(1, 7)]
    run("INSERT INTO comparison VALUES (:id, 1, 1, 1, 1, 2, :name, :name, 0, NULL, NULL)", *pairs)
    slot = (
        "INSERT INTO assignment (id, project_id, batch_id, comparison_id, slot, rank, swapped, state, annotator_id, "
        "lease_token) VALUES (:id, 1, 1, :pair, :slot, 0, :swapped, :state, :who, :token)"
    )
    rows = [{"id": 2 * pair - 1 + slot, "pair": pair, "slot": slot} for pair in range(1, 7) for slot in (0, 1)]
    free = {"state": "open", "who": None, "token": None, "swapped": True}
    run(slot, *[free | row for row in rows[1:]])
    run(slot, free | rows[0] | {"slot": None, "state": "skipped", "who": 1, "token": "t1"})
    run(slot, free | {"id": 13, "pair": 1, "slot": 0, "state": "done", "who": 2, "token": "t2"})
    run(
        "INSERT INTO preference (id, assignment_id, project_id, comparison_id, annotator_id, strength, received_at, late, "
        "imported) VALUES ('p', 13, 1, 1, 2, 1, :now, false, false)"
    )


@pytest.mark.parametrize("empty", ["sqlite", "postgresql"], indirect=True)
def test_everybody_goes_on_where_they_were_and_nothing_is_counted_twice(empty):
    settings = configuration()
    with empty.begin() as connection:
        settings.attributes["connection"] = connection
        command.upgrade(settings, "0001")
        fill(connection)
    migrate(empty)
    with make_sessions(empty)() as session:
        handed = {
            who: [task.external_id for task in assignments.next_tasks(session, 1, who, 20, NOW, LEASE)]
            for who in (1, 2)
        }
        assert handed == {1: list("23456"), 2: list("23456")}
        tallied = session.execute(text("SELECT batch_id, annotator_id, judged, filled FROM tally")).all()
        assert tallied == [(1, 2, 1, 1)]
        assert session.execute(text("SELECT overlap, slots FROM batch")).all() == [(2, 12)]
        assert session.execute(text("SELECT swapped FROM preference")).scalars().all() == [True]
