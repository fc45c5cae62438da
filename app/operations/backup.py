"""Backups: the database and the models in one tar, with a manifest by which it is checked before it is used."""

import hashlib
import json
import tarfile
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from sqlalchemy import select, update

from app.domain import audit
from app.domain.errors import Conflict, Invalid
from app.operations.dumps import dump_of
from app.settings import Settings
from app.storage.migrating import known, revision
from app.storage.people import Person
from app.storage.projects import Project
from app.storage.session import Session, make_engine, make_sessions, missing_file, reading
from app.storage.training import TrainingRun
from app.vocabulary import Act

MANIFEST = "manifest.json"
FORMAT = 1


@dataclass(frozen=True)
class Stored:
    """A file of a backup: its length in bytes and the hash of them."""

    size: int
    sha256: str


@dataclass(frozen=True)
class Manifest:
    """What a backup holds: files by name, of them one that is the database at `revision` of the schema."""

    format: int
    made_at: str
    database: str
    revision: str
    files: dict[str, Stored]

    @property
    def size(self) -> int:
        """Bytes of all files."""
        return sum(stored.size for stored in self.files.values())


def make(settings: Settings, target: Path, now: datetime) -> Manifest:
    """Writes a backup to `target`, which must not be there yet, while everything goes on running.

    It holds the database and the models of all runs, not what a run under way has come to. Raises Conflict.
    """
    if target.exists():
        raise Conflict(f"{target} is there already.")
    engine, dump, files = make_engine(settings.url), dump_of(settings.url), dict[str, Stored]()
    try:
        with TemporaryDirectory(dir=target.parent, prefix=".backup-") as name:
            folder = Path(name)
            with reading(make_sessions(engine)) as session:
                found = revision(session.connection())
            if found is None:
                raise Conflict("There is nothing in the database yet.")
            dump.save(folder / dump.name)
            # later than the database: a model that became one in between does no harm
            with reading(make_sessions(engine)) as session:
                models = _models(session)
            with tarfile.open(folder / "backup.tar", "w", dereference=True) as archive:
                files[dump.name] = _add(archive, folder / dump.name, dump.name)
                for run, model in models.items():
                    for path in sorted(path for path in model.rglob("*") if path.is_file()):
                        inside = f"runs/{run}/model/{path.relative_to(model).as_posix()}"
                        files[inside] = _add(archive, path, inside)
                manifest = Manifest(FORMAT, now.isoformat(), dump.name, found, files)
                (folder / MANIFEST).write_text(json.dumps(asdict(manifest), indent=1))
                archive.add(folder / MANIFEST, MANIFEST)
            (folder / "backup.tar").chmod(0o600)  # it holds everybody's texts, and hashes of their passwords
            (folder / "backup.tar").rename(target)
    finally:
        engine.dispose()
    return manifest


def restore(settings: Settings, source: Path, *, replace: bool, actor: str) -> Manifest:
    """Puts a backup in place of the database and the models, brought to the present schema; nothing else may run.

    Everything is read and checked first. Runs that were under way begin anew: what DBOS knows of them is forgotten.
    Raises Invalid when the backup is damaged or no backup, Conflict when it does not fit, or when there is something
    already that it would replace and `replace` is not set.
    """
    dump, data = dump_of(settings.url), settings.data_dir.resolve()
    try:
        with tarfile.open(source) as archive:
            manifest = _read(archive)
            if manifest.database != dump.name:
                raise Conflict("This backup is of another kind of database. See TOUCHSTONE_DATABASE_URL.")
            if manifest.revision not in known():
                raise Conflict("This backup was made by a newer Touchstone.")
            if not replace and _holds_something(settings):
                raise Conflict("There is something here already. With --replace the backup takes its place.")
            data.mkdir(parents=True, exist_ok=True)
            with TemporaryDirectory(dir=data, prefix=".restore-") as name:
                folder = Path(name)
                for inside, stored in manifest.files.items():
                    _extract(archive, inside, stored, folder)
                dump.check(folder / dump.name)
                dump.load(folder / dump.name)
                _move_models(folder, data)
    except (tarfile.TarError, EOFError) as error:
        raise Invalid("", f"{source} is no backup, or a damaged one.") from error
    for left in data.glob("workflows.db*"):
        left.unlink()
    _settle(settings, manifest, data, actor)
    return manifest


def _models(session: Session) -> dict[int, Path]:
    wanted = select(TrainingRun.id, TrainingRun.artefact).where(TrainingRun.artefact.is_not(None))
    return {run: Path(artefact) for run, artefact in session.execute(wanted.order_by(TrainingRun.id)) if artefact}


def _add(archive: tarfile.TarFile, path: Path, name: str) -> Stored:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    archive.add(path, name)
    return Stored(path.stat().st_size, digest)


def _read(archive: tarfile.TarFile) -> Manifest:
    try:
        file = archive.extractfile(MANIFEST)
        found = json.loads(file.read()) if file else {}
        found["files"] = {name: Stored(**stored) for name, stored in found["files"].items()}
        manifest = Manifest(**found)
    except (KeyError, TypeError, ValueError) as error:
        raise Invalid("", "This is no backup: it has no manifest that can be read.") from error
    if manifest.format != FORMAT or manifest.database not in manifest.files:
        raise Conflict("This backup was made by a newer Touchstone.")
    return manifest


def _extract(archive: tarfile.TarFile, name: str, stored: Stored, folder: Path) -> None:
    target = (folder / name).resolve()
    if not target.is_relative_to(folder.resolve()):
        raise Invalid("", f"This is no backup: it would write to {name}.")
    try:
        file = archive.extractfile(name)
    except KeyError:
        file = None
    if file is None:
        raise Invalid("", f"This backup is damaged: {name} is missing.")
    target.parent.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha256()
    with file, target.open("wb") as out:
        while part := file.read(1 << 20):
            digest.update(part)
            out.write(part)
    if digest.hexdigest() != stored.sha256:
        raise Invalid("", f"This backup is damaged: {name} is not what it was.")


def _holds_something(settings: Settings) -> bool:
    if (settings.data_dir / "runs").exists():
        return True
    if missing_file(settings.url):
        return False
    engine = make_engine(settings.url)
    try:
        with reading(make_sessions(engine)) as session:
            if revision(session.connection()) is None:
                return False
            return any(session.scalar(select(table.id).limit(1)) for table in (Person, Project))
    finally:
        engine.dispose()


def _move_models(folder: Path, data: Path) -> None:
    if (data / "runs").exists():
        (data / "runs").rename(folder / "replaced")
    if (folder / "runs").exists():
        (folder / "runs").rename(data / "runs")


def _settle(settings: Settings, manifest: Manifest, data: Path, actor: str) -> None:
    """Names the places where the models are now, and tells the audit log."""
    engine = make_engine(settings.url)
    with make_sessions(engine).begin() as session:
        session.info["actor"] = actor
        for run in sorted({int(name.split("/")[1]) for name in manifest.files if name.startswith("runs/")}):
            moved = update(TrainingRun).where(TrainingRun.id == run, TrainingRun.artefact.is_not(None))
            session.execute(moved.values(artefact=str(data / "runs" / str(run) / "model")))
        audit.record(session, Act.backup_restored, f"backup of {manifest.made_at}", revision=manifest.revision)
    engine.dispose()
