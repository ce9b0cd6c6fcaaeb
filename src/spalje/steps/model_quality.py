"""The files of a model quality check: a verdict on a batch once its truth is known."""

import json
from collections.abc import Mapping
from math import isfinite
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from spalje.errors import BadInput
from spalje.monitor import model_quality
from spalje.monitor.judged_batch import JudgedBatch
from spalje.monitor.measurement import Judged, Measurement, fitting_score, measure
from spalje.monitor.metric_constraint import violated
from spalje.monitor.model_quality_baseline import ModelQualityBaseline
from spalje.monitor.verdict import Outcome, Verdict
from spalje.pipeline.problem import Problem
from spalje.report.model_quality import Report, html
from spalje.sagemaker import model_quality as files
from spalje.sagemaker.violations import FILES as VIOLATIONS
from spalje.steps import quality_baseline
from spalje.steps.judged_file import JUDGED, read_judged
from spalje.steps.judged_rows import Labels, judge
from spalje.steps.quality_details import calibration, interval_figures, moved, write_segments
from spalje.steps.quality_rows import bare, features_of, is_known, known, read_rows
from spalje.steps.quality_settings import Settings, settings_of
from spalje.steps.truth_join import join
from spalje.steps.verdict_file import read_verdict
from spalje.storage import table

#: The tallies of a batch's clusters of rows, as a check leaves them.
CLUSTERS = "clusters.json"
#: The page for people.
REPORT = "report.html"


def check(
    predictions: Path,
    ground_truth: Path,
    baseline: Path,
    problem: Problem,
    out: Path,
    settings: Mapping[str, Any],
    *,
    earlier: Path | None = None,
    data: Path | None = None,
    estimated: Path | None = None,
    page: bool = False,
) -> Verdict:
    """Hold a batch's predictions against the truth; writes verdict, metrics and violations.

    Args:
        predictions: the batch's table.
        ground_truth: a table with business keys and target.
        baseline: a folder from ``quality_baseline.write``; under ``policy = "sagemaker"`` Model Monitor's
            ``constraints.json`` is enough.
        problem: which columns are keys, target and prediction.
        out: an existing folder.
        settings: see ``Settings``.
        earlier: a folder with what the truth said about earlier batches of the same version.
        data: the batch's features, to tell whether they moved or what the model learned; None: it is not told.
        estimated: what was estimated of the batch before; None, or an empty folder: nothing was.
        page: whether there is a report for people.

    Raises:
        BadInput: a table or the baseline cannot be read, keys do not fit together, or the truth has
            several rows for one.
        NotFound: there is no such setting, or no constraint for a metric.
    """
    given = settings_of(settings)
    held = quality_baseline.read(baseline)
    bounds = quality_baseline.read_constraints(baseline, problem, given)
    if held is None and given.policy != "sagemaker":
        raise BadInput(
            f"{baseline} has no {quality_baseline.BASELINE}: nothing says how much good batches differ.",
            do='Make it with a Baseline step, or let its constraints decide with policy = "sagemaker".',
        )
    batch = read_rows(predictions, problem, given.segments, data, truth=False)
    joined = join(batch, table.read(ground_truth, [*problem.keys, problem.target]), problem)
    rows = known(joined.table, problem.target)
    coverage = rows.num_rows / batch.num_rows if batch.num_rows else 0.0
    rng = np.random.default_rng(given.seed)
    judged = _judged(rows, problem, given, held)
    measured = None
    if judged is not None:
        measured = measure(judged, fitting_score(judged) if held is None else held.score, rng)
    metrics = measured.metrics if measured is not None else {}
    if judged is None or measured is None or held is None:
        verdict = model_quality.check_constraints(
            metrics, bounds, rows.num_rows, coverage=coverage, rule=given
        )
    else:
        held = held.model_copy(update={"constraints": bounds})
        verdict = model_quality.check(
            measured,
            held,
            earlier=tuple(read_judged(earlier).values()) if earlier is not None else (),
            coverage=coverage,
            rule=given,
            rng=rng,
        )
        details: dict[str, Any] = {
            "segments": write_segments(rows, problem, judged, held.score, given.segments, out),
            "calibration": calibration(judged),
            "intervals": interval_figures(judged, given.seed),
        }
        if data is not None and verdict.outcome is not Outcome.INSUFFICIENT:
            features = features_of(data, batch, problem).filter(is_known(joined.table, problem.target))
            details["shift"] = moved(
                baseline, features, judged, measured.days, margin=given.margin / 2, seed=given.seed
            )
        verdict = _with_details(verdict, details)
    if estimated is not None and (before := read_verdict(estimated)) is not None:
        verdict = _with_details(verdict, {"estimated": dict(before.figures)})
    verdict = _with_strangers(verdict, joined.unknown, joined.elsewhere)
    passed = violated(metrics, bounds) if verdict.outcome is not Outcome.INSUFFICIENT else ()
    flat = {
        "coverage": coverage,
        "rows": batch.num_rows,
        "rows_with_truth": rows.num_rows,
        "truth_without_prediction": joined.unknown,
        **{name: value for name, value in metrics.items() if isfinite(value)},
    }
    if measured is not None:
        (out / JUDGED).write_text(JudgedBatch.of(measured).model_dump_json() + "\n", encoding="utf-8")
        (out / CLUSTERS).write_text(json.dumps(measured.by_cluster.tolist()) + "\n", encoding="utf-8")
    (out / "verdict.json").write_text(verdict.model_dump_json(indent=2) + "\n", encoding="utf-8")
    (out / "metrics.json").write_text(json.dumps(flat, allow_nan=False, indent=2) + "\n", encoding="utf-8")
    (out / VIOLATIONS[0]).write_bytes(files.write_violations(metrics, passed))
    if page:
        days = _span(measured)
        text = html(Report(f"Model quality{f': {days}' if days else ''}", verdict))
        (out / REPORT).write_text(text, encoding="utf-8")
    return verdict


def _judged(
    rows: pa.Table, problem: Problem, given: Settings, held: ModelQualityBaseline | None
) -> Judged | None:
    """The rows with truth, read as the baseline's were; None when there are none."""
    if rows.num_rows == 0:
        return None
    labels = given.labels if held is None else Labels(held.classes, held.threshold)
    return judge(bare(rows, problem, given.segments), problem, labels)[0]


def _span(measured: Measurement | None) -> str:
    """The days that the rows are about, in words; empty when they are about none."""
    if measured is None or len(measured.days) == 0:
        return ""
    first, last = measured.days[[0, -1]].astype("datetime64[D]").tolist()
    return f"{first}" if first == last else f"{first} to {last}"


def _with_details(verdict: Verdict, details: Mapping[str, Any]) -> Verdict:
    """The verdict with what stands beside it; what moved is told where something was found."""
    known = {name: found for name, found in details.items() if found}
    shift = known.get("shift")
    told = f" {shift['summary']}" if shift and verdict.outcome is not Outcome.OK else ""
    return verdict.model_copy(
        update={"summary": verdict.summary + told, "figures": {**verdict.figures, **known}}
    )


def _with_strangers(verdict: Verdict, unknown: int, elsewhere: int) -> Verdict:
    """The verdict, with a word about truth that no prediction was made for."""
    told = f" {unknown:,} rows of truth about these dates have no prediction." if unknown else ""
    counts = {"truth_without_prediction": unknown, "truth_about_other_dates": elsewhere}
    return verdict.model_copy(
        update={"summary": verdict.summary + told, "figures": {**verdict.figures, **counts}}
    )
