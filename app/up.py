"""`touchstone up`: everything on one machine, from an empty folder to links that sign people in."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime

from app.domain.errors import Conflict
from app.domain.welcome import welcome
from app.operations.dumps import refuse_half
from app.settings import Settings, reachable
from app.storage.migrating import migrate
from app.storage.session import make_engine, make_sessions
from app.supervisor import answers, child, stop_on_signals, supervise, unavailable
from app.vocabulary import Role


def run(settings: Settings, host: str, port: int, reward_port: int, workers: int, say: Callable[[str], None]) -> None:
    """Runs web app, worker and reward server until Ctrl-C or SIGTERM; `say` gets a line when one of them dies.

    Migrates the database first and, when it is empty, fills it with the demo. Raises Conflict when a port is taken,
    or a restore was cut off.
    """
    for option, wanted in (("--port", port), ("--reward-port", reward_port)):
        if reason := unavailable(host, wanted):
            raise Conflict(f"{reason}; choose another with {option}")
    refuse_half(settings.url)
    engine = make_engine(settings.url)
    migrate(engine)
    with make_sessions(engine).begin() as session:
        session.info["actor"] = "touchstone up"
        links = welcome(session, datetime.now(UTC))
    engine.dispose()
    stop = stop_on_signals()
    children = [
        child("web", "--host", host, "--port", str(port), "--workers", str(workers)),
        child("worker"),
        child("reward", "--host", host, "--port", str(reward_port)),
    ]

    def greet() -> None:
        while not answers(reachable(host), port):
            if stop.wait(0.1):
                return
        print(greeting(settings, links), flush=True)

    threading.Thread(target=greet, daemon=True).start()
    supervise(children, stop, say)


def greeting(settings: Settings, links: dict[Role, str]) -> str:
    """Where to click, given the secrets of the invitations by role."""
    lines = [f"Touchstone runs at {settings.public_url}"]
    for role, verb in ((Role.annotator, "Annotate"), (Role.admin, "Administer")):
        if role in links:
            lines.append(f"  {verb:<10} {settings.invitation(links[role])}   ({role}, works once)")
    if Role.admin not in links:
        lines.append("  `touchstone user add EMAIL --role admin` prints a link for an admin")
    return "\n".join([*lines, "Ctrl-C stops everything."])
