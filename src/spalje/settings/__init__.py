"""Settings of a workspace: from ``<workspace>/settings.toml`` and ``SPALJE_…`` variables."""

from spalje.settings.airflow import AirflowSettings
from spalje.settings.alerts import AlertKind, Alerts, AlertSeverity, Email, Expectation, Webhook
from spalje.settings.git_host import EMBEDDED, GitHostKind, GitHostSettings
from spalje.settings.load import load
from spalje.settings.section import LOOPBACK
from spalje.settings.workspace import Settings

__all__ = [
    "EMBEDDED",
    "LOOPBACK",
    "AirflowSettings",
    "AlertKind",
    "AlertSeverity",
    "Alerts",
    "Email",
    "Expectation",
    "GitHostKind",
    "GitHostSettings",
    "Settings",
    "Webhook",
    "load",
]
