"""Verdicts that a project's own scripts write: they count as a monitor's do, and a slip is told."""

import json

import pytest

from spalje.errors import BadInput
from spalje.monitor.verdict import Outcome
from spalje.steps.verdict_file import own_verdict, read_verdict


def written(folder, said):
    text = said if isinstance(said, str) else json.dumps(said)
    (folder / "verdict.json").write_text(text)
    return own_verdict(folder, "our_rule", by="src/postprocess.py")


def test_what_a_script_says_is_a_verdict_of_its_output(tmp_path):
    breach = {"check": "lorries", "description": "More than the lorries take.", "breach": True}
    said = {"outcome": "alarm", "summary": "Too many.", "violations": [breach], "monitor": "data_quality"}
    verdict = written(tmp_path, said)
    assert (verdict.monitor, verdict.outcome, verdict.blocks) == ("our_rule", Outcome.ALARM, True)
    assert read_verdict(tmp_path) == verdict


@pytest.mark.parametrize(
    ("said", "told"),
    [
        ({"outcome": "bad", "summary": "x"}, "outcome is 'bad'"),
        ({"outcome": "ok"}, "summary"),
        ({"outcome": "ok", "summary": "x", "colour": 1}, "colour is 1"),
        ([1], "is no object"),
        ("{", "is not JSON"),
    ],
)
def test_a_slip_is_told_with_what_is_allowed(tmp_path, said, told):
    with pytest.raises(BadInput) as caught:
        written(tmp_path, said)
    assert told in str(caught.value)
    assert "src/postprocess.py" in str(caught.value)
    assert "insufficient" in caught.value.do


def test_no_verdict_is_told_with_what_is_there(tmp_path):
    (tmp_path / "notes.txt").write_text("")
    with pytest.raises(BadInput, match=r"wrote no verdict\.json into 'our_rule'; it holds: notes\.txt"):
        own_verdict(tmp_path, "our_rule", by="src/postprocess.py")
