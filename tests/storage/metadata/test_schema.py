import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from recorder import Recorder
from sqlalchemy import Engine, inspect, text

from spalje.errors import BadInput, SpaljeError
from spalje.storage.metadata import open_metadata, schema
from spalje.storage.metadata.engine import engine_for
from spalje.storage.metadata.schema import MIGRATIONS
from spalje.storage.metadata.tables import HEAD, NAMES


def migrated(folder: Path) -> Engine:
    """A database made by the migrations alone, from nothing."""
    engine = engine_for(f"sqlite:///{folder / 'migrated.db'}")
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["engine"] = engine
    command.upgrade(config, "head")
    return engine


def described(engine: Engine) -> dict[str, dict]:
    """Everything about the tables of a database that the dialect can tell."""
    seen = inspect(engine)
    return {
        table: {
            "columns": [{**column, "type": str(column["type"])} for column in seen.get_columns(table)],
            "primary": seen.get_pk_constraint(table),
            "foreign": sorted(seen.get_foreign_keys(table), key=str),
            "unique": sorted(seen.get_unique_constraints(table), key=str),
            "indexes": sorted(seen.get_indexes(table), key=str),
            "autoincrement": "AUTOINCREMENT" in (_sql(engine, table)),
        }
        for table in seen.get_table_names()
        if table != "sqlite_sequence"
    }


def _sql(engine: Engine, table: str) -> str:
    with engine.connect() as connection:
        return connection.execute(
            text("select sql from sqlite_master where name = :n"), {"n": table}
        ).scalar_one()


def test_migrations_and_tables_say_the_same(tmp_path: Path):
    metadata = open_metadata(f"sqlite:///{tmp_path / 'metadata.db'}")
    engine = migrated(tmp_path)
    made, expected = described(metadata.database.engine), described(engine)
    assert set(made) == set(NAMES.tables) | {"alembic_version"}
    made["alembic_version"]["primary"] = expected["alembic_version"]["primary"]
    for column in made["alembic_version"]["columns"]:
        column["type"] = expected["alembic_version"]["columns"][0]["type"]
    assert made == expected


def test_head_is_the_newest_migration():
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    assert ScriptDirectory.from_config(config).get_heads() == [HEAD]


def test_opening_again_changes_nothing(tmp_path: Path):
    url = f"sqlite:///{tmp_path / 'metadata.db'}"
    first = open_metadata(url)
    before = described(first.database.engine)
    first.close()
    content = (tmp_path / "metadata.db").read_bytes()
    again = open_metadata(url)
    assert described(again.database.engine) == before
    again.close()
    assert (tmp_path / "metadata.db").read_bytes() == content


def test_opening_what_is_at_head_imports_no_alembic(tmp_path: Path):
    program = (
        "import sys; from spalje.storage.metadata import open_metadata; "
        "[open_metadata(sys.argv[1]).close() for _ in range(2)]; "
        "print([name for name in ('alembic', 'pydantic', 'pyarrow', 'sqlalchemy.orm') if name in sys.modules])"
    )
    words = [sys.executable, "-c", program, f"sqlite:///{tmp_path / 'metadata.db'}"]
    assert subprocess.run(words, capture_output=True, text=True, check=True).stdout.strip() == "[]"


NEXT = """
from alembic import op

revision = "9999"
down_revision = "{head}"


def upgrade():
    op.execute("update project set title = title || '!'")
    {more}
"""


def next_release(folder: Path, monkeypatch: pytest.MonkeyPatch, more: str = "") -> None:
    """This release as it may be one day: with one more migration."""
    shutil.copytree(MIGRATIONS, folder)
    (folder / "versions" / "r9999_next.py").write_text(NEXT.format(more=more, head=HEAD))
    monkeypatch.setattr(schema, "MIGRATIONS", folder)
    monkeypatch.setattr(schema, "HEAD", "9999")


def test_an_earlier_release_is_migrated(record: Recorder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    next_release(tmp_path / "100% next", monkeypatch)
    for _ in range(2):
        metadata = open_metadata(f"sqlite:///{tmp_path / 'metadata.db'}")
        assert metadata.projects.get("fresh").title == "Fresh!"
        metadata.close()


def test_the_first_release_is_migrated(tmp_path: Path):
    """Made by the first release, with a project in it: it becomes what a new database is, and loses nothing."""
    url = f"sqlite:///{tmp_path / 'metadata.db'}"
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["engine"] = engine_for(url)
    command.upgrade(config, "0001")
    with config.attributes["engine"].begin() as connection:
        connection.execute(
            text(
                "insert into project values ('fresh', 'Fresh', 'Eva', 't', '1', 'b', 'd', '[]', 0, 'propose', "
                "'2026-01-01 00:00:00.000000', 'eva')"
            )
        )
    metadata = open_metadata(url)
    assert [project.title for project in metadata.projects.all()] == ["Fresh"]
    assert metadata.alerts.list() == ()
    new = open_metadata(f"sqlite:///{tmp_path / 'new.db'}")
    made, expected = described(metadata.database.engine), described(new.database.engine)
    del made["alembic_version"], expected["alembic_version"]
    assert made == expected
    metadata.close()
    new.close()


def test_a_table_that_others_refer_to_is_made_anew(
    record: Recorder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    run = record.version().content.run
    next_release(
        tmp_path / "next", monkeypatch, "with op.batch_alter_table('run', recreate='always') as run: pass"
    )
    metadata = open_metadata(f"sqlite:///{tmp_path / 'metadata.db'}")
    assert metadata.runs.get(run).id == run
    assert list(metadata.steps.all(run)) == ["register"]
    with metadata.database.engine.connect() as connection:
        assert connection.exec_driver_sql("PRAGMA foreign_keys").scalar() == 1
    metadata.close()


def test_a_migration_that_loses_rows_changes_nothing(
    record: Recorder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    run = record.version().content.run
    next_release(tmp_path / "next", monkeypatch, "op.execute('delete from run')")
    with pytest.raises(RuntimeError, match="others refer to"):
        open_metadata(f"sqlite:///{tmp_path / 'metadata.db'}")
    assert record.metadata.runs.get(run).id == run


def test_a_migration_that_fails_changes_nothing(
    record: Recorder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    next_release(tmp_path / "next", monkeypatch, "op.execute('select * from absent')")
    with pytest.raises(SpaljeError, match="no such table: absent"):
        open_metadata(f"sqlite:///{tmp_path / 'metadata.db'}")
    monkeypatch.undo()
    metadata = open_metadata(f"sqlite:///{tmp_path / 'metadata.db'}")
    assert metadata.projects.get("fresh").title == "Fresh"
    metadata.close()


def test_a_later_release_is_left_alone(tmp_path: Path):
    url = f"sqlite:///{tmp_path / 'metadata.db'}"
    metadata = open_metadata(url)
    with metadata.database.write() as connection:
        connection.execute(text("update alembic_version set version_num = '9999'"))
    metadata.close()
    with pytest.raises(BadInput, match="later release") as refused:
        open_metadata(url)
    assert "Upgrade" in refused.value.do


def test_somebody_elses_database_is_left_alone(tmp_path: Path):
    engine = engine_for(f"sqlite:///{tmp_path / 'metadata.db'}")
    with engine.begin() as connection:
        connection.execute(text("create table accounts (name text)"))
    with pytest.raises(BadInput, match="accounts"):
        open_metadata(f"sqlite:///{tmp_path / 'metadata.db'}")
    assert inspect(engine).get_table_names() == ["accounts"]
