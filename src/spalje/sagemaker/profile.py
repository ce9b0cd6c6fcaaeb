"""Profiles in the words of Model Monitor's ``statistics.json``, and back."""

from dataclasses import replace

import numpy as np
import pyarrow as pa

from spalje.errors import BadInput
from spalje.profile.column import Column, InferredType
from spalje.profile.kind import Kind
from spalje.profile.kll import Counts, Floats, Kll
from spalje.profile.moments import Moments
from spalje.profile.number import Numbers
from spalje.profile.points import LIMIT, Points
from spalje.profile.profile import Profile
from spalje.profile.text import Texts
from spalje.sagemaker.numerical import NumericalStatistics
from spalje.sagemaker.statistics import ODD, FeatureStatistics, Statistics, StringStatistics

#: Buckets of a histogram: always ten, of equal width.
BUCKETS = 10
#: What an imported column is taken to hold.
_KINDS: dict[InferredType, Kind] = {
    "Integral": Kind.INTEGER,
    "Fractional": Kind.REAL,
    "String": Kind.TEXT,
    "Unknown": Kind.UNKNOWN,
}


def of_profile(profile: Profile) -> Statistics:
    """A profile in Model Monitor's words."""
    return Statistics(profile.rows, tuple(_of_column(column) for column in profile.columns.values()))


def to_profile(statistics: Statistics) -> Profile:
    """A profile that batches can be held against, as far as the statistics go.

    A column of numbers without a sketch has no ``numbers``; one of strings whose buckets are not
    all its values is not exact.
    """
    rows = statistics.items
    return Profile(rows, {feature.name: _to_column(feature, rows) for feature in statistics.features})


def _of_column(column: Column) -> FeatureStatistics:
    if column.numbers is not None:
        numbers = column.numbers
        present = numbers.moments.count
        odd = {name: getattr(column, name) for name in ODD}
        return FeatureStatistics(
            column.name,
            column.inferred_type,
            present,
            column.rows - present,
            _of_numbers(numbers) if present else NumericalStatistics(),
            ours=odd if any(odd.values()) else {},
        )
    texts = column.texts or Texts()
    strings = StringStatistics(texts.different, texts.top(len(texts.values))) if column.texts else None
    return FeatureStatistics(column.name, column.inferred_type, texts.count, column.nulls, string=strings)


def _of_numbers(numbers: Numbers) -> NumericalStatistics:
    moments = numbers.moments
    low, high = float(moments.low), float(moments.high)
    steps = np.arange(BUCKETS + 1) / BUCKETS
    # deequ's bounds (KLLSketch.scala): min + (max - min) * i / 10, the last bucket closed
    width = high - low
    bounds = low + width * steps if np.isfinite(width) else low * (1 - steps) + high * steps
    bounds[-1] = high
    below = numbers.below(bounds)
    below[0], below[-1] = 0.0, moments.count
    sketch = numbers.sketch or Kll.of_counts(*numbers.weighted())
    return NumericalStatistics(
        mean=moments.mean,
        total=moments.total,
        std=moments.std,
        low=moments.low,
        high=moments.high,
        buckets=tuple(
            (float(bounds[i]), float(bounds[i + 1]), float(below[i + 1] - below[i])) for i in range(BUCKETS)
        ),
        levels=sketch.levels,
        k=float(sketch.k),
    )


def _to_column(feature: FeatureStatistics, rows: int) -> Column:
    kind = _KINDS[feature.inferred_type]
    present = feature.present if kind is not Kind.UNKNOWN else 0
    nulls = rows - present - sum(feature.ours.values())
    if nulls < 0:
        raise BadInput(
            f"{feature.source.where}: num_present is {present:,}, but the table has {rows:,} rows.",
            do="Correct the file.",
        )
    column = Column(feature.name, kind, rows, nulls=nulls)
    numbers = feature.numerical
    if kind.numeric and numbers and (numbers.levels is not None or not present):
        nan, high, low = (
            feature.ours.get(name, 0) + found
            for name, found in zip(ODD, _odd(numbers.levels or ()), strict=True)
        )
        return replace(
            column,
            nan=nan,
            positive_infinity=high,
            negative_infinity=low,
            numbers=_to_numbers(kind, numbers),
        )
    if kind is Kind.TEXT and feature.string:
        return replace(column, texts=_to_texts(feature.string, present, feature.source.where))
    return column


def _odd(levels: tuple[Floats, ...]) -> tuple[int, int, int]:
    """How many numbers of a sketch are NaN, +infinity, -infinity: for Spark they are values like others."""
    nan, high, low = 0, 0, 0
    for height, level in enumerate(levels):
        nan += int(np.isnan(level).sum()) << height
        high += int(np.isposinf(level).sum()) << height
        low += int(np.isneginf(level).sum()) << height
    return nan, high, low


def _to_numbers(kind: Kind, statistics: NumericalStatistics) -> Numbers:
    levels = tuple(np.sort(level[np.isfinite(level)]) for level in statistics.levels or ()) or (np.empty(0),)
    sketch = Kll(levels, (0,) * len(levels), max(8, int(statistics.k)))
    values, counts = sketch.weighted()
    if len(values) == 0:
        return Numbers(whole=kind.whole)
    exact = not any(len(level) for level in levels[1:]) and len(values) <= LIMIT
    return Numbers(
        whole=kind.whole,
        moments=_moments(kind, statistics, values, counts),
        negative=int(counts[values < 0].sum()),
        integral=int(counts[values == np.floor(values)].sum()),
        points=Points(values, counts) if exact else None,
        sketch=None if exact else sketch,
    )


def _moments(kind: Kind, statistics: NumericalStatistics, values: Floats, counts: Counts) -> Moments:
    """As the file says; what it does not say, as the sketch says, whose items are some of the numbers."""
    largest = float(np.abs(values).max()) or 1.0
    scaled = values / largest
    centre = float(np.average(scaled, weights=counts))
    std = statistics.std
    if std is None or std < 0:
        std = float(np.sqrt(np.average((scaled - centre) ** 2, weights=counts))) * largest
    low, high, exact = statistics.low, statistics.high, int if kind.whole else float
    return Moments(
        int(counts.sum()),
        centre * largest if statistics.mean is None else statistics.mean,
        std,
        exact(values[0] if low is None or low > values[0] else low),
        exact(values[-1] if high is None or high < values[-1] else high),
    )


def _to_texts(strings: StringStatistics, present: int, where: str) -> Texts:
    counted = [(value, rows) for value, rows in strings.buckets if rows]
    counts = np.array([rows for _, rows in counted], dtype=np.int64)
    short = present - int(counts.sum())
    if short < 0:
        raise BadInput(
            f"{where}: its buckets hold {counts.sum():,} values, but num_present is {present:,}.",
            do="Correct the file.",
        )
    texts = Texts.of(pa.array([value for value, _ in counted], pa.string()), counts)
    return Texts(present, texts.values, texts.counts, short)
