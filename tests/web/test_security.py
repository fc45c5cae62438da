"""What protects people in browsers: other sites, scripts, errors that say too much or too little."""

import re

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from starlette.testclient import TestClient

from app.domain import people
from app.domain.errors import TooManyAttempts
from app.storage.tables import Project
from app.web.deps import COOKIE, PUBLIC, Db
from app.web.templating import static
from tests.web.conftest import Caller, lines, pairs, upload
from tests.web.walking import address, routes

OTHERS = [
    {"Sec-Fetch-Site": "cross-site"},
    {"Sec-Fetch-Site": "same-site"},
    {"Sec-Fetch-Site": "cross-site", "Origin": "http://testserver"},
    {"Origin": "https://evil.example"},
    {"Origin": "http://testserver.evil.example"},
    {"Origin": "null"},
    {"Origin": "http://["},
]
OURS = [{}, {"Sec-Fetch-Site": "same-origin"}, {"Sec-Fetch-Site": "none"}, {"Origin": "http://testserver"}]


@pytest.fixture
def app(own_app):
    return own_app


@pytest.fixture
def frank(app):
    """A client that shows errors as a browser would see them."""
    return TestClient(app, raise_server_exceptions=False, follow_redirects=False)


def unsafe(app):
    return [(m, path) for m, path, _ in routes(app) if m not in ("GET", "HEAD", "OPTIONS", "*")]


def test_no_other_site_can_act_for_somebody(app, frank, world, folk):
    for headers in OTHERS:
        for method, path in unsafe(app):
            sent = headers | {"Authorization": f"Bearer {folk['admin'].token}"}
            answer = frank.request(method, address(path, world), headers=sent)
            assert answer.status_code == 403, (method, path, headers)
            if path.startswith("/api/"):
                assert answer.headers["content-type"] == "application/problem+json"


def test_the_site_itself_and_other_programs_can(admin):
    for number, headers in enumerate(OURS):
        assert admin.post("/projects", json={"slug": f"mine-{number}"}, headers=headers).status_code == 201


def test_reading_from_another_site_is_harmless(reviewer):
    assert reviewer.get("/projects", headers={"Sec-Fetch-Site": "cross-site"}).status_code == 200


def policy(answer):
    parts = (part.split() for part in answer.headers["content-security-policy"].split(";"))
    return {name: set(values) for name, *values in parts}


def test_every_response_carries_the_policy(app, frank, admin):
    app.get("/broken", dependencies=[PUBLIC])(lambda: 1 / 0)
    app.get("/api/v1/broken", dependencies=[PUBLIC])(lambda: 1 / 0)
    answers = {
        200: frank.get("/sign-in"),
        303: frank.get("/"),
        401: frank.get("/api/v1/projects"),
        403: frank.post("/sign-out", headers={"Origin": "null"}),
        404: frank.get("/nowhere"),
        405: frank.delete("/sign-in"),
        422: frank.post("/sign-in"),
        500: frank.get("/broken"),
    }
    more = [frank.get("/api/v1/broken"), frank.get("/static/base.css"), frank.get("/static/none"), admin.get("/people")]
    assert [answer.status_code for answer in more] == [500, 200, 404, 200]
    for status, answer in [*answers.items(), *((answer.status_code, answer) for answer in more)]:
        assert answer.status_code == status
        found = policy(answer)
        assert found["default-src"] == {"'none'"}
        assert found["script-src"] == {"'self'"}
        assert found["frame-ancestors"] == {"'none'"}
        assert not any(value.startswith("'unsafe") for values in found.values() for value in values)
        assert answer.headers["x-content-type-options"] == "nosniff"


def test_what_is_private_is_kept_by_no_cache(frank, admin):
    for answer in (frank.get("/sign-in"), frank.get("/"), admin.get("/people")):
        assert answer.headers["cache-control"] == "no-store"


def test_no_page_holds_a_script_or_a_style_of_its_own(app, world, folk, sessions, clock):
    with sessions.begin() as session:
        secret = people.open_session(session, people.get(session, folk["admin"].id), clock())
    client, seen = TestClient(app, cookies={COOKIE: secret}), 0
    for method, path, _ in routes(app):
        if method != "GET" or path.startswith("/api/"):
            continue
        answer = client.get(address(path, world))
        if answer.headers["content-type"].startswith("text/html"):
            seen += 1
            assert not re.search(r"<script(?![^>]*\ssrc=)(?! type=\"application/json\")", answer.text), path
            assert not re.search(r"<[^>]*\s(on\w+|style)\s*=", answer.text), path
            assert "javascript:" not in answer.text, path
    assert seen >= 4


def test_browsers_keep_no_file_under_the_name_of_another(frank):
    own = static("base.css")
    assert "immutable" in frank.get(own).headers["cache-control"]
    for other in ("/static/base.css", "/static/base.css?v=", f"{own[:-1]}x", own.replace("?", "?x&")):
        assert frank.get(other).headers["cache-control"] == "no-cache"


def problem(answer, status):
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    found = answer.json()
    assert found["status"] == status
    assert found["title"]
    assert found["detail"]
    return found


def test_every_error_of_the_api_is_a_problem_that_says_what_to_do(app, frank, admin, ann, nobody, study):
    @app.get("/api/v1/slow", dependencies=[PUBLIC])
    def slow():
        raise TooManyAttempts(7)

    @app.get("/api/v1/broken", dependencies=[PUBLIC])
    def broken():
        raise RuntimeError("a secret of ours")

    problem(nobody.get("/projects"), 401)
    assert nobody.get("/projects").headers["www-authenticate"] == "Bearer"
    assert "needs the role admin" in problem(ann.get("/people"), 403)["detail"]
    problem(ann.get("/projects/none"), 404)
    problem(ann.get("/no/such/thing"), 404)
    assert admin.delete("/projects").headers["allow"]
    problem(admin.delete("/projects"), 405)
    problem(admin.post("/projects", json={"slug": study}), 409)
    problem(upload(admin, content=b"x" * 3_000_001), 413)
    assert problem(admin.post("/projects", json={"slug": "s", "overlap": 0}), 422)["errors"][0]["field"] == "overlap"
    assert problem(admin.post("/projects", json={"slug": "No!"}), 422)["errors"][0]["field"] == "slug"
    problem(admin.post("/projects", content=b"{", headers={"Content-Type": "application/json"}), 422)
    slowed = frank.get("/api/v1/slow")
    problem(slowed, 429)
    assert slowed.headers["retry-after"] == "7"
    assert "secret" not in problem(frank.get("/api/v1/broken"), 500)["detail"]


def test_what_is_too_large_is_refused_before_anybody_asks_who_sent_it(frank, nobody, admin):
    guidelines = "\u00e9" * 200_000
    assert admin.post("/projects", json={"slug": "long", "guidelines": guidelines}).status_code == 201
    problem(nobody.post("/people", content=b"x" * 2_000_001, headers={"Content-Type": "application/json"}), 413)
    assert frank.post("/sign-in", data={"email": "x" * 2_000_001, "password": "x"}).status_code == 413


def test_a_commit_that_fails_is_an_error_and_not_a_success(app, folk, sessions, monkeypatch):
    def fail(self):
        self.rollback()
        raise RuntimeError("the disk is full")

    monkeypatch.setattr(Session, "commit", fail)
    answer = Caller(app, folk["admin"].token, raise_server_exceptions=False).post("/projects", json={"slug": "lost"})
    assert problem(answer, 500)
    monkeypatch.undo()
    with sessions() as session:
        assert session.scalar(select(func.count()).select_from(Project)) == 0


def test_what_only_reads_cannot_write(app, frank):
    """A GET that writes would be a change that another site can make somebody's browser ask for."""

    @app.get("/writes", dependencies=[PUBLIC])
    def writes(session: Db) -> None:
        session.add(Project(slug="x", name="x", created_at=app.state.clock()))

    assert frank.get("/writes").status_code == 500


def test_an_id_beyond_every_number_is_nobodys(app, admin, folk, world):
    client = TestClient(app, headers={"Authorization": f"Bearer {folk['admin'].token}"}, follow_redirects=False)
    body = {"id": "0e6a4ae6-3a4f-4a8e-9a63-3b1f0c6b0f5e", "lease_token": "x", "strength": 1, "reason": "other"}
    for number in (0, 2**31, 2**63, 10**30):
        numbers = {name: number if name.endswith("_id") else value for name, value in world.items()}
        for method, path, _ in routes(app):
            if "_id}" in path:
                answer = client.request(method, address(path, numbers), json=body)
                assert answer.status_code in (404, 422), (method, path, number)
        for path in ("export", "export/manifest", "agreement"):
            assert admin.get(f"/projects/study/{path}?batch={number}").status_code == 422


def test_a_nul_is_no_reason_to_break(admin, nobody, study, frank):
    made = admin.post("/projects", json={"slug": "nul", "name": "a\0b", "guidelines": "c\0d", "base_model": "e\0f"})
    assert (made.status_code, made.json()["name"], made.json()["guidelines"]) == (201, "ab", "cd")
    assert admin.post("/people", json={"email": "a\0b@example.org"}).status_code == 422
    person = admin.post("/people", json={"email": "a@example.org", "name": "A\0"}).json()
    assert person["name"] == "A"
    assert admin.post(f"/people/{person['id']}/tokens", json={"name": "\0"}).status_code == 201
    assert admin.get("/projects/%00").status_code == 404
    assert upload(admin, content=lines(*pairs(1)), name="\0").json()["name"] == "upload.jsonl"
    assert frank.post("/sign-in", data={"email": "a\0@example.org", "password": "x" * 12}).status_code == 401


def test_a_path_that_only_looks_like_an_upload_may_not_be_large(nobody):
    assert nobody.put("/projects/batches", content=b"x" * 3_000_000).status_code == 413


def test_who_signs_in_gets_the_page_that_they_came_for_with_what_it_was_asked(app, folk, sessions):
    with sessions.begin() as session:
        people.set_password(session, people.get(session, folk["admin"].id), people.hashed("a long enough password"))
    visitor = TestClient(app)
    wanted = "/audit?action=account+added&person=a%26b%23c"
    page = visitor.get(wanted)
    assert page.url.params["next"] == wanted
    form = {"email": "admin@example.org", "password": "a long enough password", "next": page.url.params["next"]}
    answer = visitor.post("/sign-in", data=form, follow_redirects=False)
    assert answer.headers["location"] == wanted
