"""Clients that leave half-way, in front of a real server."""

import socket
import threading

import pytest
import uvicorn
from sqlalchemy import func, select

from app.storage.tables import Batch, Comparison
from tests.web.conftest import lines, pairs, upload

HEAD = "POST /api/v1/projects/study/batches HTTP/1.1\r\nHost: here\r\nAuthorization: Bearer {token}\r\n{headers}\r\n"
PART = b'--b\r\nContent-Disposition: form-data; name="file"; filename="x.jsonl"\r\n\r\n'


@pytest.fixture
def served(app):
    """The port of a server, and an event that is set whenever it is through with a request."""
    through = threading.Event()

    async def watched(scope, receive, send):
        try:
            await app(scope, receive, send)
        finally:
            through.set()

    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        server = uvicorn.Server(uvicorn.Config(watched, lifespan="off", log_level="critical"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        yield listener.getsockname()[1], through
        server.should_exit = True
        thread.join(20)


@pytest.mark.parametrize(
    ("headers", "body"),
    [
        ("Content-Length: 100000\r\n", lines(*pairs(5))),
        ("Transfer-Encoding: chunked\r\n", b"%x\r\n%s\r\n" % (len(lines(*pairs(5))), lines(*pairs(5)))),
        ("Content-Type: multipart/form-data; boundary=b\r\nContent-Length: 100000\r\n", PART + lines(*pairs(5))),
        ("Content-Length: 2900000\r\n", lines(*pairs(20_000))),
        ("Content-Length: 100000\r\n", b""),
    ],
    ids=["length", "chunked", "form", "spooled", "nothing"],
)
def test_an_upload_that_breaks_off_leaves_nothing(served, admin, study, sessions, headers, body):
    port, through = served
    with socket.create_connection(("127.0.0.1", port)) as connection:
        connection.sendall(HEAD.format(token=admin.token, headers=headers).encode() + body)
    assert through.wait(20)
    with sessions() as session:
        assert session.scalar(select(func.count()).select_from(Batch)) == 0
        assert session.scalar(select(func.count()).select_from(Comparison)) == 0
    assert upload(admin, content=lines(*pairs(5))).status_code == 201


def test_a_file_too_large_is_refused_before_it_is_sent(served, admin, study):
    port, _ = served
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        connection.sendall(HEAD.format(token=admin.token, headers="Content-Length: 900000000\r\n").encode())
        assert connection.recv(1000).startswith(b"HTTP/1.1 413 ")


def test_whoever_may_not_upload_is_told_before_the_file_is_there(served, ann, study):
    port, _ = served
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        connection.sendall(HEAD.format(token=ann.token, headers="Content-Length: 100000\r\n").encode())
        assert connection.recv(1000).startswith(b"HTTP/1.1 403 ")


def test_an_export_that_nobody_waits_for_ends(served, admin, study, sessions):
    upload(admin, content=lines(*pairs(300, annotations=[{"annotator": "w", "choice": "a"}], prompt="x" * 10_000)))
    port, through = served
    head = f"GET /api/v1/projects/study/export HTTP/1.1\r\nHost: here\r\nAuthorization: Bearer {admin.token}\r\n\r\n"
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        connection.sendall(head.encode())
        assert connection.recv(1000).startswith(b"HTTP/1.1 200 ")
    assert through.wait(20)
    assert upload(admin, content=lines(*pairs(5))).status_code == 201
