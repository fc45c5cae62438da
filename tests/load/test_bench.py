"""`touchstone bench` against a running server."""

import json

import httpx2
import pytest
from typer.testing import CliRunner

from app.cli import app
from app.vocabulary import Role
from benchmarks.queues import Builder
from benchmarks.throwaway import web


@pytest.fixture
def server(database_url):
    """Its address, its process id and an admin's token."""
    ((_, admin),) = Builder(database_url).hire(1, Role.admin)
    with web(database_url) as (address, pid):
        yield address, pid, admin.token


def bench(*words, token=""):
    return CliRunner().invoke(app, ["bench", *words], env={"TOUCHSTONE_TOKEN": token, "COLUMNS": "200"})


def test_it_measures_each_level_and_leaves_nothing_open(server):
    address, pid, token = server
    options = ["--annotators", "1,3", "--comparisons", "40", "--seconds", "1", "--warm-up", "0"]
    result = bench("--url", address, *options, "--server-pid", str(pid), "--json", token=token)
    assert result.exit_code == 0, result.output
    one, three = json.loads(result.stdout)
    assert (one["annotators"], three["annotators"]) == (1, 3)
    for level in (one, three):
        assert 0 < level["judgements"] <= 40
        assert level["per_second"] > 0
        assert 0 < level["submit_and_next"]["p50"] <= level["submit_and_next"]["p99"]
        assert level["cost"]["server_ms"] > 0
        assert (level["errors"], level["handed_out_twice"]) == ({}, 0)
        assert level["kept"] == {"lost": 0, "wrong": 0, "extra": 0}
    with httpx2.Client(base_url=address + "/api/v1", headers={"Authorization": f"Bearer {token}"}) as api:
        (project,) = api.get("/projects").json()
        batches = api.get(f"/projects/{project['slug']}/batches").json()
        assert [(batch["name"], batch["state"], batch["comparisons"]) for batch in batches] == [
            ("level-2", "closed", 40),
            ("level-1", "closed", 40),
        ]
        accounts = [one for one in api.get("/people").json() if one["name"].startswith("Bench")]
        assert [(one["email"], one["active"]) for one in accounts] == [
            (f"annotator-{number}@bench.invalid", False) for number in (1, 2, 3)
        ]


def test_it_asks_for_an_admin_and_takes_the_same_accounts_a_second_time(server):
    address, _, token = server
    refused = bench("--url", address, token="nobody's")
    assert refused.exit_code == 1
    assert "401" in refused.stderr
    options = ["--url", address, "--annotators", "2", "--comparisons", "1", "--seconds", "0.1", "--warm-up", "0"]
    first = bench(*options, token=token)
    assert first.exit_code == 0, first.output
    assert "submit and next" in first.stdout
    assert "The project and its judgements stay" in first.stderr
    with httpx2.Client(base_url=address + "/api/v1", headers={"Authorization": f"Bearer {token}"}) as api:
        before = api.get("/people").json()
        assert bench(*options, token=token).exit_code == 0
        assert api.get("/people").json() == before


@pytest.mark.parametrize(
    ("words", "token", "said"),
    [
        ([], "", "TOUCHSTONE_TOKEN"),
        (["--annotators", "0"], "x", "from 1 to"),
        (["--annotators", "1,many"], "x", "from 1 to"),
        (["--annotators", "100000"], "x", "from 1 to"),
        (["--comparisons", "100000000"], "x", "--comparisons"),
        (["--seconds", "1000000"], "x", "--seconds"),
    ],
)
def test_what_makes_no_sense_is_refused(words, token, said):
    result = bench(*words, token=token)
    assert result.exit_code == 2
    assert said in result.stderr


def test_a_server_that_is_not_there_is_told():
    result = bench("--url", "http://127.0.0.1:1", token="x")
    assert result.exit_code == 1
    assert "http://127.0.0.1:1" in result.stderr
