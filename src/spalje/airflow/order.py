"""What is wanted run, in the words of Spaljé's command: its key, who asked for it, where it is shown."""

from collections.abc import Mapping
from typing import Any

from airflow.sdk import conf

#: Why Airflow runs a DAG -> what Spaljé calls it.
_TRIGGERS = {"scheduled": "schedule", "backfill": "schedule", "asset_triggered": "schedule"}


def key(context: Any) -> str:
    """The run's name with Airflow: a task's retries have the same, and a task that was cleared has another."""
    ti = context["ti"]
    before = max(0, (ti.max_tries or 0) - (ti.task.retries or 0))
    return f"{ti.dag_id}/{ti.run_id}/{ti.task_id}/{before}"


def origin(context: Any, *, trigger: str = "") -> list[str]:
    """The words that say who asked for a run, and where Airflow shows it.

    Args:
        context: the task's.
        trigger: what it is run for; empty: as the DAG run was triggered.
    """
    run = context["dag_run"]
    by = getattr(run, "triggering_user_name", None) or "airflow"
    why = trigger or _TRIGGERS.get(str(getattr(run.run_type, "value", run.run_type)), "manual")
    wanted = _wanting(context)
    if wanted:
        why, by = "retrain", wanted
    base = conf.get("api", "base_url", fallback="") or ""
    link = ["--link", f"{base.rstrip('/')}/dags/{run.dag_id}/runs/{run.run_id}"] if base else []
    return ["--key", key(context), "--by", by, *link] + (
        ["--trigger", why] if trigger != "ground-truth" else []
    )


def commit(context: Any) -> str:
    """The commit of the repository that the DAG came with; main where its bundle has no versions."""
    bundle = getattr(context["ti"], "bundle_instance", None)
    return str(
        getattr(bundle, "version", None) or getattr(context["dag_run"], "bundle_version", None) or "main"
    )


def given(values: Mapping[str, Any]) -> dict[str, str]:
    """The values that are given, as text; what is empty or none is not. A template's True is what a recipe's is.

    Example:
        >>> given({"week": "2017-10-30", "stores": None, "note": "", "dry": True, "templated": "False"})
        {'week': '2017-10-30', 'dry': 'true', 'templated': 'false'}
    """
    texts = {name: str(value) for name, value in values.items() if value not in (None, "", "None")}
    return {name: text.lower() if text in ("True", "False") else text for name, text in texts.items()}


def words(option: str, values: Mapping[str, Any]) -> list[str]:
    """``--option NAME=VALUE`` for each value that is given.

    Example:
        >>> words("--param", {"week": "2017-10-30", "note": ""})
        ['--param', 'week=2017-10-30']
    """
    return [word for name, value in given(values).items() for word in (option, f"{name}={value}")]


def events(context: Any) -> list[Mapping[str, Any]]:
    """What the asset events that triggered the DAG run say, the oldest first."""
    happened = context.get("triggering_asset_events") or {}
    found = [event for each in happened.values() for event in each]
    return [event.extra or {} for event in sorted(found, key=lambda event: event.timestamp)]


def _wanting(context: Any) -> str:
    """The run that wants a retraining, where that is what triggered the DAG run."""
    happened = context.get("triggering_asset_events") or {}
    for asset, each in happened.items():
        if str(getattr(asset, "uri", "")).endswith("/retrain-wanted") and each:
            return str((each[-1].extra or {}).get("run", ""))
    return ""
