"""What annotators notice when a lease runs out unasked, when the database is away, and when much is asked at once."""

import asyncio
import time
import uuid
from collections import Counter

import httpx2
import pytest
from sqlalchemy import select
from sqlalchemy.exc import OperationalError
from starlette.testclient import TestClient

from app.domain import preferences
from app.storage.tables import Assignment, Preference
from app.web import janitor
from tests.web.conftest import lines, pairs, upload


@pytest.fixture
def loaded(admin, study):
    assert upload(admin, content=lines(*pairs(5))).status_code == 201


@pytest.fixture
def task(ann, loaded):
    return ann.post("/projects/study/assignments", json={"count": 1}).json()["assignments"][0]


def answer(task):
    return {"id": str(uuid.uuid4()), "lease_token": task["lease_token"], "strength": 1, "next": 1}


def states(sessions):
    with sessions() as session:
        return sorted(session.scalars(select(Assignment.state)))


def test_leases_that_ran_out_come_back_without_anybody_asking(app, sessions, task, clock, monkeypatch):
    monkeypatch.setattr(janitor, "EVERY", 0.05)
    with TestClient(app):
        assert states(sessions) == ["leased", "open", "open", "open", "open"]
        clock.forward(hours=1)
        until = time.monotonic() + 20
        while "leased" in states(sessions):
            assert time.monotonic() < until
            time.sleep(0.02)
        assert states(sessions) == ["expired", "open", "open", "open", "open", "open"]


def test_what_nobody_expected_does_not_end_the_sweeping_or_the_pruning(app, sessions, task, clock, monkeypatch, caplog):
    calls, sweep, prune = Counter(), janitor._sweep, janitor.prune

    def once(name, work):
        def act(*given):
            calls[name] += 1
            if calls[name] == 1:
                raise ValueError(f"{name} is broken")
            return work(*given)

        return act

    monkeypatch.setattr(janitor, "EVERY", 0.05)
    monkeypatch.setattr(janitor, "DAY", 0.05)
    monkeypatch.setattr(janitor, "_sweep", once("sweep", sweep))
    monkeypatch.setattr(janitor, "prune", once("prune", prune))
    clock.forward(hours=1)
    with TestClient(app):
        until = time.monotonic() + 20
        while "leased" in states(sessions) or calls["prune"] < 2:
            assert time.monotonic() < until
            time.sleep(0.02)
    assert {str(record.exc_info[1]) for record in caplog.records if record.exc_info} >= {
        "sweep is broken",
        "prune is broken",
    }


def test_a_click_is_not_lost_when_the_database_is_away_for_a_while(ann, sessions, task, monkeypatch):
    def away(*_, **__):
        raise OperationalError("UPDATE", {}, RuntimeError("the server is being restarted"))

    sent = answer(task)
    with monkeypatch.context() as patched:
        patched.setattr(preferences, "submit", away)
        refused = ann.put(f"/assignments/{task['id']}/preference", json=sent)
        page = ann.get("http://testserver/projects/study/annotate")
    assert refused.status_code == 503
    assert refused.headers["content-type"] == "application/problem+json"
    assert int(refused.headers["retry-after"]) >= 1
    assert page.status_code == 200
    assert ann.put(f"/assignments/{task['id']}/preference", json=sent).status_code == 200
    with sessions() as session:
        assert session.scalars(select(Preference.id)).all() == [sent["id"]]


def test_a_lost_connection_is_not_even_noticed(ann, task, monkeypatch):
    """The first try is lost after everything but the commit was done; the second finds none of it."""
    tries, submit = [], preferences.submit

    class Lost(Exception):
        sqlstate = "40001"

    def once(*arguments):
        stored = submit(*arguments)
        tries.append(stored)
        if len(tries) == 1:
            raise OperationalError("COMMIT", {}, Lost())
        return stored

    monkeypatch.setattr(preferences, "submit", once)
    reply = ann.put(f"/assignments/{task['id']}/preference", json=answer(task))
    assert reply.status_code == 200
    assert [stored.repeated for stored in tries] == [False, False]
    assert len(reply.json()["assignments"]) == 1


def test_a_page_says_that_the_database_is_away(ann, loaded, monkeypatch):
    def away(*_, **__):
        raise OperationalError("SELECT", {}, RuntimeError("the server is being restarted"))

    monkeypatch.setattr("app.domain.assignments.resume", away)
    page = ann.get("http://testserver/projects/study/annotate")
    assert page.status_code == 503
    assert "Try again in a moment" in page.text
    assert "retry-after" in page.headers


def test_what_many_ask_at_once_is_done_for_each_whatever_becomes_of_the_others(app, sessions, folk, ann, loaded):
    """Some of them with what must be refused: of a task that they do not hold, or as nobody that is known."""
    tasks = ann.post("/projects/study/assignments", json={"count": 5}).json()["assignments"]
    wanted = [200, 409, 200, 401, 200, 200, 200]
    bodies = [answer(tasks[0]), answer(tasks[1]) | {"lease_token": "another"}, answer(tasks[1])]
    bodies += [answer(task) for task in (tasks[2], tasks[2], tasks[3], tasks[4])]
    numbers = [tasks[place]["id"] for place in (0, 1, 1, 2, 2, 3, 4)]

    async def all_at_once():
        transport = httpx2.ASGITransport(app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://testserver/api/v1") as client:
            asked = []
            for number, body, status in zip(numbers, bodies, wanted, strict=True):
                token = "unknown" if status == 401 else folk["ann"].token
                headers = {"Authorization": f"Bearer {token}"}
                asked.append(client.put(f"/assignments/{number}/preference", json=body, headers=headers))
            return await asyncio.gather(*asked)

    assert [reply.status_code for reply in asyncio.run(all_at_once())] == wanted
    with sessions() as session:
        kept = set(session.scalars(select(Preference.id)))
    assert kept == {body["id"] for body, status in zip(bodies, wanted, strict=True) if status == 200}
