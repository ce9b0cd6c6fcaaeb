"""What Airflow loads of Spaljé at its start: the listener."""

from airflow.plugins_manager import AirflowPlugin

from spalje.airflow.link import RunLink
from spalje.airflow.listener import RunListener


class SpaljePlugin(AirflowPlugin):
    """By the entry point ``airflow.plugins``."""

    name = "spalje"
    listeners = [RunListener()]  # noqa: RUF012  as Airflow reads it
    operator_extra_links = [RunLink()]  # noqa: RUF012
