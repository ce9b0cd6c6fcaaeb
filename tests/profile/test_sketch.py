"""Sketches: what is counted, what adds up, and what is refused."""

import copy
import json

import numpy as np
import pyarrow as pa
import pytest

from spalje.errors import BadInput
from spalje.profile import document
from spalje.profile.counting import approximate
from spalje.profile.grid import freeze
from spalje.profile.profile import merge
from spalje.profile.scan import profile_batches
from spalje.profile.sketch import Sketch, from_dict, to_dict


def some(rows, seed=0, shift=0.0):
    rng = np.random.default_rng(seed)
    x = rng.normal(size=rows) + shift
    return pa.RecordBatch.from_pydict(
        {
            "x": pa.array(np.where(rng.random(rows) < 0.05, np.nan, x), mask=rng.random(rows) < 0.1),
            "y": 0.8 * x + 0.6 * rng.normal(size=rows),
            "n": rng.poisson(2, rows),
            "w": rng.choice(["a", "b", "c"], rows),
        }
    )


GRIDS = freeze(profile_batches([some(5000)]))


def counted(*batches):
    return profile_batches(batches, grids=GRIDS)


def test_every_row_falls_into_one_cell_or_has_no_finite_value():
    sketch = counted(some(3000, 1)).sketch
    for name, cells in sketch.cells.items():
        assert cells.sum() + sketch.nulls[name] + sketch.not_finite.get(name, 0) == 3000
    assert sketch.nulls["x"] > 0
    assert sketch.not_finite["x"] > 0


def test_parts_add_up_exactly():
    parts = [some(700, seed) for seed in range(4)]
    whole = counted(*parts).sketch
    merged = counted(parts[3]).sketch
    for part in parts[:3]:
        merged = merged.merge(counted(part).sketch)
    assert {k: v.tolist() for k, v in merged.cells.items()} == {k: v.tolist() for k, v in whole.cells.items()}
    assert (merged.nulls, merged.not_finite, merged.rows) == (whole.nulls, whole.not_finite, whole.rows)
    assert merged.gram.products == pytest.approx(whole.gram.products)
    assert merge(counted(parts[0]), counted(parts[1])).sketch.rows == 1400


def test_correlations_are_those_of_the_ranks():
    gram = counted(some(20_000)).sketch.gram
    i, j = gram.columns.index("x"), gram.columns.index("y")
    # nulls and NaN, 15 % of x, score 0
    assert gram.correlations[i, j] == pytest.approx(0.8 * np.sqrt(0.855), abs=0.03)
    assert abs(gram.correlations[i, gram.columns.index("n")]) < 0.03
    assert np.diagonal(gram.correlations).tolist() == [1, 1, 1]


def test_a_profile_without_cells_still_says_much_of_them():
    batch = some(3000, 1)
    rough, exact = approximate(profile_batches([batch]), GRIDS), counted(batch).sketch
    for name in ("n", "w"):
        assert rough.cells[name].tolist() == exact.cells[name].tolist()
    distance = np.abs(np.cumsum(rough.cells["x"]) - np.cumsum(exact.cells["x"])).max()
    assert distance < 0.002 * 3000
    assert (rough.nulls, rough.not_finite) == (exact.nulls, exact.not_finite)


def test_other_columns_and_other_types_than_the_baselines_are_left_out():
    found = profile_batches(
        [pa.RecordBatch.from_pydict({"x": ["a"], "y": [1], "n": [None], "z": [1]})], grids=GRIDS
    )
    assert set(found.sketch.cells) == {"y", "n"}
    assert found.sketch.cells["n"].sum() == 0
    assert found.sketch.nulls == {"x": 0, "y": 0, "n": 1, "z": 0}


def test_cells_of_different_baselines_do_not_add_up():
    with pytest.raises(BadInput, match="into the cells a, the other into b"):
        Sketch("a", 1).merge(Sketch("b", 1))


def test_a_document_is_strict_json_small_and_says_everything():
    profile = counted(some(3000, 1), some(10))
    text = json.dumps(document.to_dict(profile), allow_nan=False)
    back = document.from_dict(json.loads(text))
    assert document.to_dict(back) == document.to_dict(profile)
    assert back.sketch.gram.correlations.tolist() == profile.sketch.gram.correlations.tolist()
    assert len(json.dumps(to_dict(profile.sketch))) < 2000 * len(profile.columns)


@pytest.mark.parametrize(
    ("place", "value", "says"),
    [
        (("format",), 2, "format"),
        (("rows",), 2999, "counts 3000 rows of 2999"),
        (("nulls", "x"), -1, "nulls.x"),
        (("cells", "x"), "AAAA", "not compressed"),
        (("cells", "x"), "eJw=", "cut off"),
        (("cells", "x"), "!", "cells"),
        (("gram", "columns"), ["x"], "every two columns"),
        (("newest", "x"), float("inf"), "newest.x"),
        (("more",), 1, "more"),
    ],
)
def test_damage_is_refused_by_place(place, value, says):
    broken = copy.deepcopy(to_dict(counted(some(3000, 1)).sketch))
    target = broken
    for step in place[:-1]:
        target = target[step]
    target[place[-1]] = value
    with pytest.raises(BadInput, match="not a sketch of format 1") as caught:
        from_dict(broken)
    if says != "cells":
        assert says in str(caught.value)
