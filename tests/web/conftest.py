"""The web application on a fresh database of each kind, and someone of every role in front of it."""

import json
import uuid
from types import SimpleNamespace

import pytest
from starlette.testclient import TestClient

from app.domain import groups, people, pins, projects, quiz, training_runs
from app.settings import Settings
from app.storage.training import TrainingPoint
from app.vocabulary import Role, RunState
from app.web.application import create_app, equipped
from app.web.deps import COOKIE
from tests.web.browsing import Browser, by

ROLES = {"admin": Role.admin, "reviewer": Role.reviewer, "ann": Role.annotator, "bob": Role.annotator}

METRICS = {
    "pairs": 40,
    "accuracy": 0.77,
    "low": 0.75,
    "high": 0.79,
    "log_loss": 0.51,
    "length_accuracy": 0.71,
    "human_agreement": 0.81,
    "steps": 20,
    "truncated": 3,
    "seconds": 4.0,
}


class Caller(TestClient):
    """A client of API v1 with one person's token, or nobody's: paths are relative to /api/v1."""

    def __init__(self, app, token=None, **options):
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        super().__init__(app, "http://testserver/api/v1", headers=headers, follow_redirects=False, **options)
        self.token = token


def lines(*rows):
    """Rows as JSON lines."""
    return "".join(json.dumps(row) + "\n" for row in rows).encode()


def pairs(number, **more):
    """So many different rows of the simplest kind, with ids 0, 1, …"""
    return [
        {"id": str(n), "prompt": f"Why {n}?", "response_a": f"a{n}", "response_b": f"b{n}"} | more
        for n in range(number)
    ]


def upload(caller, slug="study", content=b"", kind="application/x-ndjson", **parameters):
    """Posts a file as a body."""
    headers = {"Content-Type": kind}
    return caller.post(f"/projects/{slug}/batches", params=parameters, content=content, headers=headers)


@pytest.fixture
def settings(database_url, tmp_path):
    return Settings(_env_file=None, database_url=database_url, data_dir=tmp_path / "var", max_upload_mb=3)


@pytest.fixture(scope="session")
def routed(tmp_path_factory):
    """An application whose routes are known: to work them out takes as long as a test."""
    return create_app(Settings(_env_file=None, data_dir=tmp_path_factory.mktemp("none")))


@pytest.fixture
def app(routed, settings, clock):
    app = routed
    app.state = equipped(settings, clock)
    yield app
    app.state.sessions.kw["bind"].dispose()


@pytest.fixture
def own_app(settings, clock):
    """One that a test may add routes to."""
    app = create_app(settings, clock)
    yield app
    app.state.sessions.kw["bind"].dispose()


@pytest.fixture
def sessions(app):
    return app.state.sessions


@pytest.fixture
def folk(sessions, clock):
    """Id and API token of one admin, one reviewer and two annotators, by name."""
    found = {}
    with sessions.begin() as session:
        for name, role in ROLES.items():
            person, _ = people.add(session, f"{name}@example.org", name.title(), role, clock())
            found[name] = SimpleNamespace(id=person.id, token=people.create_token(session, person, "", clock()))
    return found


@pytest.fixture
def callers(app, folk):
    return {name: Caller(app, person.token) for name, person in folk.items()}


@pytest.fixture
def admin(callers):
    return callers["admin"]


@pytest.fixture
def reviewer(callers):
    return callers["reviewer"]


@pytest.fixture
def ann(callers):
    return callers["ann"]


@pytest.fixture
def bob(callers):
    return callers["bob"]


@pytest.fixture
def nobody(app):
    return Caller(app)


@pytest.fixture
def study(admin):
    """An empty project named study."""
    assert admin.post("/projects", json={"slug": "study", "name": "A study"}).status_code == 201
    return "study"


def golds(number, **more):
    """So many gold rows, a prime beside a number that is none, with ids g0, g1, …"""
    return [
        {
            "id": f"g{n}",
            "prompt": f"Which is prime ({n})?",
            "response_a": "7",
            "response_b": "9",
            "gold": "a",
            "explanation": "9 is **3 times 3**.",
        }
        | more
        for n in range(number)
    ]


def quizzed(session, project, person_id, now):
    """The id of an attempt at the project's quiz that somebody has begun."""
    project.pass_mark = 80
    attempt = quiz.start(session, project, person_id, now)
    project.pass_mark = None
    return attempt.id


@pytest.fixture
def world(sessions, folk, clock, study, admin, ann):
    """Something real for every parameter that a path of this app can have."""
    rows = pairs(12, annotations=[{"annotator": "w", "choice": "a"}])
    batch = upload(admin, content=lines({"prompt": ""}, *rows, pairs(1)[0] | {"id": "open"}))
    assert batch.status_code == 201
    assert upload(admin, content=lines(*golds(2)), purpose="qualification").status_code == 201
    task = ann.post("/projects/study/assignments", json={}).json()["assignments"][0]
    with sessions.begin() as session:
        guest, _ = people.add(session, "guest@example.org", "", Role.annotator, clock())
        found = projects.get(session, study)
        people.create_token(session, guest, "", clock())
        run = training_runs.request(session, found, clock())
        run.state, run.artefact = RunState.succeeded, "nowhere"
        return {
            "slug": study,
            "kind": "svg",
            "batch_id": batch.json()["id"],
            "import_id": uuid.uuid4(),
            "assignment_id": task["id"],
            "comparison_id": pins.named(session, found, "open").id,
            "group_id": groups.create(session, "Poets", clock()).id,
            "run_id": run.id,
            "other_id": run.id,
            "person_id": guest.id,
            "token_id": people.tokens(session, guest)[0].id,
            "secret": people.invite(session, guest, clock()),
            "lease_token": task["lease_token"],
            "number": 1,
            "attempt_id": quizzed(session, found, folk["ann"].id, clock()),
        }


@pytest.fixture
def browsers(app, folk, sessions, clock):
    with sessions.begin() as session:
        secrets = {name: people.open_session(session, people.get(session, folk[name].id), clock()) for name in folk}
    return {name: Browser(app, cookies={COOKIE: secret}) for name, secret in secrets.items()}


@pytest.fixture
def boss(browsers):
    """The admin in front of a browser."""
    return browsers["admin"]


@pytest.fixture
def looker(browsers):
    """The reviewer in front of a browser."""
    return browsers["reviewer"]


@pytest.fixture
def judged(admin, study):
    """A batch of thirty comparisons that two people judged, one row refused; returns its id."""
    judgements = [by(-2, -2)] * 10 + [by(3, 3)] * 10 + [by(-2, 3)] * 10
    rows = [row | {"annotations": given} for row, given in zip(pairs(30), judgements, strict=True)]
    answer = upload(admin, content=lines({"prompt": ""}, *rows), name="Autumn")
    assert answer.status_code == 201, answer.text
    return answer.json()["id"]


@pytest.fixture
def run_id(sessions, judged, clock):
    """A run that ended well and is not in use."""
    with sessions.begin() as session:
        run = training_runs.request(session, projects.get(session, "study"), clock())
        training_runs.begin(session, run, clock())
        run.metrics, run.artefact, run.verdict = METRICS, "/nowhere/model", "Worse. Kept, not used."
        run.step = run.steps = 20
        for step in range(1, 21):
            accuracy = 0.5 + step / 100 if step % 5 == 0 else None
            session.add(
                TrainingPoint(run_id=run.id, step=step, loss=0.7 - step / 100, accuracy=accuracy, elapsed_s=step)
            )
        training_runs.finish(session, run, RunState.succeeded, clock())
        return run.id
