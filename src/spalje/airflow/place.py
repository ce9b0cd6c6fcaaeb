"""Where Spaljé is, seen from Airflow: its own Python, and its workspace."""

import os
from dataclasses import dataclass

from airflow.sdk import BaseHook
from airflow.sdk.exceptions import AirflowFailException, AirflowNotFoundException

#: The connection that says it unless a task names another.
CONNECTION = "spalje_default"


@dataclass(frozen=True, slots=True)
class Place:
    """Where Spaljé is.

    Attributes:
        python: the Python that has it.
        workspace: the workspace's folder.
        url: where its pages are; empty: nowhere.

    Example:
        >>> Place("/opt/spalje/bin/python", "/srv/spalje").words("run", "show", "fresh/build/3")[3:]
        ['spalje', 'run', 'show', 'fresh/build/3', '--workspace', '/srv/spalje', '--json']
    """

    python: str
    workspace: str
    url: str = ""

    def words(self, *words: str) -> list[str]:
        """A command of Spaljé's that answers in JSON; what follows ``--`` is a program's own."""
        end = words.index("--") if "--" in words else len(words)
        ours = ("--workspace", self.workspace, "--json")
        return [self.python, "-P", "-m", "spalje", *words[:end], *ours, *words[end:]]

    @property
    def environ(self) -> dict[str, str]:
        """The variables that Spaljé gets: this process's, without Airflow's own and what changes its Python."""
        ours = ("AIRFLOW", "_AIRFLOW", "PYTHON", "VIRTUAL_ENV", "__PYVENV")
        return {name: value for name, value in os.environ.items() if not name.startswith(ours)}


def place(connection: str = CONNECTION) -> Place:
    """Where a connection, or the worker's variables SPALJE_PYTHON and SPALJE_WORKSPACE, say that Spaljé is.

    Raises:
        AirflowFailException: neither says it; trying again does not help.
    """
    try:
        extra = BaseHook.get_connection(connection).extra_dejson
    except AirflowNotFoundException:
        extra = {}
    python = extra.get("python") or os.environ.get("SPALJE_PYTHON", "")
    workspace = extra.get("workspace") or os.environ.get("SPALJE_WORKSPACE", "")
    if not python or not workspace:
        lacks = " and ".join(
            name for name, value in (("python", python), ("workspace", workspace)) if not value
        )
        raise AirflowFailException(
            f"Where Spaljé is, is not known: {lacks} is missing. Make the connection: airflow connections add "
            f"{connection} --conn-type spalje --conn-extra "
            '\'{"python": "/opt/spalje/bin/python", "workspace": "/srv/spalje"}\''
            ", or set SPALJE_PYTHON and SPALJE_WORKSPACE for the workers."
        )
    return Place(python, workspace, extra.get("url", ""))
