from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from app.storage.migrating import is_current, migrate
from app.storage.session import make_engine
from app.storage.tables import Base


def test_the_migrations_make_the_tables_that_the_code_declares(engine):
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []


def test_migrating_twice_changes_nothing(tmp_path):
    engine = make_engine(f"sqlite:///{tmp_path / 'new.db'}")
    assert not is_current(engine)
    migrate(engine)
    migrate(engine)
    assert is_current(engine)
    engine.dispose()
