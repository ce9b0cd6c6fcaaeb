"""A range of weeks in a real Airflow, disturbed in every week, then late data, then a pause: batches stay in order."""

import os
import signal
from pathlib import Path

import pytest
from ended import ended
from lemonade_site import NAMES, WEEKS, Lemonade, lemonade

DAG = "lemonade-inference"
#: The features of a week; in a week that is told so they take a minute, once, and say who makes them. Late deliveries
#: raise prices a little.
SLOW = """
    import os
    import time
    from datetime import timedelta
    from pathlib import Path

    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq
    from options import day, folder, given
    from sales import sales

    wait = Path("{folder}", given["week"])
    if wait.exists():
        wait.unlink()
        Path("{folder}", "begun").write_text(str(os.getpid()))
        time.sleep(60)
    rows = sales(day("week"), day("week") + timedelta(weeks=1))
    if Path(given["nothing"], "late").exists():
        rows = rows.set_column(2, "price", pc.add(rows["price"], pa.scalar(0.001)))
    pq.write_table(rows if given["truth"] == "true" else rows.drop_columns(["units"]), folder("features"))
"""
#: A worker that is gone is missed after seconds.
SOON = {"AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "6"}


@pytest.mark.timeout(600)
def test_weeks_that_are_disturbed_and_late_data(airflow_python, tmp_path):
    waits = tmp_path / "waits"
    waits.mkdir()
    for week in WEEKS:
        (waits / week).touch()
    changes = {"src/week.py": SLOW.format(folder=waits)}
    processes = ("api-server", "scheduler", "dag-processor")
    with lemonade(airflow_python, tmp_path, changes=changes, environ=SOON, processes=processes) as place:
        place.model()
        place.pause(DAG, False)
        place.site.backfill(DAG, f"{WEEKS[0]}T00:00:00Z", f"{WEEKS[-1]}T23:00:00Z", person="nils")
        for number, kill in enumerate((kill_step, kill_worker, kill_scheduler), 1):
            script = begun(place, waits)
            assert len([run for run in place.site.runs(DAG) if run["state"] == "running"]) == 1
            kill(place, script)
            assert ended(script), f"{kill.__name__}: the script of the first try goes on"
            place.published(number, "no batch came of it")
        check_backfill(place)
        check_late_data(place, tmp_path / "nothing")
        check_pause(place)


def begun(place: Lemonade, waits: Path) -> int:
    """The process of a step's script that is going on."""
    told = waits / "begun"
    place.site.until(lambda: told.is_file() and told.read_text(), 90, "no step began")
    pid = int(told.read_text())
    told.unlink()
    return pid


def kill_step(place: Lemonade, script: int) -> None:
    os.killpg(script, signal.SIGKILL)


def kill_worker(place: Lemonade, script: int) -> None:
    """The worker, and the task that it supervises; what the task started must end by itself."""
    step = parent(script)
    task = parent(step)
    worker = parent(task)
    assert worker in place.site.pids()
    for pid in (worker, task):
        os.kill(pid, signal.SIGKILL)
    assert ended(step), "the step goes on without its worker"


def kill_scheduler(place: Lemonade, script: int) -> None:
    """The scheduler, and then the step, of which the next scheduler must hear."""
    place.site.kill("scheduler")
    os.killpg(script, signal.SIGKILL)
    place.site.start("scheduler")


def parent(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def check_backfill(place: Lemonade) -> None:
    """One batch a week, in calendar order; each was tried twice, and was one run of Spaljé's."""
    for run in place.site.runs(DAG):
        place.site.ended(DAG, run["dag_run_id"])
        assert place.site.tasks(DAG, run["dag_run_id"])["inference.features"]["try_number"] == 2
        assert run["run_type"] == "backfill"
    assert [(week, batch["content"]["status"]) for week, batch in weeks(place)] == [
        (week, "published") for week in WEEKS
    ]
    ours = place.said("run", "list", "--project", "lemonade", "--pipeline", "inference")
    assert {(run["status"], run["trigger"], run["started_by"]) for run in ours} == {
        ("succeeded", "schedule", "nils")
    }
    assert len(ours) == len(WEEKS)


def weeks(place: Lemonade) -> list[tuple[str, dict]]:
    """The batches, the first first, with the week that each is of."""
    runs = {run["id"]: run["parameters"] for run in place.said("run", "list", "--project", "lemonade")}
    return [(runs[batch["content"]["run"]]["week"], batch) for batch in place.batches()]


def check_late_data(place: Lemonade, delivery: Path) -> None:
    """Data come late, and a week is cleared: a second batch of the week, and the first is kept as it was."""
    before = place.batches()
    (delivery / "late").touch()
    run = place.site.runs(DAG)[1]["dag_run_id"]
    place.site.clear(DAG, run)
    place.published(4, "clearing made no batch")
    place.site.ended(DAG, run)
    again = weeks(place)
    assert [batch for _, batch in again[:3]] == before
    assert (again[3][0], again[3][1]["revision"]) == (WEEKS[1], 2)
    old, new = before[1]["content"]["artifacts"], again[3][1]["content"]["artifacts"]
    assert old["predictions"] != new["predictions"]


def check_pause(place: Lemonade) -> None:
    """All DAGs of a project are paused by one command."""
    place.site.airflow("dags", "pause", "--treat-dag-id-as-regex", "--yes", "^lemonade-")
    found = {dag["dag_id"]: dag["is_paused"] for dag in place.site.call("dags?limit=100")["dags"]}
    assert found == dict.fromkeys(NAMES, True)
