"""How far a running import is: in a file, since another process may be asked than the one that imports."""

import json
import os
import stat
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from uuid import UUID

from app.domain.errors import NotFound
from app.domain.spooling import Progress, silent

OFTEN, DAY = 0.2, 86_400.0  # seconds


@contextmanager
def shown(import_id: UUID | None, person_id: int) -> Iterator[Callable[[str], Progress]]:
    """Gives what makes the progress of a stage, which that person can look up while the block runs."""
    if import_id is None:
        yield lambda _stage: silent
        return
    path, last = _path(import_id), 0.0

    def stage(name: str) -> Progress:
        def show(done: int, total: int) -> None:
            nonlocal last
            if time.monotonic() - last >= OFTEN:
                _write(path, {"person": person_id, "stage": name, "done": done, "total": total})
                last = time.monotonic()

        return show

    try:
        yield stage
    finally:
        with suppress(OSError):
            path.unlink(missing_ok=True)


def look_up(import_id: UUID, person_id: int) -> dict[str, Any]:
    """The `stage`, and how much of it is `done` of what `total`; raises NotFound."""
    try:
        with open(_path(import_id), opener=_itself) as file:
            left = time.time() - os.fstat(file.fileno()).st_mtime > DAY  # by a process that was killed
            found: dict[str, Any] = {} if left else json.load(file)
    except OSError:
        found = {}
    if found.pop("person", None) != person_id:
        raise NotFound("No import of yours with that id is running here.")
    return found


def _path(import_id: UUID) -> Path:
    return _folder() / str(import_id)


def _folder() -> Path:
    return Path(tempfile.gettempdir()) / f"touchstone-{os.getuid()}"


def _itself(path: str, flags: int) -> int:
    """Opens a file in the folder, if nobody else can have put it there or sent us elsewhere; raises OSError."""
    found = _folder().lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid() or found.st_mode & 0o077:
        raise PermissionError(f"{_folder()} is not ours alone")
    return os.open(path, flags | os.O_NOFOLLOW, 0o600)


def _write(path: Path, content: dict[str, Any]) -> None:
    """Whoever reads sees the old or the new; a full disk is no reason to stop."""
    new = path.with_suffix(".new")
    with suppress(OSError):
        path.parent.mkdir(mode=0o700, exist_ok=True)
        with open(new, "w", opener=_itself) as file:
            json.dump(content, file)
        os.replace(new, path)
