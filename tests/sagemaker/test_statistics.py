"""statistics.json: every variant read, written as the schema says, and of use at once as a baseline."""

import copy
import json

import numpy as np
import pyarrow as pa
import pytest
from scipy.stats import ks_2samp

from spalje.drift.linf import linf
from spalje.errors import BadInput
from spalje.profile.scan import profile_batches
from spalje.sagemaker.profile import of_profile, to_profile
from spalje.sagemaker.statistics import Statistics, read, write


def profile(**columns):
    return profile_batches([pa.RecordBatch.from_pydict(columns)])


def encoded(document) -> bytes:
    return json.dumps(document).encode()


@pytest.fixture(scope="module")
def old(deequ):
    rng = np.random.default_rng(0)
    price, units = rng.lognormal(1, 0.6, 29_000), rng.poisson(0.4, 30_000).astype(float)
    document = deequ.statistics(
        30_000,
        [
            deequ.numerical("price", price, 30_000),
            deequ.numerical("units", units, 30_000, integral=True),
            deequ.string("store", {"a": 20_000, "b": 9_000}, 30_000),
            {"name": "nothing", "inferred_type": "Unknown"},
        ],
    )
    return document, price, units


def test_an_old_baselines_sketches_can_be_compared_with_at_once(old):
    document, price, units = old
    baseline = to_profile(read(encoded(document)))
    assert baseline.rows == 30_000
    columns = baseline.columns
    assert [columns[name].nulls for name in ("price", "units", "store")] == [1_000, 0, 1_000]
    assert columns["price"].numbers.moments.mean == price.mean()
    assert columns["price"].numbers.moments.high == price.max()
    rng = np.random.default_rng(1)
    for name, then, now in (
        ("price", price, rng.lognormal(1.1, 0.6, 9_000)),
        ("units", units, rng.poisson(0.9, 9_000)),
    ):
        summary = profile(x=now).columns["x"].numbers
        apart = linf(*summary.weighted(), *columns[name].numbers.weighted())
        assert apart == pytest.approx(ks_2samp(now, then, method="asymp").statistic, abs=0.003)
    assert columns["store"].texts.exact
    assert columns["nothing"].inferred_type == "Unknown"


def test_a_short_tables_sketch_is_its_rows(deequ):
    values = np.random.default_rng(0).poisson(3, 1500).astype(float)
    numbers = to_profile(
        read(encoded(deequ.statistics(1500, [deequ.numerical("x", values, 1500, integral=True)])))
    )
    ours = profile(x=values.astype(int)).columns["x"].numbers
    theirs = numbers.columns["x"].numbers
    assert theirs.points.values.tolist() == ours.points.values.tolist()
    assert theirs.points.counts.tolist() == ours.points.counts.tolist()
    assert (theirs.negative, theirs.integral, theirs.moments.low) == (0, 1500, 0)


@pytest.mark.parametrize(
    "change",
    [
        lambda document: document.update(version=0),
        lambda document: document.pop("version"),
        lambda document: document.pop("dataset"),
        lambda document: document["features"][0]["numerical_statistics"].update(std_dev="NaN"),
        lambda document: document["features"][0]["numerical_statistics"].pop("mean"),
        lambda document: document["features"][0]["numerical_statistics"].pop("min"),
        lambda document: document["features"][0]["numerical_statistics"].update(max=None),
        lambda document: document["features"][0]["numerical_statistics"]["common"].update(
            num_present=29_000.0
        ),
        lambda document: document["features"][0]["numerical_statistics"]["distribution"]["kll"].pop(
            "buckets"
        ),
        lambda document: document["features"][0]["numerical_statistics"]["distribution"]["kll"]["sketch"].pop(
            "parameters"
        ),
        lambda document: document["features"][2]["string_statistics"].pop("distinct_count"),
    ],
)
def test_every_variant_is_read_alike(old, change):
    document = copy.deepcopy(old[0])
    reference = to_profile(read(encoded(document)))
    change(document)
    found = to_profile(read(encoded(document)))
    assert found.rows == reference.rows
    mine, theirs = (part.columns["price"].numbers for part in (found, reference))
    assert mine.moments.std == pytest.approx(theirs.moments.std, rel=0.01)
    assert mine.moments.mean == pytest.approx(theirs.moments.mean, rel=0.01)
    assert mine.moments.high == pytest.approx(theirs.moments.high, rel=0.3)
    assert mine.weighted()[1].sum() == 29_000


def test_without_a_sketch_the_column_is_there_without_its_distribution(old):
    document = copy.deepcopy(old[0])
    del document["features"][0]["numerical_statistics"]["distribution"]
    column = to_profile(read(encoded(document))).columns["price"]
    assert (column.numbers, column.nulls, column.inferred_type) == (None, 1_000, "Fractional")


def test_buckets_that_are_not_all_values_are_not_taken_for_all(old):
    document = copy.deepcopy(old[0])
    del document["features"][2]["string_statistics"]["distribution"]["categorical"]["buckets"][1]
    texts = to_profile(read(encoded(document))).columns["store"].texts
    assert (texts.exact, texts.count, texts.different) == (False, 29_000, None)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (
            lambda document: document["features"][0]["numerical_statistics"]["distribution"]["kll"]["sketch"][
                "data"
            ][0].append(1.0),
            "stand for 29,001 numbers, but num_present is 29,000",
        ),
        (
            lambda document: document["features"][0]["numerical_statistics"]["distribution"]["kll"][
                "sketch"
            ].update(data=[["a"]]),
            "lists of finite numbers",
        ),
        (
            lambda document: document["features"][2]["string_statistics"]["common"].update(num_present=7),
            "hold 29,000 values, but num_present is 7",
        ),
        (
            lambda document: document["features"][0]["numerical_statistics"]["distribution"]["kll"][
                "sketch"
            ].update(data=[[10**400]]),
            "lists of finite numbers",
        ),
        (
            lambda document: document["features"][0]["numerical_statistics"]["distribution"]["kll"][
                "sketch"
            ].update(data=7),
            "at most 60 lists",
        ),
        (
            lambda document: document["features"][0]["numerical_statistics"]["distribution"]["kll"][
                "sketch"
            ].update(data=[[]] * 99),
            "at most 60 lists",
        ),
        (lambda document: document["dataset"].update(item_count=10), "but the table has 10 rows"),
        (lambda document: document["features"][0].update(inferred_type="Boolean"), "it can be Integral"),
        (lambda document: document["features"][0].pop("name"), r"features\[0\] has no name"),
        (lambda document: document["features"][0].update(name="units"), "'units' twice"),
        (lambda document: document.update(features={}), None),
        (lambda document: document.update(features=7), "a list of objects"),
    ],
)
def test_what_does_not_add_up_is_refused(old, change, says):
    document = copy.deepcopy(old[0])
    change(document)
    if says is None:
        assert read(encoded(document)).features == ()
        return
    with pytest.raises(BadInput, match=says):
        to_profile(read(encoded(document), "statistics.json"))


def test_unknown_keys_stay_byte_for_byte_at_every_level(old):
    document = copy.deepcopy(old[0])
    marks = iter(range(100))

    def marked(node):
        if isinstance(node, dict):
            for value in node.values():
                marked(value)
            if "lower_bound" not in node and "value" not in node:
                node[f"custom_{next(marks)}"] = 0
        elif isinstance(node, list):
            for value in node:
                marked(value)

    marked(document)
    raw = json.dumps(document)
    count = next(marks)
    for mark in range(count):
        raw = raw.replace(f'"custom_{mark}": 0', f'"custom_{mark}": {{ "as" :[{mark}.500,1E+3] }}')
    written = write(read(raw.encode())).decode()
    for mark in range(count):
        assert f'"custom_{mark}": {{ "as" :[{mark}.500,1E+3] }}' in written
    assert count > 15
    assert json.loads(written) == json.loads(raw)
    assert write(read(written.encode())).decode() == written


def test_ours_is_of_the_schema_and_conserves_weight():
    rng = np.random.default_rng(0)
    table = profile(
        price=rng.lognormal(1, 1, 50_000),
        units=pa.array([*rng.poisson(1, 49_998).tolist(), None, None]),
        store=rng.choice(["a", "b"], 50_000),
        flag=rng.random(50_000) < 0.5,
        odd=[float("nan"), float("inf"), *([1.5] * 49_998)],
        empty=pa.nulls(50_000, pa.float64()),
    )
    document = json.loads(write(of_profile(table)))
    assert document["version"] == 0
    assert document["dataset"] == {"item_count": 50_000}
    features = {feature["name"]: feature for feature in document["features"]}
    assert [features[name]["inferred_type"] for name in table.columns] == [
        "Fractional", "Integral", "String", "String", "Fractional", "Fractional",
    ]  # fmt: skip
    for name in ("price", "units", "odd"):
        body = features[name]["numerical_statistics"]
        kll = body["distribution"]["kll"]
        assert len(kll["buckets"]) == 10
        assert kll["sketch"]["parameters"] == {"c": 0.64, "k": 2048.0}
        weight = sum(len(level) * 2**height for height, level in enumerate(kll["sketch"]["data"]))
        assert weight == body["common"]["num_present"] == sum(bucket["count"] for bucket in kll["buckets"])
        assert kll["buckets"][0]["lower_bound"] == body["min"]
        assert kll["buckets"][-1]["upper_bound"] == body["max"]
        assert body["common"]["num_present"] + body["common"]["num_missing"] == 50_000
    assert features["units"]["numerical_statistics"]["common"]["num_missing"] == 2
    assert features["odd"]["spalje"] == {"nan": 1, "positive_infinity": 1, "negative_infinity": 0}
    assert features["store"]["string_statistics"]["distinct_count"] == 2
    assert features["empty"]["numerical_statistics"] == {"common": {"num_present": 0, "num_missing": 50_000}}


@pytest.mark.parametrize("values", [[5.0] * 9, [-1e308, 1e308, 1.7e308], [0.0, 18.4], [-(2**63), 2**63 - 1]])
def test_buckets_are_ten_of_equal_width(values):
    body = of_profile(profile(x=values)).features[0].numerical
    assert len(body.buckets) == 10
    assert sum(rows for _, _, rows in body.buckets) == len(values)
    assert np.isfinite([bound for low, high, _ in body.buckets for bound in (low, high)]).all()
    if values == [0.0, 18.4]:
        assert body.buckets[0][1] == pytest.approx(1.84)
        assert [rows for _, _, rows in body.buckets] == [1] + [0] * 8 + [1]


def test_no_features_and_hostile_names():
    assert json.loads(write(Statistics(0, ())))["features"] == []
    names = ["", 'say "no"', "ä\n🍐", "a.b"]
    document = write(of_profile(profile(**{name: [1.0] for name in names})))
    assert list(to_profile(read(document)).columns) == names
    assert read(b'{"features": [{"name": "a\\ud800"}]}').features[0].name == "a\ufffd"
