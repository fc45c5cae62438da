"""How far a running import is: in a file, since another process may be asked than the one that imports."""

import json
import os
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from uuid import UUID

from app.domain.errors import NotFound
from app.domain.spooling import Progress, silent

OFTEN = 0.2  # seconds


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
        found: dict[str, Any] = json.loads(_path(import_id).read_bytes())
    except OSError:
        found = {}
    if found.pop("person", None) != person_id:
        raise NotFound("No import of yours with that id is running here.")
    return found


def _path(import_id: UUID) -> Path:
    return Path(tempfile.gettempdir()) / f"touchstone-import-{import_id}"


def _write(path: Path, content: dict[str, Any]) -> None:
    """Whoever reads sees the old or the new; a full disk is no reason to stop."""
    new = path.with_suffix(".new")
    with suppress(OSError):
        new.write_text(json.dumps(content))
        os.replace(new, path)
