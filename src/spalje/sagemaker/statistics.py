"""Model Monitor's ``statistics.json``: what a table looks like, in its words."""

from dataclasses import dataclass, field
from typing import Any, cast, get_args

import numpy as np

from spalje.errors import BadInput
from spalje.profile.column import InferredType
from spalje.profile.kll import SHRINK, Floats, K
from spalje.sagemaker.record import OURS, Filled, Record, dumps

#: Levels of a sketch: an item of the 60th stands for 2**59 rows.
MOST_LEVELS = 60
#: A document that was not read from a file.
_NOWHERE = Record("statistics.json")


@dataclass(frozen=True, slots=True, eq=False)
class NumericalStatistics:
    """Of the finite numbers of a column.

    Attributes:
        mean, total, std, low, high: None when there are none, or the file says "NaN".
        buckets: (lower bound, upper bound, rows).
        levels: the sketch: items of level i stand for 2**i numbers each; None without a sketch.
        k, c: size and shrinking factor of the sketch.
    """

    mean: float | None = None
    total: float | None = None
    std: float | None = None
    low: float | None = None
    high: float | None = None
    buckets: tuple[tuple[float, float, float], ...] = ()
    levels: tuple[Floats, ...] | None = None
    k: float = K
    c: float = SHRINK


@dataclass(frozen=True, slots=True)
class StringStatistics:
    """Of the values of a column of strings: how many are different, and (value, rows) of some or all."""

    distinct: float | None = None
    buckets: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class FeatureStatistics:
    """One column.

    Attributes:
        present: rows with a value; for numbers, a finite one.
        missing: the other rows.
        numerical: for Integral and Fractional.
        string: for String.
        ours: counts of NaN and infinity, which Model Monitor has no place for.
        source: the object it was read from.
    """

    name: str
    inferred_type: InferredType
    present: int = 0
    missing: int = 0
    numerical: NumericalStatistics | None = None
    string: StringStatistics | None = None
    ours: dict[str, int] = field(default_factory=dict)
    source: Record = _NOWHERE


@dataclass(frozen=True, slots=True, eq=False)
class Statistics:
    """The file; ``items`` is the number of rows, ``source`` the object it was read from."""

    items: int
    features: tuple[FeatureStatistics, ...]
    source: Record = _NOWHERE


def read(data: bytes, name: str = "statistics.json") -> Statistics:
    """The statistics that a file holds, in any spelling that the service has used.

    Raises:
        BadInput: it is not JSON, lacks what cannot be left out, or a sketch does not add up.

    Example:
        >>> read(b'{"version": 0.0, "dataset": {"item_count": 3}, "features": []}').items
        3
    """
    record = Record.parse(data, name)
    features = tuple(_feature(part) for part in record.records("features"))
    names = [feature.name for feature in features]
    twice = next((name for name in names if names.count(name) > 1), None)
    if twice is not None:
        raise BadInput(f"{name} has the feature {twice!r} twice.", do="Correct the file.")
    most = max((feature.present + feature.missing for feature in features), default=0)
    return Statistics(record.record("dataset").count("item_count", most), features, record)


def write(statistics: Statistics) -> bytes:
    """The file's bytes; whatever was in the one it was read from and is not understood stays."""
    source = statistics.source
    dataset = source.record("dataset")
    version = (
        () if not source.has("version") else [pair for pair in source.rest(()) if pair[0] == '"version"']
    )
    return dumps(
        Filled(
            {
                **({} if version else {"version": 0}),
                "dataset": Filled({"item_count": statistics.items}, dataset.rest({"item_count"})),
                "features": [_written(feature) for feature in statistics.features],
            },
            source.rest({"dataset", "features"}),
        )
    )


def inferred_type(record: Record) -> InferredType:
    """What a feature holds, by its entry in a file; Unknown where it does not say.

    Raises:
        BadInput: it says something that there is not.
    """
    said = record.text("inferred_type") or "Unknown"
    for known in get_args(InferredType):
        if said == known:
            return cast("InferredType", known)
    raise BadInput(
        f"{record.where}: inferred_type is {said!r}; it can be {', '.join(get_args(InferredType))}.",
        do="Correct the file.",
    )


def _feature(record: Record) -> FeatureStatistics:
    name = record.text("name")
    if name is None:
        raise BadInput(f"{record.where} has no name.", do="Correct the file.")
    numbers, strings = record.record("numerical_statistics"), record.record("string_statistics")
    common = (numbers if numbers.members else strings).record("common")
    present = common.count("num_present")
    return FeatureStatistics(
        name,
        inferred_type(record),
        present,
        common.count("num_missing"),
        _numerical(numbers, present) if numbers.members else None,
        _string(strings) if strings.members else None,
        source=record,
    )


def _numerical(record: Record, present: int) -> NumericalStatistics:
    kll = record.record("distribution").record("kll")
    sketch = kll.record("sketch")
    parameters = sketch.record("parameters")
    levels = None
    if sketch.has("data"):
        data = sketch.plain("data")
        if not isinstance(data, list) or len(data) > MOST_LEVELS:
            raise BadInput(
                f"{sketch.where}: data should be a list of at most {MOST_LEVELS} lists.",
                do="Correct the file.",
            )
        levels = tuple(_level(sketch, level) for level in data)
        weight = sum(len(level) << height for height, level in enumerate(levels))
        if weight != present:
            raise BadInput(
                f"{sketch.where}: its items stand for {weight:,} numbers, but num_present is {present:,}.",
                do="The file is damaged or was edited: fetch it again, or make the baseline again.",
            )
    return NumericalStatistics(
        mean=record.number("mean"),
        total=record.number("sum"),
        std=record.number("std_dev"),
        low=record.number("min"),
        high=record.number("max"),
        buckets=tuple(
            (
                part.number("lower_bound") or 0.0,
                part.number("upper_bound") or 0.0,
                part.number("count") or 0.0,
            )
            for part in kll.records("buckets")
        ),
        levels=levels,
        k=parameters.number("k") or K,
        c=parameters.number("c") or SHRINK,
    )


def _level(sketch: Record, items: Any) -> Floats:
    try:
        level = np.array(items, dtype=np.float64)
    except (TypeError, ValueError, OverflowError):
        level = np.array(np.nan)
    if level.ndim != 1 or not np.isfinite(level).all():
        raise BadInput(f"{sketch.where}: data should be lists of finite numbers.", do="Correct the file.")
    return level


def _string(record: Record) -> StringStatistics:
    buckets = record.record("distribution").record("categorical").records("buckets")
    return StringStatistics(
        record.number("distinct_count"),
        tuple((part.text("value") or "", part.count("count")) for part in buckets),
    )


def _written(feature: FeatureStatistics) -> Filled:
    source = feature.source
    fields: dict[str, Any] = {"name": feature.name, "inferred_type": feature.inferred_type}
    if feature.numerical is not None:
        fields["numerical_statistics"] = _written_numerical(feature, feature.numerical)
    if feature.string is not None:
        fields["string_statistics"] = _written_string(feature, feature.string)
    if feature.ours:
        fields[OURS] = feature.ours
    return Filled(fields, source.rest(fields))


def _common(feature: FeatureStatistics, source: Record) -> Filled:
    fields = {"num_present": feature.present, "num_missing": feature.missing}
    return Filled(fields, source.record("common").rest(fields))


def _written_numerical(feature: FeatureStatistics, numbers: NumericalStatistics) -> Filled:
    source = feature.source.record("numerical_statistics")
    scalars = {
        "mean": numbers.mean,
        "sum": numbers.total,
        "std_dev": numbers.std,
        "min": numbers.low,
        "max": numbers.high,
    }
    fields: dict[str, Any] = {
        "common": _common(feature, source),
        **{key: value for key, value in scalars.items() if value is not None and np.isfinite(value)},
    }
    if numbers.levels is not None:
        distribution = source.record("distribution")
        kll = distribution.record("kll")
        sketch = kll.record("sketch")
        fields["distribution"] = Filled(
            {
                "kll": Filled(
                    {
                        "buckets": [
                            {"lower_bound": low, "upper_bound": high, "count": rows}
                            for low, high, rows in numbers.buckets
                        ],
                        "sketch": Filled(
                            {
                                "parameters": Filled(
                                    {"c": numbers.c, "k": numbers.k},
                                    sketch.record("parameters").rest({"c", "k"}),
                                ),
                                "data": list(numbers.levels),
                            },
                            sketch.rest({"parameters", "data"}),
                        ),
                    },
                    kll.rest({"buckets", "sketch"}),
                )
            },
            distribution.rest({"kll"}),
        )
    return Filled(fields, source.rest({*fields, *scalars}))


def _written_string(feature: FeatureStatistics, strings: StringStatistics) -> Filled:
    source = feature.source.record("string_statistics")
    distribution = source.record("distribution")
    categorical = distribution.record("categorical")
    fields: dict[str, Any] = {"common": _common(feature, source)}
    if strings.distinct is not None:
        fields["distinct_count"] = strings.distinct
    fields["distribution"] = Filled(
        {
            "categorical": Filled(
                {"buckets": [{"value": value, "count": rows} for value, rows in strings.buckets]},
                categorical.rest({"buckets"}),
            )
        },
        distribution.rest({"categorical"}),
    )
    return Filled(fields, source.rest({*fields, "distinct_count"}))
