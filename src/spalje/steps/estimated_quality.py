"""The files of the estimated quality monitor: what is expected of a batch whose truth is not known yet."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from spalje.errors import BadInput
from spalje.monitor import estimated_quality
from spalje.monitor.verdict import Verdict
from spalje.pipeline.problem import Problem
from spalje.quality.tally import score
from spalje.steps.expectation import EXPECTATION, Expectation
from spalje.steps.judged_file import read_judged
from spalje.steps.judged_rows import predicted
from spalje.steps.quality_baseline import read as read_baseline
from spalje.steps.quality_rows import features_of
from spalje.steps.quality_settings import settings_of
from spalje.steps.verdict_file import VERDICT
from spalje.storage import table


def check(
    data: Path,
    predictions: Path,
    baseline: Path,
    problem: Problem,
    out: Path,
    settings: Mapping[str, Any],
    *,
    earlier: Path | None = None,
) -> Verdict:
    """Estimate how good a batch's predictions are, and write the verdict.

    Args:
        data: the batch's features.
        predictions: what was predicted for them.
        baseline: a model quality baseline that was made with features.
        problem: which columns are keys, features and predictions.
        out: an existing folder.
        settings: as for the model quality monitor.
        earlier: a folder with what was estimated of earlier batches of the same version, and what the truth said.

    Raises:
        BadInput: a table or the baseline cannot be read, or the baseline was made without features.
        NotFound: there is no such setting.
    """
    given = settings_of(settings)
    held, expectation = read_baseline(baseline), Expectation.read(baseline)
    if held is None or expectation is None:
        raise BadInput(
            f"{baseline} has no {EXPECTATION}: it was made without features, so nothing can be estimated from them.",
            do="Give the model quality Baseline the table that was predicted: data=….",
        )
    rows = table.read(predictions)
    features = features_of(data, rows, problem)
    values, days = predicted(rows, problem)
    different = np.unique(days) if days is not None else np.empty(0, np.int64)
    if rows.num_rows:
        expected = expectation.of(features, values, different)
    else:
        expected = estimated_quality.Expected(np.nan, np.nan, np.nan)
    past = _past(earlier, held.score) if earlier is not None else []
    verdict = estimated_quality.check(expected, held, past, given, rows=rows.num_rows)
    (out / VERDICT).write_text(verdict.model_dump_json(indent=2) + "\n", encoding="utf-8")
    return verdict


def _past(folder: Path, name: str) -> list[tuple[float, float]]:
    """What was estimated of earlier batches, and what their truth then said."""
    pairs = []
    for number, judged in read_judged(folder).items():
        path = folder / f"{number}.{VERDICT}"
        if judged.score != name or not path.is_file():
            continue
        verdict = Verdict.model_validate_json(path.read_bytes())
        estimated = verdict.figures.get("score")
        realised = float(score(np.array(judged.sums), root=name == "rmse"))
        if estimated is not None and np.isfinite(realised):
            pairs.append((float(estimated), realised))
    return pairs
