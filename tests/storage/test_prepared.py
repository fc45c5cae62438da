"""Prepared statements mean what they mean in SQLAlchemy: types in and out, errors, rows."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import bindparam, insert, select, update
from sqlalchemy.exc import IntegrityError, OperationalError, ProgrammingError

from app.domain import projects
from app.storage.prepared import Prepared
from app.storage.tables import Person, Project, Prompt

FIND = Prepared(
    select(Project.slug, Project.created_at).where(Project.slug == bindparam("wanted")).order_by(Project.id)
)


def test_instants_and_json_go_in_and_come_out_as_they_are(session, project):
    moment = datetime(2026, 3, 1, 12, 30, tzinfo=timezone(timedelta(hours=2)))
    moved = Prepared(
        update(Project)
        .where(Project.id == bindparam("project"))
        .values(created_at=bindparam("at"))
        .returning(Project.created_at)
    )
    assert moved.first(session, {"project": project.id, "at": moment}) == (datetime(2026, 3, 1, 10, 30, tzinfo=UTC),)
    added = Prepared(
        insert(Prompt.__table__).values(project_id=bindparam("project"), digest="d", messages=bindparam("turns"))
    )
    turns = [{"role": "user", "content": "Wie geht’s?"}]
    added.run(session, {"project": project.id, "turns": turns})
    assert session.scalars(select(Prompt.messages)).one() == turns


def test_rows_are_those_of_the_session_and_none_where_there_are_none(session, project, clock):
    projects.create(session, "other", "", clock())
    session.flush()
    assert FIND.first(session, {"wanted": "study"}) == ("study", clock())
    assert FIND.all(session, {"wanted": "other"}) == [("other", clock())]
    assert FIND.first(session, {"wanted": "none"}) is None
    assert FIND.all(session, {"wanted": "none"}) == []


def test_a_broken_constraint_is_the_error_that_it_is_elsewhere(session, project, clock):
    add = Prepared(
        insert(Project.__table__).values(
            slug="study",
            name="",
            guidelines="",
            overlap=1,
            base_model="",
            retrain_every=0,
            spread=False,
            created_at=bindparam("at"),
        )
    )
    with pytest.raises(IntegrityError):
        add.run(session, {"at": clock()})


def test_a_statement_that_makes_no_sense_is_the_databases_error(session):
    with pytest.raises((OperationalError, ProgrammingError)):
        Prepared(select(Person.id).where(Person.__table__.c.id == bindparam("id")).prefix_with("WRONG WORD")).first(
            session, {"id": 1}
        )
