"""Brings the schema to the newest revision."""

from functools import cache

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine

from app.places import folder
from app.storage.session import unhurried


def configuration() -> Config:
    """Alembic's configuration of this project."""
    config = Config()
    config.set_main_option("script_location", str(folder("migrations")).replace("%", "%%"))
    return config


def migrate(engine: Engine) -> None:
    """Upgrades to head in one transaction; does nothing when it is there already."""
    config = configuration()
    with engine.begin() as connection:
        unhurried(connection)  # all rows of a large table take a while
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def is_current(engine: Engine) -> bool:
    """True when the schema is at the newest revision; waits for no writer."""
    with engine.connect().execution_options(read_only=True) as connection:
        return revision(connection) == newest()


def revision(connection: Connection) -> str | None:
    """The revision that the schema is at; None for an empty database."""
    return MigrationContext.configure(connection).get_current_revision()


@cache
def newest() -> str | None:
    """The revision that this code is written for."""
    return ScriptDirectory.from_config(configuration()).get_current_head()


def known() -> set[str]:
    """All revisions that this code can bring to the newest."""
    return {script.revision for script in ScriptDirectory.from_config(configuration()).walk_revisions()}
