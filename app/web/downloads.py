"""A file that is made before the first byte of it is sent: who reads slowly holds no connection to the database."""

import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from typing import BinaryIO, cast

from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

CHUNK = 1 << 18
IN_MEMORY = 1_000_000


class Download(StreamingResponse):
    """Sends what `write` writes, as a file of that name; `write` returns the entity tag."""

    def __init__(self, write: Callable[[BinaryIO], str], name: str, media_type: str) -> None:
        with ExitStack() as undo:
            self._file = undo.enter_context(tempfile.SpooledTemporaryFile(IN_MEMORY))
            tag = write(cast(BinaryIO, self._file))
            headers = {
                "Content-Disposition": f'attachment; filename="{name}"',
                "Content-Length": str(self._file.tell()),
                "ETag": f'"{tag}"',
            }
            self._file.seek(0)
            undo.pop_all()
        super().__init__(iter(lambda: self._file.read(CHUNK), b""), media_type=media_type, headers=headers)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        with self._file:
            await super().__call__(scope, receive, send)
