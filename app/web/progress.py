"""How far a running import is: in a file, since another process may be asked than the one that imports.

Beside it lies a second file once somebody wants the import to stop.
"""

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

from app.domain.errors import Conflict, NotFound
from app.domain.spooling import Progress, Rows, silent

OFTEN, DAY = 0.2, 86_400.0  # seconds
FIRST = 10  # of the refused rows


@contextmanager
def shown(import_id: UUID | None, person_id: int, found: Rows) -> Iterator[Callable[[str], Progress]]:
    """Gives what makes the progress of a stage, which that person can look up while the block runs, with the rows that
    are `found` so far. In the block, and at its end, Conflict is raised once that person has cancelled the import."""
    if import_id is None:
        yield lambda _stage: silent
        return
    path, last = _path(import_id), 0.0

    def heed() -> None:
        if _stop(path).exists():
            raise Conflict("The import was cancelled. Nothing of the file was kept.")

    def stage(name: str) -> Progress:
        def show(done: int, total: int) -> None:
            nonlocal last
            if time.monotonic() - last < OFTEN:
                return
            heed()
            far = {"person": person_id, "stage": name, "done": done, "total": total}
            errors = [vars(refused) for refused in found.refused[:FIRST]]
            _write(path, far | {"rows": found.rows, "rejected": found.rejected, "errors": errors})
            last = time.monotonic()

        return show

    try:
        yield stage
        path.unlink(missing_ok=True)  # from here on it is too late, and `cancel` says so
        heed()
    finally:
        for file in (path, _stop(path)):
            with suppress(OSError):
                file.unlink(missing_ok=True)


def look_up(import_id: UUID, person_id: int) -> dict[str, Any]:
    """The `stage`, and how much of it is `done` of what `total`; the `rows` that were read, how many of them were
    `rejected`, and the first `errors`. Raises NotFound."""
    try:
        with open(_path(import_id), opener=_itself) as file:
            left = time.time() - os.fstat(file.fileno()).st_mtime > DAY  # by a process that was killed
            found: dict[str, Any] = {} if left else json.load(file)
    except OSError:
        found = {}
    if found.pop("person", None) != person_id:
        raise NotFound("No import of yours with that id is running here.")
    return found


def cancel(import_id: UUID, person_id: int) -> None:
    """Has the import end before it is committed, if it is not too late; raises NotFound."""
    look_up(import_id, person_id)
    stop = _stop(_path(import_id))
    with suppress(OSError), open(stop, "w", opener=_itself):
        pass
    try:
        look_up(import_id, person_id)  # else it ended meanwhile, and may not have seen that it was to stop
    except NotFound:
        stop.unlink(missing_ok=True)
        raise


def _stop(path: Path) -> Path:
    return path.with_suffix(".stop")


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
