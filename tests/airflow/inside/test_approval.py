"""A person decides in Airflow, and the registry's entry is the decision."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from airflow.sdk import DAG
from registry import DAGS, PYTHON, Api, Registry, answered, api, events, load, state, xcom

SOURCE = """
    from datetime import timedelta

    from airflow.providers.standard.operators.empty import EmptyOperator
    from airflow.sdk import DAG, task
    from spalje.airflow import SpaljeApprovalOperator
    from spalje.airflow.assets import Assets

    @task
    def build():
        return {built}

    with DAG({name!r}, schedule=None):
        approval = SpaljeApprovalOperator(
            task_id="approval",
            asset=Assets("fresh").model_approved,
            retries=2,
            {words}
        )
        build() >> approval >> EmptyOperator(task_id="after")
"""
BUILT = {"run": "fresh/build/2", "version": "fresh/2"}


@pytest.fixture(name="api")
def _api() -> Api:
    return api()


@pytest.fixture
def registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Registry:
    monkeypatch.setenv("SPALJE_PYTHON", str(PYTHON))
    monkeypatch.setenv("SPALJE_WORKSPACE", str(tmp_path / "ours"))
    return Registry(tmp_path / "ours")


@pytest.fixture
def dag(request: pytest.FixtureRequest) -> Callable[..., DAG]:
    name = request.node.name.removeprefix("test_").partition("[")[0]
    return lambda words="", built=BUILT: load(SOURCE.format(name=name, words=words, built=built), DAGS)


def test_an_approval_is_the_registrys_own_entry(registry: Registry, api: Api, dag: Callable[..., DAG]):
    seen: list[Any] = []
    before = len(events("spalje://fresh/model-approved"))
    run = answered(dag(), api, "Eva", "Approve", "Better where it matters.", before=seen.append)
    entry = registry.version()["history"][-1]
    assert (entry["status"], entry["who"], entry["reason"]) == ("approved", "Eva", "Better where it matters.")
    assert (run.state, state(run, "approval"), state(run, "after")) == ("success", "success", "success")
    assert xcom(run, "approval") == {"version": "fresh/2", "status": "approved", "run": "fresh/build/2"}
    (event,) = events("spalje://fresh/model-approved")[before:]
    assert event.extra == {"version": "fresh/2", "run": "fresh/build/2", "by": "Eva"}
    assert event.source_task_id == "approval"
    (asked,) = seen
    assert asked["subject"] == "Shall fresh/2 be approved?"
    assert asked["options"] == ["Approve", "Reject"]
    assert asked["params"]["reason"]["schema"]["type"] == "string"
    for told in (
        "Trained by Ann Ek",
        "| rmse | 0.52 | 0.4 |",
        "better than version 1",
        "| rmse | 0.5 | 0.4 | -20.0% |",
        "| price\\|net | 0.75 | 75.0% |",
        "spalje lineage show model:fresh/2",
    ):
        assert told in asked["body"]


def test_a_rejection_skips_what_follows_and_emits_nothing(
    registry: Registry, api: Api, dag: Callable[..., DAG]
):
    before = len(events("spalje://fresh/model-approved"))
    run = answered(dag('version="fresh/2"'), api, "Eva", "Reject", "Bias in winter.")
    entry = registry.version()["history"][-1]
    assert (entry["status"], entry["who"], entry["reason"]) == ("rejected", "Eva", "Bias in winter.")
    assert (state(run, "approval"), state(run, "after")) == ("success", "skipped")
    assert xcom(run, "approval")["status"] == "rejected"
    assert len(events("spalje://fresh/model-approved")) == before


@pytest.mark.parametrize(
    ("who", "reason", "said"),
    [
        ("Ann Ek", "Mine.", "asks for four eyes"),
        ("Zoe", "Why not.", "Zoe may not decide about versions of fresh"),
        ("Eva", " ", "A decision needs a reason"),
        ("Anonymous", "Why not.", "Airflow does not know who answered"),
    ],
)
def test_what_the_registry_refuses_fails_for_good(
    registry: Registry,
    api: Api,
    dag: Callable[..., DAG],
    capsys: pytest.CaptureFixture[str],
    who,
    reason,
    said,
):
    run = answered(dag(), api, who, "Approve", reason)
    assert (run.state, state(run, "approval"), state(run, "after")) == ("failed", "failed", "upstream_failed")
    assert said in capsys.readouterr().out
    assert registry.version()["status"] == "pending"


def test_an_unknown_person_may_have_a_name(registry: Registry, api: Api, dag: Callable[..., DAG]):
    run = answered(dag('anonymous="Bo"'), api, "Anonymous", "Approve")
    assert (run.state, registry.version()["history"][-1]["who"]) == ("success", "Bo")


def test_the_same_decision_elsewhere_is_as_good(registry: Registry, api: Api, dag: Callable[..., DAG]):
    def meanwhile(_: object) -> None:
        registry.ask("model", "approve", "fresh/2", "--reason", "By hand.", "--by", "Bo")

    before = len(events("spalje://fresh/model-approved"))
    run = answered(dag(), api, "Eva", "Approve", before=meanwhile)
    assert run.state == "success"
    assert [entry["who"] for entry in registry.version()["history"][1:]] == ["Bo"]
    known = [event.extra for event in events("spalje://fresh/model-approved")[:before]]
    new = [event.extra for event in events("spalje://fresh/model-approved")[before:]]
    told = any(extra["version"] == "fresh/2" for extra in known)
    assert new == ([] if told else [{"version": "fresh/2", "run": "fresh/build/2", "by": "Bo"}])


def test_another_decision_elsewhere_stands(
    registry: Registry, api: Api, dag: Callable[..., DAG], capsys: pytest.CaptureFixture[str]
):
    def meanwhile(_: object) -> None:
        registry.ask("model", "reject", "fresh/2", "--reason", "By hand.", "--by", "Bo")

    run = answered(dag(), api, "Eva", "Approve", before=meanwhile)
    assert (run.state, registry.version()["status"]) == ("failed", "rejected")
    assert "rejected by Bo in the meantime: By hand. That stands." in capsys.readouterr().out


def test_what_is_approved_needs_no_answer(registry: Registry, dag: Callable[..., DAG]):
    run = dag('version="fresh/1"').test()
    assert (run.state, state(run, "after")) == ("success", "success")
    assert len(registry.version(1)["history"]) == 2


def test_without_a_version_there_is_nothing_to_decide(registry: Registry, dag: Callable[..., DAG]):
    run = dag(built={"run": "fresh/build/2", "version": None}).test()
    assert (state(run, "approval"), state(run, "after")) == ("skipped", "skipped")


def test_only_who_is_named_may_answer(registry: Registry, api: Api, dag: Callable[..., DAG]):
    refused: list[int] = []

    def other(asked: Any) -> None:
        place = f"/dags/{asked['task_instance']['dag_id']}/dagRuns/{asked['task_instance']['dag_run_id']}"
        body = {"chosen_options": ["Approve"], "params_input": {"reason": "Why not."}}
        path = f"{place}/taskInstances/approval/-1/hitlDetails"
        refused.append(api.status("PATCH", path, "Zoe", json=body))

    run = answered(dag('assigned_users=[{"id": "Eva", "name": "Eva"}]'), api, "Eva", "Approve", before=other)
    assert (run.state, refused) == ("success", [403])
