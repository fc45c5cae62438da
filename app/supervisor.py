"""The parent of `touchstone up`: starts its children, restarts one that dies, stops them all.

A child is a `touchstone` command in a session of its own, so that Ctrl-C reaches the parent alone. Its standard input
is a pipe that nobody writes to: it closes when the parent is gone, however it went, and the child ends with it.
"""

import errno
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

GRACE = 10.0
POLL = 0.2
FIRST_PAUSE, LONGEST_PAUSE, SETTLED = 1.0, 30.0, 60.0


@dataclass
class Child:
    """A process that is to run all the time. `command` starts it; `pause` is how long it waits after its next death."""

    name: str
    command: list[str]
    process: subprocess.Popen[bytes] | None = None
    pause: float = FIRST_PAUSE
    due: float = 0.0
    started: float = 0.0

    def tend(self, now: float, say: Callable[[str], None]) -> None:
        """Starts it when it is due; notices its death and says so. `now` in seconds of a monotonic clock."""
        if self.process is None:
            if now >= self.due:
                self.started = now
                self.process = subprocess.Popen(self.command, stdin=subprocess.PIPE, start_new_session=True)  # noqa: S603
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


def child(name: str, *arguments: str) -> Child:
    """The `touchstone` command `name` as a child that ends with its parent."""
    # -P: a folder `app` where the command was typed must not stand in for ours
    return Child(name, [sys.executable, "-P", "-m", "app.child", name, *arguments])


def supervise(children: Iterable[Child], stop: threading.Event, say: Callable[[str], None]) -> None:
    """Keeps the children running until `stop` is set, then ends them: SIGTERM, ten seconds of grace, SIGKILL."""
    children = list(children)
    try:
        while not stop.is_set():
            for one in children:
                one.tend(time.monotonic(), say)
            stop.wait(POLL)
    finally:
        for one in children:
            one.send(signal.SIGTERM)
        until = time.monotonic() + GRACE
        for one in children:
            one.wait(until)


def unavailable(host: str, port: int) -> str | None:
    """Why nobody can listen there now, or None."""
    try:
        family, kind, protocol, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
            probe.listen()
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
