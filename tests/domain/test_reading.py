import gzip
import io
import json
import tracemalloc

import pytest

from app.domain import reading
from app.domain.errors import TooLarge, UploadError
from app.domain.reading import Line, read

LIMIT = 100_000_000


def lines(content, name="x.jsonl", limit=LIMIT):
    raw = content if isinstance(content, bytes) else content.encode()
    return list(read(io.BytesIO(raw), name, limit))


@pytest.fixture(params=[1, 7, 1 << 16])
def chunks(request, monkeypatch):
    """Reads in chunks of so many bytes."""
    monkeypatch.setattr(reading, "CHUNK", request.param)


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_lines_keep_their_numbers_wherever_a_chunk_ends(chunks, pack):
    content = '\ufeff{"a": "é"}\r\n\n  \n{"b": "🙂"}\n\n[3]\n{"c": 4}'.encode()
    assert lines(pack(content)) == [
        Line(1, {"a": "é"}),
        Line(4, {"b": "🙂"}),
        Line(6, None, "not a JSON object"),
        Line(7, {"c": 4}),
    ]


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_csv_rows_keep_their_numbers_wherever_a_chunk_ends(chunks, pack):
    content = '\ufeffid,response_a\r\n\r\n1,"é\r\n🙂"\r\n\r\n2\r\n3,\r\n,x'.encode()
    assert lines(pack(content), "x.csv.gz") == [
        Line(3, {"id": "1", "response_a": "é\r\n🙂"}),
        Line(6, None, "the header names 2 columns; this row has 1"),
        Line(7, {"id": "3", "response_a": ""}),
        Line(8, {"response_a": "x"}),
    ]


@pytest.mark.parametrize("end", ["", "\n", '\n{"a": 1}'])
def test_a_line_over_the_limit_is_one_bad_row(monkeypatch, end):
    monkeypatch.setattr(reading, "ROW_LIMIT", 100)
    found = lines('{"a": 0}\n' + json.dumps({"a": "x" * 300_000}) + end)
    assert found[:2] == [Line(1, {"a": 0}), Line(2, None, "the row is over 1 MB")]
    assert found[2:] == ([Line(3, {"a": 1})] if end.endswith("}") else [])


def test_a_row_of_exactly_the_limit_is_good(monkeypatch):
    row = json.dumps({"a": "x"})
    monkeypatch.setattr(reading, "ROW_LIMIT", len(row))
    assert lines(row) == [Line(1, {"a": "x"})]
    assert lines(row + " ")[0].fields is None


def test_a_quotation_mark_that_is_never_closed_ends_the_file(monkeypatch):
    monkeypatch.setattr(reading, "CELL_LIMIT", 1000)
    with pytest.raises(UploadError, match=r"not a CSV that can be read \(line \d+: field larger"):
        lines('id,prompt\n1,"open\n' + "2,x\n" * 1000, "x.csv")


@pytest.mark.parametrize(
    ("content", "name", "reason"),
    [
        (b"a\xff", "x.jsonl", r"not UTF-8 \(line 1, byte 2\)"),
        (b"{}\n{}\n\xe2\x82", "x.jsonl", r"not UTF-8 \(line 3, byte 1\)"),
        (b"id\n\xff", "x.csv", "not UTF-8"),
        (b"\xff\xfei\x00d\x00", "x.csv", "not UTF-8"),
        (b'id,p\n1,"a"b', "x.csv", "not a CSV"),
        (b"", "x.csv", "without a header"),
        (b"\n\n", "x.csv", "without a header"),
    ],
)
def test_a_file_that_is_not_what_it_says(content, name, reason):
    with pytest.raises(UploadError, match=reason):
        lines(content, name)


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_the_limit_is_of_what_is_unpacked(pack):
    content = b'{"a": 1}\n' * 1000
    assert len(lines(pack(content), limit=len(content))) == 1000
    with pytest.raises(TooLarge):
        lines(pack(content), limit=len(content) - 1)


def test_a_bomb_is_left_before_it_has_unpacked(monkeypatch):
    monkeypatch.setattr(reading, "BOMB_FLOOR", 1_000_000)
    rows = read(io.BytesIO(gzip.compress(b'{"a": 1}\n' * 5_000_000)), "x", LIMIT)
    taken = []
    with pytest.raises(UploadError, match="far more than its size"):
        taken.extend(rows)
    assert len(taken) < 1_000_000


class Long(io.RawIOBase):
    """A file of so many bytes that is nowhere in memory."""

    ROW = b'{"prompt": "' + b"x" * 987 + b'"}\n'

    def __init__(self, size, head=b""):
        self.at, self.size, self.head = 0, size, head

    def seek(self, at, whence=0):
        self.at = at
        return at

    def read(self, size=-1):
        size = min(size, self.size - self.at)
        whole = self.head + self.ROW * (size // len(self.ROW) + 2)
        start = self.at if self.at < len(self.head) else len(self.head) + (self.at - len(self.head)) % len(self.ROW)
        self.at += size
        return whole[start : start + size]


@pytest.mark.parametrize(("name", "head"), [("x.jsonl", b""), ("x.csv", b"a\n")])
def test_memory_does_not_grow_with_the_file(name, head):
    tracemalloc.start()
    try:
        number = sum(1 for _ in read(Long(len(head) + 20_000 * len(Long.ROW), head), name, LIMIT))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert number == 20_000
    assert peak < 2_000_000
