"""The connection type ``spalje``: where Spaljé is, and whether it is there."""

from airflow.sdk import BaseHook
from airflow.sdk.exceptions import AirflowException

from spalje.airflow.command import call
from spalje.airflow.place import Place, find


class SpaljeHook(BaseHook):
    """Where Spaljé is, by a connection of the type ``spalje`` or by the worker's variables.

    Args:
        spalje_conn_id: the connection; its extra holds ``python``, ``workspace`` and, where there are pages, ``url``.

    Example:
        >>> SpaljeHook().conn_name_attr
        'spalje_conn_id'
    """

    conn_name_attr = "spalje_conn_id"
    default_conn_name = "spalje_default"
    conn_type = "spalje"
    hook_name = "Spaljé"

    def __init__(self, spalje_conn_id: str = default_conn_name, **_: object) -> None:
        super().__init__()
        self.spalje_conn_id = spalje_conn_id

    def get_conn(self) -> Place:
        """Where Spaljé is.

        Raises:
            AirflowException: neither the connection nor the variables say so.
        """
        return find(self.spalje_conn_id)

    def test_connection(self) -> tuple[bool, str]:
        """Start Spaljé where the connection says it is, and open the workspace.

        Returns:
            Whether that worked, and what was found or went wrong.
        """
        try:
            place = self.get_conn()
            projects = call(place, "project", "list")
        except (AirflowException, OSError) as error:
            return False, str(error)
        return True, f"The workspace {place.workspace} opens: {len(projects)} projects."
