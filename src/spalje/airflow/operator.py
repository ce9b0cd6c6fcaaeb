"""What all tasks that start Spaljé have in common."""

from typing import Any

from airflow.sdk import BaseOperator, get_current_context

from spalje.airflow.command import Answer, Child
from spalje.airflow.link import RunLink, run_page
from spalje.airflow.openlineage import ArtifactLineage
from spalje.airflow.place import CONNECTION, Place, place

#: The XCom by which the listener finds a task's run, also when the task fails.
RUN_KEY = "spalje_run"


class SpaljeOperator(ArtifactLineage, BaseOperator):
    """Starts commands of Spaljé's, in Spaljé's own Python.

    Args:
        conn_id: the connection that says where Spaljé is.
        kwargs: those of every operator.
    """

    operator_extra_links = (RunLink(),)
    ui_color = "#e4efe1"

    def __init__(self, *, conn_id: str = CONNECTION, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.conn_id = conn_id
        self.run_url = ""
        self._child: Child | None = None

    @property
    def place(self) -> Place:
        """Where Spaljé is; looked up when a task runs."""
        return place(self.conn_id)

    def call(self, *words: str) -> Answer:
        """Run a command to its end; what it says goes to the task's log as it comes.

        It ends when this process ends, however that happens, and when the task is killed.
        """
        where = self.place
        self._child = Child(where.words(*words), where.environ, self.log.info)
        try:
            answered = self._child.wait()
        finally:
            self._child = None
        if answered.error.get("kind") == "Conflict":
            self.log.info("Not its turn yet: %s", answered.error["error"])
        return answered

    def on_kill(self) -> None:
        """End what was started, with everything that it started."""
        if self._child is not None:
            self._child.kill()

    def shown(self, run: str, url: str) -> None:
        """Say in the log which run this is about, and keep it for the link, the listener and OpenLineage."""
        where = self.place
        self.log.info("Spaljé run %s: spalje run show %s", run, run)
        self.run_url = run_page(url, where.url, run)
        self.remember(where, run)
        get_current_context()["ti"].xcom_push(RUN_KEY, run)
