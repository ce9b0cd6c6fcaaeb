"""From a task in Airflow to the page of the run that it has to do with."""

from urllib.parse import quote

from airflow.sdk import BaseOperator, BaseOperatorLink


class RunLink(BaseOperatorLink):
    """The page of a task's run; Airflow asks for it in the worker, when the task ends, and keeps it.

    A task says where that is by its attribute ``run_url``; without one, or with an empty one, there is no link.
    """

    name = "Spaljé run"

    def get_link(self, operator: BaseOperator, *, ti_key: object) -> str:  # noqa: ARG002  as Airflow calls it
        """The address; empty: there is none."""
        return str(getattr(operator, "run_url", "") or "")


def run_page(told: str, pages: str, run: str) -> str:
    """Where the page of a run is.

    Args:
        told: what Spaljé says, by its own settings; goes first.
        pages: where its pages are by Airflow's connection; empty: nowhere.
        run: the run.

    Example:
        >>> run_page("", "https://spalje.example.org/", "fresh/build/3")
        'https://spalje.example.org/runs/fresh/build/3'
        >>> run_page("", "", "fresh/build/3")
        ''
    """
    return told or (f"{pages.rstrip('/')}/runs/{quote(run)}" if pages else "")
