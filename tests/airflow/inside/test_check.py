"""What ``spalje airflow check`` finds out in Airflow: DAG files as the DAG processor would read them."""

import json
import textwrap

import pytest
from airflow.models import Connection, Variable
from airflow.models.pool import Pool
from airflow.utils.session import create_session

from spalje.airflow.check import main, report


@pytest.fixture
def folder(tmp_path):
    """Writes DAG files; gives their report."""

    def read(here=False, **files):
        for name, text in files.items():
            (tmp_path / f"{name}.py").write_text(
                "from airflow.sdk import DAG, Variable, task\n" + textwrap.dedent(text)
            )
        return report(tmp_path, here=here)

    return read


def errors(found, path):
    return next(file["errors"] for file in found["files"] if file["path"] == path)


def test_a_good_file_is_told_with_its_dags_and_its_time(folder):
    found = folder(
        good="""
        with DAG("sales-inference", tags=["sales"], default_args={"owner": "Eva"}):
            @task
            def first(): ...
            @task
            def second(before): ...
            second(first())
        """
    )
    (dag,), (file,) = found["dags"], found["files"]
    assert (dag["id"], dag["owner"], dag["tags"], dag["line"]) == ("sales-inference", "Eva", ["sales"], 3)
    assert dag["tasks"] == ["first", "second"]
    assert file["errors"] == []
    assert 0 < file["milliseconds"] < 20_000
    assert found["airflow"].startswith("3.3.")


def test_an_error_has_its_line_in_the_file_also_when_it_is_raised_elsewhere(folder):
    found = folder(bad='with DAG("x"):\n    import json\n    json.loads("{")\n')
    (error,) = errors(found, "bad.py")
    assert error["line"] == 4
    assert "JSONDecodeError" in error["said"]


def test_a_file_that_is_no_python_has_its_line(folder):
    (error,) = errors(folder(bad="def (dag):\n"), "bad.py")
    assert (error["line"], error["said"]) == (2, "SyntaxError: invalid syntax")


def test_a_file_that_ends_its_process_does_not_end_the_check(folder):
    found = folder(bad="import os\nos._exit(7)  # dag", good='dag = DAG("good")')
    assert "code 7" in errors(found, "bad.py")[0]["said"]
    assert [dag["id"] for dag in found["dags"]] == ["good"]


def test_a_name_that_two_files_give_is_an_error(folder):
    found = folder(a='dag = DAG("same")', b='dag = DAG("same")')
    assert errors(found, "a.py") == []
    assert "is in a.py as well" in errors(found, "b.py")[0]["said"]


def test_a_cycle_is_an_error(folder):
    found = folder(
        bad="""
        from airflow.providers.standard.operators.empty import EmptyOperator
        with DAG("round"):
            a, b = EmptyOperator(task_id="a"), EmptyOperator(task_id="b")
            a >> b >> a
        """
    )
    assert "Cycle" in errors(found, "bad.py")[0]["said"]


def test_what_cannot_be_stored_is_an_error(folder):
    found = folder(bad='from airflow.sdk import Param\ndag = DAG("x", params={"p": Param(object())})')
    assert errors(found, "bad.py")


def test_files_that_airflow_passes_over_are_not_read(tmp_path, folder):
    (tmp_path / "notes.py").write_text("raise SystemExit")
    (tmp_path / "later.py").write_text("raise SystemExit  # airflow dag")
    (tmp_path / ".airflowignore").write_text("later.py\n")
    assert [file["path"] for file in folder(good='dag = DAG("good")')["files"]] == ["good.py"]


def test_what_is_asked_for_while_a_file_is_read_is_warned_of(folder):
    found = folder(
        a="""
        SHOPS = Variable.get("shops", default="all")
        with DAG("x"):
            @task
            def later():
                Variable.get("region")
            later()
        """
    )
    (file,) = found["files"]
    assert [(warned["line"], "'shops'" in warned["said"]) for warned in file["warnings"]] == [(3, True)]
    assert {need["name"]: need["required"] for need in found["needs"]} == {"shops": False, "region": True}


NEEDING = """
with DAG("x"):
    @task.bash(pool="training", env={"A": "{{ var.value.region }} {{ var.json.get('tree') }} {{ conn.warehouse.host }}"})
    def one(): return "true"

    @task(pool="training")
    def two(): ...
    one() >> two()
    from airflow.providers.common.sql.operators.sql import SQLExecuteQueryOperator
    SQLExecuteQueryOperator(task_id="three", conn_id="shop", sql="select '{{ conn.get(\\"erp\\").host }}'")
"""


def test_what_dags_use_is_told_with_who_uses_it_and_nobody_is_asked(folder):
    found = {(need["kind"], need["name"]): need for need in folder(a=NEEDING)["needs"]}
    assert set(found) == {
        ("connection", "erp"), ("connection", "shop"), ("connection", "warehouse"),
        ("pool", "training"), ("variable", "region"), ("variable", "tree"),
    }  # fmt: skip
    assert found["pool", "training"]["used_by"] == ["x.one", "x.two"]
    assert found["pool", "training"]["make"].startswith("airflow pools set training 1")
    assert {need["exists"] for need in found.values()} == {None}


def test_the_airflow_at_hand_says_what_it_has(folder):
    with create_session() as session:
        session.add(Connection(conn_id="shop", conn_type="postgres"))
    Variable.set("region", "north")
    Pool.create_or_update_pool("training", slots=1, description="", include_deferred=False)
    found = {need["name"]: need["exists"] for need in folder(a=NEEDING, here=True)["needs"]}
    assert found == {
        "shop": True,
        "region": True,
        "training": True,
        "erp": False,
        "tree": False,
        "warehouse": False,
    }


def test_variables_of_the_workers_may_say_where_spalje_is(folder, monkeypatch):
    asking = 'with DAG("x"):\n    @task\n    def one(): from_ = Connection.get("spalje_default")\n    one()'
    assert folder(a=asking, here=True)["needs"][0]["exists"] is False
    monkeypatch.setenv("SPALJE_PYTHON", "/opt/spalje/bin/python")
    monkeypatch.setenv("SPALJE_WORKSPACE", "/srv/spalje")
    assert folder(a=asking, here=True)["needs"][0]["exists"] is True


def test_the_program_writes_its_report(tmp_path):
    (tmp_path / "a.py").write_text('from airflow.sdk import DAG\ndag = DAG("x")')
    main([str(tmp_path), "--report", str(tmp_path / "report.json")])
    assert json.loads((tmp_path / "report.json").read_text())["format"] == 1
