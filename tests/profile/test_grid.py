"""Cells: where they end, what falls into them, and when a column has none."""

import numpy as np
import pyarrow as pa
import pytest

from spalje.profile.grid import CATEGORIES, CELLS, CategoryGrid, NumberGrid, freeze, normal_scores
from spalje.profile.scan import profile_batches


def profiled(columns, grids=None):
    return profile_batches([pa.RecordBatch.from_pydict(columns)], grids=grids)


def grid_of(values):
    return freeze(profiled({"x": values})).columns.get("x")


def by_definition(grid, values):
    """Cell i holds x with edges[i - 1] < float32(x - centre) <= edges[i]."""
    counts = np.zeros(grid.cells, dtype=int)
    for x in values:
        rounded = np.float32(x - grid.centre)
        counts[np.count_nonzero(grid.edges < rounded)] += 1
    return counts.tolist()


@pytest.mark.parametrize(
    "make",
    [
        lambda rng: rng.normal(100, 15, 5000),
        lambda rng: np.where(rng.random(5000) < 0.7, 0.0, rng.gamma(2, 3, 5000)),
        lambda rng: rng.poisson(3, 5000),
        lambda rng: np.round(rng.lognormal(3, 1.2, 5000), 2),
        lambda rng: 1.7e9 + rng.random(5000),
        lambda rng: np.full(10, 7),
    ],
    ids=["normal", "mostly zero", "counts", "money", "close together", "constant"],
)
def test_rows_per_cell_are_those_of_the_definition(make):
    values = make(np.random.default_rng(2))
    grid = grid_of(values)
    counts = profiled({"x": values}, freeze(profiled({"x": values}))).sketch.cells["x"]
    assert counts.tolist() == by_definition(grid, values)
    assert np.all(np.diff(grid.edges) > 0)
    assert np.all(np.diff(grid.scores) >= 0)


def test_cells_have_equal_shares_and_point_masses_their_own():
    rng = np.random.default_rng(0)
    values = np.concatenate([np.zeros(7000), rng.gamma(2, 3, 93_000)])
    grid = grid_of(values)
    counts = grid.count(np.sort(grid.rounded(values)))
    place = int(np.searchsorted(grid.edges, 0.0))
    assert counts[place] == 7000
    assert CELLS * 0.9 < grid.cells < CELLS * 1.1
    assert np.delete(counts, place).max() < 2 * len(values) / CELLS


def test_a_grid_for_numbers_that_32_bits_cannot_tell_apart_is_shifted():
    values = 1.7e12 + np.random.default_rng(0).random(20_000) * 1000
    grid = grid_of(values)
    assert grid.centre != 0
    assert grid.cells > 500
    assert np.mean(values <= grid.bounds[255]) == pytest.approx(256 / 511, abs=0.002)
    assert grid_of([1e300, 2e300, 3e300]) is None


def test_columns_that_get_no_grid():
    found = profiled(
        {
            "day": pa.array([1, 2], pa.date32()),
            "at": pa.array([1, 2], pa.timestamp("s")),
            "nothing": [None, None],
            "never": pa.array([None, None], pa.float64()),
            "x": [1, 2],
        }
    )
    assert list(freeze(found).columns) == ["x"]
    assert profiled({"day": pa.array([1, 9], pa.date32())}, freeze(found)).sketch.newest == {"day": 9.0}


def test_categories_beyond_the_most_frequent_are_other_and_new_ones_unseen():
    words = [f"w{i:04d}" for i in range(600) for _ in range(1 + (i < 512))]
    grids = freeze(profiled({"w": words}))
    grid = grids.columns["w"]
    assert isinstance(grid, CategoryGrid)
    assert grid.values.to_pylist() == sorted(words)[: 2 * CATEGORIES : 2]
    counts = profiled({"w": ["w0001", "w0599", "new", None, "new"]}, grids).sketch.cells["w"]
    assert counts[1] == counts[-2] == 1
    assert counts[-1] == 2
    assert counts.sum() == 4


def test_fingerprints_name_the_cells():
    one = freeze(profiled({"x": [1.0, 2.0], "w": ["a", "b"]}))
    assert one.fingerprint == freeze(profiled({"w": ["b", "a"], "x": [2.0, 1.0]})).fingerprint
    others = [{"x": [1.0, 2.5]}, {"x": [1.0, 2.0], "w": ["a", "c"]}, {"x": [1.0, 2.0], "w": ["ab", ""]}]
    assert len({freeze(profiled(other)).fingerprint for other in others} | {one.fingerprint}) == 4


def test_normal_scores_are_symmetric_and_finite():
    scores = normal_scores(np.array([0, 1, 1, 0]))
    assert scores.tolist() == (-scores[::-1]).tolist()
    assert np.abs(scores).max() < 3.4
    assert isinstance(grid_of([1, 2]), NumberGrid)
