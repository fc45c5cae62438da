"""A real server in a process of its own, and a real Chromium in front of it."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import httpx2
import pytest
from playwright.sync_api import sync_playwright

from app.domain import people, projects
from app.storage.session import make_sessions
from app.vocabulary import Role
from tests import chromium
from tests.domain.test_importing import take
from tests.web.conftest import pairs

ROOT = Path(__file__).parents[2]
QUIET = ["--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run"]


class Server:
    """`touchstone web` on a port of its own; it can be killed and started again."""

    def __init__(self, database_url, folder):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self.environment = os.environ | {"TOUCHSTONE_DATABASE_URL": database_url, "TOUCHSTONE_DATA_DIR": str(folder)}
        self.process = None

    def start(self):
        command = [sys.executable, "-m", "app", "web", "--port", str(self.port)]
        self.process = subprocess.Popen(command, cwd=ROOT, env=self.environment, start_new_session=True)
        until = time.monotonic() + 60
        while time.monotonic() < until:
            try:
                return httpx2.get(self.url + "/sign-in").raise_for_status()
            except httpx2.TransportError:
                time.sleep(0.1)
        raise AssertionError("the server did not start")

    def kill(self):
        """As `kill -9` does."""
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def stop(self):
        self.process.terminate()
        self.process.wait(30)


@pytest.fixture
def server(database_url, tmp_path):
    server = Server(database_url, tmp_path / "var")
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="package")  # while it lives, its event loop keeps other tests from running one
def browser():
    with sync_playwright() as playwright:
        options = [*QUIET, *(["--no-sandbox"] if os.geteuid() == 0 else [])]
        browser = playwright.chromium.launch(executable_path=chromium.find(), args=options)
        yield browser
        browser.close()


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


@pytest.fixture
def tab(browser, server, study):
    """A page of an annotator who is signed in; anything that the console complains about fails the test."""
    context = browser.new_context(base_url=server.url)
    page = context.new_page()
    complaints = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda message: complaints.append(message.text) if "Content Security" in message.text else None)
    page.goto(study())
    page.click("text=Start")
    yield page
    assert complaints == []
    context.close()
