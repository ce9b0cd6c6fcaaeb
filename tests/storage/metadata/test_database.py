from datetime import UTC, datetime
from pathlib import Path

import pytest
from recorder import Recorder
from sqlalchemy import insert, select, text

from spalje.errors import Conflict, Corrupt, SpaljeError
from spalje.storage.metadata import Metadata, open_metadata
from spalje.storage.metadata.tables import lease


def test_a_transaction_is_all_or_nothing(metadata: Metadata):
    row = {"name": "a", "owner": "b", "token": 1, "until": datetime(2026, 1, 1, tzinfo=UTC)}

    def fail() -> None:
        with metadata.database.write() as connection:
            connection.execute(insert(lease), row)
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert metadata.leases.holder("a") is None


def test_a_reader_sees_one_state(record: Recorder):
    metadata = record.metadata
    with metadata.database.read() as connection:
        before = connection.execute(text("select count(*) from project")).scalar_one()
        record.project("dairy")
        assert connection.execute(text("select count(*) from project")).scalar_one() == before
    assert len(metadata.projects.all()) == before + 1


def test_a_busy_database_is_a_conflict(record: Recorder):
    metadata = record.metadata
    with metadata.database.write(), pytest.raises(Conflict, match="busy"):
        _impatient(metadata)


def _impatient(metadata: Metadata) -> None:
    with metadata.database.engine.connect() as connection:
        connection.exec_driver_sql("pragma busy_timeout = 1")
    metadata.leases.acquire("a", "b", 1, datetime(2026, 1, 1, tzinfo=UTC))


def test_times_keep_their_zone_and_microseconds(record: Recorder):
    at = datetime(2026, 3, 29, 1, 59, 59, 999999, UTC)
    record.metadata.leases.acquire("a", "b", 0, at)
    with record.metadata.database.read() as connection:
        found = connection.execute(select(lease.c.until)).scalar_one()
    assert found == at
    assert found.tzinfo is UTC


def test_times_without_a_zone_are_refused(record: Recorder):
    with pytest.raises(SpaljeError, match="no time zone"):
        record.metadata.leases.acquire("a", "b", 1, datetime(2026, 1, 1))  # noqa: DTZ001  the mistake itself


@pytest.mark.parametrize(
    "content", [b"this is no database, but long enough to be read as the header of one" * 9]
)
def test_a_file_that_is_no_database(tmp_path: Path, content: bytes):
    (tmp_path / "metadata.db").write_bytes(content)
    with pytest.raises(Corrupt, match="damaged"):
        open_metadata(f"sqlite:///{tmp_path / 'metadata.db'}")
