"""Choosing the rules of retraining by living a project's history again, through the real command line."""

import json
import sqlite3

import pytest
from command import Command
from replay_project import create

WORDS = (
    "monitor",
    "backtest",
    "--project",
    "lemonade",
    "--from",
    "2024-06-03",
    "--to",
    "2024-07-29",
    "--json",
)


@pytest.fixture(scope="module")
def spalje(tmp_path_factory):
    folder = tmp_path_factory.mktemp("replay")
    create(folder).metadata.close()
    return Command(folder / "workspace", folder)


@pytest.fixture(scope="module")
def told(spalje):
    """Nine weeks; after the fourth the relation of price and sales turns."""
    policies = [word for name in ("calibrated", "never") for word in ("--policy", name)]
    said = spalje(*WORDS, *policies, "--out", str(spalje.cwd / "out"), timeout_s=200)
    assert said.code == 0, said.error
    return {life["policy"]: life for life in said.json["policies"]}


@pytest.mark.timeout(240)
def test_a_relation_that_turns_is_met_by_one_new_model(told):
    """The alarm comes with the truth of the first week after the turn; the model built then has seen one such week."""
    ours, never = told["calibrated"], told["never"]
    assert never["retrainings"] == 0
    assert 1 <= ours["retrainings"] <= 3
    turned = [week["day"] for week in ours["weeks"] if week["alarm"]]
    assert turned[0] == "2024-07-01"
    calm = [week for week in ours["weeks"] if week["day"] < "2024-07-01"]
    assert all(week["rebuilt"] is None and week["outcomes"]["model_quality"] == "ok" for week in calm)
    assert ours["figures"]["rmse"] < 0.8 * never["figures"]["rmse"]
    assert never["cost"] < ours["cost"] < 3 * never["cost"]


def test_before_anything_turns_all_policies_predict_alike(told):
    ours, never = (
        [week["metrics"]["rmse"] for week in told[name]["weeks"][:4]] for name in ("calibrated", "never")
    )
    assert ours == pytest.approx(never)


def test_false_alarms_are_those_of_shuffled_weeks(told):
    assert told["never"]["false_alarms"] is None
    assert told["calibrated"]["placebo_weeks"] == 60 * 3, "of nine weeks six are the baseline"
    assert told["calibrated"]["false_alarms"] <= 0.1


def test_pages_and_figures_are_written(spalje, told):
    out = spalje.cwd / "out"
    assert sorted(path.name for path in out.iterdir()) == ["backtest.html", "backtest.json", "backtest.svg"]
    assert json.loads((out / "backtest.json").read_text())["project"] == "lemonade"


@pytest.mark.timeout(240)
def test_another_policy_does_again_only_what_differs(spalje, told):
    """Steps are shared between policies and replays: nothing that any of them did is executed again."""
    database = sqlite3.connect(spalje.workspace / "replays" / "lemonade" / "metadata.db")
    executed = (
        "select count(*) from step_run where key is not null and reused_from is null and kind != 'register'"
    )
    before = database.execute(f"{executed} and kind != 'decide'").fetchone()[0]
    said = spalje(*WORDS, "--policy", "never", timeout_s=200)
    assert said.code == 0, said.error
    assert database.execute(f"{executed} and kind != 'decide'").fetchone()[0] == before
    again = said.json["policies"][0]
    assert again["figures"] == told["never"]["figures"]
    assert again["cost"] == pytest.approx(told["never"]["cost"], rel=0.2), (
        "reused steps cost what they first cost"
    )


def test_the_projects_own_registry_knows_nothing_of_it(spalje, told):
    assert spalje("model", "list", "lemonade", "--json").json == []
    assert spalje("batch", "list", "lemonade", "--json").json == []
    assert spalje("project", "list", "--json").json[0]["name"] == "lemonade"
    assert len(spalje("project", "list", "--json").json) == 1


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (("--from", "2024-06-03", "--to", "2024-06-05"), 3, "a replay needs two"),
        (("--from", "2024-06-03", "--to", "2024-07-01", "--every", "0"), 3, "at least a day apart"),
        (("--from", "2024-06-03", "--to", "2024-07-01", "--policy", "sometimes"), 2, "sometimes"),
        (("--from", "yesterday", "--to", "2024-07-01"), 2, "yesterday"),
        (("--from", "2024-06-03", "--to", "2024-07-01", "--project", "limonade"), 2, "lemonade"),
    ],
)
def test_slips_are_told(spalje, words, code, says):
    project = () if "--project" in words else ("--project", "lemonade")
    said = spalje("monitor", "backtest", *project, *words)
    assert said.code == code
    assert says in said.error
