"""A real server in a process of its own, and a real Chromium in front of it."""

import shutil
from contextlib import contextmanager
from types import SimpleNamespace

import pytest
from playwright.sync_api import sync_playwright

from app.domain import people, projects
from app.storage.session import make_engine, make_sessions
from app.vocabulary import Role
from tests import chromium
from tests.browser.desks import Desk
from tests.domain.test_importing import take
from tests.tour.serving import Server, Tour
from tests.web.conftest import pairs


@pytest.fixture
def server(database_url, tmp_path):
    server = Server(database_url, tmp_path / "var")
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="package")  # while it lives, its event loop keeps other tests from running one
def browser():
    with sync_playwright() as playwright:
        browser = chromium.launch(playwright)
        yield browser
        browser.close()


@pytest.fixture(scope="package")
def toured(tmp_path_factory, sqlite_template):
    """Every page of the app in a database in which everything has happened, behind a server."""
    folder = tmp_path_factory.mktemp("tour")
    shutil.copy(sqlite_template, folder / "touchstone.db")
    with Tour(f"sqlite:///{folder / 'touchstone.db'}", folder) as tour:
        yield tour


@pytest.fixture
def study(engine, clock):
    """A project of thirty comparisons; calling it with an email and a role gives an invitation link's path."""
    sessions = make_sessions(engine)
    with sessions.begin() as session:
        project = projects.create(session, "study", "A study", clock(), guidelines="Read **both**.")
        take(session, project, clock, pairs(30))

    def invite(email="ann@example.org", role=Role.annotator):
        from datetime import UTC, datetime

        now = datetime.now(UTC)
        with sessions.begin() as session:
            person, _ = people.add(session, email, "", role, now)
            return "/invitations/" + people.invite(session, person, now)

    return invite


@contextmanager
def signed_in(browser, server, link):
    """A page of whoever the invitation is for; whatever a script or the policy complains about fails the test."""
    context = browser.new_context(base_url=server.url)
    page = context.new_page()
    complaints = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda message: complaints.append(message.text) if "Content Security" in message.text else None)
    page.goto(link)
    page.click("text=Start")
    yield page
    assert complaints == []
    context.close()


@pytest.fixture
def tab(browser, server, study):
    """A page of an annotator who is signed in."""
    with signed_in(browser, server, study()) as page:
        yield page


@pytest.fixture
def boss(browser, server, study):
    """A page of an admin who is signed in."""
    with signed_in(browser, server, study("boss@example.org", Role.admin)) as page:
        yield page


@pytest.fixture(scope="package")
def lasting(sqlite_template, tmp_path_factory):
    """A server for all tests to which the database does not matter: its address, and sessions of its database."""
    folder = tmp_path_factory.mktemp("lasting")
    shutil.copy(sqlite_template, folder / "touchstone.db")
    url = f"sqlite:///{folder / 'touchstone.db'}"
    server, engine = Server(url, folder / "var"), make_engine(url)
    server.start()
    yield SimpleNamespace(url=server.url, sessions=make_sessions(engine))
    server.stop()
    engine.dispose()


@pytest.fixture
def desk(browser, lasting):
    """Makes a Desk: a project of somebody's own, and their page; what the console complains about fails the test."""
    made = []

    def make(**options):
        made.append(Desk(lasting, browser, **options))
        return made[-1]

    yield make
    for one in made:
        one.context.close()
    assert [complaint for one in made for complaint in one.complaints] == []
