"""The connection type ``spalje``: where Spaljé is, and whether it is there."""

from airflow.sdk import BaseHook
from airflow.sdk.exceptions import AirflowException

from spalje.airflow.command import Child
from spalje.airflow.place import CONNECTION, Place, place


class SpaljeHook(BaseHook):
    """Where Spaljé is, by a connection of the type ``spalje`` or by the worker's variables.

    Args:
        conn_id: the connection; its extra holds ``python``, ``workspace`` and, where there are pages, ``url``.

    Example:
        >>> SpaljeHook().conn_name_attr
        'conn_id'
    """

    conn_name_attr = "conn_id"
    default_conn_name = CONNECTION
    conn_type = "spalje"
    hook_name = "Spaljé"

    def __init__(self, conn_id: str = CONNECTION, **_: object) -> None:
        super().__init__()
        self.conn_id = conn_id

    def get_conn(self) -> Place:
        """Where Spaljé is.

        Raises:
            AirflowFailException: neither the connection nor the variables say so.
        """
        return place(self.conn_id)

    def test_connection(self) -> tuple[bool, str]:
        """Start Spaljé where the connection says it is, and open the workspace.

        Returns:
            Whether that worked, and what was found or went wrong.
        """
        try:
            where = self.get_conn()
            projects = Child(where.words("project", "list"), where.environ, self.log.info).wait().checked()
        except (AirflowException, OSError) as error:
            return False, str(error)
        return True, f"The workspace {where.workspace} opens; projects in it: {len(projects)}."
