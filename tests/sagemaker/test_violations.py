"""constraint_violations.json: all three shapes read, written in Model Monitor's words."""

import json
import re

import pytest

from spalje.errors import BadInput
from spalje.monitor.verdict import Violation
from spalje.sagemaker.violations import ViolationsFile, find, read, write


def test_three_shapes():
    entries = [
        {"feature_name": "units", "constraint_check_type": "data_type_check", "description": "a"},
        {"metric_name": "mae", "constraint_check_type": "GreaterThanThreshold", "description": "b"},
        {
            "label": "label0",
            "metric_name": "shap",
            "constraint_check_type": "feature_attribution_drift_check",
            "description": "c",
        },
    ]
    raw = json.dumps({"version": "1.0", "violations": entries}).encode()
    file = read(raw)
    assert [(violation.check, violation.column) for violation in file.violations] == [
        ("data_type_check", "units"),
        ("GreaterThanThreshold", "mae"),
        ("feature_attribution_drift_check", "shap"),
    ]
    written = json.loads(write(file))
    assert written["version"] == "1.0"
    for entry, again in zip(entries, written["violations"], strict=True):
        assert {key: again[key] for key in entry} == entry


def test_ours_come_back_and_drift_can_be_parsed_as_aws_does():
    violations = (
        Violation(
            check="volume_check", description="The batch has no rows.", breach=True, value=0.0, threshold=1.0
        ),
        Violation(
            check="baseline_drift_check", column="å", description="å has drifted.", value=0.25, threshold=0.1
        ),
    )
    written = write(ViolationsFile(violations))
    file = read(written)
    assert file.violations[0] == violations[0]
    found = re.search(r"distance: (.+) exceeds threshold: (.+)", file.violations[1].description)
    assert (float(found[1]), float(found[2])) == (0.25, 0.1)
    assert write(file) == written


def test_unknown_keys_stay_with_their_entry():
    raw = b'{"violations": [{"constraint_check_type": "x", "mine": 1.50}, {"constraint_check_type": "y"}], "also": [ ]}'
    written = write(read(raw))
    assert b'"mine": 1.50' in written
    assert b'"also": [ ]' in written
    assert json.loads(written)["violations"][0]["mine"] == 1.5


@pytest.mark.parametrize("name", ["constraint_violations.json", "constraints_violations.json"])
def test_both_names_are_found(tmp_path, name):
    assert find(tmp_path) is None
    (tmp_path / name).write_text("{}")
    assert find(tmp_path) == tmp_path / name
    assert read((tmp_path / name).read_bytes()).violations == ()


def test_what_is_no_list_is_refused():
    with pytest.raises(BadInput, match="violations should be a list"):
        read(b'{"violations": 3}')


def test_entries_that_are_alike_keep_their_own_keys():
    entry = b'{"feature_name": "a", "constraint_check_type": "x", "run": %d}'
    written = json.loads(write(read(b'{"violations": [%s, %s]}' % (entry % 1, entry % 2))))
    assert [entry["run"] for entry in written["violations"]] == [1, 2]


def test_a_file_in_the_words_that_the_service_has_been_seen_to_write():
    """Like the texts of data_type_check and of the column checks, and of drift, which AWS parses."""
    entries = [
        ("units", "data_type_check", "Expected data type: Integral, 100.0%. Only 99.65% of data is Integral."),
        ("price", "baseline_drift_check", "Baseline drift distance: 0.4 exceeds threshold: 0.1"),
        ("x", "missing_column_check", "Number of columns in current dataset: 9, in baseline constraints: 10"),
    ]  # fmt: skip
    keys = ("feature_name", "constraint_check_type", "description")
    document = {"violations": [dict(zip(keys, entry, strict=True)) for entry in entries]}
    file = read(json.dumps(document).encode())
    assert [
        tuple(getattr(found, name) for name in ("column", "check", "description"))
        for found in file.violations
    ] == entries
    again = json.loads(write(file))["violations"]
    assert [{key: entry[key] for key in keys} for entry in again] == document["violations"]
