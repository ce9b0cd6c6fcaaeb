"""constraints.json: every spelling read, thresholds always written, unknown keys kept."""

import copy
import json

import pytest

from spalje.errors import BadInput
from spalje.monitor.constraints import ColumnConstraints, Constraints, Limits, Rows
from spalje.sagemaker.constraints import ConstraintsFile, read, write

FEATURES = [
    {
        "name": "units",
        "inferred_type": "Integral",
        "completeness": 1.0,
        "num_constraints": {"is_non_negative": True},
    },
    {
        "name": "store",
        "inferred_type": "String",
        "completeness": 0.5,
        "string_constraints": {"domains": ["a", "b"]},
    },
]


def encoded(document) -> bytes:
    return json.dumps(document).encode()


@pytest.fixture
def old(deequ):
    return deequ.constraints(copy.deepcopy(FEATURES))


def test_what_the_service_writes(old):
    constraints = read(encoded(old)).constraints
    assert constraints.columns["units"].is_non_negative is True
    assert constraints.columns["units"].domains is None
    assert constraints.columns["store"].domains == ("a", "b")
    assert constraints.columns["store"].completeness == 0.5
    assert constraints.monitoring.comparison_method == "Robust"
    assert constraints.monitoring.datatype_threshold == 1.0
    assert constraints.columns["units"].limits.model_fields_set == {"negative"}
    assert constraints.columns["store"].limits.model_fields_set == set()


@pytest.mark.parametrize("key", ["comparison_method", "comparion_method"])
@pytest.mark.parametrize(
    ("word", "method"),
    [("Simple", "Simple"), ("Robust", "Robust"), ("linf_simple", "Simple"), ("LINF_ROBUST", "Robust")],
)
def test_every_spelling_of_the_method(old, key, word, method):
    distribution = old["monitoring_config"]["distribution_constraints"]
    del distribution["comparison_method"]
    distribution[key] = word
    file = read(encoded(old))
    assert file.constraints.monitoring.comparison_method == method
    written = json.loads(write(file))["monitoring_config"]["distribution_constraints"]
    assert written["comparison_method"] == method
    assert "comparion_method" not in written


@pytest.mark.parametrize("key", ["monitoringConfigOverrides", "monitoring_config_overrides"])
@pytest.mark.parametrize(
    ("feature", "inside"), [(0, None), (1, None), (0, "num_constraints"), (1, "string_constraints")]
)
def test_overrides_in_both_spellings_at_both_levels(old, key, feature, inside):
    place = old["features"][feature] if inside is None else old["features"][feature][inside]
    place[key] = {
        "evaluate_constraints": "Disabled",
        "distribution_constraints": {"comparison_threshold": 0.4},
        "mystery": 1.50,
    }
    file = read(encoded(old).replace(b"1.5}", b"1.50}"))
    name = FEATURES[feature]["name"]
    own = file.constraints.monitoring_of(name)
    assert (own.evaluate, own.comparison_threshold) == (False, 0.4)
    assert file.constraints.monitoring.evaluate
    written = write(file)
    assert b'"mystery": 1.50' in written
    overrides = json.loads(written)["features"][feature]["monitoringConfigOverrides"]
    assert overrides["evaluate_constraints"] == "Disabled"
    # explicit: without it Model Monitor would take the one for all columns, which is written out too
    assert overrides["distribution_constraints"] == {
        "comparison_threshold": 0.4,
        "categorical_comparison_threshold": 0.4,
    }
    assert read(written).constraints == file.constraints.model_copy(
        update={
            "columns": {
                name: column.model_copy(update={"limits": Limits(**column.limits.model_dump())})
                for name, column in file.constraints.columns.items()
            }
        }
    )


def test_both_spellings_at_once_are_both_read(old):
    """The service writes an empty object; the SDK then writes the other spelling beside it."""
    strings = old["features"][1]["string_constraints"]
    strings["monitoringConfigOverrides"] = {}
    strings["monitoring_config_overrides"] = {"evaluate_constraints": "Disabled"}
    old["features"][0]["monitoringConfigOverrides"] = {"datatype_check_threshold": 0.5}
    old["features"][0]["num_constraints"]["monitoring_config_overrides"] = {"emit_metrics": "Disabled"}
    constraints = read(encoded(old)).constraints
    assert constraints.monitoring_of("store").evaluate is False
    assert constraints.columns["units"].monitoring == {"datatype_threshold": 0.5, "emit_metrics": False}


def test_the_threshold_for_strings_is_the_one_for_numbers_unless_it_differs(old):
    distribution = old["monitoring_config"]["distribution_constraints"]
    own = {"distribution_constraints": {"comparison_threshold": 0.4}}
    old["features"][1]["monitoringConfigOverrides"] = own
    for said, everywhere, store in ((None, None, 0.4), (0.1, None, 0.4), (0.2, 0.2, 0.2)):
        distribution.pop("categorical_comparison_threshold", None)
        if said is not None:
            distribution["categorical_comparison_threshold"] = said
        file = read(encoded(old))
        assert file.constraints.monitoring.categorical_threshold == everywhere
        monitoring = file.constraints.monitoring_of("store")
        assert (monitoring.categorical_threshold or monitoring.comparison_threshold) == store
        again = read(write(file))
        assert again.constraints.monitoring == file.constraints.monitoring
        assert again.constraints.monitoring_of("store") == monitoring
        written = json.loads(write(file))["monitoring_config"]["distribution_constraints"]
        assert written["categorical_comparison_threshold"] == (everywhere or 0.1)


@pytest.mark.parametrize(
    ("change", "found"),
    [
        (lambda old: old.update(version="1.0"), {}),
        (lambda old: old.update(version=0), {}),
        (lambda old: old.update(version=None), {}),
        (lambda old: old["features"][0].update(completeness="1.0"), {}),
        (lambda old: old["features"][0].update(completeness="NaN"), {}),
        (lambda old: old["features"][0].update(completeness=None), {}),
        (lambda old: old["features"][0].update(inferred_type="INTEGRAL"), {}),
        (lambda old: old["features"][0].pop("inferred_type"), {"inferred_type": "Fractional"}),
        (lambda old: old["features"][0].update(monitoringConfigOverrides={}), {}),
        (lambda old: old["features"][0].update(monitoringConfigOverrides=None), {}),
        (lambda old: old["features"][0]["num_constraints"].update(is_non_negative="true"), {}),
        (
            lambda old: old["features"][0].pop("num_constraints"),
            {"is_non_negative": None, "limits": Limits()},
        ),
        (
            lambda old: old["features"][0]["num_constraints"].update(is_non_negative=False),
            {"is_non_negative": False, "limits": Limits(negative=None)},
        ),
        (lambda old: old["features"][0].update(string_constraints=None), {}),
        (lambda old: old["monitoring_config"].update(datatype_check_threshold="1.0E0"), {}),
        (lambda old: old["monitoring_config"].update(datatype_check_threshold="NaN"), {}),
        (lambda old: old["monitoring_config"].update(evaluate_constraints="enabled"), {}),
        (lambda old: old["monitoring_config"].update(evaluate_constraints=True), {}),
        (lambda old: old["monitoring_config"].pop("distribution_constraints"), {}),
        (
            lambda old: old["monitoring_config"]["distribution_constraints"].update(
                categorical_drift_method="linfinity", comparison_threshold="1E-1"
            ),
            {},
        ),
    ],
)
def test_every_other_variant_is_read_alike(old, change, found):
    reference = read(encoded(old)).constraints
    change(old)
    units = reference.columns["units"].model_copy(update=found)
    wanted = reference.model_copy(update={"columns": {**reference.columns, "units": units}})
    file = read(encoded(old))
    assert file.constraints == wanted
    again = json.loads(write(file), parse_constant=pytest.fail)
    assert [key for key in again if key == "version"] == ["version"]
    assert again["version"] == (old["version"] if old["version"] is not None else 0)
    assert read(write(file)).constraints.monitoring == wanted.monitoring


def test_chi_squared_is_kept_as_it_is(old):
    """How Model Monitor compares its statistic is not documented: none is claimed to be the same."""
    old["monitoring_config"]["distribution_constraints"]["categorical_drift_method"] = "ChiSquared"
    file = read(encoded(old))
    assert file.constraints.monitoring.categorical_method == "ChiSquared"
    written = json.loads(write(file))["monitoring_config"]["distribution_constraints"]
    assert written["categorical_drift_method"] == "ChiSquared"


def test_what_may_be_below_0_by_the_file_is_so_by_our_limits(old):
    """A person who edits ``is_non_negative`` means it; our own limit is stronger where the file has one."""
    suggested = Constraints(
        columns={"units": ColumnConstraints(inferred_type="Integral", limits=Limits(negative=0.0))}
    )
    numbers = old["features"][0]["num_constraints"]
    for flag, ours, negative in ((True, {}, 0.0), (False, {}, None), (False, {"negative": 0.1}, 0.1)):
        numbers["is_non_negative"], old["features"][0]["spalje"] = flag, ours
        completed = read(encoded(old)).constraints.completed(suggested)
        assert completed.columns["units"].limits.negative == negative


def test_a_file_of_another_monitor_is_refused():
    with pytest.raises(BadInput, match="not about data quality: it has no features; it has regression"):
        read(b'{"regression_constraints": {"mae": {}}}')


def test_an_override_a_level_too_high_is_understood(old):
    old["features"][0]["monitoringConfigOverrides"] = {"comparison_threshold": 0.7}
    assert read(encoded(old)).constraints.monitoring_of("units").comparison_threshold == 0.7


def test_what_is_left_out_has_the_services_default(old):
    del old["monitoring_config"], old["version"]
    for feature in old["features"]:
        for key in ("completeness", "num_constraints", "string_constraints"):
            feature.pop(key, None)
    file = read(encoded(old))
    assert file.constraints.columns["store"] == ColumnConstraints(inferred_type="String")
    written = json.loads(write(file))
    assert written["version"] == 0
    assert written["monitoring_config"] == {
        "evaluate_constraints": "Enabled",
        "emit_metrics": "Enabled",
        "datatype_check_threshold": 1.0,
        "domain_content_threshold": 1.0,
        "distribution_constraints": {
            "perform_comparison": "Enabled",
            "comparison_threshold": 0.1,
            "categorical_comparison_threshold": 0.1,
            "comparison_method": "Robust",
            "categorical_drift_method": "LInfinity",
        },
    }


def test_unknown_keys_stay_byte_for_byte(old):
    raw = encoded(old).decode()
    for number, anchor in enumerate(
        (
            '"version": 0.0',
            '"name": "units"',
            '"is_non_negative": true',
            '"emit_metrics": "Enabled"',
            '"comparison_threshold": 0.1',
        )
    ):
        raw = raw.replace(anchor, f'{anchor}, "custom_{number}": [ 1.{number}00,  "\\u00e5" ]')
    written = write(read(raw.encode())).decode()
    for number in range(5):
        assert f'"custom_{number}": [ 1.{number}00,  "\\u00e5" ]' in written
    assert '"version": 0.0' in written
    assert write(read(written.encode())).decode() == written


def test_ours_come_back_as_they_were():
    constraints = Constraints(
        columns={
            'say "no"': ColumnConstraints(
                inferred_type="Fractional",
                completeness=0.97,
                is_non_negative=False,
                monitoring={"comparison_threshold": 0.00001, "evaluate": False},
                limits=Limits(low=-1.5, high=1e308, far_share=0.25, not_finite=0.1),
            ),
            "": ColumnConstraints(
                inferred_type="String", domains=("", "ä"), limits=Limits(unseen_breach=0.5)
            ),
        },
        rows=Rows(expected=8400, factor=3),
        min_rows=50,
        duplicates=0.01,
        other_columns=("day", "note"),
    )
    written = write(ConstraintsFile(constraints))
    assert read(written).constraints == constraints
    assert b"0.00001" in written


def test_what_was_struck_out_comes_from_training(old):
    suggested = Constraints(
        columns={
            "units": ColumnConstraints(
                inferred_type="Integral", limits=Limits(negative=0.0, high=9.0, low=-1.0)
            )
        },
        other_columns=("day",),
    )
    old["features"][0]["spalje"] = {"high": 20.0, "low": None}
    completed = read(encoded(old)).constraints.completed(suggested)
    limits = completed.columns["units"].limits
    assert (limits.negative, limits.high, limits.low) == (0.0, 20.0, None)
    assert completed.other_columns == ("day",)
    assert completed.columns["store"].domains == ("a", "b")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda old: old["features"][0].update(completeness=3), "completeness is 3"),
        (lambda old: old["features"][0].pop("name"), "has no name"),
        (lambda old: old["features"].append(old["features"][0]), "second named 'units'"),
        (lambda old: old["features"][0].update(inferred_type="Number"), "it can be Integral"),
        (lambda old: old["monitoring_config"].update(emit_metrics="Perhaps"), "Enabled or Disabled"),
        (lambda old: old["monitoring_config"].update(datatype_check_threshold="all"), "should be a number"),
        (
            lambda old: old["monitoring_config"]["distribution_constraints"].update(comparison_method="KS"),
            "'Simple' or 'Robust'",
        ),
        (lambda old: old["features"][1]["string_constraints"].update(domains=[1]), "a list of texts"),
        (lambda old: old["features"][0].update(completeness=10**400), "that a computer can hold"),
        (lambda old: old["features"][0].update(spalje={"hihg": 3}), "has no 'hihg'"),
        (lambda old: old.update(spalje={"rows": {"expected": 0}}), r"rows\.expected is 0"),
    ],
)
def test_what_is_not_allowed_is_refused_by_place(old, change, says):
    change(old)
    with pytest.raises(BadInput, match=says) as caught:
        read(encoded(old))
    assert caught.value.do


def test_a_domain_with_no_characters_is_still_text(old):
    raw = encoded(old).replace(b'["a", "b"]', b'["\\ud800", "b"]')
    assert read(raw).constraints.columns["store"].domains == ("\ufffd", "b")
