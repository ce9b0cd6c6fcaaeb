"""The command line: each command parses, calls one function, and prints. Commands load when used."""

from cyclopts import App

from spalje import __version__

app = App(
    name="spalje",
    version=__version__,
    help="Batch machine learning on tabular data: build, approve, run, monitor, explain.",
    help_format="plaintext",
)

_COMMANDS = {
    "demo": "The whole life of a model on real sales data, in about two minutes.",
    "project": "Projects: create one from a template, list them, see what one is made of.",
    "template": "Templates that projects are created from.",
    "pipeline": "Recipes: compile and check them.",
    "run": "Runs of pipelines: start, watch, resume, read logs.",
    "ci": "Jobs of CI: list, show, watch, read logs.",
    "step": "A single step, as other orchestrators call it.",
    "model": "Model versions: list, show, approve, reject, compare.",
    "batch": "Batches of predictions: list, show, release, deliver ground truth.",
    "alert": "Alerts: check what is missing, send, list, test the channels, figures for Prometheus.",
    "profile": "What a table looks like, in numbers; needs no project.",
    "monitor": "Hold a table against a baseline; needs no project.",
    "explain": "Why a model predicts what it does; needs no project.",
    "environment": "Environments of users' scripts: list, show, run a program in one, collect what is unused.",
    "airflow": "Apache Airflow: check DAGs, and what to tell it.",
    "webhook": "The server that Git hosts tell of pushes and pull requests.",
    "lineage": "Where something came from, and what came of it.",
    "artifact": "Artifacts: where one is, what it holds, whether it is sound.",
}

for _name, _help in _COMMANDS.items():
    app.command(f"spalje.cli.{_name}:app", name=_name, help=_help)
