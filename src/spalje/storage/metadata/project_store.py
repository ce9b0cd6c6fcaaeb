"""Projects, recorded."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from sqlalchemy import Connection, bindparam, insert, select, update

from spalje.errors import Conflict, NotFound, Refused
from spalje.registry.project import Project
from spalje.storage.metadata.database import Database
from spalje.storage.metadata.tables import project as table
from spalje.storage.metadata.tables import undertaking

_ONE = select(table).where(table.c.name == bindparam("project"))
_DELETED = (
    select(undertaking.c.what)
    .where(undertaking.c.project == table.c.name, undertaking.c.what == "delete")
    .scalar_subquery()
)
_LOCK = (
    select(table.c.name, _DELETED.label("deleted"))
    .where(table.c.name == bindparam("project"))
    .with_for_update(of=table)
)
_NAMES = select(table.c.name)
_ALL = select(table).order_by(table.c.name)


@dataclass(frozen=True, slots=True)
class ProjectStore:
    """The projects of a workspace."""

    database: Database

    def create(self, project: Project) -> Project:
        """Record a new project.

        Raises:
            Conflict: there is one of that name already.
        """
        with self.database.write() as connection:
            return add_project(connection, project)

    def get(self, name: str) -> Project:
        """The project of that name.

        Raises:
            NotFound: there is none.
        """
        with self.database.read() as connection:
            return _get(connection, name)

    def all(self) -> tuple[Project, ...]:
        """All projects, by name."""
        with self.database.read() as connection:
            return tuple(_project(row) for row in connection.execute(_ALL).mappings())

    def change(self, name: str, **fields: Any) -> Project:
        """Give some of a project's fields new values; its name stays.

        Raises:
            NotFound: there is no such project.
            BadInput: a value is not allowed.
        """
        with self.database.write() as connection:
            changed = replace(_get(connection, name), **fields, name=name)
            connection.execute(update(table).where(table.c.name == name).values(**asdict(changed)))
        return changed

    def rows(self, name: str) -> Mapping[str, int]:
        """What belongs to a project: noun -> rows; what there is none of is left out."""
        from spalje.storage.metadata.project_rows import count_rows  # noqa: PLC0415  only those who delete pay

        with self.database.read() as connection:
            return count_rows(connection, name)

    def refuse_if_kept(self, name: str) -> None:
        """Refuse to erase what was decided and published.

        Raises:
            Refused: the project has model versions or batches.
        """
        from spalje.storage.metadata.project_rows import refuse_if_kept  # noqa: PLC0415  only those who delete pay

        with self.database.read() as connection:
            refuse_if_kept(connection, name)


def add_project(connection: Connection, project: Project) -> Project:
    """Record a new project.

    Raises:
        Conflict: there is one of that name already.
    """
    if connection.execute(_ONE, {"project": project.name}).first():
        raise Conflict(f"There is a project '{project.name}' already.", do="Choose another name.")
    connection.execute(insert(table), [asdict(project)])
    return project


def lock_project(connection: Connection, name: str) -> None:
    """Let nobody else number this project's runs, versions or batches until the transaction ends.

    Raises:
        NotFound: there is no such project.
        Refused: it is being deleted.
    """
    row = connection.execute(_LOCK, {"project": name}).first()
    if row is None:
        raise NotFound("project", name, connection.execute(_NAMES).scalars())
    if row.deleted:
        raise Refused(
            f"Project '{name}' is being deleted.", do=f"Finish that first: spalje project delete {name}"
        )


def _get(connection: Connection, name: str) -> Project:
    row = connection.execute(_ONE, {"project": name}).mappings().first()
    if row is None:
        raise NotFound("project", name, connection.execute(_NAMES).scalars())
    return _project(row)


def _project(row: Any) -> Project:
    return Project(**{**row, "approvers": tuple(row["approvers"])})
