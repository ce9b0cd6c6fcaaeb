"""Something is killed in mid-step: the task is tried again, and there is exactly one batch."""

import os
import signal
from contextlib import suppress
from pathlib import Path

import pytest
from ended import ended
from lemonade_site import DAGS, Lemonade, lemonade

DAG = "lemonade-inference"
#: The features of a week; in a week that is told so they take a minute, once, and say who makes them.
SLOW = """
    import os
    import time
    from datetime import timedelta
    from pathlib import Path

    import pyarrow.parquet as pq
    from options import day, folder, given
    from sales import sales

    wait = Path("{folder}", str(day("week")))
    if wait.exists():
        wait.unlink()
        Path("{folder}", "begun").write_text(str(os.getpid()))
        time.sleep(60)
    rows = sales(day("week"), day("week") + timedelta(weeks=1))
    pq.write_table(rows if given["truth"] == "true" else rows.drop_columns(["units"]), folder("features"))
"""
#: A worker that is gone is missed after seconds.
SOON = {"AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "6"}


@pytest.fixture(scope="module")
def waits(tmp_path_factory) -> Path:
    """Where weeks are named whose features take a minute."""
    return tmp_path_factory.mktemp("waits")


@pytest.fixture(scope="module")
def place(airflow_python, tmp_path_factory, waits):
    """The project in Airflow, with an approved model."""
    folder = tmp_path_factory.mktemp("kills")
    dates = {"dags/lemonade.py": DAGS.replace('schedule="0 5 * * 1", ', "")}
    changes = {"src/week.py": SLOW.format(folder=waits), **dates}
    with lemonade(airflow_python, folder, changes=changes, environ=SOON) as running:
        running.model()
        running.pause(DAG, False)
        yield running


def begun(place: Lemonade, waits: Path, week: str) -> tuple[str, int]:
    """A run of the week whose first step is going on; the run, and the process of the step's script."""
    (waits / "begun").unlink(missing_ok=True)
    (waits / week).touch()
    run = place.site.trigger(DAG, week=week)
    place.site.until(lambda: (waits / "begun").is_file() and (waits / "begun").read_text(), 60)
    return run, int((waits / "begun").read_text())


def parent(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def check(place: Lemonade, run: str, week: str, script: int) -> dict:
    """It ended well, with one batch and one run of Spaljé's, and nothing goes on that was killed."""
    place.site.ended(DAG, run)
    assert ended(script), "the script of the first try goes on"
    ours = [each for each in place.said("run", "list", "--project", "lemonade") if each["parameters"].get("week") == week]
    assert [each["status"] for each in ours] == ["succeeded"]
    batches = [batch for batch in place.batches() if batch["content"]["run"] == ours[0]["id"]]
    assert [batch["content"]["status"] for batch in batches] == ["published"]
    return place.site.tasks(DAG, run)["inference.features"]


def test_the_process_of_the_step_is_killed(place, waits):
    run, script = begun(place, waits, "2024-06-17")
    os.killpg(script, signal.SIGKILL)
    assert check(place, run, "2024-06-17", script)["try_number"] == 2


def test_the_worker_is_killed(place, waits):
    run, script = begun(place, waits, "2024-06-24")
    step = parent(script)
    task = parent(step)
    worker = parent(task)
    assert worker in place.site.pids()
    for pid in (worker, task):
        os.kill(pid, signal.SIGKILL)
    assert ended(step), "the step goes on without its worker"
    assert check(place, run, "2024-06-24", script)["try_number"] == 2


def test_the_scheduler_is_killed(place, waits):
    run, script = begun(place, waits, "2024-07-01")
    place.site.kill("scheduler")
    with suppress(ProcessLookupError):
        os.killpg(script, signal.SIGKILL)
    place.site.start("scheduler")
    assert check(place, run, "2024-07-01", script)["try_number"] == 2
