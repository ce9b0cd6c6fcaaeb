"""What is decided and delivered outside Airflow triggers its DAGs: a real API server, and the real command line."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import registry_workspace
from airflow_site import Site, site
from command import Command, Said

DAG = """
from airflow.sdk import DAG
from airflow.providers.standard.operators.empty import EmptyOperator
from spalje.airflow.assets import Assets

for name, asset in {"approved": Assets("fresh").model_approved, "truth": Assets("fresh").ground_truth}.items():
    with DAG(f"fresh-{name}", schedule=asset):
        EmptyOperator(task_id="after")
"""
APPROVED = "spalje://fresh/model-approved"


@pytest.fixture(scope="module")
def running(airflow_python: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    folder = tmp_path_factory.mktemp("site")
    (folder / "dags").mkdir()
    (folder / "dags" / "fresh.py").write_text(DAG)
    local = {
        "name": "local",
        "classpath": "airflow.dag_processing.bundles.local.LocalDagBundle",
        "kwargs": {"path": str(folder / "dags")},
    }
    with site(airflow_python, folder, [local], processes=("api-server",)) as airflow:
        airflow.airflow("dags", "reserialize")
        airflow.until(lambda: _answers(airflow), 90)
        yield airflow


def _answers(airflow: Site) -> bool:
    try:
        return bool(airflow.call("assets"))
    except OSError:
        return False


@pytest.fixture
def spalje(tmp_path: Path, running: Site) -> Command:
    registry_workspace.main(tmp_path / "ours")
    told(tmp_path / "ours", running.url)
    return Command(tmp_path / "ours", tmp_path)


def told(workspace: Path, url: str) -> None:
    settings = f'[airflow]\nurl = "{url}"\nusername = "nils"\npassword_env = "AIRFLOW_PASSWORD"\n'
    (workspace / "settings.toml").write_text(settings)


def approve(spalje: Command, *words: str, password: str = "nils") -> Said:
    command = ("model", "approve", "fresh/2", "--reason", "Better.", "--by", "Eva", *words)
    return spalje(*command, AIRFLOW_PASSWORD=password)


def test_an_approval_elsewhere_reaches_airflow(spalje: Command, running: Site):
    before = len(running.events(APPROVED))
    said = approve(spalje)
    assert said.code == 0, said.error
    assert f"of {APPROVED} at {running.url}." in said.out
    (event,) = running.events(APPROVED)[before:]
    extra = event["extra"]
    assert (extra["version"], extra["run"], extra["by"]) == ("fresh/2", "fresh/build/2", "Eva")
    assert [run["dag_id"] for run in event["created_dagruns"]] in (
        [],
        ["fresh-approved"],
    )  # no scheduler is running
    repeated = spalje("model", "promote", "fresh/2", AIRFLOW_PASSWORD="nils")
    assert len(running.events(APPROVED)) == before + 2, repeated.error


def test_when_airflow_itself_asks_it_is_not_told(spalje: Command, running: Site):
    before = len(running.events(APPROVED))
    assert approve(spalje, "--no-tell-airflow").code == 0
    assert len(running.events(APPROVED)) == before


def test_a_rejection_is_no_event(spalje: Command, running: Site):
    before = len(running.events(APPROVED))
    words = ("model", "reject", "fresh/2", "--reason", "Worse.", "--by", "Eva")
    assert spalje(*words, AIRFLOW_PASSWORD="nils").code == 0
    assert len(running.events(APPROVED)) == before


def test_what_goes_wrong_is_told_and_undoes_nothing(spalje: Command):
    said = approve(spalje, password="wr0ng!word")
    assert said.code == 0
    assert "but Airflow was not told: Airflow (http://" in said.error
    assert "Repeat it with: spalje model promote fresh/2" in said.error
    assert "wr0ng!word" not in said.error + said.out
    assert spalje("model", "show", "fresh/2", "--json").json["version"]["status"] == "approved"


def test_a_login_that_is_missing_is_said(spalje: Command):
    said = spalje("model", "approve", "fresh/2", "--reason", "Better.", "--by", "Eva")
    assert (said.code, "AIRFLOW_PASSWORD, which is not set" in said.error) == (0, True)


def test_ground_truth_is_an_event(spalje: Command, running: Site, tmp_path: Path):
    (tmp_path / "truth.csv").write_text("id,y\n1,2\n")
    words = ("airflow", "event", "fresh", "ground-truth", "--by", "Nils", "--json")
    said = spalje(*words, "--truth", "truth.csv", AIRFLOW_PASSWORD="nils")
    assert said.code == 0, said.error
    extra = running.events("spalje://fresh/ground-truth")[-1]["extra"]
    assert (extra["truth"], extra["by"]) == (str(tmp_path / "truth.csv"), "Nils")
    for truth, code in (("gone.csv", 3), (f"sha256:{'0' * 64}", 2)):
        assert spalje(*words, "--truth", truth, AIRFLOW_PASSWORD="nils").code == code


def test_an_asset_that_no_dag_has_is_not_found(spalje: Command, running: Site, tmp_path: Path):
    (tmp_path / "dairy").mkdir()
    other = registry_workspace.named(tmp_path / "dairy" / "ours", "dairy")
    told(other, running.url)
    command = Command(other, tmp_path)
    words = ("airflow", "event", "dairy", "ground-truth", "--truth", str(other), "--json")
    said = command(*words, AIRFLOW_PASSWORD="nils")
    assert (said.code, "spalje://dairy/ground-truth" in said.error) == (2, True)
