"""Commands for accounts and their tokens."""

from typing import Annotated

import typer

from app.cli.terminal import now, say, settings, transaction, warn
from app.domain import people
from app.vocabulary import Role


def add(
    email: str,
    role: Annotated[Role, typer.Option(help="What they may do")] = Role.annotator,
    name: Annotated[str, typer.Option(help="Their name")] = "",
) -> None:
    """Add a person and print an invitation link, which works once within a week; somebody known gets a new link."""
    with transaction() as session:
        person, new = people.add(session, email, name, role, now())
        secret = people.invite(session, person, now())
    if not new:
        say.print(f"{person.email} has an account already; its role stays {person.role}.", markup=False)
    print(settings().invitation(secret))


def create_token(email: str, name: Annotated[str, typer.Option(help="What it is for")] = "command line") -> None:
    """Print a new API token of a person."""
    with transaction() as session:
        person = people.by_email(session, email)
        if person is None or not person.active:
            warn(f"there is no active person {email}")
            raise typer.Exit(1)
        secret = people.create_token(session, person, name, now())
    say.print(f"A token of {email}. It is shown this once:", markup=False)
    print(secret)
