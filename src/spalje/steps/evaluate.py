"""The evaluate step: the user's script that says how good the predictions are."""

import json
import math
from pathlib import Path

from spalje.errors import BadInput
from spalje.steps import process
from spalje.steps.context import StepContext, StepResult


def execute(context: StepContext) -> StepResult:
    """Run ``evaluate.py`` and read the ``metrics.json`` it must write.

    Raises:
        StepFailed: the script failed or wrote nothing.
        BadInput: metrics.json is missing, or is not a flat map of names to finite numbers.
    """
    process.execute(context)
    return StepResult(metrics=read_metrics(context.output("report"), by=str(context.spec.script)))


def read_metrics(report: Path, *, by: str = "the evaluation") -> dict[str, float]:
    """The metrics of a report folder: name -> finite number.

    Raises:
        BadInput: as for ``execute``.
    """
    path = report / "metrics.json"
    what_to_do = 'Write a flat object such as {"rmse": 0.71, "bias": -0.02} to metrics.json.'
    try:
        metrics = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        there = sorted(entry.name for entry in report.iterdir())
        raise BadInput(
            f"{by} wrote no metrics.json; its report holds: {', '.join(there)}.", do=what_to_do
        ) from error
    except ValueError as error:
        raise BadInput(f"metrics.json, written by {by}, is not JSON: {error}.", do=what_to_do) from error
    if not isinstance(metrics, dict):
        raise BadInput(
            f"metrics.json, written by {by}, is a {type(metrics).__name__}, not an object.", do=what_to_do
        )
    for name, value in metrics.items():
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise BadInput(
                f"Metric '{name}' in metrics.json, written by {by}, is {value!r}; it must be a finite number.",
                do="Leave a metric out when it cannot be computed.",
            )
    return {name: float(value) for name, value in metrics.items()}
