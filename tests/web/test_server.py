"""The web app as real processes: how they end, and what happens when one dies."""

import json
import os
import signal
import socket
import subprocess
import sys
from contextlib import closing, contextmanager
from http.client import HTTPConnection
from io import BytesIO
from urllib.request import urlopen

import psutil
import pytest
from sqlalchemy import func, select

from app.domain import importing, people
from app.storage.comparisons import Preference
from app.vocabulary import Role
from tests.test_up import free_port, read_to, until
from tests.web.conftest import lines, pairs

PREFERENCE = {"id": "0b9f9f9e-4c5d-4b6a-8d6e-1f2a3b4c5d6e", "strength": 2}


@contextmanager
def web(database_url, folder, *arguments):
    """`touchstone web` on a free port, once it listens."""
    port = free_port()
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TOUCHSTONE_")}
    environment |= {"TOUCHSTONE_DATABASE_URL": database_url, "TOUCHSTONE_DATA_DIR": str(folder), "TMPDIR": str(folder)}
    command = [sys.executable, "-m", "app", "web", "--port", str(port), *arguments]
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as process:
        try:
            until(lambda: listens(port))
            yield process, port
        finally:
            process.kill()


def listens(port):
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture
def token(session, project, clock):
    """The API token of a reviewer who has two comparisons to judge."""
    upload = importing.Upload("batch", "batch.jsonl")
    importing.import_file(session, project, BytesIO(lines(*pairs(2))), upload, clock())
    person, _ = people.add(session, "ann@example.org", "Ann", Role.reviewer, clock())
    secret = people.create_token(session, person, "", clock())
    session.commit()
    return secret


def ask(port, token, method, path, body=None):
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    with closing(HTTPConnection("127.0.0.1", port, timeout=30)) as connection:
        connection.request(method, path, body and json.dumps(body), headers)
        response = connection.getresponse()
        text = response.read().decode()
    assert response.status == 200, text
    return text


def lease(port, token):
    return json.loads(ask(port, token, "POST", "/api/v1/projects/study/assignments", {"resume": True}))["assignments"]


@pytest.mark.parametrize("arguments", [(), ("--workers", "2")], ids=["one", "two"])
def test_a_click_that_is_under_way_when_the_server_is_told_to_end_is_kept(
    database_url, tmp_path, token, session, arguments
):
    with web(database_url, tmp_path, *arguments) as (process, port):
        [task] = lease(port, token)
        body = json.dumps(PREFERENCE | {"lease_token": task["lease_token"]}).encode()
        head = (
            f"PUT /api/v1/assignments/{task['id']}/preference HTTP/1.1\r\nHost: 127.0.0.1\r\n"
            f"Authorization: Bearer {token}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        with socket.create_connection(("127.0.0.1", port), timeout=30) as click:
            click.sendall(head.encode() + body[:20])
            urlopen(f"http://127.0.0.1:{port}/sign-in").close()  # by now the head has been read, too
            process.send_signal(signal.SIGTERM)
            until(lambda: not listens(port))
            click.sendall(body[20:])
            answer = click.recv(65536).decode()
        assert answer.startswith("HTTP/1.1 200 OK"), answer
        assert process.wait(10) in (0, -signal.SIGTERM)
        told = [json.loads(line) for line in process.stderr]
    assert ("PUT", 200) in [(entry["method"], entry["status"]) for entry in told]
    session.rollback()
    assert session.scalar(select(func.count()).select_from(Preference)) == 1


def test_metrics_count_a_process_that_was_killed_before_it_counted_anything(tmp_path):
    """The files of all processes are read by whichever is asked; this one is as it is for a moment at first."""
    script = "from app.operations import metrics; metrics.judgement('stored'); print(metrics.exposition().decode())"
    (tmp_path / "counter_1.db").touch()
    environment = os.environ | {"PROMETHEUS_MULTIPROC_DIR": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", script], env=environment, capture_output=True, text=True, check=True)
    assert 'touchstone_judgements_total{outcome="stored"} 1.0' in done.stdout


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)  # nothing of this is about the database
def test_a_web_process_that_dies_is_replaced_while_the_others_answer(database_url, tmp_path, token):
    counted = 'route="/api/v1/projects/{slug}/assignments",status="200"} '
    with web(database_url, tmp_path, "--workers", "2") as (process, port):
        both = until(lambda: len(now := psutil.Process(process.pid).children()) == 2 and now)
        lease(port, token)
        until(lambda: counted + "1.0" in ask(port, token, "GET", "/metrics"))  # which is after it was answered
        both[0].kill()
        both[0].wait(30)  # else it may answer once more, and not count that
        for _ in range(20):
            lease(port, token)
        # those of a process that is gone, too
        until(lambda: counted + "21.0" in ask(port, token, "GET", "/metrics"))
        read_to(process.stderr, "web process")
        again = until(lambda: len(now := psutil.Process(process.pid).children()) == 2 and now)
        assert both[1] in again
        process.kill()
        assert psutil.wait_procs(again, timeout=15)[1] == []
