"""The table that profiles are measured on: 20 columns of the kinds that real ones have.

A table is made one row group at a time, each from a seed of its own, so that memory does not grow with
rows, and the first million rows are the same in every longer table. ``current`` is ``base`` drawn anew, with
two drifts: ``shifted`` moved by 4, and the mix of the segments changed.

``python -m bench.generator WHICH ROWS FILE`` writes one.
"""

import os
import sys
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.random import Generator
from numpy.typing import NDArray

#: Part of every file's name: raise it with every change of what is drawn.
VERSION = 1
#: Rows of a row group.
GROUP = 500_000
SEED = 20_261_124
Which = Literal["base", "current"]

#: Of a column's values, how many are null.
NULLS = {
    "shifted": 0.01,
    "lognormal": 0.02,
    "gamma": 0.05,
    "beta": 0.10,
    "student": 0.03,
    "bimodal": 0.30,
    "sku": 0.02,
}
SEGMENTS = {"base": (0.40, 0.25, 0.20, 0.10, 0.05), "current": (0.20, 0.25, 0.25, 0.15, 0.15)}
SHIFT = {"base": 0.0, "current": 4.0}
STORES, SKUS, DAYS = 300, 20_000, 730
#: Falls off as the visitors of shops do: the first of 300 has three rows in ten.
ZIPF = 1.3

Floats = NDArray[np.float64]


def groups(which: Which, rows: int) -> Iterator[pa.Table]:
    """The table, a row group at a time."""
    for number, first in enumerate(range(0, rows, GROUP)):
        yield _group(which, number, min(GROUP, rows - first))


def write(which: Which, rows: int, file: Path) -> None:
    """Write the table as Parquet; the file is there when it is whole."""
    aside = file.with_name(f"{file.name}.{os.getpid()}")
    rest = groups(which, rows)
    first = next(rest)
    try:
        with pq.ParquetWriter(aside, first.schema, compression="zstd") as writer:
            for group in chain([first], rest):
                writer.write_table(group, row_group_size=GROUP)
        aside.replace(file)
    finally:
        aside.unlink(missing_ok=True)


def _group(which: Which, number: int, rows: int) -> pa.Table:
    rng = np.random.default_rng([SEED, get_args(Which).index(which), number])
    columns: dict[str, NDArray[Any]] = {}
    columns |= _smooth(rng, rows, SHIFT[which])
    columns |= _lumpy(rng, rows)
    columns |= _whole(rng, rows)
    arrays = {name: _array(name, values, rng) for name, values in columns.items()}
    places = {
        "segment": rng.choice(5, rows, p=SEGMENTS[which]),
        "store": _zipf(rng, rows, STORES),
        # the cube makes the first of 20,000 two thousand times as frequent as the last
        "sku": (SKUS * rng.random(rows) ** 3).astype(np.int64),
        "flag": (rng.random(rows) < 0.1).astype(np.int64),
    }
    for name, place in places.items():
        known = _array(name, place, rng)
        arrays[name] = pa.DictionaryArray.from_arrays(known, NAMES[name]).cast(pa.string())
    return pa.table(arrays)


def _smooth(rng: Generator, rows: int, shift: float) -> dict[str, Floats]:
    return {
        "normal": rng.normal(size=rows),
        "shifted": rng.normal(100, 15, rows) + shift,
        "lognormal": rng.lognormal(3, 1.2, rows),
        "exponential": rng.exponential(50, rows),
        "gamma": rng.gamma(2, 3, rows),
        "uniform": rng.random(rows),
        "beta": rng.beta(2, 5, rows),
        "student": 10 * rng.standard_t(3, rows),
    }


def _lumpy(rng: Generator, rows: int) -> dict[str, Floats]:
    return {
        "money": np.round(rng.lognormal(3, 1, rows), 2),
        "zero_inflated": np.where(rng.random(rows) < 0.7, 0.0, rng.gamma(2, 10, rows)),
        "bimodal": rng.normal(0, 1, rows) + 8 * (rng.random(rows) < 0.4),
        "rating": rng.binomial(10, 0.6, rows) / 2,
    }


def _whole(rng: Generator, rows: int) -> dict[str, NDArray[np.int64]]:
    return {
        "age": rng.integers(18, 96, rows),
        "id": rng.integers(0, 2**40, rows),
        "count": rng.poisson(3, rows),
        "day": rng.integers(0, DAYS, rows),
    }


def _zipf(rng: Generator, rows: int, places: int) -> NDArray[np.int64]:
    share = np.arange(1, places + 1) ** -ZIPF
    return np.searchsorted(np.cumsum(share / share.sum())[:-1], rng.random(rows), side="right")


def _array(name: str, values: NDArray[Any], rng: Generator) -> pa.Array:
    share = NULLS.get(name)
    return pa.array(values, mask=rng.random(len(values)) < share if share else None)


NAMES = {
    "segment": pa.array(["home", "family", "student", "senior", "business"]),
    "store": pa.array([f"store {number:03}" for number in range(STORES)]),
    "sku": pa.array([f"SKU-{number:05}" for number in range(SKUS)]),
    "flag": pa.array(["N", "Y"]),
}

if __name__ == "__main__":
    if sys.argv[1] not in get_args(Which):
        raise SystemExit(f"There is no table {sys.argv[1]!r}, only {' and '.join(get_args(Which))}.")
    write(sys.argv[1], int(sys.argv[2]), Path(sys.argv[3]))  # type: ignore[arg-type]
