"""Events of OpenLineage carry artifacts, the run and the commit; through its file transport, in an Airflow of its own."""

import json
import os
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest
from recorded import PYTHON, Small

from spalje.airflow.openlineage import NAMESPACE, ArtifactLineage
from spalje.airflow.place import Place

PROGRAM = """
    import sys
    from pathlib import Path
    from airflow.dag_processing.dagbag import BundleDagBag

    folder = Path(sys.argv[1])
    bag = BundleDagBag(dag_folder=folder / "lineage.py", bundle_path=folder, bundle_name="dags-folder")
    (dag,) = bag.dags.values()
    sys.exit(dag.test().state != "success")
"""
BODY = """
        start = SpaljeRecordOperator(
            task_id="start", outline=project.outlines["one"], project="small", inputs={"raw": RAW}
        )
        run = "{{ ti.xcom_pull(task_ids='start')['run'] }}"
        start >> SpaljeStepOperator(task_id="make", run=run, step="make")
"""


@pytest.fixture
def events(tmp_path: Path, small: Small) -> list[dict[str, Any]]:
    dags = tmp_path / "dags"
    dags.mkdir()
    shutil.copy(Path(sys.prefix) / "home" / "airflow.db", tmp_path / "airflow.db")
    source = small.source("lineage", BODY).replace(
        "from spalje.airflow import Project", "from spalje.airflow import Project, SpaljeStepOperator"
    )
    (dags / "lineage.py").write_text(textwrap.dedent(source), encoding="utf-8")
    out = tmp_path / "events.jsonl"
    environ = {
        **os.environ,
        "AIRFLOW_HOME": str(tmp_path),
        "AIRFLOW__CORE__DAGS_FOLDER": str(dags),
        "AIRFLOW__OPENLINEAGE__TRANSPORT": json.dumps(
            {"type": "file", "log_file_path": str(out), "append": True}
        ),
        "AIRFLOW__OPENLINEAGE__NAMESPACE": "here",
        "SPALJE_PYTHON": str(PYTHON),
        "SPALJE_WORKSPACE": str(small.workspace),
    }
    done = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(PROGRAM), dags],
        env=environ,
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return [json.loads(line) for line in out.read_text(encoding="utf-8").splitlines()]


def test_events_carry_artifacts_the_run_and_the_commit(small: Small, events: list[dict[str, Any]]):
    (ended,) = (
        one for one in events if one["eventType"] == "COMPLETE" and one["job"]["name"] == "small-lineage.make"
    )
    ((name,),) = small.rows("SELECT id FROM run ORDER BY sequence DESC LIMIT 1")
    run = small.ask("run", "show", name)
    (make,) = (step for step in run["steps"] if step["step"] == "make")
    assert [(one["namespace"], one["name"]) for one in ended["inputs"]] == [
        (NAMESPACE, f"sha256:{make['inputs']['raw']}")
    ]
    assert [(one["namespace"], one["name"]) for one in ended["outputs"]] == [
        (NAMESPACE, f"sha256:{make['outputs']['rows']}")
    ]
    assert ended["outputs"][0]["facets"]["documentation"]["description"] == f"rows of {name} make"
    assert ended["job"]["facets"]["sourceCodeLocation"]["version"] == run["run"]["commit"]
    tags = {one["key"]: one["value"] for one in ended["run"]["facets"]["tags"]["tags"]}
    assert (tags["spalje.run"], tags["spalje.step"], tags["spalje.commit"]) == (
        name, "make", run["run"]["commit"],
    )  # fmt: skip


def test_where_spalje_does_not_answer_there_is_none(tmp_path: Path):
    lineage = ArtifactLineage()
    assert lineage.get_openlineage_facets_on_complete(None) is None
    lineage.remember(Place(sys.executable, str(tmp_path)), "small/build/1")
    assert lineage.get_openlineage_facets_on_complete(None) is None
