"""The `touchstone` command: what it is made of, and how it says what went wrong."""

import sys

import typer
from sqlalchemy.exc import ArgumentError, OperationalError

from app.cli import bench, data, operations, people, projects, running, training
from app.cli.terminal import warn
from app.domain.errors import DomainError

app = typer.Typer(
    pretty_exceptions_enable=False,
    no_args_is_help=True,
    help="Compare answers side by side; learn a reward model from the judgements.",
)
user = typer.Typer(no_args_is_help=True, help="Accounts.")
token = typer.Typer(no_args_is_help=True, help="API tokens.")
project = typer.Typer(no_args_is_help=True, help="Projects.")
app.add_typer(user, name="user")
app.add_typer(token, name="token")
app.add_typer(project, name="project")

app.command()(running.up)
app.command()(running.migrate)
app.command()(running.web)
app.command()(running.reward)
app.command()(running.worker)
app.command("import")(data.import_)
app.command()(data.export)
app.command()(training.train)
app.command()(training.score)
app.command()(bench.bench)
app.command()(operations.backup)
app.command()(operations.restore)
app.command()(operations.prune)
user.command("add")(people.add)
token.command("create")(people.create_token)
project.command("create")(projects.create)


def main() -> None:
    """Runs the command; what people did wrong is said in a line, with exit code 1."""
    try:
        app()
    except DomainError as error:
        warn(str(error))
        sys.exit(1)
    except (ArgumentError, OperationalError) as error:
        warn(f"the database cannot be used: {getattr(error, 'orig', error)}")
        sys.exit(1)
    except OSError as error:
        warn(f"{error.filename or ''}: {error.strerror or error}")
        sys.exit(1)
