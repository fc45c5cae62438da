"""Runs the migrations on the connection that app.storage.migrating passes in, or on the configured database."""

from alembic import context

from app.settings import Settings
from app.storage.session import make_engine
from app.storage.tables import Base


def ours(name: str | None, type_: str, parents: object) -> bool:
    """Leaves alone what DBOS keeps beside us."""
    return not (type_ == "schema" and name == "dbos")


def migrate(connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        include_name=ours,
        compare_type=True,
        render_as_batch=connection.dialect.name == "sqlite",
    )
    with context.begin_transaction():
        context.run_migrations()


given = context.config.attributes.get("connection")
if given is not None:
    migrate(given)
else:
    engine = make_engine(Settings().url)
    with engine.begin() as opened:
        migrate(opened)
