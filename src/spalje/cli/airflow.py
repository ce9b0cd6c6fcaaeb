"""``spalje airflow``: Apache Airflow as the one that says when."""

from cyclopts import App

app = App(
    name="airflow",
    help="Apache Airflow: check DAGs as it would import them, what to tell it so that it runs projects, events.",
)
app.command("spalje.cli.airflow_check:check", name="check")
app.command("spalje.cli.airflow_bundles:bundles", name="bundles")
app.command("spalje.cli.airflow_event:event", name="event")
