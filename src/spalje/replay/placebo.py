"""False alarms: how often a policy alarms in weeks between which nothing can have changed."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
from numpy.typing import NDArray

from spalje.drift.kolmogorov import p_value
from spalje.drift.linf import robust
from spalje.monitor.judged_batch import JudgedBatch
from spalje.monitor.measurement import SCORES, Measurement, ProblemType
from spalje.monitor.metric_constraint import suggest, violated
from spalje.monitor.model_quality import Rule, check
from spalje.monitor.model_quality_baseline import ModelQualityBaseline
from spalje.monitor.verdict import Outcome
from spalje.quality.tally import Tally
from spalje.replay.kolmogorov import distance
from spalje.replay.policy import LEVEL, Policy
from spalje.replay.week import MEANS, Life
from spalje.steps.judged_file import JUDGED
from spalje.steps.model_quality import CLUSTERS
from spalje.storage.artifacts import Artifacts
from spalje.storage.batch_file import CHECKED
from spalje.storage.history import read_file

#: How often the weeks are shuffled.
SPLITS = 60
#: With fewer weeks there is no placebo.
LEAST = 8
#: Model Monitor's threshold of a distance.
DISTANCE = 0.1


@dataclass(frozen=True, slots=True)
class Placebo:
    """Alarms where there is nothing to be found.

    Attributes:
        rate: share of the weeks with an alarm, 0 to 1.
        weeks: how many were looked at, in all shuffles together.
    """

    rate: float
    weeks: int


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """What is known of a week: its features in cells, and how good the predictions of one model were."""

    cells: Mapping[str, NDArray[np.int64]]
    numeric: frozenset[str]
    judged: JudgedBatch
    clusters: Tally
    metrics: Mapping[str, float]


def placebo(life: Life, artifacts: Artifacts) -> dict[Policy, Placebo]:
    """How often each policy that watches alarms in shuffled weeks.

    The weeks are those of a life with one model. They are shuffled, some become the baseline and the others are
    checked: whatever sets these apart from those is chance, so every alarm is false.

    Args:
        life: under the policy ``never``.
        artifacts: of the replay's workspace.

    Returns:
        Nothing when there are fewer than ``LEAST`` weeks with truth.
    """
    weeks = [seen for day in life.verdicts if (seen := _seen(day, life, artifacts)) is not None]
    if len(weeks) < LEAST:
        return {}
    known = max(round(len(weeks) * 2 / 3), min(19, len(weeks) - 3))
    alarms: dict[Policy, list[bool]] = {Policy.CALIBRATED: [], Policy.SAGEMAKER: [], Policy.KS: []}
    for seed in range(SPLITS):
        order = np.random.default_rng(seed).permutation(len(weeks))
        baseline = [weeks[place] for place in sorted(order[:known])]
        for place in order[known:]:
            alarms[Policy.CALIBRATED].append(_ours(baseline, weeks[place], seed))
            alarms[Policy.SAGEMAKER].append(_theirs(baseline, weeks[place]))
            alarms[Policy.KS].append(_ks(baseline, weeks[place]))
    return {policy: Placebo(float(np.mean(found)), len(found)) for policy, found in alarms.items()}


def _seen(day: date, life: Life, artifacts: Artifacts) -> Seen | None:
    digests = life.verdicts[day]
    if not {"verdict_data_quality", "verdict_model_quality"} <= digests.keys():
        return None
    data, quality = (artifacts.open(digests[f"verdict_{name}"]) for name in ("data_quality", "model_quality"))
    if not (data / CHECKED).is_file() or not (quality / JUDGED).is_file():
        return None
    sketch = read_file(data / CHECKED).sketch
    metrics = json.loads((quality / "metrics.json").read_text(encoding="utf-8"))
    return Seen(
        cells=sketch.cells,
        numeric=frozenset(sketch.gram.columns if sketch.gram is not None else ()),
        judged=JudgedBatch.model_validate_json((quality / JUDGED).read_bytes()).model_copy(
            update={"outcome": Outcome.OK}
        ),
        clusters=np.array(json.loads((quality / CLUSTERS).read_text(encoding="utf-8"))),
        metrics=metrics,
    )


def _ours(baseline: Sequence[Seen], week: Seen, seed: int) -> bool:
    """Whether Spaljé's rules retrain on it: they go by the quality of predictions alone."""
    clusters = [seen.clusters for seen in baseline]
    alike = len({len(one) for one in clusters}) == 1
    pooled: Tally = np.sum(clusters, axis=0) if alike else np.concatenate(clusters)
    judged = week.judged
    kind: ProblemType = next(kind for kind, words in SCORES.items() if judged.score in words)
    held = ModelQualityBaseline(
        type=kind,
        score=judged.score,
        season="none",
        rows=1,
        metrics={},
        constraints=(),
        days=(),
        clusters=tuple((float(a), float(b), float(c), float(d)) for a, b, c, d in pooled),
        clustered_by="rows",
    )
    measured = Measurement(
        type=kind,
        score=judged.score,
        rows=int(week.metrics.get("rows_with_truth", 0)),
        metrics={},
        confusion=None,
        days=_days(judged),
        by_day=np.empty((0, 4)),
        by_cluster=week.clusters,
        clustered_by="rows",
    )
    verdict = check(
        measured,
        held,
        earlier=[seen.judged for seen in baseline],
        coverage=1.0,
        rule=Rule(min_rows=1),
        rng=np.random.default_rng(seed),
    )
    return verdict.outcome is Outcome.ALARM


def _days(judged: JudgedBatch) -> NDArray[np.int64]:
    if judged.first is None or judged.last is None:
        return np.empty(0, np.int64)
    first, last = (int(np.datetime64(day, "D").astype(np.int64)) for day in (judged.first, judged.last))
    return np.arange(first, last + 1)


def _theirs(baseline: Sequence[Seen], week: Seen) -> bool:
    """Whether Model Monitor's constraints are violated: as it suggests them, and its robust distances."""
    rows = np.array([seen.metrics.get("rows_with_truth", 0.0) for seen in baseline])
    pooled = {
        name: float(np.average([seen.metrics[name] for seen in baseline], weights=rows))
        for name in (*MEANS, "r2", "auc", "precision", "recall", "f1")
        if all(name in seen.metrics for seen in baseline)
    }
    if "mse" in pooled:
        pooled["rmse"] = float(np.sqrt(pooled["mse"]))
    if violated(week.metrics, suggest(pooled, 0.0)):
        return True
    return any(
        robust(distance(own, other, ordered=name in week.numeric), int(own.sum()), int(other.sum()))
        > DISTANCE
        for name, own, other in _pairs(baseline, week)
    )


def _ks(baseline: Sequence[Seen], week: Seen) -> bool:
    """Whether a Kolmogorov-Smirnov test of any numeric column finds it."""
    return any(
        p_value(distance(own, other), int(own.sum()), int(other.sum())) < LEVEL
        for name, own, other in _pairs(baseline, week)
        if name in week.numeric
    )


def _pairs(
    baseline: Sequence[Seen], week: Seen
) -> Iterator[tuple[str, NDArray[np.int64], NDArray[np.int64]]]:
    """Column -> rows by cell in the week, and in the baseline."""
    for name, own in week.cells.items():
        other = np.sum([seen.cells[name] for seen in baseline], axis=0)
        if own.sum() and other.sum():
            yield name, own, other
