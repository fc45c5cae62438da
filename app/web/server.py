"""The web app as processes: one, or several that answer on the same sockets."""

import gc
import socket
import sys
from collections.abc import Callable
from tempfile import TemporaryDirectory

import uvicorn

from app.operations import logs
from app.settings import Settings
from app.supervisor import PATIENCE, Child, end_with_parent, module, stop_on_signals, supervise
from app.web.application import create_app


def serve(settings: Settings, listeners: list[socket.socket]) -> None:
    """Answers on these sockets until Ctrl-C or SIGTERM.

    Then nobody is let in any more, and requests in flight are finished; those that take too long are cut.
    """
    logs.configure(settings)
    config = uvicorn.Config(
        create_app(settings),
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=PATIENCE,
    )
    # what is there now stays, and need not be looked through again and again
    gc.collect()
    gc.freeze()
    uvicorn.Server(config).run(listeners)


def serve_by(workers: int, settings: Settings, listeners: list[socket.socket], say: Callable[[str], None]) -> None:
    """The same by so many processes, of which one that dies is started again; `say` gets a line then."""
    numbers = tuple(listener.fileno() for listener in listeners)
    with TemporaryDirectory(prefix="touchstone-metrics-") as folder:
        environment = {"PROMETHEUS_MULTIPROC_DIR": folder, "TOUCHSTONE_PUBLIC_URL": settings.public_url}
        command = module("app.web.server", *map(str, numbers))
        children = [Child(f"web process {n}", command, numbers, environment) for n in range(1, workers + 1)]
        supervise(children, stop_on_signals(), say, listeners)


if __name__ == "__main__":
    end_with_parent()
    serve(Settings(), [socket.socket(fileno=int(number)) for number in sys.argv[1:]])
