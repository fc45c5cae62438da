"""Runs that are watched while they go on, in front of a real server."""

import asyncio
import json
import signal
import socket
import threading
from contextlib import contextmanager

import httpx2
import pytest
import uvicorn

from app.domain import projects, training_logs, training_news, training_runs
from app.domain.training_news import Place
from app.vocabulary import RunState
from app.web import streams
from tests.test_up import until
from tests.web.conftest import lines, pairs, upload
from tests.web.test_server import web

RUNS = "/api/v1/projects/study/training-runs"


@pytest.fixture
def server(app):
    """A server in front of the application, which looks fifty times a second."""
    app.state.streams.every = 0.02
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        found = uvicorn.Server(uvicorn.Config(app, lifespan="off", log_level="critical"))
        thread = threading.Thread(target=found.run, kwargs={"sockets": [listener]})
        thread.start()
        yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        app.state.streams.stop()
        found.should_exit = True
        thread.join(20)


@pytest.fixture
def run_id(sessions, admin, study, clock):
    rows = [row | {"annotations": [{"annotator": "w", "choice": "a"}]} for row in pairs(12)]
    assert upload(admin, content=lines(*rows)).status_code == 201
    with sessions.begin() as session:
        return training_runs.request(session, projects.get(session, "study"), clock()).id


@pytest.fixture
def perform(sessions, run_id, clock):
    """What a worker does: begins, says, reports steps, ends."""

    def work(*acts):
        with sessions.begin() as session:
            for act, *given in acts:
                if act == "begin":
                    training_runs.begin(session, training_runs.get(session, run_id), clock())
                elif act == "say":
                    training_logs.say(session, run_id, given[0], clock())
                elif act == "step":
                    training_runs.progress(session, run_id, given[0], 10, 0.75 - given[0] / 16, None, given[0] * 2.0)
                else:
                    training_runs.finish(session, training_runs.get(session, run_id), given[0], clock())

    return work


@contextmanager
def watching(server, token, run_id, last=""):
    headers = {"Authorization": f"Bearer {token}"} | ({"Last-Event-ID": last} if last else {})
    with httpx2.stream("GET", f"{server}{RUNS}/{run_id}/events", headers=headers, timeout=20) as answer:
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        yield events(answer)


def events(answer):
    """(kind, id, data) of each event."""
    kind = number = data = None
    for line in answer.iter_lines():
        name, _, value = line.partition(": ")
        if name == "event":
            kind = value
        elif name == "id":
            number = value
        elif name == "data":
            data = json.loads(value)
        elif not line and kind:
            yield kind, number, data
            kind = number = data = None


def test_a_run_is_told_from_its_request_to_its_end(server, folk, run_id, perform):
    with watching(server, folk["reviewer"].token, run_id) as told:
        kind, _, state = next(told)
        assert (kind, state["state"], state["left_s"]) == ("state", "requested", None)
        perform(("begin",), ("say", "Taken up.\nAnd\r more: é"), ("step", 2))
        assert [next(told) for _ in range(3)] == [
            ("log", "0.1", {"id": 1, "at": "2026-01-05T09:00:00Z", "text": "Taken up.\nAnd\r more: é"}),
            ("point", "2.1", {"step": 2, "loss": 0.625, "accuracy": None, "elapsed_s": 4.0}),
            (
                "state",
                "2.1",
                {"state": "running", "cancel_requested": False, "step": 2, "steps": 10, "left_s": 16.0},
            ),
        ]
        perform(("step", 10), ("end", RunState.succeeded))
        rest = list(told)
    assert [kind for kind, *_ in rest] == ["point", "state"]
    assert (rest[-1][1], rest[-1][2]["state"]) == ("10.1", "succeeded")


def test_whoever_comes_back_is_told_what_they_have_not_had(server, folk, run_id, perform):
    perform(("begin",), ("say", "one"), ("step", 1), ("step", 2), ("say", "two"), ("step", 3), ("end", RunState.failed))
    token = folk["reviewer"].token
    with watching(server, token, run_id) as told:
        everything = list(told)
    assert [kind for kind, *_ in everything] == ["log", "log", "point", "point", "point", "state"]
    for number, (_, place, _) in enumerate(everything[:-1]):
        with watching(server, token, run_id, place) as told:
            assert [event for event in told if event[0] != "state"] == everything[number + 1 : -1]
    with watching(server, token, run_id, "nowhere") as told:
        assert len(list(told)) == len(everything)


@pytest.mark.parametrize("text", ["", "x", "1", "-1.0", "1.-1", "9999999999999.1", "²¹.1", "1.1.1", "1" * 5000 + ".1"])
def test_a_place_that_is_none_is_the_beginning(text):
    assert Place.parse(text) == Place()
    assert Place.parse(str(Place(7, 12))) == Place(7, 12)


def test_a_run_that_goes_back_to_its_checkpoint_is_told_anew(server, folk, run_id, perform):
    perform(("begin",), ("step", 1), ("step", 4), ("step", 7))
    with watching(server, folk["reviewer"].token, run_id) as told:
        assert [next(told)[2]["step"] for _ in range(4)] == [1, 4, 7, 7]
        perform(("step", 5))
        assert [next(told)[2]["step"] for _ in range(4)] == [1, 4, 5, 5]


def test_between_two_looks_nothing_is_held_and_who_leaves_is_let_go(server, app, folk, run_id, perform):
    app.state.slots = asyncio.Semaphore(1)
    token = folk["reviewer"].token
    headers = {"Authorization": f"Bearer {token}"}
    with watching(server, token, run_id) as one, watching(server, token, run_id) as two:
        next(one), next(two)
        assert app.state.streams.open == 2
        for _ in range(10):
            assert httpx2.get(f"{server}{RUNS}/{run_id}", headers=headers).status_code == 200
        pool = app.state.sessions.kw["bind"].pool
        until(lambda: pool.checkedout() == 0)
    until(lambda: app.state.streams.open == 0)
    perform(("begin",), ("end", RunState.failed))


def test_there_is_an_end_to_how_many_watch_and_to_how_long(server, app, folk, run_id, monkeypatch):
    token = folk["reviewer"].token
    app.state.streams.most = 1
    with watching(server, token, run_id) as told:
        next(told)
        refused = httpx2.get(f"{server}{RUNS}/{run_id}/events", headers={"Authorization": f"Bearer {token}"})
        assert (refused.status_code, refused.headers["retry-after"]) == (503, "5")
        assert refused.headers["content-type"] == "application/problem+json"
        monkeypatch.setattr(streams, "LONGEST", 0.0)
        assert list(told) == []
    monkeypatch.setattr(streams, "HEARTBEAT", 0.0)
    monkeypatch.setattr(streams, "LONGEST", 0.2)
    until(lambda: app.state.streams.open == 0)
    headers = {"Authorization": f"Bearer {token}"}
    assert ": nothing new\n" in httpx2.get(f"{server}{RUNS}/{run_id}/events", headers=headers).text


def test_a_server_that_is_told_to_end_does_not_wait_for_who_watches(database_url, tmp_path, folk, run_id):
    with web(database_url, tmp_path) as (process, port):
        with watching(f"http://127.0.0.1:{port}", folk["reviewer"].token, run_id) as told:
            assert next(told)[0] == "state"
            process.send_signal(signal.SIGTERM)
            assert list(told) == []  # it ends as it should, and is not cut
        assert process.wait(20) in (0, -signal.SIGTERM)
        said = process.stderr.read()
    assert "Traceback" not in said
    assert "graceful shutdown exceeded" not in said  # as after the ten seconds that requests have


def test_a_long_run_is_told_in_some_hundred_points(sessions, run_id, perform, monkeypatch):
    monkeypatch.setattr(training_news, "MOST", 4)
    perform(("begin",), *(("step", number) for number in range(1, 11)))
    with sessions.begin() as session:
        training_runs.progress(session, run_id, 11, 20, 0.5, 0.8, 30.0)
        training_runs.progress(session, run_id, 12, 20, 0.5, None, 31.0)
    with sessions() as session:
        found = training_news.news(session, run_id, Place())
    assert [point.step for point in found.points] == [3, 6, 9, 11, 12]
    assert found.place == Place(12, 0)


def test_the_log_and_the_machine_are_in_the_api(reviewer, sessions, run_id, perform):
    perform(("begin",), ("say", "Taken up."))
    with sessions.begin() as session:
        training_runs.get(session, run_id).machine = {"device": "a loom"}
    assert reviewer.get(f"/projects/study/training-runs/{run_id}/log").json() == [
        {"id": 1, "at": "2026-01-05T09:00:00Z", "text": "Taken up."}
    ]
    assert reviewer.get(f"/projects/study/training-runs/{run_id}").json()["machine"] == {"device": "a loom"}
