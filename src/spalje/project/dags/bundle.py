"""How Airflow fetches deploy repositories: a DAG bundle for each project, at a commit."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from spalje.project.dags.check import DAGS
from spalje.settings import EMBEDDED

#: The setting of Airflow that lists bundles, and the variable that gives it.
SETTING = ("dag_processor", "dag_bundle_config_list")
VARIABLE = "AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST"
#: The pool that bounds how many models are trained at once.
TRAINING_POOL = "spalje_training"

_GIT = "airflow.providers.git.bundles.git.GitDagBundle"
_BRANCH = "main"


@dataclass(frozen=True, slots=True)
class Bundle:
    """A project's deploy repository, as Airflow fetches it.

    Airflow checks out the whole repository and looks for DAGs in ``dags/`` only, so that a DAG finds ``spalje.toml``
    and ``src/`` beside it, and tests are not taken for DAGs. Each DAG run keeps the commit it began with.

    Attributes:
        project: the project; the bundle has its name.
        url: what Git fetches from.
        host: the Git host, as Spaljé's settings call it.
        refresh_s: how often Airflow looks for new commits, seconds.

    Example:
        >>> Bundle("fresh-produce", "/srv/spalje/git/fresh-produce-deploy.git").configured()["kwargs"]["subdir"]
        'dags'
        >>> Bundle("fresh-produce", "https://git.example.org/x.git", "forge").connection
        'spalje_git_forge'
    """

    project: str
    url: str
    host: str = EMBEDDED
    refresh_s: int = 60

    @property
    def connection(self) -> str | None:
        """The connection in which Airflow keeps the host's token; None: none is needed."""
        return None if self.host == EMBEDDED else f"spalje_git_{self.host.replace('-', '_')}"

    def configured(self) -> dict[str, Any]:
        """Its entry in ``dag_bundle_config_list``."""
        words: dict[str, Any] = {
            "repo_url": self.url,
            "tracking_ref": _BRANCH,
            "subdir": DAGS,
            "refresh_interval": self.refresh_s,
        }
        if self.connection:
            words["git_conn_id"] = self.connection
        return {"name": self.project, "classpath": _GIT, "kwargs": words}


@dataclass(frozen=True, slots=True)
class AirflowSetup:
    """What an Airflow must be told to run projects.

    Attributes:
        bundles: their repositories.
        python: Spaljé's Python, as the workers see it.
        workspace: the workspace, as the workers see it.
        trainings: how many models may be trained at once.
    """

    bundles: tuple[Bundle, ...]
    python: str
    workspace: str
    trainings: int = 1

    @property
    def bundle_config_list(self) -> str:
        """The value of ``dag_bundle_config_list``."""
        return json.dumps([bundle.configured() for bundle in self.bundles])

    @property
    def commands(self) -> tuple[tuple[str, ...], ...]:
        """The commands that make the pool and the connections; a token's place is a variable of the shell."""
        place = json.dumps({"python": self.python, "workspace": self.workspace})
        add = ("airflow", "connections", "add")
        made: list[tuple[str, ...]] = [
            ("airflow", "pools", "set", TRAINING_POOL, str(self.trainings), "Models trained at once"),
            (*add, "spalje_default", "--conn-type", "spalje", "--conn-extra", place),
        ]
        hosts: Mapping[str, Bundle] = {each.connection: each for each in self.bundles if each.connection}
        for connection, bundle in hosts.items():
            token = ("--conn-login", "LOGIN", "--conn-password", "TOKEN")
            made.append((*add, connection, "--conn-type", "git", "--conn-host", bundle.url, *token))
        return tuple(made)
