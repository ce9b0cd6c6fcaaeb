"""statistics.json: every variant read, written as the schema says, and of use at once as a baseline."""

import copy
import json

import numpy as np
import pyarrow as pa
import pytest
from scipy.stats import ks_2samp

from spalje.drift.linf import Ordered, linf
from spalje.errors import BadInput
from spalje.profile.scan import profile_batches
from spalje.sagemaker.profile import of_profile, to_profile
from spalje.sagemaker.statistics import Statistics, read, write


def profile(**columns):
    return profile_batches([pa.RecordBatch.from_pydict(columns)])


def encoded(document) -> bytes:
    return json.dumps(document).encode()


def table_of(deequ, rows):
    rng = np.random.default_rng(0)
    present = rows - rows // 30
    price, units = rng.lognormal(1, 0.6, present), rng.poisson(0.4, rows).astype(float)
    document = deequ.statistics(
        rows,
        [
            deequ.numerical("price", price, rows),
            deequ.numerical("units", units, rows, integral=True),
            deequ.string("store", {"a": 2 * rows // 3, "b": present - 2 * rows // 3}, rows),
            {"name": "nothing", "inferred_type": "Unknown"},
        ],
    )
    return document, price, units


@pytest.fixture(scope="module")
def large(deequ):
    return table_of(deequ, 30_000)


@pytest.fixture(scope="module")
def old(deequ):
    return table_of(deequ, 3_000)


def test_an_old_baselines_sketches_can_be_compared_with_at_once(large):
    document, price, units = large
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
        apart = linf(Ordered.of(*summary.weighted()), Ordered.of(*columns[name].numbers.weighted()))
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


def price(document):
    return document["features"][0]["numerical_statistics"]


def sketch(document):
    return price(document)["distribution"]["kll"]["sketch"]


def store(document):
    return document["features"][2]["string_statistics"]


@pytest.mark.parametrize(
    "change",
    [
        lambda document: document.update(version=0),
        lambda document: document.update(version="0.0"),
        lambda document: document.update(version=None),
        lambda document: document.pop("version"),
        lambda document: document.pop("dataset"),
        lambda document: document["dataset"].update(item_count="3000"),
        lambda document: document["dataset"].update(item_count="3.0E3"),
        lambda document: document["dataset"].update(item_count=3e3),
        lambda document: document["features"][0].pop("inferred_type"),
        lambda document: document["features"][0].update(inferred_type="fractional"),
        lambda document: document["features"][2].pop("inferred_type"),
        lambda document: document["features"][0].update(string_statistics=None),
        lambda document: price(document).update(std_dev="NaN"),
        lambda document: price(document).update(mean="NaN", sum="Infinity"),
        lambda document: price(document).update(sum=1e300, min="-Infinity"),
        lambda document: price(document).pop("mean"),
        lambda document: price(document).pop("min"),
        lambda document: price(document).update(max=None),
        lambda document: price(document).update(mean=f"{price(document)['mean']:.17E}"),
        lambda document: price(document)["common"].update(num_present=2_900.0),
        lambda document: price(document)["common"].update(num_present="2900"),
        lambda document: price(document)["common"].update(num_present="2.9E3"),
        lambda document: price(document)["common"].pop("num_present"),
        lambda document: price(document)["common"].pop("num_missing"),
        lambda document: price(document).pop("common"),
        lambda document: price(document)["distribution"]["kll"].pop("buckets"),
        lambda document: price(document)["distribution"].update(custom=[1]),
        lambda document: sketch(document).pop("parameters"),
        lambda document: sketch(document).update(parameters={"k": "2048", "c": 0.64}),
        lambda document: sketch(document).update(
            data=[[f"{item:.17E}" for item in level] for level in sketch(document)["data"]]
        ),
        lambda document: store(document).pop("distinct_count"),
        lambda document: store(document).update(distinct_count="NaN"),
        lambda document: store(document).pop("common"),
        lambda document: store(document)["common"].update(num_present="2900"),
        lambda document: store(document)["distribution"]["categorical"]["buckets"][0].update(count="2.0E3"),
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
    assert mine.weighted()[1].sum() == 2_900
    for name in ("price", "store"):
        assert found.columns[name].nulls == 100
        assert found.columns[name].kind is reference.columns[name].kind
    assert found.columns["store"].texts.top(9) == reference.columns["store"].texts.top(9)
    written = write(read(encoded(document)))
    assert json.loads(written, parse_constant=pytest.fail)
    assert written.count(b'"version"') == 1
    assert write(read(written)) == written


def test_without_a_sketch_the_column_is_there_without_its_distribution(old):
    document = copy.deepcopy(old[0])
    del document["features"][0]["numerical_statistics"]["distribution"]
    column = to_profile(read(encoded(document))).columns["price"]
    assert (column.numbers, column.nulls, column.inferred_type) == (None, 100, "Fractional")


@pytest.mark.parametrize("place", [0, 2])
@pytest.mark.parametrize("body", [None, {}])
def test_without_statistics_the_column_is_there_with_its_type(old, place, body):
    document = copy.deepcopy(old[0])
    feature = document["features"][place]
    feature["numerical_statistics" if place == 0 else "string_statistics"] = body
    column = to_profile(read(encoded(document))).columns[feature["name"]]
    assert (column.inferred_type, column.rows) == (feature["inferred_type"], 3_000)
    assert (column.numbers, column.texts) == (None, None) or column.different == 0


def test_a_distribution_of_words_may_be_missing(old):
    document = copy.deepcopy(old[0])
    del store(document)["distribution"]
    column = to_profile(read(encoded(document))).columns["store"]
    assert (column.nulls, column.texts.count, column.texts.exact) == (100, 2_900, False)


def test_nan_in_a_sketch_is_counted_apart_from_its_numbers():
    """For Spark NaN is a value: num_present counts it, and mean, min and max are "NaN"."""
    body = {
        "common": {"num_present": 7, "num_missing": 1},
        "mean": "NaN",
        "sum": "NaN",
        "std_dev": "NaN",
        "min": 1.0,
        "max": "NaN",
        "distribution": {
            "kll": {
                "sketch": {"parameters": {"c": 0.64, "k": 2048.0}, "data": [[3.0, "NaN", 1.0], ["NaN", 2.5]]}
            }
        },
    }
    feature = {"name": "x", "inferred_type": "Fractional", "numerical_statistics": body}
    raw = encoded({"version": 0.0, "dataset": {"item_count": 8}, "features": [feature]})
    column = to_profile(read(raw)).columns["x"]
    assert (column.nulls, column.nan, column.infinite) == (1, 3, 0)
    assert (column.numbers.moments.low, column.numbers.moments.high) == (1.0, 3.0)
    assert column.numbers.moments.mean == pytest.approx((3 + 1 + 2 * 2.5) / 4)
    written = json.loads(write(read(raw)), parse_constant=pytest.fail)
    assert written["features"][0]["numerical_statistics"]["mean"] == "NaN"
    assert written["features"][0]["numerical_statistics"]["distribution"]["kll"]["sketch"]["data"][0] == [
        3.0,
        "NaN",
        1.0,
    ]


def test_words_may_be_written_as_numbers_and_flags():
    buckets = [{"value": 7, "count": 2}, {"value": True, "count": 1}]
    body = {"common": {"num_present": 3}, "distribution": {"categorical": {"buckets": buckets}}}
    raw = encoded({"features": [{"name": "x", "inferred_type": "String", "string_statistics": body}]})
    assert to_profile(read(raw)).columns["x"].texts.top(2) == (("7", 2), ("true", 1))


def test_a_sketch_knows_no_number_beyond_those_of_its_file(old):
    """Smallest and largest of a file that was edited cannot hide numbers that its sketch has."""
    document = copy.deepcopy(old[0])
    price(document).update(min=1e300, max=-1e300)
    numbers = to_profile(read(encoded(document))).columns["price"].numbers
    values = numbers.weighted()[0]
    assert (numbers.moments.low, numbers.moments.high) == (values[0], values[-1])


def test_our_own_odd_values_come_back_as_they_were():
    ours = profile(odd=[float("nan"), float("inf"), 1.5, None, float("-inf")])
    column = to_profile(read(write(of_profile(ours)))).columns["odd"]
    assert (column.nulls, column.nan, column.positive_infinity, column.negative_infinity) == (1, 1, 1, 1)
    assert column.completeness == ours.columns["odd"].completeness == 0.8


def test_a_file_of_another_monitor_is_refused():
    with pytest.raises(BadInput, match="not about data quality: it has no features; it has regression_m"):
        read(b'{"regression_metrics": {"mae": 1}}')


def test_buckets_that_are_not_all_values_are_not_taken_for_all(old):
    document = copy.deepcopy(old[0])
    del document["features"][2]["string_statistics"]["distribution"]["categorical"]["buckets"][1]
    texts = to_profile(read(encoded(document))).columns["store"].texts
    assert (texts.exact, texts.count, texts.different) == (False, 2_900, None)


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (
            lambda document: document["features"][0]["numerical_statistics"]["distribution"]["kll"]["sketch"][
                "data"
            ][0].append(1.0),
            "stand for 2,901 numbers, but num_present is 2,900",
        ),
        (
            lambda document: document["features"][0]["numerical_statistics"]["distribution"]["kll"][
                "sketch"
            ].update(data=[["a"]]),
            "lists of numbers",
        ),
        (
            lambda document: document["features"][2]["string_statistics"]["common"].update(num_present=7),
            "hold 2,900 values, but num_present is 7",
        ),
        (
            lambda document: document["features"][0]["numerical_statistics"]["distribution"]["kll"][
                "sketch"
            ].update(data=[[10**400]]),
            "lists of numbers",
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
