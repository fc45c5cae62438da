"""`touchstone bench`: how many annotators a running server can bear."""

import asyncio
import json
from contextlib import aclosing
from dataclasses import asdict
from typing import Annotated

import typer
from aiohttp import ClientError
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from app.cli.terminal import say, warn
from app.load.api import Refused, connected
from app.load.figures import Times
from app.load.levels import Level, Load, levels

MOST_ANNOTATORS = 500
COLUMNS = (
    "annotators",
    "judgements/s",
    "submit and next, ms\np50 / p95 / p99",
    "next, ms\np50 / p95 / p99",
    "CPU ms per judgement\nserver + database",
    "client",
    "handed out\ntwice",
    "lost",
    "wrong",
    "extra",
    "errors",
)
Pid = Annotated[list[int] | None, typer.Option(help="A process whose CPU is counted, with its children; repeatable")]


def bench(
    url: Annotated[str, typer.Option(help="The server")] = "http://127.0.0.1:8000",
    token: Annotated[str, typer.Option(envvar="TOUCHSTONE_TOKEN", help="An admin's API token")] = "",
    annotators: Annotated[str, typer.Option(help="How many at once, one level after the other")] = "1,8,32",
    comparisons: Annotated[int, typer.Option(min=1, max=100_000, help="Comparisons of each level")] = 2000,
    seconds: Annotated[float, typer.Option(min=0.1, max=3600, help="How long each level lasts at most")] = 30,
    warm_up: Annotated[float, typer.Option(min=0, max=60, help="Seconds before that")] = 1,
    think: Annotated[float, typer.Option(min=0, max=600, help="Seconds that an annotator thinks, on average")] = 0,
    server_pid: Pid = None,
    database_pid: Pid = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON")] = False,
) -> None:
    """Measure how many annotators a running server can bear, in a project of its own."""
    if not token:
        raise typer.BadParameter("An admin's token is needed, here or in TOUCHSTONE_TOKEN.", param_hint="--token")
    load = Load(
        comparisons, _numbers(annotators), seconds, warm_up, think, tuple(server_pid or ()), tuple(database_pid or ())
    )
    try:
        found = asyncio.run(_measure(url, token, load))
    except (Refused, ClientError, TimeoutError) as error:
        warn(f"{url}: {error}")
        raise typer.Exit(1) from None
    if as_json:
        print(json.dumps([asdict(level) for level in found]))
    else:
        Console().print(_table(found))
    if any(level.ran_out for level in found):
        say.print("Where all comparisons were judged before the time was over, more --comparisons say more.")


def _numbers(annotators: str) -> list[int]:
    try:
        numbers = [int(number) for number in annotators.split(",")]
    except ValueError:
        numbers = []
    if not numbers or not all(1 <= number <= MOST_ANNOTATORS for number in numbers):
        raise typer.BadParameter(
            f"Give numbers from 1 to {MOST_ANNOTATORS} with commas between.", param_hint="--annotators"
        )
    return numbers


async def _measure(url: str, token: str, load: Load) -> list[Level]:
    with Progress(console=say, disable=not say.is_terminal) as bar:
        task = bar.add_task("", total=1)

        def tell(what: str, share: float) -> None:
            bar.update(task, description=what, completed=share)

        async with connected(url) as api, aclosing(levels(api, token, load, tell)) as measured:
            found = [level async for level in measured]
    say.print(
        "The batches are closed and the accounts deactivated. The project and its judgements stay, for nothing that "
        "was judged is ever deleted.",
        soft_wrap=True,
    )
    return found


def _table(found: list[Level]) -> Table:
    table = Table()
    for name in COLUMNS:
        table.add_column(name, justify="right")
    for level in found:
        cost = (level.cost.server_ms, level.cost.database_ms)
        table.add_row(
            str(level.annotators),
            str(level.per_second),
            _times(level.submit_and_next),
            _times(level.next),
            " + ".join("–" if one is None else str(one) for one in cost),
            str(level.cost.client_ms),
            str(level.handed_out_twice),
            str(level.kept.lost),
            str(level.kept.wrong),
            str(level.kept.extra),
            " ".join(f"{number}×{kind}" for kind, number in level.errors.items()) or "0",
        )
    return table


def _times(taken: Times) -> str:
    return " / ".join("–" if one is None else str(one) for one in (taken.p50, taken.p95, taken.p99))
