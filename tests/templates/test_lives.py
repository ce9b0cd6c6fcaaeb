"""Whole lives on tiny data: build, approve, predict, hear the truth; the real command line and real processes.

The life of ``forecasting`` in its first shape, on real data, is told in ``tests/journeys/test_life.py``, that of a slim
core with the programs around it in ``tests/airflow/inside/test_templates.py``.
"""

import re
from pathlib import Path

import demo_environment
from command import Command
from rendered_project import make
from variants import ROLES, python


def begin(folder: Path, repositories: dict[str, Path]) -> Command:
    """A workspace with the project ``lemonade`` made of two rendered repositories."""
    return Command(make(folder, repositories), folder, python=demo_environment.python())


def said(spalje: Command, *words: str) -> object:
    """What a command says as JSON; it must succeed."""
    answer = spalje(*words, "--json", timeout_s=240)
    assert answer.code == 0, answer.error
    return answer.json


def approve(spalje: Command) -> dict[str, float]:
    """Approve the first version, for which the deploy repository passes its own tests; the version's metrics."""
    version = said(spalje, "model", "approve", "lemonade/1", "--reason", "It is the first.")
    assert version["status"] == "approved"
    (job,) = said(spalje, "ci", "list", "--project=lemonade")
    assert said(spalje, "ci", "watch", str(job["sequence"]))["status"] == "succeeded"
    assert re.search(r"\d+ passed", spalje("ci", "log", str(job["sequence"])).out)
    return version["content"]["metrics"]


def check_batch(spalje: Command, rows: int) -> None:
    """The one batch went out, with every verdict, and was judged when the truth was known."""
    (batch,) = said(spalje, "batch", "list", "lemonade")
    assert (batch["content"]["status"], batch["content"]["rows"]) == ("published", rows)
    verdicts = {name for name in batch["content"]["artifacts"] if name.startswith("verdict_")}
    assert verdicts >= {"verdict_data_quality", "verdict_attribution", "verdict_estimated_quality"}
    (evaluation,) = batch["evaluations"]
    assert evaluation["coverage"] == 1
    assert evaluation["outcome"] in ("ok", "warning")


def test_processing_in_the_pipeline(rendered, tmp_path):
    spalje = begin(tmp_path, {role: rendered("regression-pipeline", role) for role in ROLES})
    data = tmp_path / "data"
    python("tests/tiny_data.py", data, cwd=tmp_path / "build")
    journey = f"--input=journey={data / 'journey'}"
    said(spalje, "run", "start", "build", "--project=lemonade", journey)
    assert approve(spalje)["rmse"] > 0
    said(spalje, "run", "start", "inference", "--project=lemonade", journey, "--param=week=2017-06-19")
    said(spalje, "batch", "truth", str(data / "ground_truth"), "--project=lemonade")
    check_batch(spalje, 36)


def test_a_core_of_several_classes_on_ready_tables(rendered, tmp_path):
    spalje = begin(tmp_path, {role: rendered("classification-core-multiclass", role) for role in ROLES})
    data = tmp_path / "data"
    python("tests/tiny_data.py", data, cwd=tmp_path / "build")
    tables = [f"--input={name}={data / name}" for name in ("train", "validation", "evaluation")]
    said(spalje, "run", "start", "build", "--project=lemonade", *tables)
    assert approve(spalje)["log_loss"] > 0
    said(spalje, "run", "start", "inference", "--project=lemonade", f"--input=features={data / 'features'}")
    said(spalje, "batch", "truth", str(data / "ground_truth"), "--project=lemonade")
    check_batch(spalje, 60)
    promoted = spalje("model", "show", "--", "lemonade/1")
    assert (promoted.code, "approved" in promoted.out) == (0, True)
    refused = spalje("model", "show", "--", "--workspace=/nowhere")
    assert (refused.code, "is not a model version" in refused.error) == (3, True), (
        "no option is read from outside"
    )
