"""The DAGs of a project: read from its files, drawn as its recipe is, with everything that a form and a schedule need."""

import json
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from airflow.sdk import DAG, Label, Param, TriggerRule
from airflow.sdk.exceptions import ParamValidationError

from spalje.airflow import Project, outline, pipeline_task_group
from spalje.errors import BadInput, UsageError

WHEN = {"report": "evaluate.report", "metric": "rmse", "operator": "<", "value": 0.9}
OUTLINE = {
    "format": 1,
    "pipelines": {
        "inference": {
            "parameters": [
                {"name": "week", "type": "date", "default": None, "required": True, "help": "The week."},
                {"name": "shop", "type": "string", "default": None, "required": True, "help": "Which."},
                {"name": "rows", "type": "integer", "default": 5, "required": False, "help": "How many."},
                {"name": "share", "type": "float", "default": 0.5, "required": False, "help": ""},
                {"name": "dry", "type": "boolean", "default": False, "required": False, "help": ""},
                {"name": "until", "type": "date", "default": None, "required": False, "help": ""},
                {"name": "note", "type": "string", "default": None, "required": False, "help": ""},
            ],
            "inputs": [{"name": "journey", "kind": "folder", "help": ""}],
            "steps": [
                {"name": "preprocess", "kind": "process", "needs": [], "when": None},
                {"name": "train", "kind": "train", "needs": ["preprocess"], "when": None},
                {"name": "evaluate", "kind": "evaluate", "needs": ["train"], "when": None},
                {"name": "publish", "kind": "decide", "needs": ["evaluate", "train"], "when": WHEN},
                {"name": "report", "kind": "process", "needs": ["preprocess"], "when": None},
            ],
        }
    },
}


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    (tmp_path / "dags").mkdir()
    (tmp_path / "spalje.toml").write_text('[project]\nname = "fresh"\ntitle = "Fresh"\nowner = "Eva Ek"\n')
    (tmp_path / "dags" / "pipelines.json").write_text(json.dumps(OUTLINE))
    return tmp_path


@pytest.fixture
def project(repository: Path) -> Project:
    return Project.here(str(repository / "dags" / "fresh.py"))


def test_a_pipeline_is_drawn_as_its_recipe_is(project: Project):
    with project.dag("inference") as dag:
        group = project.pipeline("inference")
    assert group.group_id == "inference"
    assert {task.task_id: sorted(task.upstream_task_ids) for task in dag.tasks} == {
        "inference.start": [],
        "inference.preprocess": ["inference.start"],
        "inference.train": ["inference.preprocess"],
        "inference.evaluate": ["inference.train"],
        "inference.publish": ["inference.evaluate", "inference.train"],
        "inference.report": ["inference.preprocess"],
        "inference.conclude": ["inference.publish", "inference.report"],
    }
    conclude = dag.get_task("inference.conclude")
    assert conclude.trigger_rule == TriggerRule.ALL_DONE
    assert {task.label: task.pool for task in dag.tasks if task.pool != "default_pool"} == {
        "train": "spalje_training"
    }
    labels = {
        (task.label, after.rpartition(".")[2]): dag.get_edge_info(task.task_id, after).get("label")
        for task in dag.tasks
        for after in task.downstream_task_ids
    }
    assert {edge: label for edge, label in labels.items() if label} == {
        ("evaluate", "publish"): Label("rmse < 0.9").label
    }


def test_a_group_can_stand_in_a_dag_of_ones_own(repository: Path):
    pipelines = outline.read(repository / "dags" / "pipelines.json")
    with DAG("own", schedule=None) as dag:
        group = pipeline_task_group(
            pipelines["inference"], project="fresh", group_id="weekly", training_pool="gpu", deferrable=True
        )
    assert dag.get_task("weekly.train").pool == "gpu"
    assert dag.get_task("weekly.train").deferrable
    assert group["publish"]["decision"].task.task_id == "weekly.conclude"
    with pytest.raises(KeyError):
        group["nothing"]


def test_a_dag_says_whose_it_is_and_takes_its_time(project: Project):
    with project.dag("inference", schedule=None, catchup=True, default_args={"retries": 5}) as dag:
        project.pipeline("inference")
    assert (dag.dag_id, dag.tags, dag.owner, dag.max_active_runs) == (
        "fresh-inference",
        {"fresh", "spalje"},
        "Eva Ek",
        1,
    )
    assert dag.catchup
    assert "Eva Ek" in dag.doc_md
    task = dag.get_task("inference.train")
    assert (task.retries, task.retry_delay, task.retry_exponential_backoff) == (
        5,
        timedelta(seconds=30),
        True,
    )
    assert project.dag("other").default_args["retries"] == 2
    assert not project.dag("other").params


def test_parameters_are_fields_of_their_type(project: Project):
    params = project.dag("inference", date="week").params
    schemas = {name: params.get_param(name).schema for name in params}
    assert {name: schema["type"] for name, schema in schemas.items()} == {
        "week": ["null", "string"],
        "shop": "string",
        "rows": "integer",
        "share": "number",
        "dry": "boolean",
        "until": ["null", "string"],
        "note": ["null", "string"],
    }
    assert {name for name, schema in schemas.items() if schema.get("format") == "date"} == {"week", "until"}
    assert "day of the schedule" in params.get_param("week").description
    assert params.get_param("rows").description == "How many."
    assert {name: params.get_param(name).value for name in ("rows", "share", "dry", "until")} == {
        "rows": 5,
        "share": 0.5,
        "dry": False,
        "until": None,
    }
    with pytest.raises(ParamValidationError):
        params.get_param("shop").resolve()
    assert params.get_param("week").resolve() is None
    with pytest.raises(ParamValidationError):
        params.get_param("week").resolve("next monday")
    assert project.dag("inference").params.get_param("week").schema["type"] == "string"


def test_a_required_parameter_stands_against_a_schedule_until_it_has_a_value(project: Project):
    with pytest.raises(ValueError, match="required params"):
        project.dag("inference", schedule="@weekly", date="week")
    dag = project.dag("inference", schedule="@weekly", date="week", params={"shop": Param("all")})
    assert dag.params["shop"] == "all"


def test_tasks_get_the_dags_parameters_and_their_pools(project: Project):
    with project.dag("inference", date="week"):
        run = project.run("inference", parameters={"shop": "all"})
        build = project.run("build")
    assert run.parameters == {
        **{name: project.param(name) for name in ("week", "rows", "share", "dry", "until", "note")},
        "shop": "all",
    }
    assert "logical_date" in run.parameters["week"]
    assert (run.ref, run.pool) == ("", "default_pool")
    assert (build.ref, build.pool) == ("main", "spalje_training")
    assert project.dag("quality", params={"truth": "a"})
    assert project.judge(dag=project._last).truth == "{{ '' if params.truth is none else params.truth }}"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "There is no"),
        ("{", "JSONDecodeError"),
        ("[]", "TypeError"),
        ('{"format": 2}', "format 2, and this Spaljé reads 1"),
        ('{"format": 1, "pipelines": {"a": {"steps": [{"name": "a"}]}}}', "KeyError"),
    ],
)
def test_an_outline_that_cannot_be_read_says_what_to_do(repository: Path, text: str | None, said: str):
    path = repository / "dags" / "pipelines.json"
    path.unlink() if text is None else path.write_text(text)
    with pytest.raises(BadInput, match=r"spalje pipeline compile --write$") as caught:
        Project.here(str(repository / "dags" / "fresh.py"))
    assert said in str(caught.value)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("text", [None, "[", "", "project = 3", "[project]\ntitle = 'x'"])
def test_a_file_outside_of_a_repository_says_where_it_belongs(repository: Path, text: str | None):
    path = repository / "spalje.toml"
    path.unlink() if text is None else path.write_text(text)
    with pytest.raises(BadInput, match=r"dags/ of a deploy repository") as caught:
        Project.here(str(repository / "dags" / "fresh.py"))
    assert str(path) in str(caught.value)


def test_what_is_not_there_is_named(project: Project):
    with pytest.raises(UsageError, match=r"with project\.dag"):
        project.run("inference")
    with project.dag("inference"):
        with pytest.raises(BadInput, match=r"Did you mean 'inference'\?.*compile --write"):
            project.pipeline("inferenc")
        program = project.program("prepare", "src/prepare.py", outputs=["rows"])
        with pytest.raises(KeyError, match="it has: rows"):
            program["table"]


#: Reads a DAG file of a project, and one of as many tasks that do nothing; says how long each took, and what is loaded.
READ = """
import json, sys, time
from pathlib import Path
from airflow.providers.standard.operators.empty import EmptyOperator
from airflow.sdk import DAG

def plain():
    for number in range(8):
        with DAG(f"plain-{number}", schedule=None):
            start = EmptyOperator(task_id="start")
            steps = [EmptyOperator(task_id=f"step-{number}") for number in range(5)]
            start >> steps >> EmptyOperator(task_id="end")

from spalje.airflow import Project

def ours():
    project = Project.here(sys.argv[1])
    for number in range(8):
        with project.dag(f"ours-{number}"):
            project.pipeline("inference")

def best(draw):
    took = []
    for _ in range(5):
        began = time.process_time()
        draw()
        took.append(time.process_time() - began)
    return min(took)

plain(), ours()
print(json.dumps({"loaded": sorted(sys.modules), "ratio": best(ours) / best(plain)}))
"""


@pytest.fixture(scope="module")
def read(tmp_path_factory: pytest.TempPathFactory) -> Any:
    folder = tmp_path_factory.mktemp("read")
    (folder / "dags").mkdir()
    (folder / "spalje.toml").write_text('[project]\nname = "fresh"\n')
    (folder / "dags" / "pipelines.json").write_text(json.dumps(OUTLINE))
    said = subprocess.run(
        [sys.executable, "-c", READ, folder / "dags" / "fresh.py"],
        check=True,
        capture_output=True,
        timeout=90,
    )
    return json.loads(said.stdout.splitlines()[-1])


def test_airflows_side_loads_of_ours_only_what_needs_nothing(read: Any):
    ours = {name for name in read["loaded"] if name.split(".")[0] == "spalje"}
    other = {name for name in ours if not name.startswith("spalje.airflow")}
    assert other <= {"spalje", "spalje.errors", "spalje.fingerprint"}
    assert not {"pyarrow", "numpy", "polars", "tomlkit", "cyclopts"} & set(read["loaded"])


def test_a_dag_is_read_about_as_fast_as_one_whose_tasks_do_nothing(read: Any):
    assert read["ratio"] < 3
