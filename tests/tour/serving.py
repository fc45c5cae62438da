"""The tour behind a server of its own, and browsers that are whoever they should be."""

import os
import signal
import socket
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Self

import httpx2

from app.settings import Settings
from app.storage.session import make_engine, make_sessions
from app.web.application import create_app
from app.web.deps import COOKIE
from tests.tour.pages import Page, pages
from tests.tour.study import World, build

ROOT = Path(__file__).parents[2]


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


class Tour:
    """The study of tests/tour/study.py in that database, which is migrated and empty, served while the block runs."""

    def __init__(self, database_url: str, folder: Path) -> None:
        self.server = Server(database_url, folder)
        engine = make_engine(database_url)
        self.world: World = build(make_sessions(engine), datetime.now(UTC))
        engine.dispose()
        app = create_app(Settings(_env_file=None, database_url=database_url, data_dir=folder))
        self.pages: list[Page] = pages(app, self.world)
        app.state.sessions.kw["bind"].dispose()

    def __enter__(self) -> Self:
        self.server.start()
        return self

    def __exit__(self, *_: Any) -> None:
        self.server.stop()

    def open(self, tab: Any, page: Page) -> None:
        """Brings a Playwright page there, as whoever looks at it."""
        become(tab, self.server.url, self.world.secrets.get(page.who))
        page.visit(tab)


def become(tab: Any, url: str, secret: str | None) -> None:
    """Signs in by that session cookie, or out."""
    tab.context.clear_cookies()
    if secret is not None:
        tab.context.add_cookies([{"name": COOKIE, "value": secret, "url": url}])
