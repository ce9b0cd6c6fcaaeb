"""From an alarm to a new model: the truth is bad, a build starts by itself, once, and its version is compared."""

import pytest
from command import Command
from replay_project import create

MONDAY = "2024-07-01"


@pytest.fixture(scope="module")
def spalje(tmp_path_factory):
    """A project that retrains by itself; its model serves, and a week of another relation has gone out."""
    folder = tmp_path_factory.mktemp("retrain")
    create(folder, retrain="auto").metadata.close()
    command = Command(folder / "workspace", folder)
    for words in (
        ("run", "start", "build", "--project", "lemonade", "--param", f"today={MONDAY}"),
        ("model", "approve", "lemonade/1", "--reason", "It is the first."),
        ("run", "start", "inference", "--project", "lemonade", "--param", f"week={MONDAY}"),
        ("run", "start", "truth", "--project", "lemonade", "--param", f"week={MONDAY}"),
    ):
        said = command(*words)
        assert said.code == 0, said.error
    return command


@pytest.fixture(scope="module")
def told(spalje):
    """What delivering the truth said."""
    run = spalje("run", "show", "lemonade/truth/1", "--json").json
    digest = run["steps"][0]["outputs"]["features"]
    folder = spalje("artifact", "show", digest, "--json").json["folder"]
    return spalje("batch", "truth", folder, "--project", "lemonade"), folder


def test_the_truth_retrains_and_says_why(spalje, told):
    said, _ = told
    assert said.code == 4
    assert "decision retrain" in said.out
    assert "coverage 100 %" in said.out
    assert "Retraining: lemonade/build/2 started" in said.out
    shown = spalje("batch", "show", "lemonade/1")
    assert "what the model learned no longer holds" in shown.out.replace("\n", " ")
    assert "report.html" in shown.out


def test_the_build_starts_by_itself_and_its_version_is_compared_and_waits(spalje, told):
    watched = spalje("run", "watch", "lemonade/build/2", "--json", timeout_s=60)
    assert watched.code == 0, watched.error
    assert (watched.json["trigger"], watched.json["started_by"]) == ("retrain", "lemonade/quality/1")
    version = spalje("model", "show", "lemonade/2", "--json").json
    assert version["version"]["status"] == "pending"
    assert version["comparison"]["outcome"] == "better"
    assert "Better than the version that serves" in spalje("model", "show", "lemonade/2").out
    assert spalje("model", "show", "lemonade/1", "--json").json["comparison"]["outcome"] == "alone"


def test_the_same_truth_again_builds_nothing(spalje, told):
    again = spalje("batch", "truth", told[1], "--project", "lemonade")
    assert again.code == 0
    assert "Nothing new" in again.out
    assert len(spalje("run", "list", "--project", "lemonade", "--pipeline", "build", "--json").json) == 2
