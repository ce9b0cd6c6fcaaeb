"""Laws of the monitor: a table is never an alarm to itself, and its verdict is always strict JSON."""

import json

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spalje.monitor.data_quality import check
from spalje.monitor.suggestion import suggest
from spalje.monitor.verdict import Outcome, Verdict
from spalje.profile.document import from_dict, to_dict
from spalje.profile.scan import profile_batches
from spalje.sagemaker import constraints as constraints_file
from spalje.sagemaker import statistics as statistics_file
from spalje.sagemaker.constraints import ConstraintsFile
from spalje.sagemaker.profile import of_profile, to_profile

FEW = settings(max_examples=50, deadline=None)

cells = st.one_of(st.none(), st.floats(), st.sampled_from([1e308, -1e308, 0.0, float("nan"), float("inf")]))
wholes = st.one_of(st.none(), st.integers(-(2**63), 2**63 - 1), st.integers(0, 2))
words = st.one_of(st.none(), st.text(max_size=3), st.sampled_from("ab"))
tables = st.lists(
    st.tuples(cells, wholes, words, st.one_of(st.none(), st.booleans())), min_size=1, max_size=40
)


def profile(rows, times=1):
    types = (pa.float64(), pa.int64(), pa.string(), pa.bool_())
    columns = [pa.array([row[i] for row in rows] * times, type_) for i, type_ in enumerate(types)]
    return profile_batches([pa.RecordBatch.from_arrays(columns, names=["x", 'say "no"', "", "ä.b"])])


@FEW
@given(tables, st.sampled_from(["calibrated", "sagemaker"]), st.sampled_from([1, 20, 700]))
def test_a_table_is_no_alarm_to_itself(rows, policy, times):
    table = profile(rows, times)
    verdict = check(table, table, suggest(table), policy=policy)
    assert verdict.violations == ()
    enough = len(rows) * times >= 200 or policy == "sagemaker"
    assert verdict.outcome is (Outcome.OK if enough else Outcome.INSUFFICIENT)


@FEW
@given(tables)
def test_a_table_is_no_alarm_to_its_own_files(rows):
    """Through profile.json, statistics.json and constraints.json, and through Model Monitor's two alone."""
    table = profile(rows, 20)
    constraints = constraints_file.read(constraints_file.write(ConstraintsFile(suggest(table)))).constraints
    assert constraints == suggest(table)
    stored = from_dict(json.loads(json.dumps(to_dict(table), allow_nan=False)))
    assert check(table, stored, constraints).violations == ()
    imported = to_profile(statistics_file.read(statistics_file.write(of_profile(table))))
    finite = all(row[0] is None or np.isfinite(row[0]) for row in rows)
    if finite:
        assert check(table, imported, constraints).violations == ()


@FEW
@given(tables, tables, st.sampled_from(["calibrated", "sagemaker"]))
def test_a_verdict_is_strict_json_whatever_is_compared(one, two, policy):
    training = profile(one, 20)
    verdict = check(profile(two, 20), training, suggest(training), policy=policy)
    assert Verdict.model_validate(json.loads(verdict.model_dump_json())) == verdict
    json.dumps(verdict.figures, allow_nan=False)
    assert all(violation.description and "\n" not in violation.check for violation in verdict.violations)
    assert verdict.blocks <= (verdict.outcome is Outcome.ALARM)


@pytest.mark.parametrize("seed", range(20))
def test_samples_of_the_training_table_are_not_blocked(seed):
    rng = np.random.default_rng(seed)
    rows = 30_000
    training = {
        "zeros": np.where(rng.random(rows) < 0.8, 0, rng.lognormal(1, 1.5, rows)),
        "heavy": rng.standard_t(2, rows),
        "counts": rng.negative_binomial(1, 0.4, rows),
        "article": rng.zipf(1.3, rows).clip(max=5000).astype(str),
    }
    baseline = profile_batches([pa.RecordBatch.from_pydict(training)])
    sample = rng.choice(rows, 3000, replace=False)
    batch = profile_batches(
        [pa.RecordBatch.from_pydict({name: part[sample] for name, part in training.items()})]
    )
    assert check(batch, baseline, suggest(baseline)).violations == ()
