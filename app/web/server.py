"""The web app as processes: one, or several that answer on the same sockets."""

import socket
import sys
from collections.abc import Callable
from tempfile import TemporaryDirectory

from app.operations import logs
from app.operations.server import answer
from app.settings import Settings
from app.supervisor import Child, end_with_parent, module, stop_on_signals, supervise
from app.web.application import create_app


def serve(settings: Settings, listeners: list[socket.socket]) -> None:
    """Answers on these sockets until Ctrl-C or SIGTERM, as one process."""
    logs.configure(settings)
    app = create_app(settings)
    answer(app, listeners, app.state.streams.stop)


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
