"""An uploaded file as lines: JSONL, gzipped JSONL or CSV, in constant memory."""

import codecs
import csv
import gzip
import io
import json
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

from app.domain.errors import TooLarge, UploadError

ROW_LIMIT = 1_000_000
CELL_LIMIT = 16 * ROW_LIMIT  # what is longer is rather a quotation mark that was not closed
CHUNK = 1 << 16
BOMB_RATIO = 200
BOMB_FLOOR = 10_000_000


@dataclass(frozen=True)
class Line:
    """One row as it was sent: its 1-based line number and either its fields or why there are none."""

    number: int
    fields: dict[str, Any] | None
    reason: str = ""


def read(file: BinaryIO, name: str, limit: int) -> Iterator[Line]:
    """The rows of a file whose kind its name or its first bytes tell; blank lines are passed over.

    `limit` is the greatest unpacked size in bytes. Raises UploadError when the file as a whole cannot be read: not
    UTF-8, a truncated or damaged gzip, one that unpacks to far more than its size, too large, a CSV without a header.
    """
    file.seek(0)
    packed = file.read(2) == b"\x1f\x8b"
    file.seek(0)
    base = name.lower().removesuffix(".gz")
    raw = _unpacked(file, limit) if packed else _plain(file, limit)
    if base.endswith(".csv"):
        return _csv_lines(raw)
    return (_json_line(number, line) for number, line in _lines(raw) if line is None or line.strip())


def _plain(file: BinaryIO, limit: int) -> Iterator[bytes]:
    size = 0
    while chunk := file.read(CHUNK):
        size += len(chunk)
        if size > limit:
            raise TooLarge(limit)
        yield chunk


def _unpacked(file: BinaryIO, limit: int) -> Iterator[bytes]:
    size = 0
    with gzip.GzipFile(fileobj=file, mode="rb") as stream:  # without the mode it is the file's, which may be to write
        while True:
            try:
                chunk = stream.read(CHUNK)
            except EOFError as error:
                raise UploadError("file", "is a gzip that ends half-way; upload it again") from error
            except (zlib.error, gzip.BadGzipFile) as error:
                raise UploadError("file", "is a damaged gzip (%(error)s)", error=error) from error
            if not chunk:
                return
            size += len(chunk)
            if size > limit:
                raise TooLarge(limit)
            if size > BOMB_FLOOR and size > BOMB_RATIO * file.tell():
                raise UploadError("file", "unpacks to far more than its size; upload it in parts, or unpacked")
            yield chunk


def _lines(chunks: Iterator[bytes]) -> Iterator[tuple[int, str | None]]:
    """Numbered lines; None stands for one that is over the row limit. Blank ones may be missing."""
    number, held, overlong = 1, bytearray(), False
    for chunk in chunks:
        *complete, rest = chunk.split(b"\n")
        for part in complete:
            if held or overlong:
                held += part
                yield number, None if overlong or len(held) > ROW_LIMIT else _decode(bytes(held), number)
                held, overlong = bytearray(), False
            elif part and not part.isspace():  # a file can hold millions that do not
                yield number, None if len(part) > ROW_LIMIT else _decode(part, number)
            number += 1
        held += rest
        if len(held) > ROW_LIMIT:
            overlong, held = True, bytearray()
    if held or overlong:
        yield number, None if overlong else _decode(bytes(held), number)


def _decode(raw: bytes, number: int) -> str:
    if number == 1:
        raw = raw.removeprefix(codecs.BOM_UTF8)
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError as error:
        raise UploadError(
            "file", "is not UTF-8 (line %(line)s, byte %(byte)s)", line=number, byte=error.start + 1
        ) from error


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def _json_line(number: int, line: str | None) -> Line:
    if line is None:
        return Line(number, None, "the row is over 1 MB")
    try:
        found = json.loads(line, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        return Line(number, None, f"not JSON ({error})" if str(error) else "not JSON")
    if not isinstance(found, dict):
        return Line(number, None, "not a JSON object")
    return Line(number, found)


_JSON_COLUMNS = ("messages", "responses", "annotations", "metadata")


def _csv_lines(chunks: Iterator[bytes]) -> Iterator[Line]:
    """Rows by the header's names; empty cells but for the responses are absent, lists and objects are JSON in a cell."""
    csv.field_size_limit(CELL_LIMIT)
    stream = io.TextIOWrapper(io.BufferedReader(_Raw(chunks)), encoding="utf-8-sig", errors="strict", newline="")
    reader = csv.reader(stream, strict=True)
    try:
        header = next(reader, [])
        if not header:
            raise UploadError("file", "is a CSV without a header line")
        if twice := [name for name in header if header.count(name) > 1]:
            raise UploadError("file", "is a CSV with two columns named %(name)r", name=twice[0])
        last = reader.line_num
        for cells in reader:
            number, last = last + 1, reader.line_num
            if not cells:
                continue
            if len(cells) != len(header):
                yield Line(number, None, f"the header names {len(header)} columns; this row has {len(cells)}")
            elif sum(map(len, cells)) > ROW_LIMIT:
                yield Line(number, None, "the row is over 1 MB")
            else:
                yield _csv_line(number, dict(zip(header, cells, strict=True)))
    except UnicodeDecodeError as error:
        raise UploadError("file", "is not UTF-8 (after line %(line)s)", line=reader.line_num) from error
    except csv.Error as error:
        raise UploadError(
            "file", "is not a CSV that can be read (line %(line)s: %(error)s)", line=reader.line_num, error=error
        ) from error


def _csv_line(number: int, row: dict[str, str]) -> Line:
    keep = ("response_a", "response_b", "chosen", "rejected")
    fields: dict[str, Any] = {key: cell for key, cell in row.items() if cell or key in keep}
    for key, cell in fields.items():
        if key in _JSON_COLUMNS or (key == "prompt" and cell.lstrip().startswith('[{"')):
            try:
                fields[key] = json.loads(cell, parse_constant=_refuse_constant)
            except (ValueError, RecursionError) as error:
                return Line(number, None, f"the cell {key} is not JSON ({error})")
        elif key == "priority":
            try:
                fields[key] = int(cell)
            except ValueError:
                return Line(number, None, "the cell priority is not a whole number")
    return Line(number, fields)


class _Raw(io.RawIOBase):
    """Chunks as a raw stream, for TextIOWrapper."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self._chunks, self._rest = chunks, b""

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        if not self._rest:
            self._rest = next(self._chunks, b"")
        size = min(len(buffer), len(self._rest))
        buffer[:size], self._rest = self._rest[:size], self._rest[size:]
        return size
