"""Who may enter where: every route of the app with every role."""

import pytest
from fastapi import Depends, FastAPI
from starlette.routing import Mount
from starlette.testclient import TestClient

from app.domain import people
from app.vocabulary import Role
from app.web.deps import COOKIE, PUBLIC, Admin, Annotator
from app.web.errors import MACHINES
from tests.web.walking import address, needs, routes


@pytest.fixture
def app(own_app):
    return own_app


def unnamed(app):
    """Routes that do not name exactly one role; static files are for everyone."""
    return [
        f"{method} {path}"
        for method, path, route in routes(app)
        if len(needs(route)) != 1 and not (isinstance(route.original_route, Mount) and path == "/static")
    ]


def test_every_route_names_the_role_that_it_needs(app):
    assert unnamed(app) == []


def test_a_route_that_names_no_role_or_two_is_found():
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None)
    app.get("/none")(lambda: None)
    app.get("/public", dependencies=[PUBLIC])(lambda: None)
    app.get("/two", dependencies=[PUBLIC, Depends(PUBLIC.dependency, use_cache=False)])(lambda: None)

    @app.get("/admin")
    def one(person: Admin) -> None: ...

    @app.get("/both")
    def both(person: Admin, also: Annotator) -> None: ...

    assert unnamed(app) == ["GET /none", "GET /two", "GET /both"]


@pytest.fixture
def enter(app, world, folk, sessions, clock):
    """Makes a request as somebody: by token to the API, by session cookie to pages."""
    clients = {}
    with sessions.begin() as session:
        for name in ("ann", "reviewer", "admin"):
            secret = people.open_session(session, people.get(session, folk[name].id), clock())
            headers = {"Authorization": f"Bearer {folk[name].token}"}
            clients[name, "api"] = TestClient(app, headers=headers, follow_redirects=False)
            clients[name, "page"] = TestClient(app, cookies={COOKIE: secret}, follow_redirects=False)
    clients["nobody", "api"] = clients["nobody", "page"] = TestClient(app, follow_redirects=False)

    def send(name, method, path):
        kind = "api" if path.startswith(MACHINES) else "page"
        body = {"json": {}} if kind == "api" else {"data": {}}
        return clients[name, kind].request(method, address(path, world), **({} if method in ("GET", "HEAD") else body))

    return send


def test_nobody_is_sent_away_from_where_a_role_is_needed(app, enter):
    wrong = []
    for method, path, route in routes(app):
        if not needs(route) or "public" in needs(route):
            continue
        answer = enter("nobody", method, path)
        page = not path.startswith(MACHINES) and method in ("GET", "HEAD")
        sent = answer.status_code == 303 and answer.headers["location"].startswith("/sign-in")
        if not (sent if page else answer.status_code == 401):
            wrong.append((method, path, answer.status_code))
    assert wrong == []


@pytest.mark.parametrize("name", ["ann", "reviewer", "admin"])
def test_a_role_opens_its_own_doors_and_no_others(app, enter, name):
    role = {"ann": Role.annotator}.get(name) or Role(name)
    wrong = []
    for method, path, route in routes(app):
        asked = [need for need in needs(route) if need != "public"]
        if not asked:
            continue
        status = enter(name, method, path).status_code
        if (status in (401, 403)) if role.covers(asked[0]) else (status != 403):
            wrong.append((method, path, status))
    assert wrong == []


def test_public_doors_are_open_to_nobody(app, enter):
    wrong = []
    for method, path, route in routes(app):
        if "public" in needs(route) and (answer := enter("nobody", method, path)).status_code in (401, 403):
            wrong.append((method, path, answer.status_code))
    assert wrong == []
