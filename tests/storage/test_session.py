from datetime import UTC, datetime, timedelta, timezone

import pytest
from sqlalchemy import Column, Integer, MetaData, Table, insert, select, text
from sqlalchemy.exc import StatementError

from app.storage.base import Instant
from app.storage.session import make_engine

CLOCK = Table("clock", MetaData(), Column("id", Integer, primary_key=True), Column("at", Instant))


@pytest.fixture
def engine(tmp_path):
    engine = make_engine(f"sqlite:///{tmp_path / 'folder' / 'made.db'}")
    CLOCK.create(engine)
    yield engine
    engine.dispose()


def test_instants_come_back_in_utc(engine):
    noon = datetime(2026, 1, 1, 12, tzinfo=timezone(timedelta(hours=2)))
    with engine.begin() as connection:
        connection.execute(insert(CLOCK).values(at=noon))
        found = connection.execute(select(CLOCK.c.at)).scalar_one()
    assert found == noon
    assert found.tzinfo is UTC


def test_naive_instants_are_refused(engine):
    with engine.begin() as connection, pytest.raises(StatementError, match="time zone"):
        connection.execute(insert(CLOCK).values(at=datetime(2026, 1, 1)))  # noqa: DTZ001


def test_readers_do_not_wait_for_a_writer(engine):
    with engine.begin() as writer:
        writer.execute(insert(CLOCK).values(at=None))
        with engine.connect().execution_options(read_only=True) as reader:
            assert reader.execute(text("SELECT count(*) FROM clock")).scalar_one() == 0
