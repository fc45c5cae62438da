"""The tour itself: it can be made on either database, and finds every page."""

from datetime import UTC, datetime

import pytest
from starlette.testclient import TestClient

from app.settings import Settings
from app.web.application import create_app
from app.web.deps import COOKIE, PUBLIC
from tests.tour.pages import pages
from tests.tour.study import build


@pytest.fixture
def app(database_url, tmp_path):
    now = datetime(2026, 1, 5, 9, tzinfo=UTC)
    app = create_app(Settings(_env_file=None, database_url=database_url, data_dir=tmp_path), lambda: now)
    yield app
    app.state.sessions.kw["bind"].dispose()


def test_every_page_is_there_for_whoever_looks_at_it(app):
    world = build(app.state.sessions, app.state.clock())
    clients = {name: TestClient(app, cookies={COOKIE: secret}) for name, secret in world.secrets.items()}
    clients[""] = TestClient(app)
    wrong = []
    found = pages(app, world)
    for page in found:
        answer = clients[page.who].get(page.path)
        if (answer.status_code, answer.headers["content-type"][:9]) != (page.status, "text/html"):
            wrong.append((page, answer.status_code, answer.headers["content-type"]))
    assert wrong == []
    names = [page.name for page in found]
    assert sorted(set(names)) == sorted(names)


def test_a_route_that_the_tour_cannot_fill_is_found(app):
    world = build(app.state.sessions, app.state.clock())
    app.get("/tides/{tide_id}", dependencies=[PUBLIC])(lambda tide_id: None)
    with pytest.raises(AssertionError, match=r"tell tests/tour/study\.py what can stand for tide_id"):
        pages(app, world)
