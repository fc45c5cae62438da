"""Commands that run a part of Touchstone, or all of it."""

import os
from typing import Annotated

import typer

from app.cli.terminal import Host, say, settings, transaction, warn
from app.operations import logs
from app.operations.dumps import refuse_half
from app.storage.migrating import migrate as migrate_database
from app.storage.session import make_engine
from app.supervisor import listen, stop_on_signals
from app.up import run as run_everything

Workers = Annotated[
    int,
    typer.Option(min=1, max=64, help="Web processes; more than one is for PostgreSQL, since SQLite writes by turns"),
]


def up(
    host: Host = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port of the web app")] = 8000,
    reward_port: Annotated[int, typer.Option(min=1, max=65535, help="Port of the reward server")] = 8001,
    workers: Workers = 1,
) -> None:
    """Run everything until Ctrl-C: web app, worker and reward server. Prints links that sign you in."""
    here = settings().at(host, port)
    run_everything(here, host, port, reward_port, workers, warn)


def migrate() -> None:
    """Bring the database to the present schema."""
    refuse_half(settings().url)
    migrate_database(make_engine(settings().url))
    say.print("The database is up to date.")


def web(host: Host = "127.0.0.1", port: Annotated[int, typer.Option(help="Port")] = 8000, workers: Workers = 1) -> None:
    """Run the web app."""
    from app.web.server import serve, serve_by

    with transaction(reads=True):
        pass
    here, listeners = settings().at(host, port), listen(host, port)
    if workers == 1:
        serve(here, listeners)
    else:
        serve_by(workers, here, listeners, warn)


def reward(host: Host = "127.0.0.1", port: Annotated[int, typer.Option(help="Port")] = 8001) -> None:
    """Run the reward server, which scores responses with the projects' reward models."""
    from app.operations.server import answer
    from app.serving.application import create_app

    with transaction(reads=True):
        pass
    listeners = listen(host, port)
    logs.configure(settings())
    answer(create_app(settings()), listeners)


def worker() -> None:
    """Run the worker, which trains reward models."""
    from app.worker import service

    with transaction(reads=True):
        pass
    logs.configure(settings())
    service.run(settings(), stop_on_signals())
    # the thread of a run in mid-training would hold it; that run goes on from its checkpoint when a worker is back
    os._exit(0)
