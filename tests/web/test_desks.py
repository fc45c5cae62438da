"""What annotators ask for at the same time: done together, and for each as if nobody else were there."""

import asyncio
import threading
from types import SimpleNamespace

import pytest
from sqlalchemy import event, func, select, text
from sqlalchemy.exc import OperationalError

from app.domain import people
from app.domain.errors import Conflict, Unauthenticated
from app.storage import session as storage
from app.storage.session import Unavailable
from app.storage.tables import Project
from app.storage.turns import Turns
from app.vocabulary import Role
from app.web import desks as module
from app.web.desks import TOGETHER, Desks

on_sqlite = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
on_postgresql = pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
acquire = Turns.acquire


@pytest.fixture
def folk(sessions, clock):
    """Tokens of three annotators."""
    with sessions.begin() as session:
        hired = [people.add(session, f"{n}@example.org", "", Role.annotator, clock())[0] for n in range(3)]
        return [SimpleNamespace(id=one.id, token=people.create_token(session, one, "", clock())) for one in hired]


@pytest.fixture
def commits(sessions):
    found = []
    event.listen(sessions.kw["bind"], "commit", found.append)
    return found


@pytest.fixture
def ask(sessions, folk, clock):
    """Asks for all of these works at the same time, each as one person or as whoever has that token."""

    def ask(*works, desks=None, first=None):
        async def all_at_once():
            desk = desks or Desks(sessions)
            asking = [desk.perform("token", token, clock(), work) for token, work in map(by, works)]
            if first is not None:
                first(desk)
            return await asyncio.wait_for(asyncio.gather(*asking, return_exceptions=True), 60)

        def by(work):
            return work if isinstance(work, tuple) else (folk[0].token, work)

        return asyncio.run(all_at_once())

    return ask


@pytest.fixture
def add(clock):
    def add(slug):
        def work(session, caller):
            found = Project(
                slug=slug,
                name=str(caller.id),
                guidelines="",
                overlap=1,
                base_model="",
                retrain_every=0,
                created_at=clock(),
            )
            session.add(found)
            session.flush()
            return slug

        return work

    return add


@pytest.fixture
def slugs(sessions):
    def slugs():
        with sessions() as session:
            return sorted(session.scalars(select(Project.slug)))

    return slugs


def count(session, _caller):
    return session.scalar(select(func.count(Project.id)))


def refused(_session, _caller):
    raise Conflict("no")


def kinds(outcomes):
    return [type(one) if isinstance(one, Exception) else one for one in outcomes]


def test_all_of_a_group_are_committed_at_once_in_the_order_in_which_they_came(ask, add, slugs, commits):
    commits.clear()
    assert ask(add("one"), count, add("two"), count) == ["one", 1, "two", 2]
    assert slugs() == ["one", "two"]
    assert len(commits) == 1


def test_more_than_a_group_and_what_comes_in_meanwhile_are_done_too(ask, add, slugs, folk, clock):
    later = []

    async def meanwhile(desk):
        later.append(await desk.perform("token", folk[1].token, clock(), add("late")))

    works = [add(f"{n:03}") for n in range(2 * TOGETHER + 3)]
    tasks = []
    outcomes = ask(*works, first=lambda desk: tasks.append(asyncio.ensure_future(meanwhile(desk))))
    assert outcomes == [f"{n:03}" for n in range(2 * TOGETHER + 3)]
    assert later == ["late"]
    assert len(slugs()) == 2 * TOGETHER + 4


def test_each_acts_as_who_they_are(ask, add, sessions, folk):
    outcomes = ask(*((one.token, add(f"of-{one.id}")) for one in folk))
    assert outcomes == [f"of-{one.id}" for one in folk]
    with sessions() as session:
        found = dict(iter(session.execute(select(Project.slug, Project.name))))
    assert found == {f"of-{one.id}": str(one.id) for one in folk}


def test_whoever_is_refused_or_fails_takes_nothing_from_the_others(ask, add, slugs):
    def half_way(session, caller):
        add("half done")(session, caller)
        raise Conflict("no")

    class Panic(BaseException):
        pass

    def panics(session, caller):
        add("in panic")(session, caller)
        raise Panic

    def stops(_session, _caller):
        next(iter(()))

    works = add("one"), half_way, ("of nobody", add("stranger")), add("two"), add("one"), refused, add("three")
    outcomes = ask(*works)
    assert kinds(outcomes[:4]) == ["one", Conflict, Unauthenticated, "two"]
    assert isinstance(outcomes[4], Exception)  # the slug is taken
    assert kinds(outcomes[5:]) == [Conflict, "three"]
    outcomes = ask(add("four"), stops, add("five"))
    assert [outcomes[0], outcomes[2]] == ["four", "five"]
    assert isinstance(outcomes[1], RuntimeError)
    rest = [f"{n}" for n in range(TOGETHER)]  # one of them is in the next group
    panicked, *outcomes = ask(panics, *map(add, rest))
    assert isinstance(panicked, Panic)
    assert outcomes == rest
    assert slugs() == sorted(["five", "four", "one", "three", "two", *rest])


def test_a_group_that_could_not_be_committed_is_not_acknowledged(ask, add, slugs, sessions, monkeypatch):
    engine = sessions.kw["bind"]

    def full(connection):
        if engine.dialect.name == "postgresql":  # a commit that fails ends the transaction there
            connection.rollback()
        raise engine.dialect.loaded_dbapi.OperationalError("disk full")

    with monkeypatch.context() as patched:
        patched.setattr(engine.dialect, "do_commit", full)
        assert kinds(ask(add("one"), add("two"))) == [Unavailable, Unavailable]
    assert slugs() == []
    assert ask(add("one"), add("two")) == ["one", "two"]


def test_one_that_the_disk_has_no_room_for_takes_nothing_from_the_others(ask, add, slugs):
    def large(session, caller):
        add("large")(session, caller)
        raise OperationalError("INSERT", {}, RuntimeError("database or disk is full"))

    assert kinds(ask(add("one"), large, add("two"))) == ["one", Unavailable, "two"]
    assert slugs() == ["one", "two"]


def test_what_one_has_read_the_next_reads_anew(ask, add):
    kept = []

    def rename(session, _caller):
        kept.append(session.scalars(select(Project)).one())
        session.execute(text("UPDATE project SET name = 'new'"))

    def name(session, _caller):
        return session.scalars(select(Project)).one().name

    assert ask(add("one"), rename, name) == ["one", None, "new"]


@on_postgresql
def test_nobody_waits_for_a_person_whom_something_else_keeps(sessions, add, folk, clock):
    """An import that names people holds them for as long as it takes."""

    async def both():
        desk = Desks(sessions)
        held = asyncio.ensure_future(desk.perform("token", folk[0].token, clock(), add("held")))
        free = await asyncio.wait_for(desk.perform("token", folk[1].token, clock(), add("free")), 30)
        assert (free, held.done()) == ("free", False)
        importing.rollback()
        return await asyncio.wait_for(held, 30)

    with sessions() as importing:
        people.identify(importing, "token", folk[0].token, clock())
        assert asyncio.run(both()) == "held"


@on_sqlite
def test_when_the_writer_stays_busy_all_hear_so_and_not_one_group_after_the_other(sessions, ask, add, monkeypatch):
    begun = []
    monkeypatch.setattr(storage, "PATIENCE", 0.2)
    monkeypatch.setattr(Turns, "acquire", lambda *given: begun.append(1) or acquire(*given))
    with sessions() as importing:
        importing.connection()
        begun.clear()
        assert kinds(ask(*[add(f"{n}") for n in range(3 * TOGETHER)])) == [Unavailable] * 3 * TOGETHER
    assert len(begun) == 1


@on_postgresql
def test_a_group_that_takes_long_lets_another_one_begin(sessions, folk, clock, add):
    begun, go = threading.Event(), threading.Event()

    def long(_session, _caller):
        begun.set()
        assert go.wait(30)
        return "long"

    async def both():
        desk = Desks(sessions)
        first = asyncio.ensure_future(desk.perform("token", folk[0].token, clock(), long))
        assert await asyncio.to_thread(begun.wait, 30)
        assert await asyncio.wait_for(desk.perform("token", folk[1].token, clock(), add("short")), 30) == "short"
        go.set()
        return await first

    assert asyncio.run(both()) == "long"


def test_what_nobody_waits_for_any_more_is_not_begun(sessions, folk, clock, add, slugs):
    async def act():
        desk = Desks(sessions)
        gone = asyncio.ensure_future(desk.perform("token", folk[0].token, clock(), add("gone")))
        stays = asyncio.ensure_future(desk.perform("token", folk[1].token, clock(), add("stays")))
        await asyncio.sleep(0)  # both have asked, and nothing has begun
        gone.cancel()
        return await asyncio.wait_for(stays, 30)

    assert asyncio.run(act()) == "stays"
    assert slugs() == ["stays"]


def test_without_a_thread_all_are_told_and_the_next_are_served(sessions, ask, add, monkeypatch):
    async def none(*_):
        raise RuntimeError("can't start new thread")

    desk = Desks(sessions)
    with monkeypatch.context() as patched:
        patched.setattr(module, "run_in_threadpool", none)
        assert kinds(ask(add("one"), add("two"), desks=desk)) == [Unavailable, Unavailable]
    assert ask(add("one"), desks=desk) == ["one"]


def test_a_request_that_was_cut_in_the_middle_does_not_stop_the_next(sessions, folk, clock, add, ask):
    """Its event loop ended; another one follows."""
    begun, go = threading.Event(), threading.Event()
    desk = Desks(sessions)

    def long(_session, _caller):
        begun.set()
        assert go.wait(30)

    async def cut():
        asking = asyncio.ensure_future(desk.perform("token", folk[0].token, clock(), long))
        assert await asyncio.to_thread(begun.wait, 30)
        asking.cancel()
        go.set()

    asyncio.run(cut())
    assert ask((folk[1].token, add("next")), desks=desk) == ["next"]
