"""What those see who keep an eye on the web app: its log, its metrics, its health."""

import json
import logging
import re
import threading
from uuid import UUID

import pytest
from sqlalchemy import text
from starlette.testclient import TestClient

from app.operations import health
from app.operations.logs import Lines
from app.storage.session import make_engine
from tests.web.conftest import lines, pairs, upload


@pytest.fixture
def app(own_app):
    return own_app


@pytest.fixture
def stranger(app):
    return TestClient(app, follow_redirects=False, raise_server_exceptions=False)


@pytest.fixture
def broken(app):
    """A path that does not do what it should."""

    @app.get("/broken/{name}")
    def broken(name: str) -> None:
        raise RuntimeError("something unforeseen")

    return "/broken/secret"


@pytest.fixture
def told(caplog):
    """What was logged of requests, as JSON."""
    caplog.set_level(logging.INFO, "touchstone.requests")
    return lambda: [json.loads(Lines().format(record)) for record in caplog.records]


@pytest.mark.parametrize("given", ["3f2a-b.c_D", "a" * 64])
def test_a_request_keeps_the_id_that_it_came_with(stranger, told, given):
    assert stranger.get("/sign-in", headers={"X-Request-ID": given}).headers["X-Request-ID"] == given
    assert [entry["request_id"] for entry in told()] == [given]


@pytest.mark.parametrize("given", ["", "a" * 65, 'a"b', "a b", "<script>", "é"])
def test_an_id_that_is_none_is_replaced_by_one_of_ours(stranger, given):
    answers = [stranger.get("/sign-in", headers={"X-Request-ID": given.encode()}) for _ in range(2)]
    first, second = (answer.headers["X-Request-ID"] for answer in answers)
    assert re.fullmatch("[0-9a-f]{16}", first)
    assert first != second


def test_every_answer_names_its_request(stranger, nobody, broken):
    answers = [stranger.get(path) for path in ("/nowhere", "/", broken, "/health/live", "/metrics")]
    assert [answer.status_code for answer in answers] == [404, 303, 500, 200, 401]
    refused = stranger.post("/sign-in", headers={"Origin": "https://elsewhere.example"})
    assert all("X-Request-ID" in answer.headers for answer in [*answers, refused])


def test_a_line_tells_what_was_asked_and_nothing_that_is_secret(stranger, told):
    stranger.get("/invitations/verysecret?also=hidden")
    [entry] = told()
    assert entry["ms"] > 0
    known = {name: entry[name] for name in ("level", "method", "route", "status")}
    assert known == {"level": "info", "method": "GET", "route": "/invitations/{secret}", "status": 401}
    assert "verysecret" not in str(entry)
    assert "hidden" not in str(entry)


def test_a_line_of_an_unknown_path_names_none(stranger, told):
    stranger.get("/no/such/path")
    assert [(entry["route"], entry["status"]) for entry in told()] == [("", 404)]


def test_probes_and_static_files_are_not_worth_a_line(stranger, told):
    assert stranger.get("/static/base.css").status_code == 200
    assert stranger.get("/health/live").status_code == 200
    assert told() == []


def test_what_broke_is_one_line_with_its_traceback(stranger, told, broken):
    answer = stranger.get(broken)
    [entry] = told()
    assert (entry["level"], entry["status"], entry["route"]) == ("error", 500, "/broken/{name}")
    assert entry["request_id"] == answer.headers["X-Request-ID"]
    assert "something unforeseen" in entry["exception"]
    assert "something unforeseen" not in answer.text


def test_other_lines_are_json_as_well():
    record = logging.LogRecord("touchstone.worker", logging.WARNING, "", 0, "run %d\nis %s", (7, "\ud800"), None)
    entry = json.loads(Lines().format(record))
    assert (entry["level"], entry["logger"], entry["message"]) == ("warning", "touchstone.worker", "run 7\nis \ud800")


def sample(exposed, name):
    """The value of a series, 0 while it has none."""
    found = re.search(rf"^{re.escape(name)} (\S+)$", exposed, re.MULTILINE)
    return float(found[1]) if found else 0.0


def test_metrics_are_for_reviewers(callers, nobody):
    ask = {name: caller.get("http://testserver/metrics").status_code for name, caller in callers.items()}
    assert ask == {"admin": 200, "reviewer": 200, "ann": 403, "bob": 403}
    assert nobody.get("http://testserver/metrics").status_code == 401


def test_metrics_count_requests_by_route_and_status_and_time_them(reviewer, nobody):
    labels = '{method="GET",route="/api/v1/projects/{slug}",status="401"}'
    timed = 'touchstone_request_seconds_count{method="GET",route="/api/v1/projects/{slug}"}'
    before = reviewer.get("http://testserver/metrics").text
    for _ in range(3):
        nobody.get("/projects/study?key=hidden")
    after = reviewer.get("http://testserver/metrics").text
    assert (
        sample(after, "touchstone_requests_total" + labels) - sample(before, "touchstone_requests_total" + labels) == 3
    )
    assert sample(after, timed) - sample(before, timed) == 3
    assert "hidden" not in after


def test_metrics_tell_how_much_is_queued(admin, reviewer, study):
    upload(admin, content=lines(*pairs(3)))
    upload(admin, content=lines(pairs(1)[0] | {"id": "x", "annotations": [{"annotator": "w", "choice": "a"}]}))
    upload(admin, content=lines(pairs(1)[0] | {"id": "y"}), draft=True)
    exposed = reviewer.get("http://testserver/metrics").text
    assert sample(exposed, 'touchstone_queue_wanted{project="study"}') == 4
    assert sample(exposed, 'touchstone_queue_filled{project="study"}') == 1


def test_metrics_count_what_became_of_judgements_and_of_those_who_asked(admin, reviewer, ann, study, clock):
    outcomes = [f'touchstone_judgements_total{{outcome="{outcome}"}}' for outcome in ("stored", "repeated", "late")]
    names = [*outcomes, "touchstone_leases_total", "touchstone_empty_answers_total"]

    def counts():
        exposed = reviewer.get("http://testserver/metrics").text
        return [sample(exposed, name) for name in names]

    upload(admin, content=lines(*pairs(3)))
    before = counts()
    tasks = ann.post("/projects/study/assignments", json={"count": 2}).json()["assignments"]
    for n, (task, late) in enumerate(zip([tasks[0], *tasks], (0, 0, 1), strict=True)):
        clock.forward(hours=late)
        answer = {"id": str(UUID(int=max(n, 1))), "lease_token": task["lease_token"], "strength": 1, "next": late}
        ann.put(f"/assignments/{task['id']}/preference", json=answer).raise_for_status()
    assert ann.post("/projects/study/assignments", json={}).json()["assignments"] == []
    assert [after - earlier for earlier, after in zip(before, counts(), strict=True)] == [1, 1, 1, 3, 1]


def test_it_is_ready_when_the_database_is(stranger):
    assert stranger.get("/health/ready").json() == {"status": "ok"}


def test_it_is_not_ready_without_its_database_but_lives(app, stranger):
    theirs = app.state.sessions.kw["bind"]
    app.state.sessions.configure(bind=make_engine("postgresql://secret:hidden@127.0.0.1:1/nowhere"))
    answer = stranger.get("/health/ready")
    assert (answer.status_code, answer.json()["detail"]) == (503, "The database does not answer.")
    assert stranger.get("/health/live").status_code == 200
    app.state.sessions.configure(bind=theirs)


def test_it_is_not_ready_while_the_database_takes_its_time(stranger, monkeypatch):
    go_on = threading.Event()
    monkeypatch.setattr(health, "PATIENCE", 0.05)
    monkeypatch.setattr(health, "is_current", lambda engine: go_on.wait(1))
    assert stranger.get("/health/ready").status_code == 503
    go_on.set()


def test_it_is_not_ready_for_another_schema(engine, stranger):
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '0001'"))
    answer = stranger.get("/health/ready")
    assert answer.status_code == 503
    assert "touchstone migrate" in answer.json()["detail"]


def test_it_is_ready_while_somebody_writes(engine, stranger):
    with engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = version_num"))
        assert stranger.get("/health/ready").status_code == 200
