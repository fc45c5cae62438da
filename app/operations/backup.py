"""Backups: the database and the models in one tar, with a manifest by which it is checked before it is used."""

import hashlib
import json
import re
import tarfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
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
from app.storage.session import Session, make_engine, make_sessions, reading
from app.storage.training import TrainingRun
from app.vocabulary import Act

MANIFEST = "manifest.json"
FORMAT = 1
MODEL = re.compile(r"runs/([1-9][0-9]{0,17})/model/[^\0]+")


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


def make(settings: Settings, target: Path, now: datetime, warn: Callable[[str], None]) -> Manifest:
    """Writes a backup to `target`, which must not be there yet, while everything goes on running.

    It holds the database and the models of all runs, not what a run under way has come to. `warn`
    is told of models that are not where they should be. Raises Conflict.
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
                    if not model.is_dir():
                        warn(f"The model of run {run} is not in the backup: {model} is missing.")
                    for path in sorted(path for path in model.rglob("*") if path.is_file()):
                        inside = f"runs/{run}/model/{path.relative_to(model).as_posix()}"
                        files[inside] = _add(archive, path, inside)
                manifest = Manifest(FORMAT, now.isoformat(), dump.name, found, files)
                (folder / MANIFEST).write_text(json.dumps(asdict(manifest), indent=1))
                archive.add(folder / MANIFEST, MANIFEST)
            (folder / "backup.tar").chmod(0o600)  # it holds everybody's texts, and hashes of their passwords
            try:
                target.touch(0o600, exist_ok=False)  # a rename would replace what somebody put there meanwhile
            except FileExistsError as error:
                raise Conflict(f"{target} is there already.") from error
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
            if (dump.holds_something() or (data / "runs").exists()) and not replace:
                raise Conflict("There is something here already. With --replace the backup takes its place.")
            data.mkdir(parents=True, exist_ok=True)
            with TemporaryDirectory(dir=data, prefix=".restore-") as name:
                folder = Path(name)
                for inside, stored in manifest.files.items():
                    _extract(archive, inside, stored, folder)
                dump.check(folder / dump.name)
                with _moved_in(folder, data):
                    dump.load(folder / dump.name)
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
        strange = manifest.format != FORMAT or not {manifest.database} <= manifest.files.keys()
        strange = strange or not {manifest.revision} <= known()
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise Invalid("", "This is no backup: it has no manifest that can be read.") from error
    if strange:
        raise Conflict("This backup was made by a newer Touchstone.")
    for name in manifest.files.keys() - {manifest.database}:
        if not MODEL.fullmatch(name) or {"", ".", ".."} & set(name.split("/")):
            raise Invalid("", f"This is no backup: it would write to {name}.")
    return manifest


def _extract(archive: tarfile.TarFile, name: str, stored: Stored, folder: Path) -> None:
    target = folder / name
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


@contextmanager
def _moved_in(folder: Path, data: Path) -> Iterator[None]:
    """Puts the models of the backup in place of those that are there; not if the block or a move fails."""
    runs = data / "runs"
    with ExitStack() as undo:
        for source, target in ((runs, folder / "replaced"), (folder / "runs", runs)):
            if source.exists():
                source.rename(target)
                undo.callback(target.rename, source)
        yield
        undo.pop_all()


def _settle(settings: Settings, manifest: Manifest, data: Path, actor: str) -> None:
    """Names the places where the models are now, and tells the audit log."""
    engine = make_engine(settings.url)
    with make_sessions(engine).begin() as session:
        session.info["actor"] = actor
        for run in sorted({int(found[1]) for name in manifest.files if (found := MODEL.fullmatch(name))}):
            moved = update(TrainingRun).where(TrainingRun.id == run, TrainingRun.artefact.is_not(None))
            session.execute(moved.values(artefact=str(data / "runs" / str(run) / "model")))
        audit.record(session, Act.backup_restored, f"backup of {manifest.made_at}", revision=manifest.revision)
    engine.dispose()
