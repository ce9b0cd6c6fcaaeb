"""What stands beside a verdict on quality: groups of rows, calibration, and whether inputs or their relation moved."""

import json
from collections.abc import Sequence
from math import isfinite
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from spalje.monitor import shift_words
from spalje.monitor.measurement import Judged, ScoreName, score_label
from spalje.monitor.metric_interval import metric_intervals
from spalje.monitor.segment import segments
from spalje.pipeline.problem import Problem
from spalje.quality.calibration_curve import CalibrationCurve
from spalje.quality.period import Days
from spalje.steps.expectation import Expectation
from spalje.steps.judged_rows import WEEKDAY, segmentations
from spalje.storage.table import schema

#: All groups, as a file.
SEGMENTS = "segments.json"
#: Groups of a column that stand in a verdict: those that cost most.
SHOWN = 200


def segment_columns(
    names: Sequence[str], there: Sequence[str], data: Path | None
) -> tuple[list[str], list[str]]:
    """Which of the columns to group by are in the predictions, and which must be read from the data."""
    wanted = [name for name in names if name != WEEKDAY or name in there]
    ours = [name for name in wanted if name in there]
    more = schema(data).names if data is not None else []
    return ours, [name for name in wanted if name not in there and name in more]


def write_segments(
    rows: pa.Table, problem: Problem, judged: Judged, score: ScoreName, names: Sequence[str], out: Path
) -> dict[str, list[dict[str, Any]]]:
    """Measure group by group, write all of it to ``segments.json``, and give back what costs most.

    Args:
        rows: the judged rows, with the columns to group by.
        problem: says which column is the time.
        judged: predictions and truth of these rows.
        score: the proper score.
        names: of the columns; ``weekday`` is made from the time.
        out: an existing folder.

    Raises:
        NotFound: there is no such column.
    """
    if not names:
        return {}
    rng = np.random.default_rng(0)
    found = {
        name: [segment.document for segment in segments(judged, score, by, rng)]
        for name, by in segmentations(rows, problem, names).items()
    }
    (out / SEGMENTS).write_text(
        json.dumps(found, allow_nan=False, ensure_ascii=False) + "\n", encoding="utf-8"
    )
    return {
        name: sorted(each, key=lambda group: -group.get("score", 0.0) * group["rows"])[:SHOWN]
        for name, each in found.items()
    }


def calibration(judged: Judged) -> list[dict[str, float]]:
    """Of probabilities of yes and no: in ten cells, what was predicted and how often it came."""
    if judged.type != "binary":
        return []
    curve = CalibrationCurve.of(judged.truth > 0.5, judged.prediction)
    cells = zip(
        curve.mean_predicted.tolist(), curve.share_positive.tolist(), curve.rows.tolist(), strict=True
    )
    return [
        {"mean_predicted": predicted, "share_positive": share, "rows": rows}
        for predicted, share, rows in cells
        if isfinite(predicted)
    ]


def interval_figures(judged: Judged, seed: int) -> dict[str, list[float]]:
    """Figure -> the ends of its interval of 95 %, from whole clusters."""
    found = metric_intervals(judged, np.random.default_rng(seed))
    return {name: [low, high] for name, (low, high) in found.items()}


def moved(
    baseline: Path, features: pa.Table, judged: Judged, days: Days, *, margin: float, seed: int
) -> dict[str, Any] | None:
    """Whether a batch's inputs moved, or their relation to the truth; None where the baseline knows no features.

    Args:
        baseline: a model quality baseline.
        features: of the judged rows, in their order.
        judged: predictions and truth.
        days: the different days, rising.
        margin: share of the baseline's loss that a part must be to be called moved.
        seed: of what is drawn.
    """
    expectation = Expectation.read(baseline)
    if expectation is None:
        return None
    found = expectation.shift(features, judged, days, np.random.default_rng(seed), margin=margin)
    return shift_words.figures(found, shift_words.sentence(found, score_label(expectation.score)))
