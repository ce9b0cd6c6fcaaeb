"""Documents of profiles that were damaged or edited are refused with the place."""

import copy

import numpy as np
import pyarrow as pa
import pytest

from spalje.errors import BadInput
from spalje.profile.document import from_dict, to_dict
from spalje.profile.profile import merge
from spalje.profile.scan import profile_batches


@pytest.fixture(scope="module")
def document():
    rng = np.random.default_rng(0)
    batch = {"x": rng.normal(size=2000), "n": rng.poisson(2, 2000), "w": rng.choice(["a", "b"], 2000)}
    return to_dict(profile_batches([pa.RecordBatch.from_pydict(batch)]))


@pytest.mark.parametrize(
    ("place", "value", "says"),
    [
        (("format",), 1, "format"),
        (("rows",), 1999, "does not have the table's 1999 rows"),
        (("columns", 0, "nulls"), 1, "add up to 2001"),
        (("columns", 0, "nulls"), 10**400, "columns.0.nulls"),
        (("columns", 1, "numbers", "moments", "high"), 10**400, "moments.high"),
        (("columns", 1, "numbers", "points", "counts"), [10**400], "points.counts"),
        (("columns", 0, "kind"), "number", "columns.0.kind"),
        (("columns", 0, "kind"), "text", "has no numbers"),
        (("columns", 0, "surprise"), 1, "surprise"),
        (("columns", 0, "numbers", "moments", "mean"), float("nan"), "finite"),
        (("columns", 0, "numbers", "sketch", "levels", 0, "data"), "AAA", "levels.0"),
        (("columns", 0, "numbers", "sketch", "levels", 0, "data"), "AAAAAAAA8D8=", "add up"),
        (("columns", 0, "numbers", "sketch", "levels", 0, "data"), "AAAAAAAA+H8=", "finite numbers only"),
        (("columns", 1, "numbers", "points", "counts"), [1], "every value needs a count"),
        (("columns", 2, "texts", "values"), ["a", "a"], "twice"),
        (("columns", 2, "name"), "x", "same name"),
        (("columns", 2, "name"), "\ud800", "surrogates not allowed"),
        (("columns", 2, "texts", "values"), ["a", "\ud800"], "surrogates not allowed"),
    ],
)
def test_damage_is_refused_by_place(document, place, value, says):
    broken = copy.deepcopy(document)
    target = broken
    for step in place[:-1]:
        target = target[step]
    target[place[-1]] = value
    with pytest.raises(BadInput, match="not a profile of format 2") as caught:
        from_dict(broken)
    assert says in str(caught.value)


def test_hostile_names_survive(document):
    names = ["", "a.b", 'say "no"', "ä\n🍐", "__proto__", "x" * 1000]
    batch = pa.RecordBatch.from_pydict({name: [1.0] for name in names})
    assert list(from_dict(to_dict(profile_batches([batch]))).columns) == names


def test_only_alike_tables_add_up(document):
    one = from_dict(document)
    other = profile_batches([pa.RecordBatch.from_pydict({"x": [1.0]})])
    with pytest.raises(BadInput, match=r"\['n', 'w'\]"):
        merge(one, other)
    retyped = profile_batches([pa.RecordBatch.from_pydict({"x": ["a"], "n": [1], "w": ["a"]})])
    with pytest.raises(BadInput, match="'x' is real in one part and text in another"):
        merge(one, retyped)
