from pathlib import Path

import pytest
from sqlalchemy import text

from spalje.errors import BadInput, SpaljeError
from spalje.storage.metadata import open_metadata
from spalje.storage.metadata.engine import NETWORK_FILE_SYSTEMS, engine_for, file_system

MOUNTS = """\
/dev/sda1 / ext4 rw,relatime 0 0
proc /proc proc rw 0 0
server:/home /home nfs4 rw,vers=4.2 0 0
/dev/sdb1 /home/eva/local xfs rw 0 0
//nas/share /mnt/my\\040share cifs rw 0 0
tmpfs /home/eva/local tmpfs rw 0 0
"""


@pytest.mark.parametrize(
    ("folder", "kind"),
    [
        ("/var/spalje", "ext4"),
        ("/home/eva", "nfs4"),
        ("/homestead", "ext4"),
        ("/home/eva/local/w", "tmpfs"),  # the later mount covers the earlier
        ("/mnt/my share/w", "cifs"),
        ("/", "ext4"),
    ],
)
def test_file_system(folder: str, kind: str):
    assert file_system(Path(folder), MOUNTS) == kind


def test_file_system_that_the_mounts_do_not_tell():
    assert file_system(Path("/x"), "") == ""


def test_network_file_systems_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    mounts = f"server:/x {tmp_path} nfs rw 0 0\n"
    read = Path.read_text
    monkeypatch.setattr(
        Path, "read_text", lambda self, **how: mounts if str(self) == "/proc/mounts" else read(self, **how)
    )
    assert "nfs" in NETWORK_FILE_SYSTEMS
    with pytest.raises(BadInput, match=r"network file system \(nfs\)") as refused:
        open_metadata(f"sqlite:///{tmp_path / 'metadata.db'}")
    assert "PostgreSQL" in refused.value.do
    assert list(tmp_path.iterdir()) == []


def test_sqlite_is_set_up_for_durability(tmp_path: Path):
    database = open_metadata(f"sqlite:///{tmp_path / 'metadata.db'}").database

    def pragma(connection, name: str) -> object:
        return connection.execute(text(f"pragma {name}")).scalar_one()

    for transaction, synchronous in (
        (database.write(), 2),
        (database.write(durable=False), 1),
        (database.write(), 2),
    ):
        with transaction as connection:
            assert pragma(connection, "journal_mode") == "wal"
            assert pragma(connection, "synchronous") == synchronous
            assert pragma(connection, "foreign_keys") == 1
            assert pragma(connection, "busy_timeout") == 5000


@pytest.mark.parametrize(
    ("url", "what"),
    [
        ("sqlite://", "needs a file"),
        ("sqlite:///:memory:", "needs a file"),
        ("mysql://host/db", "mysql"),
        ("nonsense", "Could not parse"),
        ("postgresql+psycopg://host/db", "psycopg"),
        ("oracle://secret-user:secret-word@host/db", "oracle"),
    ],
)
def test_urls_that_cannot_be_used(url: str, what: str):
    with pytest.raises(BadInput, match=what) as refused:
        engine_for(url)
    assert "secret-word" not in str(refused.value)


def test_folder_that_is_not_there(tmp_path: Path):
    with pytest.raises(SpaljeError, match="unable to open database file"):
        open_metadata(f"sqlite:///{tmp_path / 'nowhere' / 'metadata.db'}")
