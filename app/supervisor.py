"""A parent and its children: it starts them, restarts one that dies, stops them all.

A child is a process in a session of its own, so that Ctrl-C reaches the parent alone. Its standard input is a pipe that
nobody writes to: it closes when the parent is gone, however it went, and the child ends with it.
"""

import errno
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

GRACE = 15.0  # seconds that a child has once it is to end
PATIENCE = 10  # of these, what a server gives to requests in flight
POLL = 0.2
BACKLOG = 2048
FIRST_PAUSE, LONGEST_PAUSE, SETTLED = 1.0, 30.0, 60.0


@dataclass
class Child:
    """A process that is to run all the time. `command` starts it, with the open files `inherited` and with
    `environment` besides its parent's; `pause` is how long it waits after its next death."""

    name: str
    command: list[str]
    inherited: tuple[int, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None
    pause: float = FIRST_PAUSE
    due: float = 0.0
    started: float = 0.0

    def tend(self, now: float, say: Callable[[str], None]) -> None:
        """Starts it when it is due; notices its death and says so. `now` in seconds of a monotonic clock."""
        if self.process is None:
            if now >= self.due:
                self.started = now
                self.process = subprocess.Popen(  # noqa: S603
                    self.command,
                    stdin=subprocess.PIPE,
                    pass_fds=self.inherited,
                    env=os.environ | self.environment,
                    start_new_session=True,
                )
            return
        code = self.process.poll()
        if code is None:
            return
        self._close()
        if now - self.started >= SETTLED:
            self.pause = FIRST_PAUSE
        say(f"{self.name} ended with {_named(code)}; it starts again in {self.pause:.0f} s")
        self.due, self.pause = now + self.pause, min(2 * self.pause, LONGEST_PAUSE)

    def send(self, number: signal.Signals) -> None:
        """Sends a signal to it and to all that it started."""
        if self.process is not None and self.process.poll() is None:
            os.killpg(self.process.pid, number)

    def wait(self, until: float) -> None:
        """Waits for its end until that moment of the monotonic clock; kills it when it is still there."""
        if self.process is None:
            return
        try:
            self.process.wait(max(0.0, until - time.monotonic()))
        except subprocess.TimeoutExpired:
            self.send(signal.SIGKILL)
            self.process.wait()
        self._close()

    def _close(self) -> None:
        if self.process is not None and self.process.stdin is not None:
            self.process.stdin.close()
        self.process = None


def module(name: str, *arguments: str) -> list[str]:
    """The command that runs one of our modules."""
    # -P: a folder `app` where the command was typed must not stand in for ours
    return [sys.executable, "-P", "-m", name, *arguments]


def child(name: str, *arguments: str) -> Child:
    """The `touchstone` command `name` as a child that ends with its parent."""
    return Child(name, module("app.child", name, *arguments))


def end_with_parent() -> None:
    """Ends this process, a child, when its standard input closes: as by SIGTERM, and after the grace by SIGKILL."""

    def watch() -> None:
        while os.read(0, 1):
            pass
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(GRACE)
        os.killpg(0, signal.SIGKILL)

    threading.Thread(target=watch, daemon=True, name="end-with-parent").start()


def stop_on_signals() -> threading.Event:
    """An event that Ctrl-C and SIGTERM set from now on."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    return stop


def supervise(
    children: Iterable[Child],
    stop: threading.Event,
    say: Callable[[str], None],
    listeners: Iterable[socket.socket] = (),
) -> None:
    """Keeps the children running until `stop` is set, then ends them: SIGTERM, the grace, SIGKILL.

    `listeners` are what the children answer on. They are closed then, so that nobody comes in whom no child hears.
    """
    children = list(children)
    try:
        while not stop.is_set():
            for one in children:
                one.tend(time.monotonic(), say)
            stop.wait(POLL)
    finally:
        for one in children:
            one.send(signal.SIGTERM)
        for listener in listeners:
            listener.close()
        until = time.monotonic() + GRACE
        for one in children:
            one.wait(until)


def listen(host: str, port: int) -> list[socket.socket]:
    """Sockets that listen on every address of `host`; raises OSError when one of them cannot."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    addresses = dict.fromkeys((family, address[:2]) for family, _, _, _, address in found)
    return [socket.create_server(address, family=family, backlog=BACKLOG) for family, address in addresses]


def unavailable(host: str, port: int) -> str | None:
    """Why nobody can listen there now, or None."""
    try:
        for listener in listen(host, port):
            listener.close()
    except OSError as error:
        taken = error.errno == errno.EADDRINUSE
        return f"port {port} on {host} is taken" if taken else f"cannot listen on {host}, port {port}: {error.strerror}"
    return None


def answers(host: str, port: int) -> bool:
    """Whether somebody listens there."""
    try:
        socket.create_connection((host, port), timeout=1).close()
    except OSError:
        return False
    return True


def _named(code: int) -> str:
    return f"exit code {code}" if code >= 0 else f"signal {signal.Signals(-code).name}"
