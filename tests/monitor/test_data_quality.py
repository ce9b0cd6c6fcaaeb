"""Each fault is found for what it is, in a sentence; drift alone never blocks."""

import numpy as np
import pyarrow as pa
import pytest

from spalje.monitor.data_quality import check
from spalje.monitor.suggestion import suggest
from spalje.monitor.verdict import Outcome
from spalje.profile.profile import Profile
from spalje.profile.scan import profile_batches

ROWS = 2000


def table(seed=0, rows=ROWS, **columns):
    rng = np.random.default_rng(seed)
    usual = {
        "units": rng.poisson(2, rows),
        "price": np.round(rng.lognormal(1, 0.5, rows), 2),
        "store": rng.choice([f"store {i}" for i in range(30)], rows),
        "promoted": rng.random(rows) < 0.2,
    }
    return {name: column for name, column in (usual | columns).items() if column is not None}


def profile(columns, categorical=()):
    return profile_batches([pa.RecordBatch.from_pydict(dict(columns))], categorical)


TRAINING = profile(table(rows=20_000))
CONSTRAINTS = suggest(TRAINING)


def checked(batch, /, **settings):
    policy = settings.pop("policy", "calibrated")
    keys = {name: settings.pop(name) for name in list(settings) if name.startswith("keys_")}
    return check(profile(batch), TRAINING, CONSTRAINTS.edited(settings), policy=policy, **keys)


def found(verdict, *, breach=None):
    return {
        (violation.check, violation.column)
        for violation in verdict.violations
        if breach is None or violation.breach is breach
    }


def at(values, share, value):
    """Values with a share of them replaced."""
    values = list(values)
    values[: round(share * len(values))] = [value] * round(share * len(values))
    return values


def test_a_good_batch_is_ok():
    for policy, said in (
        ("calibrated", " (uncalibrated: there are too few good batches to learn from)."),
        ("sagemaker", " by Model Monitor's rules."),
    ):
        verdict = checked(table(1), policy=policy)
        assert (verdict.outcome, verdict.violations) == (Outcome.OK, ())
        assert verdict.summary == f"Nothing found in 2,000 rows and 4 columns{said}"


@pytest.mark.parametrize(
    ("columns", "check_name", "column", "words"),
    [
        (table(1, price=None), "missing_column_check", "price", "price is missing"),
        (table(1, price=["a"] * ROWS), "type_check", "price", "price is text now and was real in training"),
        (table(1, store=np.arange(ROWS)), "type_check", "store", "is integer now and was text"),
        (table(1, price=[[1.0]] * ROWS), "type_check", "price", "price is list<item: double> now"),
        (
            table(1, price=at(table(1)["price"], 0.2, None)),
            "null_check",
            "price",
            "400 of 2,000 values (20 %) are null, up from 0 % in training; up to 5 % are allowed",
        ),
        (
            table(1, price=at(table(1)["price"], 0.001, float("nan"))),
            "not_finite_check",
            "price",
            "2 of 2,000 values (0.1 %) are NaN or infinite; in training none was",
        ),
        (table(1, price=at(table(1)["price"], 0.001, float("inf"))), "not_finite_check", "price", "infinite"),
        (
            table(1, units=at(table(1)["units"], 0.01, -3)),
            "negative_check",
            "units",
            "20 of 2,000 values (1 %) are below 0; in training none was, and the lowest is now -3",
        ),
        (
            table(1, price=at(table(1)["price"], 0.1, 999.0)),
            "range_check",
            "price",
            "200 of 2,000 values (10 %) are above",
        ),
        (
            table(1, store=at(table(1)["store"], 0.1, "store 99")),
            "unseen_check",
            "store",
            "200 of 2,000 values (10 %) were never seen in training, most often 'store 99'",
        ),
    ],
)
def test_a_fault_of_the_delivery_is_a_breach(columns, check_name, column, words):
    verdict = checked(columns)
    assert verdict.outcome is Outcome.ALARM
    assert verdict.blocks
    assert found(verdict, breach=True) == {(check_name, column)}
    assert verdict.violations[0].breach
    assert words in verdict.violations[0].description


def test_a_batch_without_rows_or_with_far_too_few_is_a_breach():
    for policy in ("calibrated", "sagemaker"):
        empty = checked({name: column[:0] for name, column in table().items()}, policy=policy)
        assert (empty.outcome, empty.summary) == (Outcome.ALARM, "The batch has no rows.")
        assert empty.blocks
    assert checked(table(1), rows=2000).outcome is Outcome.OK
    half = checked(table(1), rows=5000)
    assert found(half, breach=True) == {("volume_check", None)}
    assert half.summary.startswith(
        "The batch has 2,000 rows; about 5,000 are expected, and from 2,500 to 10,000"
    )
    assert checked(table(1), rows=900).blocks
    assert not checked(table(1), rows={"expected": 5000, "factor": 3}).blocks


def test_business_keys():
    assert found(checked(table(1), keys_duplicated=1), breach=True) == {("key_check", None)}
    assert found(checked(table(1), keys_null=2), breach=True) == {("key_check", None)}
    assert found(checked(table(1), keys_missing=["day"]), breach=True) == {("key_check", "day")}
    assert checked(table(1), keys_duplicated=20, duplicates=0.01).outcome is Outcome.OK


@pytest.mark.parametrize(
    ("columns", "check_name", "column", "words"),
    [
        (
            table(1, units=np.random.default_rng(1).poisson(3, ROWS)),
            "drift_check",
            "units",
            "its mean went",
        ),
        (
            table(1, store=at(table(1)["store"], 0.3, "store 1")),
            "drift_check",
            "store",
            "'store 1' went from",
        ),
        (table(1, weather=["dry"] * ROWS), "extra_column_check", "weather", "weather is new"),
        (table(1, price=at(table(1)["price"], 0.03, None)), "completeness_check", "price", "3 % of the rows"),
        (
            table(1, store=at(table(1)["store"], 0.01, "new")),
            "categorical_values_check",
            "store",
            "20 of 2,000 values (1 %)",
        ),
        (
            table(1, units=at(table(1)["units"], 0.01, 0.5)),
            "data_type_check",
            "units",
            "only 99 % of its values",
        ),
    ],
)
def test_what_is_no_fault_of_the_delivery_is_a_warning(columns, check_name, column, words):
    verdict = checked(columns)
    assert verdict.outcome is Outcome.WARNING
    assert not verdict.blocks
    assert found(verdict) == {(check_name, column)}
    assert words in verdict.violations[0].description
    strict = checked(columns, policy="sagemaker")
    assert strict.outcome is Outcome.ALARM
    theirs = {"drift_check": "baseline_drift_check"}.get(check_name, check_name)
    assert (theirs, column) in found(strict)
    assert not strict.blocks
    assert verdict.figures["sagemaker"]["outcome"] == "alarm"


def test_margins_are_ours_and_not_model_monitors():
    """One null and one new value: Model Monitor alarms, as its constraints say; we do not."""
    columns = table(1, price=at(table(1)["price"], 0.001, None), store=at(table(1)["store"], 0.001, "new"))
    assert checked(columns).outcome is Outcome.OK
    assert found(checked(columns, policy="sagemaker")) == {
        ("completeness_check", "price"),
        ("categorical_values_check", "store"),
    }


def test_a_renamed_column_is_missing_and_extra():
    columns = table(1)
    columns["cost"] = columns.pop("price")
    assert found(checked(columns)) == {("missing_column_check", "price"), ("extra_column_check", "cost")}


def test_few_rows_say_nothing_about_drift_but_faults_still_show():
    few = checked(table(1, rows=150))
    assert (few.outcome, few.summary) == (
        Outcome.INSUFFICIENT,
        "Too few rows to compare distributions: 150, and at least 200 are needed.",
    )
    drifted = table(1, rows=150, units=np.random.default_rng(1).poisson(9, 150))
    assert checked(drifted, columns={"units": {"far_share": 1.0}}).outcome is Outcome.INSUFFICIENT
    assert checked(table(1, rows=150, price=None)).outcome is Outcome.ALARM
    assert checked(table(1, rows=150), min_rows=100).outcome is Outcome.OK


@pytest.mark.parametrize(("method", "outcome"), [("Robust", Outcome.OK), ("Simple", Outcome.ALARM)])
def test_robust_forgives_what_sampling_explains(method, outcome):
    columns = table(1, rows=400, units=np.random.default_rng(7).poisson(2.35, 400))
    apart = checked(columns).figures["columns"]["units"]
    assert apart["distance_robust"] < 0.1 < apart["distance"]
    assert checked(columns, comparison_method=method, policy="sagemaker").outcome is outcome


def test_thresholds_of_one_column_are_its_own():
    columns = table(1, units=np.random.default_rng(1).poisson(3, ROWS))
    assert checked(columns).outcome is Outcome.WARNING
    assert checked(columns, columns={"units": {"drift_margin": 0.9}}).outcome is Outcome.OK
    assert checked(columns, columns={"units": {"evaluate": False}}).outcome is Outcome.OK
    assert checked(table(1, units=None), columns={"units": {"evaluate": False}}).outcome is Outcome.OK
    theirs = {"policy": "sagemaker"}
    assert checked(columns, **theirs).outcome is Outcome.ALARM
    assert checked(columns, columns={"units": {"comparison_threshold": 0.9}}, **theirs).outcome is Outcome.OK
    assert checked(columns, comparison_threshold=0.9, **theirs).outcome is Outcome.OK
    assert checked(columns, categorical_threshold=0.9, **theirs).outcome is Outcome.ALARM
    stores = table(1, store=at(table(1)["store"], 0.3, "store 1"))
    assert checked(stores, categorical_threshold=0.9, **theirs).outcome is Outcome.OK


def test_whole_numbers_written_as_fractions_are_still_whole():
    """pandas turns whole numbers with a null into floats: not another type, and not a warning."""
    assert checked(table(1, units=table(1)["units"].astype(float))).outcome is Outcome.OK


def test_numbers_declared_to_be_categories_are_compared_as_such():
    rng = np.random.default_rng(0)
    training = profile({"store": rng.integers(1, 9, ROWS)}, ["store"])
    verdict = check(profile({"store": rng.integers(1, 12, ROWS)}, ["store"]), training, suggest(training))
    assert ("unseen_check", "store") in found(verdict, breach=True)


def test_dates_go_on_and_that_is_no_drift():
    days = np.arange("2026-01-01", "2026-12-27", dtype="datetime64[D]")
    training, batch = profile({"day": np.repeat(days, 3)}), profile({"day": np.repeat(days + 365, 3)})
    assert check(batch, training, suggest(training)).outcome is Outcome.OK


def test_a_constant_that_changes_has_drifted_but_is_no_breach():
    training = profile({"flag": np.zeros(ROWS)})
    verdict = check(profile({"flag": np.ones(ROWS)}), training, suggest(training))
    assert (verdict.outcome, found(verdict)) == (Outcome.WARNING, {("drift_check", "flag")})


def test_a_few_wild_values_are_a_curiosity():
    assert (
        checked(table(1, rows=300, price=at(table(1, rows=300)["price"], 4 / 300, 1e9))).outcome is Outcome.OK
    )


def test_breaches_come_first_and_the_summary_is_the_worst():
    columns = table(1, weather=["dry"] * ROWS, units=np.random.default_rng(1).poisson(3, ROWS), price=None)
    verdict = checked(columns)
    assert [violation.breach for violation in verdict.violations] == [True, False, False]
    assert verdict.summary == "price is missing: training had it, the batch does not. And 2 more."


def test_a_table_without_columns():
    assert check(Profile(rows=500), Profile(rows=500), suggest(Profile(rows=500))).outcome is Outcome.OK


def test_row_ids_are_no_categories_to_compare():
    """More different values than are kept: no value is common enough to drift, and all are new."""
    ids = profile({"id": [f"row {i}" for i in range(70_000)]})
    batch = profile({"id": [f"order {i}" for i in range(3000)]})
    assert check(ids, ids, suggest(ids)).outcome is Outcome.OK
    verdict = check(batch, ids, suggest(ids))
    assert verdict.outcome is Outcome.OK
    assert "unseen" not in verdict.figures["columns"]["id"]
    one = check(profile({"id": ["row 1"] * 3000}), ids, suggest(ids))
    assert found(one) == {("drift_check", "id")}
    assert "'row 1' went from 0 % to 100 %" in one.summary
