"""What Airflow's providers manager is told of Spaljé: the connection type and the links of its tasks."""

from typing import Any


def get_provider_info() -> dict[str, Any]:
    """As every provider tells it, by the entry point ``apache_airflow_provider``; see provider_info.schema.json.

    Example:
        >>> get_provider_info()["connection-types"][0]["connection-type"]
        'spalje'
    """
    return {
        "package-name": "spalje",
        "name": "Spaljé",
        "description": "Batch machine learning on tabular data: build, approve, run, monitor, explain.",
        "integrations": [{"integration-name": "Spaljé", "tags": ["software"]}],
        "hooks": [{"integration-name": "Spaljé", "python-modules": ["spalje.airflow.hook"]}],
        "operators": [{"integration-name": "Spaljé", "python-modules": ["spalje.airflow"]}],
        "connection-types": [
            {
                "connection-type": "spalje",
                "hook-class-name": "spalje.airflow.hook.SpaljeHook",
                "hook-name": "Spaljé",
                "ui-field-behaviour": {
                    "hidden-fields": ["host", "schema", "login", "password", "port"],
                    "relabeling": {},
                    "placeholders": {
                        "python": "/opt/spalje/bin/python",
                        "workspace": "/srv/spalje",
                        "url": "https://spalje.example.org",
                    },
                },
                "conn-fields": {
                    "python": _field("Python", "The Python that has Spaljé, on the machines of the workers."),
                    "workspace": _field("Workspace", "The folder of the workspace, on the same machines."),
                    "url": _field("Pages", "Where Spaljé's pages are, for links; may be left empty."),
                },
            }
        ],
        "extra-links": ["spalje.airflow.link.RunLink"],
    }


def _field(label: str, description: str) -> dict[str, Any]:
    return {"label": label, "description": description, "schema": {"type": ["string", "null"]}}
