"""The background: a few weighted rows that stand for all, against which attributions are measured."""

from collections.abc import Collection
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from spalje.attribution.attributions import Floats
from spalje.attribution.clusters import Clusters, Rows, choose, cluster, modes

#: Rows that are clustered, at most; of more, so many are drawn.
SAMPLE = 5_000

#: Clusters, at most, when their number is chosen (SageMaker Clarify's own range is 1 to 12).
MOST = 12


@dataclass(frozen=True, slots=True, eq=False)
class Background:
    """Weighted rows.

    Attributes:
        table: the features, one row per cluster, in the types of the data.
        weights: the share of the data that each row stands for, shape (rows,), adding up to 1.
    """

    table: pa.Table
    weights: Floats


def background_of(
    table: pa.Table,
    rng: np.random.Generator,
    *,
    categorical: Collection[str] = (),
    clusters: int | None = None,
    most: int = MOST,
) -> Background:
    """Cluster rows and take the centre of each cluster, weighted by its size.

    K-means for numbers; K-prototypes when there are categories, which is everything that is not a
    number. A centre has the mean of its numbers (rounded where the column holds integers) and the
    most frequent of its categories. A null is a value: it is a category of its own, and a number
    that most of a cluster's rows lack is null in its centre.

    Args:
        table: the features, at least one row; NaN and infinity count as null.
        rng: draws the sample and the seeds.
        categorical: columns of numbers that are categories.
        clusters: how many; None: chosen, see ``spalje.attribution.clusters.choose``.
        most: how many at most when chosen.

    Example:
        >>> rows = pa.table({"price": [1.0, 2.0, 9.0, None], "store": ["a", "a", "b", "b"]})
        >>> background_of(rows, np.random.default_rng(1), clusters=1).table.to_pylist()
        [{'price': 4.0, 'store': 'a'}]
    """
    if table.num_rows > SAMPLE:
        table = table.take(np.sort(rng.choice(table.num_rows, SAMPLE, replace=False)))
    numeric = {
        name: _floats(table[name])
        for name in table.column_names
        if name not in categorical and _is_number(table[name].type)
    }
    encoded = {name: _encoded(table[name]) for name in table.column_names if name not in numeric}
    rows = Rows(
        _side_by_side(
            [part for values in numeric.values() for part in _standardised(values)], table.num_rows
        ),
        _side_by_side([codes for codes, _ in encoded.values()], table.num_rows).astype(np.int64),
    )
    found = cluster(rows, clusters, rng) if clusters is not None else choose(rows, most, rng)
    centres = [
        _means(numeric[field.name], found, field.type)
        if field.name in numeric
        else _modes(*encoded[field.name], found, field.type)
        for field in table.schema
    ]
    weights = np.bincount(found.labels, minlength=found.count) / len(found.labels)
    return Background(pa.table(centres, names=table.column_names), weights)


def _is_number(kind: pa.DataType) -> bool:
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind))


def _floats(column: pa.ChunkedArray) -> Floats:
    """Numbers as float64 with NaN for whatever is null or not finite."""
    values = np.array(column.cast(pa.float64(), safe=False).to_numpy())
    values[~np.isfinite(values)] = np.nan
    return values


def _encoded(column: pa.ChunkedArray) -> tuple[npt.NDArray[np.int64], pa.Array]:
    """Categories as codes from 0, a null among them, with the value of each code."""
    plain = column.cast(column.type.value_type) if pa.types.is_dictionary(column.type) else column
    whole = plain.combine_chunks().dictionary_encode(null_encoding="encode")
    return whole.indices.to_numpy().astype(np.int64), whole.dictionary


def _standardised(values: Floats) -> list[Floats]:
    """Mean 0, standard deviation 1, nulls at 0; with a column that says which are null, if any are."""
    null = np.isnan(values)
    if null.all():
        return []
    spread = float(np.nanstd(values)) or 1.0
    scaled = np.where(null, 0.0, (values - np.nanmean(values)) / spread)
    return [scaled, null.astype(np.float64)] if null.any() else [scaled]


def _side_by_side(columns: list[Any], rows: int) -> Floats:
    return np.column_stack(columns) if columns else np.empty((rows, 0))


def _means(values: Floats, found: Clusters, kind: pa.DataType) -> pa.Array:
    """The mean of each cluster, null where most of its rows have none, in the column's type."""
    there = ~np.isnan(values)
    counts = np.bincount(found.labels, weights=there, minlength=found.count)
    sums = np.bincount(found.labels, weights=np.where(there, values, 0.0), minlength=found.count)
    sizes = np.bincount(found.labels, minlength=found.count)
    cells = [
        _typed(total / count, kind) if 2 * count >= size else None
        for total, count, size in zip(sums.tolist(), counts.tolist(), sizes.tolist(), strict=True)
    ]
    return pa.array(cells, kind)


def _typed(mean: float, kind: pa.DataType) -> Any:
    if pa.types.is_integer(kind):
        return round(mean)
    return round(Decimal(mean), kind.scale) if pa.types.is_decimal(kind) else mean


def _modes(codes: npt.NDArray[np.int64], values: pa.Array, found: Clusters, kind: pa.DataType) -> pa.Array:
    """The most frequent category of each cluster, in the column's type."""
    plain = values.take(pa.array(modes(found.labels, codes, found.count)))
    return plain.dictionary_encode().cast(kind) if pa.types.is_dictionary(kind) else plain
