"""What happens to a piece of work when the database does not play along."""

import shutil

import pytest
from sqlalchemy import event, func, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError

from app.storage import session as sessions_module
from app.storage.session import Unavailable, make_engine, make_sessions, perform, perform_together
from app.storage.tables import Project


@pytest.fixture
def sessions(engine):
    return make_sessions(engine)


def add(clock, slug="study"):
    return lambda session: session.add(
        Project(slug=slug, name="", guidelines="", overlap=1, base_model="", retrain_every=0, created_at=clock())
    )


def count(sessions):
    with sessions() as session:
        return session.scalar(select(func.count()).select_from(Project))


class Deadlock(Exception):
    sqlstate = "40P01"


def test_a_deadlock_is_tried_again_and_leaves_nothing_of_the_first_time(sessions, clock):
    tries = []

    def work(session):
        add(clock, f"try-{len(tries)}")(session)
        session.flush()
        tries.append(1)
        if len(tries) < 3:
            raise OperationalError("UPDATE", {}, Deadlock())
        return "done"

    assert perform(sessions, work) == "done"
    assert len(tries) == 3
    assert count(sessions) == 1


def test_what_does_not_pass_is_not_tried_again(sessions):
    tries = []

    def work(session):
        tries.append(1)
        session.execute(text("SELECT 1"))
        raise OperationalError("UPDATE", {}, RuntimeError("disk full"))

    with pytest.raises(Unavailable) as caught:
        perform(sessions, work)
    assert isinstance(caught.value.__cause__, DBAPIError)
    assert len(tries) == 1


def test_connections_that_the_server_closed_are_replaced(request, clock):
    server, admin = request.getfixturevalue("postgres")
    engine = make_engine(server.get_uri("template_touchstone"))
    sessions = make_sessions(engine)
    ask = text("SELECT pg_backend_pid()")
    killed = perform(sessions, lambda session: session.scalar(ask))
    with admin.connect() as connection:
        connection.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": killed})
    assert perform(sessions, lambda session: session.scalar(ask)) != killed
    engine.dispose()


def test_who_gets_no_turn_to_write_is_told_so(sqlite_template, tmp_path, clock, monkeypatch):
    shutil.copy(sqlite_template, tmp_path / "touchstone.db")
    engine = make_engine(f"sqlite:///{tmp_path / 'touchstone.db'}")
    sessions = make_sessions(engine)
    monkeypatch.setattr(sessions_module, "PATIENCE", 0.05)
    with sessions() as writer:
        writer.connection()
        with pytest.raises(Unavailable):
            perform(sessions, add(clock))
    perform(sessions, add(clock))  # the turn was given back
    assert count(sessions) == 1
    engine.dispose()


def test_works_that_are_committed_together_see_each_other_and_cost_one_commit(sessions, engine, clock):
    commits = []
    event.listen(engine, "commit", commits.append)
    works = [add(clock, "one"), add(clock, "two"), lambda session: session.scalar(select(func.count(Project.id)))]
    assert perform_together(sessions, works) == [None, None, 2]
    assert count(sessions) == 2
    assert len(commits) == 1


def test_one_that_fails_takes_nothing_from_the_others(sessions, clock):
    def fails(session):
        add(clock, "half done")(session)
        session.flush()
        raise ValueError("no")

    works = [add(clock, "one"), fails, add(clock, "two"), add(clock, "one"), lambda _: "done"]
    first, second, third, fourth, fifth = perform_together(sessions, works)
    assert (first, third, fifth) == (None, None, "done")
    assert isinstance(second, ValueError)
    assert isinstance(fourth, IntegrityError)  # the slug is taken
    with sessions() as session:
        assert set(session.scalars(select(Project.slug))) == {"one", "two"}


def test_nobody_hears_of_what_could_not_be_committed(sessions, engine, clock, monkeypatch):
    def full(connection):
        if engine.dialect.name == "postgresql":  # a commit that fails ends the transaction there
            connection.rollback()
        raise engine.dialect.loaded_dbapi.OperationalError("disk full")

    with monkeypatch.context() as patched:
        patched.setattr(engine.dialect, "do_commit", full)
        outcomes = perform_together(sessions, [add(clock, "one"), add(clock, "two")])
    assert [type(outcome) for outcome in outcomes] == [Unavailable, Unavailable]
    assert count(sessions) == 0


def test_what_one_read_the_next_reads_anew(sessions, clock):
    perform(sessions, add(clock))

    def rename(session):
        session.scalars(select(Project)).one()
        session.execute(text("UPDATE project SET name = 'new'"))

    def name(session):
        return session.scalars(select(Project)).one().name

    assert perform_together(sessions, [rename, name]) == [None, "new"]
