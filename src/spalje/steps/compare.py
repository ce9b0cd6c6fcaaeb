"""The compare step: a model just built beside the one that serves, on the same rows, by a paired test."""

import json
from collections.abc import Mapping
from math import isfinite
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import BaseModel, ConfigDict, Field

from spalje.errors import BadInput, NotFound, StepFailed
from spalje.monitor.challenge import Challenge, challenge
from spalje.monitor.constraints import checked
from spalje.monitor.measurement import ScoreName, chosen_score
from spalje.pipeline.problem import Problem
from spalje.steps.context import StepContext, StepResult
from spalje.steps.judged_rows import Labels, judge, prediction_columns, text
from spalje.steps.quality_rows import same_rows
from spalje.steps.transform import joined, kept_columns
from spalje.steps.user_model import open_user_model
from spalje.storage import table

#: What the step writes.
COMPARISON, METRICS = "comparison.json", "metrics.json"


class Settings(BaseModel):
    """Settings of the compare step.

    Attributes:
        score: the proper score to compare by; None: the one that suits the predictions.
        threshold: from which probability on yes is predicted.
        classes: what the classes are called, see the model quality monitor.
        alpha: level of the test, 0 to 1.
        seed: of what is drawn.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    score: ScoreName | None = None
    threshold: float = Field(default=0.5, gt=0, lt=1)
    classes: tuple[bool | int | float | str, ...] = ()
    alpha: float = Field(default=0.05, gt=0, lt=1)
    seed: int = Field(default=0, ge=0)


def execute(context: StepContext) -> StepResult:
    """Compare, and write ``comparison.json`` (for people) and ``metrics.json`` (for conditions).

    The metrics are always ``better`` and ``worse``, 1 or 0, and the figures where two models were compared.

    A champion that cannot predict the rows does not fail the step: the comparison says why there is none.

    Raises:
        BadInput: the predictions are not those of the data, or have no truth.
        NotFound: there is no such setting or score.
    """
    for name in context.settings:
        if name not in Settings.model_fields:
            raise NotFound("setting of a comparison", name, Settings.model_fields)
    given = checked(Settings, context.settings, f"the settings of step '{context.spec.name}'")
    out = context.output("report")
    if not any(context.inputs["champion"].iterdir()):
        return _said(out, context, {"outcome": "alone", "summary": "No version serves yet to compare with."})
    challenger = table.read(context.inputs["predictions"])
    try:
        champion = _predicted(context)
    except (BadInput, StepFailed) as error:
        why = f"The version that serves cannot predict these rows: {error}"
        return _said(out, context, {"outcome": "unclear", "summary": why})
    found = _compared(champion, challenger, context.problem, given)
    return _said(out, context, found.document)


def _said(out: Path, context: StepContext, document: Mapping[str, Any]) -> StepResult:
    metrics = {word: float(document["outcome"] == word) for word in ("better", "worse")} | {
        name: value for name, value in document.items() if isinstance(value, int | float) and isfinite(value)
    }
    (out / COMPARISON).write_text(
        json.dumps(document, allow_nan=False, ensure_ascii=False, indent=2) + "\n", encoding="utf-8"
    )
    (out / METRICS).write_text(json.dumps(metrics, allow_nan=False, indent=2) + "\n", encoding="utf-8")
    context.say(str(document["summary"]))
    return StepResult(outcome=str(document["outcome"]), metrics=metrics)


def _predicted(context: StepContext) -> pa.Table:
    """What the champion predicts for the data, with keys and truth."""
    data, problem = context.inputs["data"], context.problem
    with open_user_model(context.inputs["champion"], context.scripts, context.log) as model:
        kept = kept_columns(problem, table.schema(data).names)
        rows = table.read(data, list(dict.fromkeys([*kept, *model.signature.features])))
        return joined(rows.select(kept), model.predict(rows))


def _compared(champion: pa.Table, challenger: pa.Table, problem: Problem, given: Settings) -> Challenge:
    same_rows(champion, challenger, problem)
    if problem.target not in champion.column_names:
        raise BadInput(
            f"The data has no '{problem.target}': models are compared by rows whose truth is known.",
            do="Give Compare the evaluation set, with the target in it.",
        )
    known = pc.invert(pc.is_null(champion[problem.target], nan_is_null=True))
    champion, challenger = champion.filter(known), challenger.filter(known)
    if challenger.num_rows == 0:
        raise BadInput(f"No row has a truth in '{problem.target}'.", do="Give Compare rows with truth.")
    labels = Labels(tuple(text(name) for name in given.classes), given.threshold)
    wanted = [
        *kept_columns(problem, challenger.column_names),
        *prediction_columns(challenger.column_names, problem),
    ]
    new, labels = judge(challenger.select(list(dict.fromkeys(wanted))), problem, labels)
    old, _ = judge(champion, problem, labels)
    return challenge(
        old, new, chosen_score(new, given.score), alpha=given.alpha, rng=np.random.default_rng(given.seed)
    )
