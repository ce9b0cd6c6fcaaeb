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
