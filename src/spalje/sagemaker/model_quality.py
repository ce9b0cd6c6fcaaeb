"""Model Monitor's files about model quality: statistics, constraints and violations, in its words."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import isfinite
from types import MappingProxyType
from typing import Any, Literal

import numpy as np

from spalje.errors import BadInput
from spalje.monitor.measurement import Judged, ProblemType, metrics_of
from spalje.monitor.metric_constraint import MetricConstraint
from spalje.monitor.metric_interval import metric_intervals
from spalje.quality.confusion import Confusion
from spalje.quality.ranking import Ranking
from spalje.sagemaker.filled import Filled, document, dumps
from spalje.sagemaker.record import OURS, Record

#: type of problem -> key of its section, without ``_metrics`` or ``_constraints``
SECTIONS: Mapping[ProblemType, str] = MappingProxyType(
    {
        "regression": "regression",
        "binary": "binary_classification",
        "multiclass": "multiclass_classification",
    }
)

#: Rows from which on Model Monitor gives a standard deviation, how many samples it takes for it, and
#: of which share of the rows each is.
SD_ROWS, SD_SAMPLES, SD_SHARE = 200, 5, 0.8

_BINARY = ("recall", "precision", "accuracy", "f0_5", "f1", "f2")
_MULTICLASS = ("accuracy", *(f"weighted_{name}" for name in ("recall", "precision", "f0_5", "f1", "f2")))
#: type of problem -> the numbers that Model Monitor gives, in its order
METRICS: Mapping[ProblemType, tuple[str, ...]] = MappingProxyType(
    {
        "regression": ("mae", "mse", "rmse", "r2"),
        "binary": (
            *_BINARY,
            *(f"{name}_best_constant_classifier" for name in _BINARY),
            *("true_positive_rate", "true_negative_rate", "false_positive_rate", "false_negative_rate"),
            "auc",
        ),
        "multiclass": (*_MULTICLASS, *(f"{name}_best_constant_classifier" for name in _MULTICLASS)),
    }
)


@dataclass(frozen=True, slots=True)
class Metric:
    """A number and its standard deviation; None for "NaN".

    Attributes:
        value: the number.
        standard_deviation: Model Monitor's: of five values, each of a random 80 % of the rows.
        interval: ours: of 95 %, by drawing whole clusters of rows; None where there is none.
    """

    value: float | None
    standard_deviation: float | None = None
    interval: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class StatisticsFile:
    """``statistics.json``.

    Attributes:
        type: of the problem.
        metrics: name -> number.
        shapes: what is not a number: the confusion matrix (what came, then what was predicted) and
            the curves.
        items: how many rows; None when the file does not say.
        source: the object it was read from, for what is not understood.
    """

    type: ProblemType
    metrics: Mapping[str, Metric]
    shapes: Mapping[str, Any] = field(default_factory=dict)
    items: int | None = None
    source: Record = Record("statistics.json")  # noqa: RUF009  a frozen value

    @property
    def values(self) -> dict[str, float]:
        """The numbers that there are."""
        return {name: metric.value for name, metric in self.metrics.items() if metric.value is not None}


@dataclass(frozen=True, slots=True)
class ConstraintsFile:
    """``constraints.json``; ``source`` is the object it was read from, for what is not understood."""

    type: ProblemType
    constraints: tuple[MetricConstraint, ...]
    source: Record = Record("constraints.json")  # noqa: RUF009  a frozen value


def statistics(judged: Judged, labels: Sequence[str], rng: np.random.Generator) -> StatisticsFile:
    """What Model Monitor's baseline job would say of some rows.

    The standard deviation is Model Monitor's: of five values, each of a random 80 % of the rows; not
    given below 200 rows. It is far smaller than how much batches differ; beside it stands our interval.
    The "best constant classifier" predicts the last class for every row, as in both of the documentation's examples.

    Args:
        judged: the rows.
        labels: what the classes are called; empty for a regression.
        rng: where the samples come from.

    Example:
        >>> rows = Judged("binary", np.array([0.0, 0, 0, 1]), np.array([0.1, 0.6, 0.7, 0.9]))
        >>> found = statistics(rows, ["0", "1"], np.random.default_rng(7))
        >>> found.shapes["confusion_matrix"], found.metrics["f2"].value.__round__(4)
        ({'0': {'0': 1, '1': 2}, '1': {'0': 0, '1': 1}}, 0.7143)
    """
    values, confusion = _values(judged)
    deviations: Mapping[str, float] = {}
    if len(judged) >= SD_ROWS:
        size = int(SD_SHARE * len(judged))
        samples = [
            _values(_part(judged, rng.choice(len(judged), size, replace=False)))[0] for _ in range(SD_SAMPLES)
        ]
        deviations = {name: float(np.std([sample[name] for sample in samples], ddof=1)) for name in values}
    intervals = metric_intervals(judged, rng)
    return StatisticsFile(
        type=judged.type,
        metrics={
            name: Metric(_finite(values[name]), _finite(deviations.get(name)), intervals.get(name))
            for name in values
        },
        shapes=_shapes(judged, confusion, labels),
        items=len(judged),
    )


def read_statistics(data: bytes, name: str = "statistics.json") -> StatisticsFile:
    """The statistics that a file holds.

    Raises:
        BadInput: it is not JSON, or has no section of metrics.

    Example:
        >>> file = read_statistics(b'{"regression_metrics": {"rmse": {"value": 0.6}, "r2": {"value": "NaN"}}}')
        >>> file.type, file.values
        ('regression', {'rmse': 0.6})
    """
    record = Record.parse(data, name)
    kind = _type(record, "metrics")
    section = record.record(f"{SECTIONS[kind]}_metrics")
    metrics, shapes = {}, {}
    for member in section.members:
        value = section.plain(member.key)
        if isinstance(value, dict) and "value" in value:
            number = section.record(member.key)
            metrics[member.key] = Metric(
                number.number("value"), number.number("standard_deviation"), _interval(number)
            )
        elif isinstance(value, int | float) or value == "NaN":
            metrics[member.key] = Metric(section.number(member.key))
        else:
            shapes[member.key] = value
    items = record.record("dataset").number("item_count")
    return StatisticsFile(kind, metrics, shapes, None if items is None else int(items), record)


def write_statistics(file: StatisticsFile) -> bytes:
    """The file's bytes; what was not understood of its source stays as it was."""
    key = f"{SECTIONS[file.type]}_metrics"
    source = file.source.record(key)
    fields: dict[str, Any] = {name: value for name, value in file.shapes.items() if not source.has(name)}
    for name, metric in file.metrics.items():
        there = source.record(name) if isinstance(source.plain(name), dict) else Record(name)
        number = {"value": metric.value, "standard_deviation": metric.standard_deviation}
        nan: dict[str, Any] = {part: "NaN" if value is None else value for part, value in number.items()}
        if metric.interval is not None:
            nan[OURS] = {"low": metric.interval[0], "high": metric.interval[1]}
        fields[name] = Filled(nan, there.rest(nan))
    top: dict[str, Any] = {}
    if file.items is not None:
        rest = file.source.record("dataset").rest({"item_count"})
        top["dataset"] = Filled({"item_count": file.items}, rest)
    return document({**top, key: Filled(fields, source.rest(fields))}, file.source)


def read_constraints(data: bytes, name: str = "constraints.json") -> ConstraintsFile:
    """The bounds that a file holds; an entry without a threshold is kept, and bounds nothing.

    Raises:
        BadInput: it is not JSON, has no section of constraints, or an operator is none.

    Example:
        >>> entry = b'{"rmse": {"threshold": 0.8, "comparison_operator": "GreaterThanThreshold"}}'
        >>> read_constraints(b'{"regression_constraints": ' + entry + b"}").constraints[0].threshold
        0.8
    """
    record = Record.parse(data, name)
    kind = _type(record, "constraints")
    section = record.record(f"{SECTIONS[kind]}_constraints")
    found = []
    for member in section.members:
        if isinstance(section.plain(member.key), dict):
            entry = section.record(member.key)
            threshold = entry.number("threshold")
            if threshold is not None:
                operator = _operator(entry)
                found.append(MetricConstraint(metric=member.key, threshold=threshold, operator=operator))
    return ConstraintsFile(kind, tuple(found), record)


def write_constraints(file: ConstraintsFile) -> bytes:
    """The file's bytes; what was not understood of its source stays as it was."""
    key = f"{SECTIONS[file.type]}_constraints"
    source = file.source.record(key)
    fields = {}
    for bound in file.constraints:
        there = source.record(bound.metric) if source.has(bound.metric) else Record(bound.metric)
        entry = {"threshold": bound.threshold, "comparison_operator": bound.operator}
        fields[bound.metric] = Filled(entry, there.rest(entry))
    return document({key: Filled(fields, source.rest(fields))}, file.source)


def write_violations(metrics: Mapping[str, float], violated: Sequence[MetricConstraint]) -> bytes:
    """``constraint_violations.json`` for bounds that a batch passed.

    Args:
        metrics: the batch's, by name.
        violated: the bounds.

    Example:
        >>> bound = MetricConstraint(metric="r2", threshold=0.4, operator="LessThanThreshold")
        >>> b'"constraint_check_type": "LessThanThreshold"' in write_violations({"r2": 0.25}, [bound])
        True
    """
    entries = [
        {
            "metric_name": bound.metric,
            "constraint_check_type": bound.operator,
            "description": bound.describe(metrics[bound.metric]),
            OURS: {"value": metrics[bound.metric], "threshold": bound.threshold},
        }
        for bound in violated
    ]
    return dumps({"violations": entries})


def _interval(number: Record) -> tuple[float, float] | None:
    """The ends of our interval, where a file of ours has one."""
    if not isinstance(number.plain(OURS), dict):
        return None
    low, high = (number.record(OURS).number(end) for end in ("low", "high"))
    return None if low is None or high is None else (low, high)


def _type(record: Record, what: Literal["metrics", "constraints"]) -> ProblemType:
    for kind, section in SECTIONS.items():
        if record.has(f"{section}_{what}"):
            return kind
    wanted = ", ".join(f"{section}_{what}" for section in SECTIONS.values())
    raise BadInput(
        f"{record.where} is not about model quality: it has none of {wanted}; it has {record.names}.",
        do="Give the file of a model quality baseline, not of another monitor's.",
    )


def _operator(entry: Record) -> Literal["LessThanThreshold", "GreaterThanThreshold"]:
    said = entry.text("comparison_operator") or ""
    operator: Literal["LessThanThreshold", "GreaterThanThreshold"]
    for operator in ("LessThanThreshold", "GreaterThanThreshold"):
        if said.lower() == operator.lower():
            return operator
    raise BadInput(
        f"{entry.where}: comparison_operator is {said!r}; "
        "allowed are LessThanThreshold and GreaterThanThreshold.",
        do="Correct the file.",
    )


def _values(judged: Judged) -> tuple[dict[str, float], Confusion | None]:
    values, confusion = metrics_of(judged)
    if confusion is not None:
        constant = confusion.constant
        figures = {
            "accuracy": np.full(len(constant.counts), constant.accuracy),
            "precision": constant.precision,
            "recall": constant.recall,
            "f0_5": constant.f(0.5),
            "f1": constant.f(),
            "f2": constant.f(2.0),
        }
        for name, each in figures.items():
            values[f"{name}_best_constant_classifier"] = float(each[-1])
            values[f"weighted_{name}_best_constant_classifier"] = constant.weighted(each)
    return {name: values[name] for name in METRICS[judged.type]}, confusion


def _part(judged: Judged, rows: np.ndarray[Any, Any]) -> Judged:
    truth, prediction = judged.truth[rows], judged.prediction[rows]
    return replace(judged, truth=truth, prediction=prediction, days=None, clusters=None)


def _shapes(judged: Judged, confusion: Confusion | None, labels: Sequence[str]) -> dict[str, Any]:
    if confusion is None:
        return {}
    matrix = {
        came: {predicted: int(count) for predicted, count in zip(labels, row, strict=True)}
        for came, row in zip(labels, confusion.counts, strict=True)
    }
    shapes: dict[str, Any] = {"confusion_matrix": matrix}
    yes = judged.truth > 0.5
    if judged.type == "binary" and yes.any() and not yes.all():
        ranking = Ranking.of(yes, judged.prediction)
        false, true = ranking.roc()
        precision, recall = ranking.precision_recall()
        shapes["receiver_operating_characteristic_curve"] = {
            "false_positive_rates": false.tolist(),
            "true_positive_rates": true.tolist(),
        }
        shapes["precision_recall_curve"] = {"precisions": precision.tolist(), "recalls": recall.tolist()}
    return shapes


def _finite(value: float | None) -> float | None:
    return value if value is not None and isfinite(value) else None
