"""`touchstone import` and `touchstone export`, as they are typed."""

import gzip
import hashlib
import json

import pytest
from typer.testing import CliRunner

from app.cli import app, main
from app.domain import projects
from app.storage.session import make_sessions
from tests.web.conftest import lines, pairs

JUDGED = lines(*pairs(3, annotations=[{"annotator": "w", "choice": "a"}]), "no row")


@pytest.fixture
def type_(engine, database_url, clock, tmp_path, monkeypatch):
    """Types a command in a folder with a database that has two projects."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TOUCHSTONE_DATABASE_URL", database_url)
    with make_sessions(engine).begin() as session:
        for slug in ("study", "other"):
            projects.create(session, slug, "", clock())
    (tmp_path / "rows.jsonl").write_bytes(JUDGED)
    return lambda *words: CliRunner().invoke(app, list(words))


def test_a_file_goes_in_once(type_):
    first = type_("import", "study", "rows.jsonl", "--overlap", "2")
    assert first.exit_code == 0
    assert "4 rows, 3 comparisons, 3 judgements, 0 duplicates, 1 rejected" in first.stderr
    assert "line 4, : not a JSON object" in first.stderr
    again = type_("import", "study", "rows.jsonl")
    assert (again.exit_code, "(--again)" in again.stderr) == (1, True)
    assert "3 duplicates" in type_("import", "study", "rows.jsonl", "--again").stderr


@pytest.mark.parametrize(("name", "plain"), [("out.jsonl", bytes), ("out.jsonl.gz", gzip.decompress)])
def test_what_goes_out_comes_back_in(type_, tmp_path, name, plain):
    type_("import", "study", "rows.jsonl")
    assert "3 rows in" in type_("export", "study", "--out", name).stderr
    content = plain((tmp_path / name).read_bytes())
    manifest = json.loads((tmp_path / f"{name}.manifest.json").read_text())
    assert manifest["snapshot"] == hashlib.sha256(content).hexdigest()
    assert type_("export", "study").stdout_bytes == content
    assert "3 comparisons, 3 judgements" in type_("import", "other", name).stderr


def test_a_file_that_cannot_be_read_is_said_in_a_line(type_, tmp_path, monkeypatch, capsys):
    (tmp_path / "rows.jsonl").write_bytes(b"\xff")
    monkeypatch.setattr("sys.argv", ["touchstone", "import", "study", "rows.jsonl"])
    with pytest.raises(SystemExit) as ended:
        main()
    assert ended.value.code == 1
    assert capsys.readouterr().err == "touchstone: file: is not UTF-8 (line 1, byte 1)\n"
