"""The profile benchmark's harness: every figure is a number, or null with its reason."""

import importlib
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
NAMED = {
    "scan_ratio",
    "scan_ratio_grid",
    "scan_ratio_dictionary",
    "cpu_ratio",
    "peak_mb",
    "peak_mb_1m",
    "peak_mb_100m",
    "check_100_columns_ms",
    "check_100_columns_history_ms",
    "check_100_columns_new_history_ms",
    "check_1m_s",
    "evidently_ratio",
    "duckdb_ratio",
    "polars_ratio",
    "polars_basic_ratio",
    "pandas_ratio",
    "whylogs_ratio",
    "tfdv_ratio",
    "ydata_ratio",
    "evidently_summary_ratio",
}


@pytest.fixture
def bench(monkeypatch, tmp_path):
    monkeypatch.syspath_prepend(str(ROOT))
    names = ("contestant", "profilers", "profile_figures", "profile", "tables", "generator")
    modules = {name: importlib.import_module(f"bench.{name}") for name in names}
    monkeypatch.setattr(modules["contestant"], "CACHE", tmp_path / "cache")
    return type("Bench", (), modules)


def took(bench, wall, cpu=1.0, peak=100.0, **said):
    return bench.contestant.Took(wall, cpu, peak, json.dumps({"inside_s": wall, **said}))


def rows(bench, plan):
    return {task.name: plan.rows(task.size) for task in plan.tasks()}


def test_without_a_measurement_every_figure_is_null_with_its_reason(bench):
    failed = {"duckdb": "duckdb==2.0.0 does not install: no wheel"}
    found, reasons = bench.profile_figures.figures({}, rows(bench, bench.profile.Plan()), failed)
    assert set(found) == set(reasons) == NAMED
    assert set(found.values()) == {None}
    assert reasons["duckdb_ratio"] == failed["duckdb"]
    assert reasons["whylogs_ratio"] == "whylogs was not measured"


def test_with_all_measurements_every_figure_is_a_number(bench):
    results = {task.name: [took(bench, 2.0)] * task.rounds for task in bench.profilers.TASKS}
    results["ready_check"] = [took(bench, 9.0, median_ms={"alone": 7.5, "history": 9.0, "new_history": 90.0})]
    found, reasons = bench.profile_figures.figures(results, rows(bench, bench.profile.Plan()), {})
    assert set(found) == NAMED
    assert reasons == {}
    assert found["check_100_columns_ms"] == 7.5
    assert found["check_1m_s"] == 2.0
    assert found["scan_ratio"] == 1.0


def test_a_ratio_is_of_times_of_the_same_round_and_a_peak_the_largest(bench):
    results = {
        "scan": [took(bench, 1.0, cpu=4.0), took(bench, 10.0, cpu=4.0), took(bench, 2.0, cpu=4.0)],
        "profile": [
            took(bench, 3.0, cpu=6.0, peak=200.0),
            took(bench, 20.0, cpu=8.0, peak=250.0),
            took(bench, 3.0, cpu=6.0, peak=201.0),
        ],
        "duckdb": [took(bench, 30.0)],
    }
    found, _ = bench.profile_figures.figures(results, rows(bench, bench.profile.Plan()), {})
    assert found["scan_ratio"] == 2.0
    assert found["cpu_ratio"] == 1.5
    assert found["duckdb_ratio"] == 10.0
    assert found["peak_mb"] == 250.0


def test_a_figure_that_says_a_size_is_null_at_another(bench):
    plan = bench.profile.Plan(long=1_000_000, short=200_000, times=10)
    results = {name: [took(bench, 1.0)] for name in ("profile", "profile_short", "profile_most", "check")}
    found, reasons = bench.profile_figures.figures(results, rows(bench, plan), {})
    assert found["peak_mb"] == 100.0
    assert (found["peak_mb_1m"], found["peak_mb_100m"], found["check_1m_s"]) == (None, None, None)
    assert reasons["peak_mb_1m"] == "profile_short was measured with 200,000 rows"


def test_the_variables_restrict_the_run(bench):
    plan = bench.profile.Plan.of({"PEERS": "duckdb,polars", "ROWS": "2000000", "TIMES": "0"})
    assert (plan.peers, plan.long, plan.short, plan.times) == (("duckdb", "polars"), 2_000_000, 1_000_000, 0)
    assert bench.profile.Plan.of({"PEERS": ""}).peers == ()
    assert bench.profile.Plan.of({}) == bench.profile.Plan()
    with pytest.raises(SystemExit, match=r"There is no peer 'spark'\. There are: duckdb, polars, pandas"):
        bench.profile.Plan.of({"PEERS": "spark"})


def test_pandas_gets_the_short_table_where_memory_lacks(bench):
    sizes = {task.name: task.size for task in bench.profile.Plan(long=10**12).tasks()}
    assert (sizes["pandas"], sizes["polars"]) == ("short", "long")


def test_what_cannot_be_measured_is_said_and_the_others_go_on(bench, tmp_path, monkeypatch):
    table = tmp_path / "base.parquet"
    bench.generator.write("base", 1_000, table)
    files = {("base", "none"): table, ("base", "short"): table}
    profilers = bench.profilers
    nobody = bench.contestant.Contestant("duckdb", "duckdb_profile.py", "not a requirement")
    tasks = (
        profilers.Task("scan_short", profilers.SCAN, "short", ("dictionary", "base")),
        profilers.Task("duckdb", nobody, "short"),
        profilers.Task("profile_most", profilers.OURS, "most"),
        profilers.Task("whylogs", profilers.WHYLOGS, "short"),
    )
    plan = bench.profile.Plan(short=1_000, rounds=2, peers=("duckdb",))
    monkeypatch.setattr(bench.profile, "TRIED", 1_000)
    measured = bench.profile.measure(plan, tasks, files, tmp_path / "scratch")
    assert [len(each) for each in measured.results.values()] == [2]
    assert list(measured.results) == ["scan_short"]
    assert set(measured.failed) == {"duckdb", "profile_most", "whylogs"}
    assert "not a requirement does not install" in measured.failed["duckdb"]
    assert measured.failed["whylogs"] == "left out by PEERS"
    shown = bench.profile_figures.table(
        measured.results, rows(bench, plan) | {"scan_short": 1_000}, measured.failed
    )
    assert "duckdb            not measured: not a requirement" in shown


def test_who_did_not_see_the_whole_table_is_not_measured(bench):
    task = bench.profilers.TASKS[0]
    with pytest.raises(bench.contestant.Unavailable, match="scan described 9 rows and 20 columns"):
        bench.profile._checked(task, took(bench, 1.0, rows=9, columns=20), 10, None)
    with pytest.raises(
        bench.contestant.Unavailable, match=r"found a mean of 99\.0 where others found 100\.0"
    ):
        bench.profile._checked(task, took(bench, 1.0, rows=10, columns=20, mean=99.0), 10, 100.0)
    silent = bench.contestant.Took(1.0, 1.0, 1.0, "Killed")
    with pytest.raises(bench.contestant.Unavailable, match="scan ended with 'Killed'"):
        bench.profile._checked(task, silent, 10, None)


PEAK = """
import sys
from pathlib import Path
from bench.contestant import environ, timed
folder = Path(sys.argv[1])
words = [sys.executable, "-c", "print(len(b'x' * 150_000_000) and 'done')"]
found = timed(words, environ(folder), folder)
print(found.peak_mb, found.said)
"""


def test_a_peak_is_what_the_process_held(tmp_path):
    # from a small process, as benchmarks are: Linux counts what a parent held when it started the child
    ended = subprocess.run(
        [sys.executable, "-c", PEAK, str(tmp_path)], cwd=ROOT, capture_output=True, text=True, check=True
    )
    peak, said = ended.stdout.split()
    assert 150 < float(peak) < 250
    assert said == "done"


def test_a_process_that_takes_too_long_is_ended(bench, tmp_path, monkeypatch):
    monkeypatch.setattr(bench.contestant, "PATIENCE_S", 0.3)
    words = [sys.executable, "-c", "import time; time.sleep(60)"]
    with pytest.raises(bench.contestant.Unavailable, match=r"took longer than 0\.3 s"):
        bench.contestant.timed(words, bench.contestant.environ(tmp_path), tmp_path)


def test_the_harness_stays_small_so_that_it_hides_no_peak():
    words = "import bench.profile, sys; print(*({'numpy', 'pyarrow', 'spalje'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", words], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def test_a_table_is_not_written_onto_a_full_disk(bench, monkeypatch):
    usage = shutil.disk_usage("/")
    monkeypatch.setattr(bench.tables.shutil, "disk_usage", lambda _: usage._replace(free=1_500_000_000))
    with pytest.raises(
        bench.contestant.Unavailable, match=r"needs 0\.9 GB and 1 GB to spare; .* has 1\.5 GB"
    ):
        bench.tables.written("base", 10_000_000)


def test_a_table_is_written_once_and_repeated_without_room(bench):
    file = bench.tables.written("base", 100)
    before = file.stat()
    assert file.name == f"base-100-v{bench.generator.VERSION}.parquet"
    assert bench.tables.written("base", 100).stat().st_mtime_ns == before.st_mtime_ns
    folder = bench.tables.repeated(file, 3)
    parts = sorted(folder.iterdir())
    assert [part.stat().st_ino for part in parts] == [before.st_ino] * 3
    assert bench.tables.repeated(file, 2) != folder
