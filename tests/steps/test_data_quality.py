"""The files of the data quality monitor, from folder to folder."""

import json
import re
import shutil

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from spalje.errors import BadInput, NotFound
from spalje.monitor.verdict import Outcome, Verdict
from spalje.pipeline.problem import Problem
from spalje.profile.document import from_dict
from spalje.sagemaker import constraints as constraints_file
from spalje.sagemaker import statistics as statistics_file
from spalje.sagemaker import violations as violations_file
from spalje.steps.data_quality import check, write_baseline
from spalje.storage import table

PROBLEM = Problem(
    type="regression",
    target="units",
    features=("lag_7", "price", "store_type", "shelf"),
    categorical=("store_type", "shelf"),
    keys=("store", "day"),
    time="day",
    group="store",
)
STORES = 60


def days(first, number, seed=0):
    """A table of every store on some days."""
    rng = np.random.default_rng(seed)
    rows = STORES * number
    return pa.table(
        {
            "store": np.tile(np.arange(STORES), number),
            "day": pa.array(np.repeat(np.arange(first, first + number), STORES).astype("datetime64[D]")),
            "lag_7": rng.poisson(2, rows).astype(float),
            "price": np.round(rng.lognormal(1, 0.4, rows), 2),
            "store_type": rng.choice(["city", "village"], rows),
            "shelf": rng.integers(1, 6, rows),
            "units": rng.poisson(2, rows),
            "note": ["as usual"] * rows,
        }
    )


def edited(rows, name, values):
    return rows.set_column(rows.schema.get_field_index(name), name, pa.array(values))


@pytest.fixture
def folders(tmp_path):
    for name in ("training", "baseline", "batch", "verdict"):
        (tmp_path / name).mkdir()
    table.write(days(0, 100), tmp_path / "training")
    table.write(days(100, 7, 1).drop(["units"]), tmp_path / "batch")
    write_baseline(tmp_path / "training", PROBLEM, tmp_path / "baseline", {"monitor": "data_quality"})
    return tmp_path


def checked(folders, batch=None, **settings):
    if batch is not None:
        table.write(batch, folders / "batch")
    settings = {"monitor": "data_quality", "policy": "calibrated", **settings}
    return check(folders / "batch", folders / "baseline", PROBLEM, folders / "verdict", settings)


def test_the_same_batch_leaves_the_same_bytes_whenever_it_is_checked(folders):
    checked(folders)
    before = {path.name: path.read_bytes() for path in (folders / "verdict").iterdir()}
    checked(folders)
    assert {path.name: path.read_bytes() for path in (folders / "verdict").iterdir()} == before
    assert not re.search(rb"\d\d:\d\d UTC", before["report.html"]), "it would be another one a minute later"


def breaches(verdict):
    return {(violation.check, violation.column) for violation in verdict.violations if violation.breach}


def test_a_baselines_files(folders):
    out = folders / "baseline"
    assert sorted(path.name for path in out.iterdir()) == [
        "batches",
        "constraints.json",
        "profile.json",
        "roles.json",
        "statistics.json",
    ]
    profile = from_dict(json.loads((out / "profile.json").read_bytes()))
    assert (profile.rows, list(profile.columns)) == (6000, [*PROBLEM.features, "units"])
    statistics = statistics_file.read((out / "statistics.json").read_bytes())
    assert [feature.name for feature in statistics.features] == [*PROBLEM.features, "units"]
    constraints = constraints_file.read((out / "constraints.json").read_bytes()).constraints
    assert tuple(constraints.columns) == PROBLEM.features
    assert constraints.columns["shelf"].domains == ("1", "2", "3", "4", "5")
    assert set(constraints.other_columns) == {"store", "day", "units", "note"}


def test_the_same_table_gives_the_same_bytes(folders):
    (folders / "again").mkdir()
    write_baseline(folders / "training", PROBLEM, folders / "again", {})
    files = [path for path in (folders / "baseline").rglob("*") if path.is_file()]
    assert len(files) >= 4
    for path in files:
        again = folders / "again" / path.relative_to(folders / "baseline")
        assert path.read_bytes() == again.read_bytes()


def test_a_good_week(folders):
    verdict = checked(folders)
    assert (verdict.outcome, verdict.violations) == (Outcome.OK, ())
    out = folders / "verdict"
    assert Verdict.model_validate_json((out / "verdict.json").read_bytes()) == verdict
    assert violations_file.read((out / "constraint_violations.json").read_bytes()).violations == ()
    assert from_dict(json.loads((out / "profile.json").read_bytes())).rows == 420


def test_training_is_no_alarm_to_itself_whatever_it_is_like(folders):
    """Repeated keys and odd values in training are what a batch may have too."""
    odd = edited(days(0, 100), "price", [float("nan"), None, -3.0, float("inf")] * 1500)
    table.write(pa.concat_tables([odd, odd.slice(0, 60)]), folders / "training")
    write_baseline(folders / "training", PROBLEM, folders / "baseline", {})
    for policy in ("calibrated", "sagemaker"):
        settings = {"policy": policy}
        verdict = check(folders / "training", folders / "baseline", PROBLEM, folders / "verdict", settings)
        assert (verdict.outcome, verdict.violations) == (Outcome.OK, ())


@pytest.mark.parametrize("policy", ["calibrated", "sagemaker"])
def test_an_old_baseline_of_model_monitors_will_do(folders, policy):
    """Only statistics.json and constraints.json, without anything of ours in them."""
    out = folders / "baseline"
    (out / "profile.json").unlink()
    constraints = json.loads((out / "constraints.json").read_bytes())
    constraints.pop("spalje")
    for feature in constraints["features"]:
        feature.pop("spalje")
    constraints["features"].append({"name": "units", "inferred_type": "Integral", "completeness": 1.0})
    (out / "constraints.json").write_text(json.dumps(constraints))
    batch = days(100, 7, 1).drop(["note"])
    assert checked(folders, batch, policy=policy).outcome is Outcome.OK
    high = edited(batch, "lag_7", np.random.default_rng(1).poisson(2, 420) * 10.0)
    verdict = checked(folders, high, policy=policy)
    assert verdict.outcome is Outcome.ALARM
    assert breaches(verdict) == ({("range_check", "lag_7")} if policy == "calibrated" else set())
    (out / "constraints.json").unlink()
    assert ("range_check", "lag_7") in breaches(checked(folders))


def test_categories_that_an_old_baseline_has_as_numbers_stay_numbers(folders):
    plain = PROBLEM.model_copy(update={"categorical": ()})
    write_baseline(folders / "training", plain, folders / "baseline", {})
    (folders / "baseline" / "profile.json").unlink()
    assert checked(folders).outcome is Outcome.OK


@pytest.mark.parametrize(
    ("batch", "expected"),
    [
        (days(100, 7, 1).drop(["price"]), ("missing_column_check", "price")),
        (days(100, 7, 1).drop(["store"]), ("key_check", "store")),
        (pa.concat_tables([days(100, 7, 1), days(103, 1, 2)]), ("key_check", None)),
        (edited(days(100, 7, 1), "store", [None] + [1] * 419), ("key_check", None)),
        (days(100, 7, 1).slice(0, 0), ("volume_check", None)),
        (edited(days(100, 7, 1), "price", ["dear"] * 420), ("type_check", "price")),
        (edited(days(100, 7, 1), "price", [[1.0]] * 420), ("type_check", "price")),
        (edited(days(100, 7, 1), "shelf", [9] * 420), ("unseen_check", "shelf")),
        (edited(days(100, 7, 1), "lag_7", [None] * 420), ("null_check", "lag_7")),
    ],
)
def test_a_fault_of_the_delivery_blocks(folders, batch, expected):
    verdict = checked(folders, batch)
    assert verdict.outcome is Outcome.ALARM
    assert expected in breaches(verdict)
    file = violations_file.read((folders / "verdict" / "constraint_violations.json").read_bytes())
    assert [violation.check for violation in file.violations] == [
        violation.check for violation in verdict.violations
    ]


def test_a_batch_with_none_of_the_columns(folders):
    verdict = checked(folders, pa.table({"unknown": [1] * 300}))
    missing = {("missing_column_check", name) for name in PROBLEM.features}
    assert breaches(verdict) == missing | {("key_check", "store"), ("key_check", "day")}
    verdict = checked(folders, pa.table({"day": [1] * 300, "store": range(300)}))
    assert breaches(verdict) == missing


def test_only_a_column_that_training_never_had_is_new(folders):
    verdict = checked(folders, days(100, 7, 1).append_column("weather", [["dry"] * 420]))
    assert verdict.outcome is Outcome.WARNING
    assert [(violation.check, violation.column) for violation in verdict.violations] == [
        ("extra_column_check", "weather")
    ]


def test_keys_may_be_pandas_categories(folders):
    batch = days(100, 7, 1)
    words = pa.array([f"store {store}" for store in batch["store"].to_pylist()]).dictionary_encode()
    batch = edited(batch, "store", words)
    for number, part in enumerate((batch.slice(0, 200), batch.slice(200))):
        pq.write_table(part, folders / "batch" / f"part-{number}.parquet")
    assert checked(folders).outcome is Outcome.OK


def test_edits_of_the_file_and_of_the_step_count(folders):
    path = folders / "baseline" / "constraints.json"
    constraints = json.loads(path.read_bytes())
    constraints["spalje"]["rows"] = {"expected": 10_000}
    constraints["features"] = [part for part in constraints["features"] if part["name"] != "price"]
    path.write_text(json.dumps(constraints))
    assert breaches(checked(folders)) == {("volume_check", None)}
    assert checked(folders, rows=420).outcome is Outcome.OK
    dear = edited(days(100, 7, 1), "price", [1e9] * 420)
    assert checked(folders, dear, rows=420).outcome is Outcome.OK
    settings = {"rows": 420, "columns": {"lag_7": {"null_breach": 1.0, "null_margin": 1.0}}}
    assert checked(folders, edited(days(100, 7, 1), "lag_7", [None] * 420), **settings).outcome is Outcome.OK


def test_settings_of_the_baseline_are_in_its_constraints(folders):
    settings = {
        "monitor": "data_quality",
        "rows": 10_000,
        "columns": {"price": {"comparison_threshold": 0.3}},
    }
    write_baseline(folders / "training", PROBLEM, folders / "baseline", settings)
    constraints = constraints_file.read((folders / "baseline" / "constraints.json").read_bytes()).constraints
    assert constraints.rows.expected == 10_000
    assert constraints.monitoring_of("price").comparison_threshold == 0.3
    assert breaches(checked(folders)) == {("volume_check", None)}


def test_what_cannot_be_done_is_said(folders):
    with pytest.raises(NotFound, match="Did you mean 'sagemaker'"):
        checked(folders, policy="sagmaker")
    with pytest.raises(NotFound, match="no setting"):
        checked(folders, thresh=1)
    table.write(days(0, 0), folders / "training")
    with pytest.raises(BadInput, match="has no rows"):
        write_baseline(folders / "training", PROBLEM, folders / "baseline", {})
    table.write(days(0, 3).drop(["price"]), folders / "training")
    with pytest.raises(BadInput, match="no column 'price'"):
        write_baseline(folders / "training", PROBLEM, folders / "baseline", {})
    shutil.rmtree(folders / "baseline")
    with pytest.raises(BadInput, match=r"neither profile\.json nor statistics\.json"):
        checked(folders)


@pytest.mark.parametrize("name", ["profile.json", "constraints.json"])
@pytest.mark.parametrize("sixteenth", range(16))
def test_a_baseline_cut_off_anywhere_is_refused(folders, name, sixteenth):
    path = folders / "baseline" / name
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) * sixteenth // 16])
    with pytest.raises(BadInput):
        checked(folders)
