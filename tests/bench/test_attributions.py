"""The attributions benchmark's harness: every figure is a number, or null with its reason."""

import importlib
import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[2]
NAMED = {
    "kernel_ratio",
    "kernel_ratio_100",
    "kernel_error_sd",
    "kernel_error_max_sd",
    "tree_ratio",
    "tree_ratio_100",
    "tree_ratio_cold",
    "tree_ratio_cold_100",
    "tree_error_sd",
    "model_share",
    "permutation_ratio",
    "sampling_ratio",
    "shapiq_ratio",
    "tree_explainer_ratio",
    "pred_contrib_ratio",
}


@pytest.fixture
def bench(monkeypatch, tmp_path):
    monkeypatch.syspath_prepend(str(ROOT))
    names = ("contestant", "explainers", "explained_files", "attribution_figures", "attributions")
    modules = {name: importlib.import_module(f"bench.{name}") for name in names}
    monkeypatch.setattr(modules["contestant"], "CACHE", tmp_path / "cache")
    return type("Bench", (), modules)


def point(bench, total=2.0, mean=0.002, **other):
    given = {
        "timed_s": total,
        "evaluations": 100.0,
        "largest": 5 * mean,
        "shared_mean": mean,
        "shared_largest": 4 * mean,
        "model_s": total / 2,
    }
    return bench.attribution_figures.Point(total_s=total, mean=mean, **given | other)


def every(bench, **other):
    """A point for every task."""
    return {task.name: [point(bench, **other)] for task in bench.explainers.TASKS}


def test_without_a_measurement_every_figure_is_null_with_its_reason(bench):
    failed = {"kernel@2108": "shap==0.51.0 does not install: no wheel"}
    found, reasons = bench.attribution_figures.figures({}, failed)
    assert set(found) == set(reasons) == NAMED
    assert set(found.values()) == {None}
    assert (
        reasons["kernel_ratio"]
        == reasons["tree_ratio"]
        == reasons["kernel_error_sd"]
        == failed["kernel@2108"]
    )
    assert reasons["shapiq_ratio"] == "shapiq@2108 was not measured"
    assert reasons["tree_error_sd"] == "spalje_tree@0 was not measured"


def test_with_all_measurements_every_figure_is_a_number(bench):
    found, reasons = bench.attribution_figures.figures(every(bench), {})
    assert set(found) == NAMED
    assert reasons == {}
    assert found["kernel_ratio"] == found["pred_contrib_ratio"] == 1.0
    assert (found["kernel_error_sd"], found["kernel_error_max_sd"]) == (0.002, 0.01)
    assert found["model_share"] == 0.5


def test_a_peer_is_held_against_our_cheapest_budget_with_no_larger_errors(bench):
    results = every(bench, mean=0.0015) | {
        "kernel@2108": [point(bench, total=100.0, mean=0.0016)],
        "permutation@2108": [point(bench, total=60.0, mean=0.0001)],
        "spalje@64": [point(bench, total=3.0, mean=0.004)],
        "spalje@192": [point(bench, total=4.0, mean=0.0016, model_s=1.0)],
        "spalje@256": [point(bench, total=5.0, mean=0.001)],
    }
    found, reasons = bench.attribution_figures.figures(results, {})
    assert found["kernel_ratio"] == 25.0
    assert (found["kernel_error_sd"], found["model_share"]) == (0.0016, 0.25)
    assert found["permutation_ratio"] is None
    assert reasons["permutation_ratio"].startswith(
        "no budget of spalje that was measured has an error as small"
    )
    matched = bench.attribution_figures.matches(results)["kernel_ratio"]
    assert matched == {"coalitions": 192, "ours": [0.0016, 0.0064], "peer": [0.0016, 0.0064]}


def test_only_rows_that_both_explained_decide(bench):
    results = every(bench) | {
        "kernel@2108": [point(bench, mean=0.001, shared_mean=0.002, shared_largest=0.008)]
    }
    results["spalje@64"] = [point(bench, mean=0.0005, shared_mean=0.003)]
    matched = bench.attribution_figures.matches(results)["kernel_ratio"]
    assert matched["coalitions"] == 192


def test_a_ratio_is_of_times_of_the_same_round(bench):
    results = every(bench) | {
        "kernel@2108": [point(bench, total) for total in (10.0, 300.0, 40.0)],
        "spalje_tree@0": [point(bench, total) for total in (1.0, 10.0, 2.0)],
        "tree_explainer@0": [point(bench, 9.0, timed_s=1.5)],
        "spalje_tree_warm@0": [point(bench, 2.0, timed_s=0.5)],
    }
    found, _ = bench.attribution_figures.figures(results, {})
    assert found["tree_ratio_cold"] == 20.0
    assert found["tree_explainer_ratio"] == 3.0


def test_where_the_models_seconds_are_not_known_its_share_is_null(bench):
    found, reasons = bench.attribution_figures.figures(every(bench, model_s=None), {})
    assert found["model_share"] is None
    assert list(reasons) == ["model_share"]


def test_the_curve_has_every_budget_of_everybody_in_order(bench):
    found = bench.attribution_figures.curve(every(bench), 1_000)
    assert set(found) == {line.name for line in bench.explainers.LINES}
    assert found["kernel"] == [[100.0, 0.002, 0.01, 2.0]] * 5
    for line in bench.explainers.LINES:
        assert list(line.budgets) == sorted(line.budgets)
        assert set(line.often) <= set(line.budgets)


def test_every_figure_speaks_of_tasks_that_are_measured_in_every_round(bench):
    shown = bench.attribution_figures
    lines = {line.name for line in bench.explainers.LINES}
    for peer, ours in shown.MATCHED.values():
        assert shown.TASK[peer].budget in shown.TASK[peer].line.often
        assert ours in lines
    for above, below in (shown.WHOLE | shown.WARM).values():
        assert shown.TASK[above].budget in shown.TASK[above].line.often
        assert below in shown.TASK


def test_the_table_says_what_was_measured_and_what_was_not(bench):
    results = every(bench)
    failed = {"kernel@256": "killed", "shapiq@512": "no room"}
    for name in [*failed, *(name for name in results if name.startswith("sampling"))]:
        del results[name]
        failed.setdefault(name, "left out by PEERS")
    lines = bench.attribution_figures.table(results, failed, 1_000).splitlines()
    assert "sampling            not measured: left out by PEERS" in lines
    assert "kernel                   256  not measured: killed" in lines
    assert any(line.startswith("kernel_ratio: ours with 64 coalitions") for line in lines)


def test_the_variables_restrict_the_run(bench):
    plan_of = bench.attributions.Plan.of
    plan = plan_of({"PEERS": "kernel,shapiq", "ROWS": "20", "ROUNDS": "1"})
    assert (plan.peers, plan.rows, plan.slow, plan.rounds) == (("kernel", "shapiq"), 20, 20, 1)
    assert plan_of({"PEERS": ""}).peers == ()
    assert plan_of({}) == bench.attributions.Plan()
    with pytest.raises(SystemExit, match=r"There is no peer 'lime'\. There are: kernel, permutation"):
        plan_of({"PEERS": "lime"})
    for rows in ("1", "1001"):
        with pytest.raises(SystemExit, match="can be from 2 to 1,000"):
            plan_of({"ROWS": rows})


def test_who_explains_row_by_row_is_scaled_to_all_rows(bench):
    plan = bench.attributions.Plan(rows=1_000, slow=50)
    off = {"mean": 0.1, "max": 0.2, "shared_mean": 0.1, "shared_max": 0.2}
    said = {"timed_s": 4.9, "timed_rows": 49, "evaluations": 21_080, "model_s": 2.45}
    took = bench.contestant.Took(8.0, 1.0, 1.0, json.dumps(said))
    task = bench.attribution_figures.TASK["kernel@2108"]
    found = bench.attributions._point(plan, task, took, off)
    # 3.1 s of imports and the first row, and 999 rows of 0.1 s
    assert found.total_s == pytest.approx(3.1 + 99.9)
    assert found.timed_s == pytest.approx(99.9)
    assert found.model_s == pytest.approx(49.95)
    whole = bench.attributions._point(plan, bench.attribution_figures.TASK["spalje@192"], took, off)
    assert (whole.total_s, whole.timed_s, whole.model_s) == (8.0, 4.9, 2.45)


def test_who_does_not_say_what_it_took_is_not_measured(bench):
    task = bench.attribution_figures.TASK["kernel@2108"]
    for said in ("Killed", "3", "{}"):
        took = bench.contestant.Took(1.0, 1.0, 1.0, said)
        with pytest.raises(bench.contestant.Unavailable, match=r"kernel@2108 ended with '.*' instead of"):
            bench.attributions._point(bench.attributions.Plan(), task, took, {})


@pytest.fixture
def data(tmp_path):
    """A folder with the truth of three rows of two features."""
    folder = tmp_path / "data"
    folder.mkdir()
    np.save(folder / "truth_10.npy", np.zeros((3, 2)))
    np.save(folder / "truth_10_equal.npy", np.ones((3, 2)))
    (folder / "facts.json").write_text(json.dumps({"sd": 2.0}))
    return folder


PROGRAM = """
import json, sys
from pathlib import Path
import numpy as np
tool, rows = sys.argv[3], int(sys.argv[7])
if tool == "broken":
    raise SystemExit("no such tool")
np.save(Path(sys.argv[2]) / "values.npy", np.full((rows - (tool == "short"), 2), 0.5))
print(json.dumps({"timed_s": 0.01, "timed_rows": rows, "evaluations": 7, "model_s": None}))
"""


def test_what_cannot_be_measured_is_said_and_the_others_go_on(bench, data, tmp_path, monkeypatch):
    explainers = bench.explainers
    (tmp_path / "program.py").write_text(PROGRAM)
    somebody = bench.contestant.Contestant("somebody", str(tmp_path / "program.py"))
    nobody = bench.contestant.Contestant("nobody", "shap_attributions.py", "not a requirement")
    lines = (
        explainers.Line("good", somebody, "good", 10, every=True),
        explainers.Line("equal", somebody, "good", 10, (1, 2), (2,), peer="kernel", weighted=False),
        explainers.Line("broken", somebody, "broken", 10),
        explainers.Line("short", somebody, "short", 10, every=True),
        explainers.Line("nobody", nobody, "kernel", 10),
        explainers.Line("out", somebody, "good", 10, peer="shapiq"),
    )
    tasks = tuple(explainers.Task(line, budget) for line in lines for budget in line.budgets)
    plan = bench.attributions.Plan(rows=3, slow=2, rounds=2, peers=("kernel",))
    measured = bench.attributions.measure(plan, tasks, data, tmp_path / "scratch")
    assert {name: len(points) for name, points in measured.results.items()} == {
        "good@0": 2,
        "equal@1": 1,
        "equal@2": 2,
    }
    assert {point.mean for point in measured.results["good@0"]} == {0.25}
    assert measured.results["good@0"][0].evaluations == 7
    assert measured.failed["broken@0"].endswith("ended with 1: no such tool")
    assert measured.failed["short@0"] == "short@0 explained 2 rows"
    assert "not a requirement does not install" in measured.failed["nobody@0"]
    assert measured.failed["out@0"] == "left out by PEERS"


@pytest.mark.parametrize("values", [np.zeros((3, 1)), np.full((3, 2), np.nan)])
def test_values_that_are_none_have_no_error(bench, data, tmp_path, values):
    score = bench.contestant.settle(bench.explainers.SCORE, tmp_path / "score")
    np.save(tmp_path / "values.npy", values)
    with pytest.raises(bench.contestant.Unavailable, match=r"values of shape .*, or some are not finite"):
        score.call("run", tmp_path / "values.npy", data / "truth_10.npy", 2.0, 2)


def test_errors_are_of_all_rows_and_of_the_shared_ones(bench, data, tmp_path):
    score = bench.contestant.settle(bench.explainers.SCORE, tmp_path / "score")
    np.save(tmp_path / "values.npy", np.array([[0.0, 2.0], [0.0, 0.0], [-8.0, 0.0]]))
    said = json.loads(score.call("run", tmp_path / "values.npy", data / "truth_10.npy", 2.0, 2).said)
    assert (said["max"], said["shared_max"], said["shared_mean"], said["rows"]) == (4.0, 1.0, 0.25, 3)
    assert said["mean"] == pytest.approx(5 / 6)


def test_what_is_measured_on_is_made_once(bench, tmp_path, monkeypatch):
    calls = []
    somebody = bench.contestant.Contestant("shap", "shap_attributions.py")
    monkeypatch.setattr(bench.explained_files, "SHAP", somebody)

    def run(command, **_):
        calls.append(command[1:3])
        Path(command[3]).mkdir()
        return subprocess.CompletedProcess(command, 0, "", "")

    monkeypatch.setattr(bench.explained_files.subprocess, "run", run)
    folder = bench.explained_files.explained(tmp_path / "made")
    assert folder == tmp_path / "cache" / "explained" / "v1"
    assert bench.explained_files.explained(tmp_path / "made") == folder
    assert calls == [["-m", "bench.explained"]]


def test_without_it_nothing_is_measured(bench, tmp_path, monkeypatch):
    somebody = bench.contestant.Contestant("shap", "shap_attributions.py")
    monkeypatch.setattr(bench.explained_files, "SHAP", somebody)
    monkeypatch.setattr(
        bench.explained_files.subprocess,
        "run",
        lambda command, **_: subprocess.CompletedProcess(command, 1, "", "Traceback\nMemoryError"),
    )
    with pytest.raises(bench.contestant.Unavailable, match="cannot be made: MemoryError"):
        bench.explained_files.explained(tmp_path / "made")


def test_the_harness_stays_small_so_that_it_takes_nothing_from_who_is_timed():
    words = "import bench.attributions, sys; print(*({'numpy', 'pyarrow', 'spalje'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", words], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
