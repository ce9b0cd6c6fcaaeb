"""The files of the attribution monitor: why a model predicts what it does, and whether that holds."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq
from pydantic import ValidationError

from spalje.analysis.explanation_files import BACKGROUND, LOCAL, WEIGHT, write_background
from spalje.attribution.aggregate import magnitudes
from spalje.attribution.attributions import Attributions, Floats
from spalje.attribution.background import SAMPLE, Background, background_of
from spalje.attribution.explainer import Explainer
from spalje.attribution.noise import noise
from spalje.attribution.players import Players
from spalje.errors import BadInput, Corrupt
from spalje.model.answers import ProcessAnswers
from spalje.model.process import ModelProcess
from spalje.monitor import attribution_drift
from spalje.monitor.attribution_baseline import AttributionBaseline, GlobalAttributions, Noise
from spalje.monitor.verdict import Verdict
from spalje.pipeline.problem import Problem
from spalje.sagemaker.analysis import FILE as ANALYSIS
from spalje.sagemaker.analysis import Analysis
from spalje.sagemaker.violations import FILES as VIOLATIONS
from spalje.steps.attribution_settings import BaselineSettings, CheckSettings, read_settings
from spalje.steps.context import Scripts
from spalje.steps.explained_rows import draw, periods
from spalje.steps.user_model import open_user_model
from spalje.steps.verdict_file import VERDICT
from spalje.storage import table

BASELINE = "baseline.json"

#: The sizes of batch whose noise a baseline knows: explained rows, and days.
ROWS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10_000)
SPANS = (1, 7, 28)


def write_baseline(
    model: Path,
    data: Path,
    problem: Problem,
    out: Path,
    settings: Mapping[str, Any],
    *,
    scripts: Scripts,
    log: Path,
) -> None:
    """Explain rows of a table, and write what later batches' explanations are held against.

    ``analysis.json`` has the global attributions in Clarify's form, ``background.parquet`` the weighted
    rows that they are measured against, ``baseline.json`` what the monitor needs, ``local.parquet`` the
    attributions of every explained row.

    Args:
        model: a packaged model.
        data: rows of good data, of the evaluation as a rule.
        problem: which features are categories, and which columns are keys and time.
        out: an existing folder.
        settings: see ``BaselineSettings``.
        scripts: how the model is run.
        log: the step's log.

    Raises:
        BadInput: the data has no rows or lacks a column, a setting is not allowed, or the model's
            predictions break the script contract.
        StepFailed: the model's script failed or its process died.
    """
    chosen = read_settings(BaselineSettings, settings)
    drawing, grouping, designing, guessing = np.random.default_rng(chosen.seed).spawn(4)
    with open_user_model(model, scripts, log) as process:
        features = process.signature.features
        pool = draw(data, _columns(data, problem, features), max(chosen.rows, SAMPLE), drawing)
        if pool.num_rows == 0:
            raise BadInput(f"{data} has no rows: there is nothing to explain.", do="Give it good data.")
        background = background_of(
            pool.select(features),
            grouping,
            categorical=problem.categorical,
            clusters=chosen.clusters,
            most=chosen.most_clusters,
        )
        rows = pool
        if pool.num_rows > chosen.rows:
            rows = pool.take(np.sort(drawing.choice(pool.num_rows, chosen.rows, replace=False)))
        name = "the synthetic rows that explain the baseline"
        explained = _explained(process, name, rows.select(features), background, chosen, designing)
    days = periods(rows, problem.time)
    moved = magnitudes(explained)
    spans = [span for span in SPANS if span <= days.max() + 1]
    baseline = AttributionBaseline(
        explained=GlobalAttributions.of(explained, chosen.aggregate),
        noise=tuple(_noise(moved, days, size, span, guessing) for span in spans for size in ROWS),
        settings=chosen.model_dump(),
    )
    write_background(background, out / BACKGROUND)
    (out / BASELINE).write_text(baseline.model_dump_json(indent=2) + "\n", encoding="utf-8")
    _write_explained(out, rows, explained, baseline.explained, problem)


def check(
    model: Path,
    data: Path,
    baseline: Path,
    problem: Problem,
    out: Path,
    settings: Mapping[str, Any],
    *,
    scripts: Scripts,
    log: Path,
    earlier: Path | None = None,
) -> Verdict:
    """Explain rows of a batch as the baseline's were, and hold their attributions against it.

    Writes ``verdict.json``, ``constraint_violations.json`` (SageMaker's rule, in Clarify's form),
    ``analysis.json`` and ``local.parquet``.

    Args:
        model: the packaged model that the baseline is of.
        data: the batch.
        baseline: a folder from ``write_baseline``.
        problem: which columns are keys and time.
        out: an existing folder.
        settings: see ``CheckSettings``.
        scripts: how the model is run.
        log: the step's log.
        earlier: a folder with the verdicts of earlier batches.

    Raises:
        BadInput: the batch or the baseline cannot be read, a setting is not allowed, or the model's
            predictions break the script contract.
        StepFailed: the model's script failed or its process died.
    """
    chosen = read_settings(CheckSettings, settings)
    known, background = read_baseline(baseline)
    as_then = BaselineSettings.model_validate(dict(known.settings))
    drawing, _, designing, _ = np.random.default_rng(as_then.seed).spawn(4)
    total = table.row_count(data)
    live, span = known.explained.model_copy(update={"rows": 0}), 1
    if total:
        with open_user_model(model, scripts, log) as process:
            features = process.signature.features
            _same_features(features, background, baseline)
            rows = draw(data, _columns(data, problem, features), chosen.rows, drawing)
            name = "the synthetic rows that explain the batch"
            explained = _explained(process, name, rows.select(features), background, as_then, designing)
        live, span = (
            GlobalAttributions.of(explained, as_then.aggregate),
            int(periods(rows, problem.time).max()) + 1,
        )
        _write_explained(out, rows, explained, live, problem)
    verdict = attribution_drift.check(
        known,
        live,
        batch_rows=total,
        span=span,
        past=_past(earlier),
        policy=chosen.policy,
        margin=chosen.margin,
        min_rows=chosen.min_rows,
    )
    (out / VERDICT).write_text(verdict.model_dump_json(indent=2) + "\n", encoding="utf-8")
    _write_json(out / VIOLATIONS[0], their_violations(verdict))
    return verdict


def _noise(
    moved: Floats, days: npt.NDArray[np.intp], rows: int, span: int, rng: np.random.Generator
) -> Noise:
    variation, score = noise(moved, days, rows, span, rng)
    return Noise(rows=rows, span=span, tv=variation, ndcg=score)


def _explained(
    process: ModelProcess,
    name: str,
    rows: pa.Table,
    background: Background,
    chosen: BaselineSettings,
    rng: np.random.Generator,
) -> Attributions:
    explainer = Explainer.of(
        ProcessAnswers(process, name),
        rows,
        background,
        players=Players.of(rows.column_names, chosen.groups),
        method=chosen.method,
        link=chosen.link,
        coalitions=chosen.samples,
        rng=rng,
    )
    found = explainer.explain(rows)
    lost = int(np.isnan(found.values).any(axis=(1, 2)).sum())
    if lost:
        raise BadInput(
            f"{lost:,} of {rows.num_rows:,} rows cannot be explained: their predictions have no {chosen.link}.",
            do="Set link='identity' in the baseline step.",
        )
    return found


def read_baseline(folder: Path) -> tuple[AttributionBaseline, Background]:
    """A baseline and the background that it was measured against.

    Raises:
        BadInput: the folder is no attribution baseline.
        Corrupt: a file of it is damaged.
    """
    for name in (BASELINE, BACKGROUND):
        if not (folder / name).is_file():
            raise BadInput(
                f"{folder} is no attribution baseline: it has no {name}.",
                do="Make one with a Baseline step (monitor='attribution').",
            )
    try:
        known = AttributionBaseline.model_validate_json((folder / BASELINE).read_bytes())
        BaselineSettings.model_validate(dict(known.settings))
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "the file"
        raise Corrupt(
            f"{folder / BASELINE} is not an attribution baseline: {place}: {first['msg']}.",
            do="Make the baseline again.",
        ) from error
    weighted = table.read(folder / BACKGROUND)
    if WEIGHT not in weighted.column_names or weighted.num_rows == 0:
        raise Corrupt(f"{folder / BACKGROUND} has no weighted rows.", do="Make the baseline again.")
    return known, Background(weighted.drop_columns(WEIGHT), weighted[WEIGHT].to_numpy())


def explained_as(folder: Path) -> tuple[Background, dict[str, Any]]:
    """A baseline's background, and the way in which batches are explained, as ``spalje.explain`` takes it.

    Raises:
        BadInput: the folder is no attribution baseline.
        Corrupt: a file of it is damaged.
    """
    known, background = read_baseline(folder)
    chosen = BaselineSettings.model_validate(dict(known.settings))
    return background, {
        "groups": chosen.groups,
        "method": chosen.method,
        "link": chosen.link,
        "coalitions": None,
    }


def their_violations(verdict: Verdict) -> dict[str, Any]:
    """What SageMaker's rule says of a verdict's figures, in the form of Clarify's ``constraint_violations.json``."""
    theirs = verdict.figures.get("sagemaker", {"labels": []})
    return {
        "version": "1.0",
        "violations": [
            {
                "label": label,
                "metric_name": "shap",
                "constraint_check_type": "feature_attribution_drift_check",
                "description": f"Feature attribution drift {verdict.figures['ndcg'][label]} "
                f"exceeds threshold {theirs['threshold']}",
            }
            for label in theirs["labels"]
        ],
    }


def _past(earlier: Path | None) -> tuple[Verdict, ...]:
    """The verdicts of earlier batches, the oldest first: files are called after the batches' numbers."""
    if earlier is None:
        return ()
    files = sorted(earlier.glob(f"*.{VERDICT}"), key=lambda file: int(file.name.partition(".")[0]))
    try:
        return tuple(Verdict.model_validate_json(file.read_bytes()) for file in files)
    except ValidationError as error:
        raise Corrupt(f"{earlier} holds a file that is no verdict: {error.errors()[0]['msg']}.") from error


def _columns(data: Path, problem: Problem, features: tuple[str, ...]) -> list[str]:
    """The features, and those of the keys that are there."""
    there = table.schema(data).names
    return list(dict.fromkeys([*features, *(key for key in problem.keys if key in there)]))


def _same_features(features: tuple[str, ...], background: Background, folder: Path) -> None:
    if set(features) != set(background.table.column_names):
        stray = sorted(set(features) ^ set(background.table.column_names))
        raise BadInput(
            f"The attribution baseline in {folder} is of another model: "
            f"feature '{stray[0]}' is in one of the two only.",
            do="Use the baseline that was registered with the model's version.",
        )


def _write_explained(
    out: Path, rows: pa.Table, explained: Attributions, live: GlobalAttributions, problem: Problem
) -> None:
    """Global attributions as Clarify has them, and local ones: keys, predictions, ``<feature>_<label>``."""
    Analysis(live.values, live.expected).write(out / ANALYSIS)
    local = {key: rows[key] for key in problem.keys if key in rows.column_names}
    for place, label in enumerate(live.values):
        local[f"__prediction_{label}__"] = pa.array(explained.predictions[:, place])
    for place, label in enumerate(live.values):
        for feature, values in zip(explained.features, explained.values[:, :, place].T, strict=True):
            local[f"{feature}_{label}"] = pa.array(values)
    pq.write_table(pa.table(local), out / LOCAL, compression="zstd")


def _write_json(path: Path, document: Mapping[str, Any]) -> None:
    path.write_text(
        json.dumps(document, ensure_ascii=False, allow_nan=False, indent=2) + "\n", encoding="utf-8"
    )
