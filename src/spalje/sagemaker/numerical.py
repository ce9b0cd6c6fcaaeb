"""The ``numerical_statistics`` of a feature: moments, a histogram and a sketch of its numbers."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from spalje.errors import BadInput
from spalje.profile.kll import SHRINK, Floats, K
from spalje.sagemaker.filled import Filled
from spalje.sagemaker.record import Record

#: Levels of a sketch: an item of the 60th stands for 2**59 rows.
MOST_LEVELS = 60


@dataclass(frozen=True, slots=True, eq=False)
class NumericalStatistics:
    """Of the numbers of a column.

    Attributes:
        mean, total, std, low, high: None when there are none, or the file says "NaN".
        buckets: (lower bound, upper bound, rows).
        levels: the sketch: items of level i stand for 2**i numbers each, NaN and infinity among them
            where the file has such; None without a sketch.
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

    @property
    def weight(self) -> int | None:
        """How many numbers the sketch stands for; without one the histogram; None without either.

        Example:
            >>> NumericalStatistics(levels=(np.array([1.0]), np.array([2.0, 3.0]))).weight
            5
        """
        if self.levels is not None:
            return sum(len(level) << height for height, level in enumerate(self.levels))
        return round(sum(rows for _, _, rows in self.buckets)) if self.buckets else None


def read(record: Record) -> NumericalStatistics:
    """What a feature's ``numerical_statistics`` say.

    Raises:
        BadInput: a value is not of its kind.
    """
    kll = record.record("distribution").record("kll")
    sketch = kll.record("sketch")
    parameters = sketch.record("parameters")
    return NumericalStatistics(
        mean=record.number("mean"),
        total=record.number("sum"),
        std=record.number("std_dev"),
        low=record.number("min"),
        high=record.number("max"),
        buckets=_buckets(kll),
        levels=_levels(sketch) if sketch.has("data") else None,
        k=parameters.number("k") or K,
        c=parameters.number("c") or SHRINK,
    )


def written(numbers: NumericalStatistics, common: Filled, source: Record) -> Filled:
    """The object that a feature's ``numerical_statistics`` are written as; what is not finite stays out.

    Args:
        numbers: what they say.
        common: its object ``common``.
        source: the object they were read from, for what is not understood.
    """
    scalars = {
        "mean": numbers.mean,
        "sum": numbers.total,
        "std_dev": numbers.std,
        "min": numbers.low,
        "max": numbers.high,
    }
    fields: dict[str, Any] = {
        "common": common,
        **{key: value for key, value in scalars.items() if value is not None and np.isfinite(value)},
    }
    # "NaN" of the file, which says that there is none, stays
    said = {key for key in scalars if key not in fields and source.has(key)}
    if numbers.levels is not None or numbers.buckets:
        distribution = source.record("distribution")
        kll = _written_kll(numbers, distribution.record("kll"))
        fields["distribution"] = Filled({"kll": kll}, distribution.rest({"kll"}))
    return Filled(fields, source.rest({*fields, *scalars} - said))


def _buckets(kll: Record) -> tuple[tuple[float, float, float], ...]:
    return tuple(
        (part.number("lower_bound") or 0.0, part.number("upper_bound") or 0.0, part.number("count") or 0.0)
        for part in kll.records("buckets")
    )


def _levels(sketch: Record) -> tuple[Floats, ...]:
    data = sketch.plain("data")
    if not isinstance(data, list) or len(data) > MOST_LEVELS:
        raise BadInput(
            f"{sketch.where}: data should be a list of at most {MOST_LEVELS} lists.", do="Correct the file."
        )
    return tuple(_level(sketch, items) for items in data)


def _level(sketch: Record, items: Any) -> Floats:
    try:
        level = np.array(items, dtype=np.float64)
    except (TypeError, ValueError, OverflowError):
        level = np.array(np.nan)
    if level.ndim != 1 or not isinstance(items, list) or None in items:
        raise BadInput(f"{sketch.where}: data should be lists of numbers.", do="Correct the file.")
    return level


def _written_kll(numbers: NumericalStatistics, source: Record) -> Filled:
    sketch = source.record("sketch")
    fields: dict[str, Any] = {
        "buckets": source.raw("buckets")
        if source.has("buckets") and _buckets(source) == numbers.buckets
        else [{"lower_bound": low, "upper_bound": high, "count": rows} for low, high, rows in numbers.buckets]
    }
    if numbers.levels is not None:
        parameters = Filled({"c": numbers.c, "k": numbers.k}, sketch.record("parameters").rest({"c", "k"}))
        fields["sketch"] = Filled(
            {"parameters": parameters, "data": list(numbers.levels)}, sketch.rest({"parameters", "data"})
        )
    return Filled(fields, source.rest(fields))
