"""The files of the model quality monitor: a baseline from an evaluation, a verdict once the truth is known."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from math import isfinite
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import Field, ValidationError

from spalje.errors import BadInput, Corrupt, NotFound
from spalje.monitor import model_quality
from spalje.monitor.constraints import checked
from spalje.monitor.judged_batch import JudgedBatch
from spalje.monitor.measurement import SCORES, Measurement, ScoreName, fitting_score, measure
from spalje.monitor.metric_constraint import MetricConstraint, violated
from spalje.monitor.model_quality_baseline import ModelQualityBaseline
from spalje.monitor.verdict import Outcome, Verdict
from spalje.pipeline.problem import Problem
from spalje.report.model_quality import Report, html
from spalje.sagemaker import model_quality as files
from spalje.sagemaker.violations import FILES as VIOLATIONS
from spalje.steps.expectation import Expectation, same_rows
from spalje.steps.judged_file import JUDGED, read_judged
from spalje.steps.judged_rows import Labels, judge, prediction_columns, text
from spalje.steps.quality_details import calibration, interval_figures, moved, segment_columns, write_segments
from spalje.steps.truth_join import join
from spalje.steps.verdict_file import read_verdict
from spalje.storage import table

BASELINE, STATISTICS, CONSTRAINTS = "baseline.json", "statistics.json", "constraints.json"
#: The tallies of a batch's clusters of rows, as a check leaves them.
CLUSTERS = "clusters.json"
#: The page for people.
REPORT = "report.html"


class Settings(model_quality.Rule):
    """Settings of the baseline and the check step, beside those of the rule.

    Attributes:
        monitor: which monitor; always this one.
        score: the proper score to watch; None: the one that suits the predictions.
        threshold: from which probability on yes is predicted.
        classes: what the classes are called in the truth, in the order of the prediction columns;
            of a binary problem no and yes. Empty: 0 and 1, or as the columns are called.
        constraint_margin: how far beyond the baseline's metrics the suggested constraints are; 0: the
            metrics themselves, as Model Monitor suggests.
        segments: columns to look at group by group; ``weekday`` is made from the time column.
        thresholds: metric -> threshold of its constraint, in place of the one in constraints.json.
        seed: of everything that is drawn.
    """

    monitor: str = model_quality.MONITOR
    score: ScoreName | None = None
    threshold: float = Field(0.5, gt=0, lt=1)
    classes: tuple[bool | int | float | str, ...] = ()
    constraint_margin: float = Field(0.15, ge=0)
    segments: tuple[str, ...] = ()
    thresholds: Mapping[str, float] = Field(default_factory=dict)
    seed: int = Field(0, ge=0)

    @property
    def labels(self) -> Labels:
        """How the truth of a classification is to be read."""
        return Labels(tuple(text(name) for name in self.classes), self.threshold)


def write_baseline(
    predictions: Path,
    problem: Problem,
    out: Path,
    settings: Mapping[str, Any],
    *,
    data: Path | None = None,
) -> None:
    """Write how good a model is, going by predictions that hold the truth.

    ``statistics.json`` and ``constraints.json`` are Model Monitor's; the latter may be edited.
    ``baseline.json`` is ours, as is what is expected of later batches, where features are given.

    Args:
        predictions: the table, of rows that the model was not trained on.
        problem: which columns are keys, target and prediction.
        out: an existing folder.
        settings: see ``Settings``.
        data: the table that was predicted, with the features; None: nothing is expected of later batches.

    Raises:
        BadInput: the table cannot be read, has no truth, or holds what it cannot; or the data is of other rows.
        NotFound: there is no such setting or score.
    """
    given = settings_of(settings)
    whole = _read(predictions, problem, given, data, truth=True)
    rows = _known(whole, problem.target)
    if rows.num_rows == 0:
        raise BadInput(
            f"No row of {predictions} has a truth in '{problem.target}': a baseline is made of predictions "
            "whose truth is known.",
            do="Give it the predictions for the evaluation set, with the target in them.",
        )
    judged, labels = judge(_bare(rows, problem, given), problem, given.labels)
    score = given.score or fitting_score(judged)
    if score not in SCORES[problem.type]:
        raise NotFound(f"score of a {problem.type} problem", score, SCORES[problem.type])
    rng = np.random.default_rng(given.seed)
    baseline = ModelQualityBaseline.of(
        measure(judged, score, rng),
        season=problem.season,
        margin=given.constraint_margin,
        classes=labels.classes,
        threshold=given.threshold,
    )
    bounds = files.ConstraintsFile(problem.type, _edited(baseline.constraints, given))
    statistics = files.statistics(judged, labels.classes, rng)
    (out / STATISTICS).write_bytes(files.write_statistics(statistics))
    (out / CONSTRAINTS).write_bytes(files.write_constraints(bounds))
    (out / BASELINE).write_text(baseline.model_dump_json(exclude={"constraints"}) + "\n", encoding="utf-8")
    if data is not None:
        features = features_of(data, whole, problem).filter(_is_known(whole, problem.target))
        Expectation.learn(features, problem, judged, score, rng).write(out)
    write_segments(rows, problem, judged, score, given.segments, out)


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
    now: datetime | None = None,
) -> Verdict:
    """Hold a batch's predictions against the truth; writes verdict, metrics and violations.

    Args:
        predictions: the batch's table.
        ground_truth: a table with business keys and target.
        baseline: a folder from ``write_baseline``; under ``policy = "sagemaker"`` Model Monitor's
            ``constraints.json`` is enough.
        problem: which columns are keys, target and prediction.
        out: an existing folder.
        settings: see ``Settings``.
        earlier: a folder with what the truth said about earlier batches of the same version.
        data: the batch's features, to tell whether they moved or what the model learned; None: it is not told.
        estimated: what was estimated of the batch before; None, or an empty folder: nothing was.
        now: what the report for people is dated; None: there is none.

    Raises:
        BadInput: a table or the baseline cannot be read, keys do not fit together, or the truth has
            several rows for one.
        NotFound: there is no such setting, or no constraint for a metric.
    """
    given = settings_of(settings)
    held = read_baseline(baseline)
    bounds = _edited(_read_constraints(baseline, problem), given)
    if held is None and given.policy != "sagemaker":
        raise BadInput(
            f"{baseline} has no {BASELINE}: nothing says how much good batches differ.",
            do='Make it with a Baseline step, or let its constraints decide with policy = "sagemaker".',
        )
    batch = _read(predictions, problem, given, data, truth=False)
    joined = join(batch, table.read(ground_truth, [*problem.keys, problem.target]), problem)
    rows = _known(joined.table, problem.target)
    coverage = rows.num_rows / batch.num_rows if batch.num_rows else 0.0
    rng = np.random.default_rng(given.seed)
    measured = _measure(rows, problem, given, held, rng)
    metrics = measured.metrics if measured is not None else {}
    if measured is None or held is None:
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
        judged, _ = judge(_bare(rows, problem, given), problem, Labels(held.classes, held.threshold))
        details: dict[str, Any] = {
            "segments": write_segments(rows, problem, judged, held.score, given.segments, out),
            "calibration": calibration(judged),
            "intervals": interval_figures(judged, given.seed),
        }
        if data is not None and verdict.outcome is not Outcome.INSUFFICIENT:
            features = features_of(data, batch, problem).filter(_is_known(joined.table, problem.target))
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
    if now is not None:
        days = _span(measured)
        page = html(Report(f"Model quality{f': {days}' if days else ''}", verdict, now))
        (out / REPORT).write_text(page, encoding="utf-8")
    return verdict


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


def settings_of(settings: Mapping[str, Any]) -> Settings:
    """The settings of a step.

    Raises:
        NotFound: there is no such setting.
        BadInput: a value is not allowed.
    """
    for name in settings:
        if name not in Settings.model_fields:
            raise NotFound("setting of the model quality monitor", name, Settings.model_fields)
    return checked(Settings, settings, "the settings of the model quality monitor")


def _read(
    predictions: Path, problem: Problem, given: Settings, data: Path | None, *, truth: bool
) -> pa.Table:
    """The columns that matter: keys, group, predictions, those to group by and, if asked for, the target."""
    names = table.schema(predictions).names
    group = [problem.group] if problem.group in names else []
    target = [problem.target] if truth else []
    ours, more = segment_columns(given.segments, names, data)
    columns = [*problem.keys, *group, *target, *prediction_columns(names, problem), *ours]
    rows = table.read(predictions, list(dict.fromkeys(name for name in columns if name is not None)))
    if more and data is not None:
        features = table.read(data, [*problem.keys, *more])
        same_rows(features, rows, problem)
        for name in more:
            rows = rows.append_column(name, features[name])
    return rows


def _bare(rows: pa.Table, problem: Problem, given: Settings) -> pa.Table:
    """Without the columns that are only there to group by: what is left beside keys and truth are predictions."""
    needed = {*problem.keys, problem.group, problem.target, problem.prediction}
    return rows.drop_columns(
        [name for name in given.segments if name in rows.column_names and name not in needed]
    )


def features_of(data: Path, predictions: pa.Table, problem: Problem) -> pa.Table:
    """The features of the rows that were predicted, in their order.

    Raises:
        BadInput: the data is of other rows.
    """
    there = set(table.schema(data).names)
    names = [name for name in dict.fromkeys([*problem.keys, *problem.features]) if name in there]
    features = table.read(data, names)
    same_rows(features, predictions, problem)
    return features


def _known(rows: pa.Table, target: str) -> pa.Table:
    """The rows whose truth is known: neither null nor NaN."""
    return rows.filter(_is_known(rows, target))


def _is_known(rows: pa.Table, target: str) -> pa.ChunkedArray:
    return pc.invert(pc.is_null(rows[target], nan_is_null=True))


def _measure(
    rows: pa.Table,
    problem: Problem,
    given: Settings,
    held: ModelQualityBaseline | None,
    rng: np.random.Generator,
) -> Measurement | None:
    if rows.num_rows == 0:
        return None
    labels = given.labels if held is None else Labels(held.classes, held.threshold)
    judged, _ = judge(_bare(rows, problem, given), problem, labels)
    return measure(judged, fitting_score(judged) if held is None else held.score, rng)


def _with_strangers(verdict: Verdict, unknown: int, elsewhere: int) -> Verdict:
    """The verdict, with a word about truth that no prediction was made for."""
    told = f" {unknown:,} rows of truth about these dates have no prediction." if unknown else ""
    counts = {"truth_without_prediction": unknown, "truth_about_other_dates": elsewhere}
    return verdict.model_copy(
        update={"summary": verdict.summary + told, "figures": {**verdict.figures, **counts}}
    )


def read_baseline(folder: Path) -> ModelQualityBaseline | None:
    """Our part of a baseline; None where there is only Model Monitor's.

    Raises:
        Corrupt: the file is none.
    """
    path = folder / BASELINE
    if not path.is_file():
        return None
    try:
        document = json.loads(path.read_bytes())
        return ModelQualityBaseline.model_validate({**document, "constraints": ()})
    except (ValidationError, ValueError, TypeError) as error:
        reason = str(error).splitlines()[0]
        raise Corrupt(f"{path} is not a model quality baseline: {reason}.", do="Make it again.") from error


def _read_constraints(folder: Path, problem: Problem) -> Sequence[MetricConstraint]:
    path = folder / CONSTRAINTS
    if not path.is_file():
        raise BadInput(
            f"{folder} is no model quality baseline: it has no {CONSTRAINTS}.",
            do="Make one with a Baseline step, or copy Model Monitor's statistics.json and constraints.json there.",
        )
    found = files.read_constraints(path.read_bytes(), str(path))
    if found.type != problem.type:
        raise BadInput(
            f"{path} is about a {found.type} problem; this one is {problem.type}.",
            do="Use the baseline of this problem.",
        )
    return found.constraints


def _edited(bounds: Sequence[MetricConstraint], given: Settings) -> tuple[MetricConstraint, ...]:
    """With the thresholds of the settings."""
    for name in given.thresholds:
        if name not in {bound.metric for bound in bounds}:
            raise NotFound("constraint for the metric", name, {bound.metric for bound in bounds})
    return tuple(
        bound.model_copy(update={"threshold": given.thresholds.get(bound.metric, bound.threshold)})
        for bound in bounds
    )
