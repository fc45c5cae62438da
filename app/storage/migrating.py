"""Brings the schema to the newest revision."""

from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Engine

ROOT = Path(__file__).parents[2]


def configuration() -> Config:
    """Alembic's configuration of this project."""
    return Config(ROOT / "alembic.ini")


def migrate(engine: Engine) -> None:
    """Upgrades to head in one transaction; does nothing when it is there already."""
    config = configuration()
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "head")


def is_current(engine: Engine) -> bool:
    """True when the schema is at the newest revision."""
    with engine.connect() as connection:
        found = MigrationContext.configure(connection).get_current_heads()
    return set(found) == set(ScriptDirectory.from_config(configuration()).get_heads())
