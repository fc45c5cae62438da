"""The first pass over an upload, outside of any transaction: every row is read, checked and hashed, and put aside."""

import hashlib
import os
import pickle
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO, Self

from pydantic_core import to_json

from app.domain import rows
from app.domain.errors import Invalid, UploadError
from app.domain.pairs import Pair
from app.domain.reading import read
from app.vocabulary import Purpose

CHUNK = 500  # pairs: psycopg and SQLite end at 65 535 and 250 000 parameters a statement
WEIGHT = 4_000_000  # characters of a chunk
REPORTED = 10_000
HOPELESS = 100_000
OFTEN = 200  # rows between two reports of progress

Progress = Callable[[int, int], None]  # what is done, of how much


def silent(_done: int, _total: int) -> None:
    """Progress that nobody watches."""


@dataclass(frozen=True)
class Refused:
    """Why a row was refused."""

    line: int
    field: str
    reason: str


class Spool:
    """Pairs in a file without a name, in the order in which they came, and in chunks that memory and statements bear."""

    def __init__(self) -> None:
        self._file = tempfile.TemporaryFile()  # noqa: SIM115 (closed with the spool)
        self._held: list[Pair] = []
        self._weight = 0
        self.pairs = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: Any) -> None:
        self._file.close()

    def put(self, pairs: list[Pair]) -> None:
        """Adds the pairs of one row."""
        weight = _weight(pairs)
        for start in range(0, len(pairs), CHUNK):
            part = pairs[start : start + CHUNK]
            if len(self._held) + len(part) > CHUNK or self._weight + weight > WEIGHT:
                self._write()
            self._held += part
            self._weight += weight
        self.pairs += len(pairs)

    def chunks(self) -> Iterator[list[Pair]]:
        """All pairs; none may be added from then on."""
        self._write()
        end = self._file.tell()
        self._file.seek(0)
        while self._file.tell() < end:
            yield pickle.load(self._file)  # noqa: S301 (nobody else can write this file)

    def _write(self) -> None:
        if self._held:
            pickle.dump(self._held, self._file, pickle.HIGHEST_PROTOCOL)
        self._held, self._weight = [], 0


def _weight(pairs: list[Pair]) -> int:
    """About how many characters the pairs of a row hold, which have all but the responses in common, and share those."""
    row = pairs[0]
    said = [turn["content"] for turn in row.prompt.messages] + [given.rationale or "" for given in row.judgements]
    sides = {id(side): side.text for pair in pairs for side in (pair.a, pair.b)}
    more = 0 if row.metadata is None else len(to_json(row.metadata))
    return sum(map(len, said)) + sum(map(len, sides.values())) + more


class Rows(Spool):
    """An upload: the SHA-256 of its file, and once it was read its pairs, and which of its rows were refused."""

    def __init__(self, file: BinaryIO) -> None:
        file.seek(0)
        self.digest = hashlib.file_digest(file, "sha256").hexdigest()  # type: ignore[arg-type]
        super().__init__()
        self.file = file
        self.rows = 0
        self.rejected = 0
        self.refused: list[Refused] = []

    def read(
        self,
        name: str,
        limit: int,
        pairs_per_prompt: int | None = None,
        progress: Progress = silent,
        purpose: Purpose = Purpose.judging,
    ) -> None:
        """Reads the file to its end; `progress` is told how many of its bytes were read.

        Raises UploadError when it cannot be read as a whole, holds no rows, or hardly any that can be used.
        """
        total = self.file.seek(0, os.SEEK_END)
        for line in read(self.file, name, limit):
            self.rows += 1
            if self.rows % OFTEN == 0:
                progress(self.file.tell(), total)
            if line.fields is None:
                self.refuse(line.number, "", line.reason)
                continue
            try:
                self.put(rows.recognise(line.fields, pairs_per_prompt, line.number, purpose))
            except Invalid as error:
                self.refuse(line.number, error.field, error.reason)
        progress(total, total)
        if not self.rows:
            raise UploadError("file", "holds no rows")

    def refuse(self, line: int, field: str, reason: str) -> None:
        """Counts a refused row; the first 10 000 are kept with their reason."""
        self.rejected += 1
        if self.rejected <= REPORTED:
            field, reason = (
                text.encode("utf-8", "replace").decode().replace("\x00", "\ufffd") for text in (field, reason)
            )
            self.refused.append(Refused(line, field[:200], reason[:500]))
        if self.rejected >= HOPELESS and self.rejected * 2 > self.rows:
            first = self.refused[0]
            reason = f"{first.field}: {first.reason}" if first.field else first.reason
            raise UploadError(
                "file",
                "holds hardly a row that can be used; the first bad one is line %(line)s: %(reason)s",
                line=first.line,
                reason=reason,
            )
