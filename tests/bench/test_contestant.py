"""The overhead benchmark's harness: what can be measured is, and what cannot is said, never fatal."""

import importlib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture
def contestant(monkeypatch, tmp_path):
    monkeypatch.syspath_prepend(str(ROOT))
    module = importlib.import_module("bench.contestant")
    monkeypatch.setattr(module, "CACHE", tmp_path / "cache")
    return module


def test_the_reference_hands_on_and_leaves_its_lineage(contestant, tmp_path):
    entry = contestant.enter(contestant.PLAIN, tmp_path / "plain")
    took = entry.run(8)
    assert took.wall_s > 0
    hashed = [path for path in (tmp_path / "plain").iterdir() if len(path.name) == 64]
    assert len(hashed) == 8
    assert all(path.stat().st_size == 1024 + 2 for path in hashed)


def test_what_does_not_install_is_a_reason(contestant, tmp_path):
    nobody = contestant.Contestant("nobody", "kedro_steps.py", "not a requirement")
    with pytest.raises(contestant.Unavailable, match="not a requirement does not install"):
        contestant.enter(nobody, tmp_path / "nobody")


def test_what_fails_is_a_reason_with_its_last_words(contestant, tmp_path):
    entry = contestant.enter(contestant.PLAIN, tmp_path / "plain")
    (tmp_path / "plain" / "lineage.db").unlink()
    with pytest.raises(contestant.Unavailable, match=r"plain\.py run ended with 1: .*no such table"):
        entry.run(8)


def test_what_is_not_there_is_a_reason(contestant, tmp_path):
    with pytest.raises(contestant.Unavailable, match=r"there is no bench/peer/absent\.py"):
        contestant.enter(contestant.Contestant("absent", "absent.py"), tmp_path / "absent")


def test_nothing_timed_sees_this_users_variables_or_phones_home(contestant, tmp_path, monkeypatch):
    monkeypatch.setenv("SECRET", "word")
    variables = contestant.environ(tmp_path)
    assert "SECRET" not in variables
    assert variables["HOME"] == str(tmp_path)
    assert variables["DO_NOT_TRACK"] == variables["DAGSTER_DISABLE_TELEMETRY"] == "1"
    assert variables["ZENML_ANALYTICS_OPT_IN"] == "false"


def test_peers_are_pinned(contestant):
    assert [peer.name for peer in contestant.PEERS] == ["kedro", "dagster", "metaflow", "zenml"]
    assert all("==" in peer.requirement for peer in contestant.PEERS)
