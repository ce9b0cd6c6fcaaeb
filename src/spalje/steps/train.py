"""The train step: the user's training script under the contract of SageMaker's script mode."""

import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from spalje.errors import BadInput
from spalje.model.package import pack
from spalje.steps.context import StepContext, StepResult


def execute(context: StepContext) -> StepResult:
    """Run ``train.py``, read its curves from the log, and pack the model with its inference code.

    Outputs: ``model`` (the package) and ``output`` (what the script wrote to SM_OUTPUT_DATA_DIR,
    with ``curves.json`` beside it).

    Raises:
        StepFailed: the script failed, or wrote no model.
        BadInput: a metric's pattern is not a regular expression with one group.
    """
    patterns = _patterns(context.settings.get("metrics", {}))
    hyperparameters = {k: v for k, v in context.settings.get("hyperparameters", {}).items() if v is not None}
    model_dir = context.scratch / ".model"
    model_dir.mkdir()
    output = context.output("output")
    variables = {
        "SM_MODEL_DIR": str(model_dir),
        "SM_OUTPUT_DATA_DIR": str(output),
        "SM_HPS": json.dumps(hyperparameters),
        "SM_NUM_CPUS": str(
            len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
        ),
        "SM_CURRENT_HOST": "algo-1",
        "SM_HOSTS": '["algo-1"]',
        "SM_CHANNELS": json.dumps(sorted(context.inputs)),
        **{f"SM_CHANNEL_{name.upper()}": str(path) for name, path in context.inputs.items()},
    }
    options = {
        name: str(value) if not isinstance(value, bool) else str(value).lower()
        for name, value in hyperparameters.items()
    }
    script = context.source / str(context.spec.script)
    context.scripts.run(script, options, variables)
    curves = read_curves(context.log, patterns)
    (output / "curves.json").write_text(json.dumps(curves, allow_nan=False))
    inference = context.source / str(context.settings["inference"])
    pack(model_dir, inference, context.problem, context.output("model"))
    return StepResult(metrics={name: points[-1] for name, points in curves.items() if points})


def read_curves(log: Path, patterns: Mapping[str, re.Pattern[str]]) -> dict[str, list[float]]:
    """The training curves in a log: for each pattern, the numbers its group matched, in order."""
    curves: dict[str, list[float]] = {name: [] for name in patterns}
    with log.open(encoding="utf-8", errors="replace") as lines:
        for line in lines:
            for name, pattern in patterns.items():
                if (found := pattern.search(line)) and (value := _number(found.group(1))) is not None:
                    curves[name].append(value)
    return curves


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if value - value == 0 else None  # NaN and infinity have no place in strict JSON


def _patterns(metrics: Mapping[str, Any]) -> dict[str, re.Pattern[str]]:
    compiled = {}
    for name, text in metrics.items():
        try:
            pattern = re.compile(text)
        except re.error as error:
            raise BadInput(
                f"The pattern of metric '{name}', {text!r}, is not a regular expression: {error}.",
                do="Write it as in metrics={'validation-rmse': r'validation-rmse: ([0-9.]+)'}.",
            ) from error
        if pattern.groups != 1:
            raise BadInput(
                f"The pattern of metric '{name}', {text!r}, has {pattern.groups} groups; it needs exactly one, "
                "around the number.",
                do="Put round brackets around the number, and (?:…) around anything else.",
            )
        compiled[name] = pattern
    return compiled
