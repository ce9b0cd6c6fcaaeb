"""The files of a model quality baseline: how good a model is, going by predictions whose truth is known."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import ValidationError

from spalje.errors import BadInput, Corrupt, NotFound
from spalje.monitor.measurement import chosen_score, measure
from spalje.monitor.metric_constraint import MetricConstraint
from spalje.monitor.model_quality_baseline import ModelQualityBaseline
from spalje.pipeline.problem import Problem
from spalje.sagemaker import model_quality as files
from spalje.steps.expectation import Expectation
from spalje.steps.judged_rows import judge
from spalje.steps.quality_details import write_segments
from spalje.steps.quality_rows import bare, features_of, is_known, known, read_rows
from spalje.steps.quality_settings import Settings, settings_of

BASELINE, STATISTICS, CONSTRAINTS = "baseline.json", "statistics.json", "constraints.json"


def write(
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
    whole = read_rows(predictions, problem, given.segments, data, truth=True)
    rows = known(whole, problem.target)
    if rows.num_rows == 0:
        raise BadInput(
            f"No row of {predictions} has a truth in '{problem.target}': a baseline is made of predictions "
            "whose truth is known.",
            do="Give it the predictions for the evaluation set, with the target in them.",
        )
    judged, labels = judge(bare(rows, problem, given.segments), problem, given.labels)
    score = chosen_score(judged, given.score)
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
        features = features_of(data, whole, problem).filter(is_known(whole, problem.target))
        Expectation.learn(features, problem, judged, score, rng).write(out)
    write_segments(rows, problem, judged, score, given.segments, out)


def read(folder: Path) -> ModelQualityBaseline | None:
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


def read_constraints(folder: Path, problem: Problem, given: Settings) -> tuple[MetricConstraint, ...]:
    """The bounds of a baseline, with the thresholds of the settings.

    Raises:
        BadInput: there are none, they cannot be read, or are about another kind of problem.
        NotFound: a setting names a metric without a bound.
    """
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
    return _edited(found.constraints, given)


def _edited(bounds: Sequence[MetricConstraint], given: Settings) -> tuple[MetricConstraint, ...]:
    """With the thresholds of the settings."""
    for name in given.thresholds:
        if name not in {bound.metric for bound in bounds}:
            raise NotFound("constraint for the metric", name, {bound.metric for bound in bounds})
    return tuple(
        bound.model_copy(update={"threshold": given.thresholds.get(bound.metric, bound.threshold)})
        for bound in bounds
    )
