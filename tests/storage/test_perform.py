"""What happens to a piece of work when the database does not play along."""

import shutil
import sqlite3

import pytest
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError, OperationalError

from app.storage import session as sessions_module
from app.storage.session import Unavailable, make_engine, make_sessions, perform
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


@pytest.fixture
def one_writer(sqlite_template, tmp_path):
    shutil.copy(sqlite_template, tmp_path / "touchstone.db")
    engine = make_engine(f"sqlite:///{tmp_path / 'touchstone.db'}")
    yield make_sessions(engine)
    engine.dispose()


def test_who_gets_no_turn_to_write_is_told_so(one_writer, clock, monkeypatch):
    monkeypatch.setattr(sessions_module, "PATIENCE", 0.05)
    with one_writer() as writer:
        writer.connection()
        with pytest.raises(Unavailable):
            perform(one_writer, add(clock))
    perform(one_writer, add(clock))  # the turn was given back
    assert count(one_writer) == 1


def test_a_commit_that_failed_leaves_no_transaction_open(one_writer, clock, monkeypatch):
    def full(_connection):
        raise sqlite3.OperationalError("disk full")

    dialect = one_writer.kw["bind"].dialect
    with monkeypatch.context() as patched:
        patched.setattr(dialect, "do_commit", full)
        with pytest.raises(Unavailable):
            perform(one_writer, add(clock))
    assert count(one_writer) == 0
    perform(one_writer, add(clock))
    assert count(one_writer) == 1


def test_what_was_done_in_a_transaction_that_ended_by_itself_is_not_taken_for_stored(one_writer, clock):
    """SQLite rolls back in the middle of a transaction when it runs out of memory; what follows commits itself."""

    def work(session):
        add(clock, "one")(session)
        session.flush()
        session.connection().connection.driver_connection.execute("ROLLBACK")
        return "acknowledged"

    with pytest.raises(Unavailable):
        perform(one_writer, work)
    assert count(one_writer) == 0
    perform(one_writer, add(clock))
    assert count(one_writer) == 1


def test_a_connection_that_cannot_even_be_rolled_back_keeps_nobody_waiting(one_writer, clock, monkeypatch):
    class Sick(sqlite3.Connection):
        in_transaction = True

        def rollback(self):
            raise sqlite3.OperationalError("disk I/O error")

    def full(_connection):
        raise sqlite3.OperationalError("disk full")

    engine = make_engine(str(one_writer.kw["bind"].url))
    connect = engine.dialect.connect
    sessions = make_sessions(engine)
    monkeypatch.setattr(sessions_module, "PATIENCE", 0.05)
    with monkeypatch.context() as patched:
        patched.setattr(engine.dialect, "connect", lambda *given, **more: connect(*given, **more | {"factory": Sick}))
        patched.setattr(engine.dialect, "do_commit", full)
        with pytest.raises(Unavailable):
            perform(sessions, add(clock))
    perform(sessions, add(clock))
    assert count(sessions) == 1
    engine.dispose()
