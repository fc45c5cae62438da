"""`touchstone up`, as somebody types it."""

import os
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager, suppress
from urllib.request import urlopen

import psutil
import pytest

from app.domain import people, projects
from app.domain.demo import SLUG
from app.domain.welcome import ACCOUNTS, welcome
from app.settings import Settings
from app.supervisor import Child, supervise, unavailable
from app.up import greeting
from app.vocabulary import Role


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as server:
        return server.getsockname()[1]


def until(found, seconds=30):
    """What `found` returns, as soon as that is true."""
    end = time.monotonic() + seconds
    while not (value := found()):
        assert time.monotonic() < end, f"not within {seconds} s"
        time.sleep(0.05)
    return value


def children(process):
    """The children by name; a child has one as soon as it runs Python."""
    found = {}
    for child in psutil.Process(process.pid).children():
        with suppress(psutil.Error, IndexError):
            found[child.cmdline()[4]] = child
    return found


@contextmanager
def up(tmp_path, *arguments):
    environment = {name: value for name, value in os.environ.items() if not name.startswith("TOUCHSTONE_")}
    environment |= {"TOUCHSTONE_DATA_DIR": str(tmp_path / "var"), "PYTHONPATH": os.getcwd()}
    command = [sys.executable, "-m", "app", "up", *map(str, arguments)]
    with subprocess.Popen(
        command, env=environment, cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def read_to(stream, mark):
    """What it writes, to the end of the line that holds `mark`."""
    text = ""
    while mark not in text:
        line = stream.readline()
        assert line, f"it ended without {mark!r}: {text}"
        text += line
    return text


def links(text):
    return re.findall(r"^  (\w+) +(http\S+)   \((\w+), works once\)$", text, re.MULTILINE)


def test_it_starts_everything_restarts_what_dies_and_ends_everything(tmp_path):
    port, reward_port = free_port(), free_port()
    with up(tmp_path, "--port", port, "--reward-port", reward_port) as process:
        text = read_to(process.stdout, "Ctrl-C")
        assert text.startswith(f"Touchstone runs at http://127.0.0.1:{port}\n")
        found = links(text)
        assert [(verb, role) for verb, _, role in found] == [("Annotate", "annotator"), ("Administer", "admin")]
        for _, link, _ in found:
            assert link.startswith(f"http://127.0.0.1:{port}/invitations/")
            with urlopen(link) as response:
                assert response.status == 200

        with up(tmp_path, "--port", port, "--reward-port", reward_port) as second:
            assert "--port" in second.communicate(timeout=30)[1]
            assert second.returncode == 1

        first = until(lambda: len(now := children(process)) == 3 and now)
        assert set(first) == {"web", "worker", "reward"}
        first["worker"].kill()
        assert read_to(process.stderr, "worker ended with signal SIGKILL").endswith("; it starts again in 1 s\n")
        second = until(lambda: len(now := children(process)) == 3 and now)
        assert second["worker"].pid != first["worker"].pid
        assert (second["web"], second["reward"]) == (first["web"], first["reward"])

        until(lambda: unavailable("127.0.0.1", reward_port))
        process.send_signal(signal.SIGINT)
        assert process.wait(15) == 0
        assert psutil.wait_procs(second.values(), timeout=1)[1] == []

    with up(tmp_path, "--port", port, "--reward-port", reward_port) as process:
        again = links(read_to(process.stdout, "Ctrl-C"))
        assert [verb for verb, _, _ in again] == ["Annotate", "Administer"]
        assert not {link for _, link, _ in again} & {link for _, link, _ in found}
        orphans = until(lambda: len(now := children(process)) == 3 and now)
        process.kill()
        assert psutil.wait_procs(orphans.values(), timeout=20)[1] == []


STUBBORN = (
    "import signal, sys; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); sys.stdin.read()"
)


def test_a_child_that_does_not_listen_is_killed(monkeypatch, capfd):
    monkeypatch.setattr("app.supervisor.GRACE", 0.2)
    stop, child = threading.Event(), Child("stubborn", [sys.executable, "-c", STUBBORN])
    thread = threading.Thread(target=supervise, args=([child], stop, print))
    thread.start()
    until(lambda: "up" in capfd.readouterr().out)
    pid = child.process.pid
    stop.set()
    thread.join(5)
    assert not thread.is_alive()
    assert not psutil.pid_exists(pid)


def test_a_child_that_keeps_dying_is_started_less_and_less_often():
    said, starts, now = [], [], 0.0
    child = Child("mortal", [sys.executable, "-c", "raise SystemExit(3)"])
    while len(starts) < 9:
        child.tend(now, said.append)
        if child.process is not None:
            starts.append(now)
            child.process.wait()
            if len(starts) == 8:
                now += 60
        now += 0.5
    child.wait(0)
    pauses = [re.search(r"ended with exit code 3; it starts again in (\d+) s", line)[1] for line in said]
    assert pauses == ["1", "2", "4", "8", "16", "30", "30", "1"]


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "0.0.0.0"])
def test_a_taken_port_is_noticed(host):
    with socket.create_server((host, 0)) as server:
        port = server.getsockname()[1]
        assert unavailable(host, port) == f"port {port} on {host} is taken"
    assert unavailable(host, port) is None
    assert "cannot listen" in unavailable("192.0.2.1", port)


@pytest.mark.parametrize(
    ("host", "link"),
    [
        ("127.0.0.1", "http://127.0.0.1:9000"),
        ("0.0.0.0", "http://127.0.0.1:9000"),
        ("::", "http://[::1]:9000"),
        ("example.org", "http://example.org:9000"),
    ],
)
def test_links_follow_the_address_unless_it_was_set(host, link):
    assert Settings(_env_file=None).at(host, 9000).public_url == link
    given = Settings(_env_file=None, public_url="https://touchstone.example/")
    assert given.at(host, 9000).invitation("s") == "https://touchstone.example/invitations/s"


def test_an_empty_database_gets_two_accounts_and_the_demo(session, clock):
    found = welcome(session, clock())
    assert {role: people.invited(session, secret, clock()).email for role, secret in found.items()} == ACCOUNTS
    assert [project.slug for project in projects.everything(session)] == [SLUG]
    assert people.accept(session, found[Role.admin], clock())
    assert set(welcome(session, clock())) == set(ACCOUNTS)
    assert len(projects.everything(session)) == 1


def test_only_active_demo_accounts_are_welcomed(session, clock):
    people.add(session, "ada@example.org", "Ada", Role.admin, clock())
    assert welcome(session, clock()) == {}
    assert projects.everything(session) == []
    people.add(session, ACCOUNTS[Role.admin], "", Role.annotator, clock())
    annotator, _ = people.add(session, ACCOUNTS[Role.annotator], "", Role.annotator, clock())
    assert set(welcome(session, clock())) == {Role.annotator}
    people.change(session, annotator, active=False)
    assert welcome(session, clock()) == {}
    assert "touchstone user add EMAIL --role admin" in greeting(Settings(_env_file=None), {})
