"""`touchstone score`: JSON lines in, the same with their reward out."""

import json
import sys

import pytest
from typer.testing import CliRunner

from app import cli
from app.reward.data import Item
from app.reward.export import load

LINES = [
    {"prompt": "what", "response": "good answer", "id": 7, "note": "\ud800 中文"},
    {"prompt": [{"role": "user", "content": "why"}], "response": "bad answer", "reward": "an old one"},
    {"prompt": "why", "response": ""},
]


@pytest.fixture
def run(settings, monkeypatch, study):
    """Runs `touchstone score` in this process."""
    monkeypatch.setenv("TOUCHSTONE_DATABASE_URL", settings.database_url)
    monkeypatch.setenv("TOUCHSTONE_DATA_DIR", str(settings.data_dir))
    return lambda *arguments, **more: CliRunner().invoke(cli.app, ["score", *map(str, arguments)], **more)


def text(rows):
    return "".join(json.dumps(row) + "\n" for row in rows)


def expected(artefact):
    items = [
        Item([{"role": "user", "content": "what"}], "good answer"),
        Item([{"role": "user", "content": "why"}], "bad answer"),
        Item([{"role": "user", "content": "why"}], ""),
    ]
    return [
        row | {"reward": pytest.approx(reward, abs=1e-5)}
        for row, reward in zip(LINES, load(artefact).score(items), strict=True)
    ]


@pytest.mark.parametrize("base", ["tiny_encoder", "tiny_decoder"])
def test_lines_come_back_in_order_with_their_reward(run, publish, request, base, monkeypatch):
    monkeypatch.setattr("app.serving.lines.CHUNK", 2)
    published = publish(request.getfixturevalue(base), seed=1)
    found = run("study", input=text(LINES))
    assert found.exit_code == 0, found.output
    assert [json.loads(line) for line in found.stdout.splitlines()] == expected(published.artefact)
    assert "中文" in found.stdout
    assert found.stderr.startswith(f"3 rewards by run {published.id} (snapshot ")


def test_from_file_to_file(run, publish, tiny_encoder, tmp_path):
    published = publish(tiny_encoder, seed=1)
    source, target = tmp_path / "in.jsonl", tmp_path / "out.jsonl"
    source.write_text("\ufeff" + text(LINES), encoding="utf-8")
    found = run("study", source, "--out", target)
    assert found.exit_code == 0, found.output
    assert found.stdout == ""
    assert [json.loads(line) for line in target.read_bytes().splitlines()] == expected(published.artefact)
    refused = run("study", source, "--out", source)
    assert refused.exit_code == 2
    assert run("study", tmp_path / "nothing.jsonl").exit_code == 2
    assert source.read_text(encoding="utf-8-sig") == text(LINES)


def test_bad_lines_are_reported_and_the_good_ones_come_out(run, publish, tiny_encoder):
    publish(tiny_encoder, seed=1)
    good = text(LINES[:1]).encode()
    bad = [
        b"not json\n",
        b'{"prompt": "\xff"}\n',
        b'{"prompt": "a", "response": NaN}\n',
        b'{"response": "a"}\n',
        b'{"prompt": "a", "response": ["b"]}\n',
        b'{"prompt": [{"role": "assistant", "content": "a"}], "response": "b"}\n',
        b"[]\n",
        b"[" * 100_000 + b"\n",
    ]
    found = run("study", "-", input=good + b"\n" + b"".join(bad) + good.rstrip())
    assert found.exit_code == 1
    assert len(found.stdout.splitlines()) == 2
    *reports, total = found.stderr.splitlines()
    assert [report.split(": ")[1] for report in reports] == [
        *(f"line {number}, not {what}" for number, what in ((3, "JSON (Expecting value"), (4, "UTF-8 (byte 13)"), (5, "JSON (NaN is not JSON)"))),
        "line 6, prompt", "line 7, response", "line 8, prompt", "line 9, not a JSON object", reports[-1].split(": ")[1],
    ]  # fmt: skip
    assert reports[-1].startswith("touchstone: line 10, not JSON")
    assert total.startswith("2 rewards")
    assert total.endswith("8 lines were left out.")


@pytest.mark.parametrize(
    ("project", "words"),
    [
        ("untrained", "untrained has no reward model yet. Train one first."),
        ("nowhere", "There is no project 'nowhere'."),
    ],
)
def test_without_a_model_it_says_what_to_do(run, project, words, monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["touchstone", "score", project])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 1
    assert capsys.readouterr().err == f"touchstone: {words}\n"


def test_a_model_that_cannot_be_loaded_leaves_the_old_file_alone(
    run, publish, tiny_encoder, tmp_path, monkeypatch, capsys
):
    publish(tiny_encoder, seed=1, save=False)
    target = tmp_path / "out.jsonl"
    target.write_text("old")
    monkeypatch.setattr(sys, "argv", ["touchstone", "score", "study", "--out", str(target)])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 1
    assert "cannot be loaded" in capsys.readouterr().err
    assert target.read_text() == "old"
