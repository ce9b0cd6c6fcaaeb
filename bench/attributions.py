"""What attributing predictions to features costs, and how far off it is: ourselves, and six peers.

A LightGBM model of 30 features, 1,000 rows, backgrounds of 10 and 100 weighted rows (``bench/explained.py``). Whole
cold processes are timed, imports, the model's own process and all, in turn in every round, so that what else the
machine does falls on all alike. Peers that explain row by row explain the first 50 only and are scaled: what the
process takes for everything else and its first row, and the time of each further row as often as there are rows.
Errors are over all values against exact interventional ones, in standard deviations of the predictions; peers that
know no weights are held against the truth by equal weights.

Figures: ``kernel_ratio``: the time of KernelExplainer (2,108 coalitions, no feature selection) over ours for any
model, with the fewest coalitions whose mean and largest errors on the rows that both explained are no larger;
``kernel_ratio_100``: with 100 background rows; ``permutation_ratio``, ``sampling_ratio``, ``shapiq_ratio``: of other
peers in the same way, with as many model rows. ``kernel_error_sd``, ``kernel_error_max_sd``: mean and largest error of
ours where ``kernel_ratio`` is measured; ``model_share``: of its time there, what the model's predict takes.
``tree_ratio``, ``tree_ratio_100``: KernelExplainer's time over that of our exact values of trees, both timed inside a
process, without imports and ours without the start of the model's process, but with everything that crosses over to
it; ``tree_ratio_cold``, ``tree_ratio_cold_100``: of whole processes, where ours is nearly all the model's imports;
``tree_error_sd``: their mean error. ``tree_explainer_ratio``: the time of shap's TreeExplainer, exact as well, timed
inside like ``tree_ratio``; ``pred_contrib_ratio``: of LightGBM's own values, another game's, in the same way.

These variables restrict a run: ``PEERS=kernel,shapiq`` (``PEERS=`` for none), ``ROWS`` (at most 1,000) and
``ROWS_SLOW`` (those of who explains row by row), ``ROUNDS`` (at most). With fewer rows, what does not grow with rows
weighs more.
"""

import json
import os
import platform
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from importlib.metadata import version
from pathlib import Path
from typing import Self

from bench.attribution_figures import Point, curve, figures, matches, table
from bench.contestant import Entry, Took, Unavailable, settle
from bench.explained_files import explained
from bench.explainers import LIGHTGBM, OURS, PEERS, SCORE, SHAP, SHAPIQ, TASKS, Task

#: Rows that there are, and the fewest: the first one is not timed.
MOST, FEWEST = 1_000, 2


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be measured; see the variables above."""

    rows: int = MOST
    slow: int = 50
    rounds: int = 3
    peers: tuple[str, ...] = PEERS

    @classmethod
    def of(cls, variables: Mapping[str, str]) -> Self:
        """The plan that the variables ask for; what is not said stays as it is."""
        names = {"ROWS": "rows", "ROWS_SLOW": "slow", "ROUNDS": "rounds"}
        plan = replace(cls(), **{names[name]: int(variables[name]) for name in names if name in variables})
        plan = replace(plan, slow=min(plan.slow, plan.rows))
        if "PEERS" in variables:
            plan = replace(plan, peers=tuple(filter(None, variables["PEERS"].split(","))))
        for name in plan.peers:
            if name not in PEERS:
                raise SystemExit(f"There is no peer {name!r}. There are: {', '.join(PEERS)}.")
        if not FEWEST <= plan.slow <= plan.rows <= MOST:
            raise SystemExit(f"ROWS and ROWS_SLOW can be from {FEWEST} to {MOST:,}.")
        return plan

    def explains(self, task: Task) -> int:
        """How many rows a task explains."""
        return self.rows if task.line.every else self.slow


@dataclass(frozen=True, slots=True)
class Measured:
    """What was measured, and of what was not, why."""

    results: dict[str, list[Point]] = field(default_factory=dict)
    failed: dict[str, str] = field(default_factory=dict)


def main() -> int:
    """Measure, and print the figures as the last line."""
    plan, load = Plan.of(os.environ), os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="spalje-bench-") as scratch:
        try:
            data = explained(Path(scratch) / "made")
        except Unavailable as why:
            raise SystemExit(f"There is nothing to measure with: {why}.") from why
        measured = measure(plan, TASKS, data, Path(scratch))
    found, reasons = figures(measured.results, measured.failed)
    python = platform.python_version()
    machine = f"{platform.machine()}, {os.cpu_count()} cores, Python {python}, load {load:.1f} before"
    here = " ".join(f"{name}=={version(name)}" for name in ("lightgbm", "numpy", "pyarrow"))
    print(table(measured.results, measured.failed, plan.rows))
    print(
        json.dumps(
            {
                "bench": "attributions",
                "figures": found,
                "reasons": reasons,
                "rows": {"explained": plan.rows, "row_by_row": plan.slow},
                "matches": matches(measured.results),
                "curve": curve(measured.results, plan.rows),
                "versions": {
                    "spalje": f"{version('spalje')} {here}",
                    **{peer.name: peer.versions for peer in (SHAP, SHAPIQ, LIGHTGBM)},
                },
                "machine": machine,
            }
        )
    )
    return 0


def measure(plan: Plan, tasks: tuple[Task, ...], data: Path, scratch: Path) -> Measured:
    """Make everybody ready, and let all do their tasks in turn, round after round.

    Args:
        plan: what is to be measured.
        tasks: in the order in which they are done.
        data: the folder of ``bench/explained.py``.
        scratch: an empty folder.
    """
    measured = Measured()
    entries = _ready(plan, tasks, data, scratch, measured.failed)
    score = settle(SCORE, scratch / SCORE.name)
    for number in range(plan.rounds):
        print(f"round {number + 1} of {plan.rounds}", file=sys.stderr)
        for task in tasks:
            if task.name in measured.failed or (number and task.budget not in task.line.often):
                continue
            try:
                entry = entries[task.line.contestant.name]
                took = entry.call("run", *_words(task, data, plan.explains(task), number))
                point = _point(plan, task, took, _scored(plan, task, score, entry.folder, data))
            except Unavailable as why:
                measured.failed[task.name] = str(why)
                measured.results.pop(task.name, None)
                continue
            measured.results.setdefault(task.name, []).append(point)
    return measured


def _ready(
    plan: Plan, tasks: tuple[Task, ...], data: Path, scratch: Path, failed: dict[str, str]
) -> dict[str, Entry]:
    """Settle whoever takes part, and let each of the lines explain a few rows: bytecode and caches are then there."""
    entries: dict[str, Entry] = {}
    tried: dict[str, str] = {}
    for task in tasks:
        line = task.line
        if line.peer is not None and line.peer not in plan.peers:
            failed[task.name] = "left out by PEERS"
            continue
        if line.name not in tried:
            print(f"making {line.name} ready", file=sys.stderr)
            tried[line.name] = _tried(task, data, scratch, entries)
        if tried[line.name]:
            failed[task.name] = tried[line.name]
    return entries


def _tried(task: Task, data: Path, scratch: Path, entries: dict[str, Entry]) -> str:
    """Why a line cannot be measured; nothing if it can."""
    contestant = task.line.contestant
    try:
        if contestant.name not in entries:
            entry = settle(contestant, scratch / contestant.name)
            if contestant is OURS:
                entry.call("prepare", data)
            entries[contestant.name] = entry
        # at the largest of its budgets: who refuses a small one may take another
        largest = replace(task, budget=max(task.line.budgets))
        entries[contestant.name].call("run", *_words(largest, data, FEWEST, 0))
    except Unavailable as why:
        return str(why)
    return ""


def _words(task: Task, data: Path, rows: int, seed: int) -> tuple[object, ...]:
    return (task.line.tool, data, task.line.background, task.budget, rows, seed)


def _scored(plan: Plan, task: Task, score: Entry, folder: Path, data: Path) -> dict[str, float]:
    """What the values that a task left in its folder are off."""
    values = folder / "values.npy"
    truth = data / f"truth_{task.line.background}{'' if task.line.weighted else '_equal'}.npy"
    sd = json.loads((data / "facts.json").read_text())["sd"]
    said: dict[str, float] = json.loads(score.call("run", values, truth, sd, plan.slow).said)
    values.unlink()
    if said["rows"] != plan.explains(task):
        raise Unavailable(f"{task.name} explained {said['rows']} rows")
    return said


def _point(plan: Plan, task: Task, took: Took, off: Mapping[str, float]) -> Point:
    """What a process did, scaled to all rows.

    Raises:
        Unavailable: it did not say.
    """
    try:
        said = json.loads(took.said)
        timed_s, rows, model_s = said["timed_s"], said["timed_rows"], said["model_s"]
    except (ValueError, TypeError, KeyError):
        raise Unavailable(f"{task.name} ended with {took.said[:200]!r} instead of what it took") from None
    times = 1.0 if task.line.every else (plan.rows - 1) / rows
    return Point(
        total_s=took.wall_s + (times - 1) * timed_s,
        timed_s=times * timed_s,
        evaluations=said["evaluations"],
        mean=off["mean"],
        largest=off["max"],
        shared_mean=off["shared_mean"],
        shared_largest=off["shared_max"],
        model_s=None if model_s is None else times * model_s,
    )


if __name__ == "__main__":
    raise SystemExit(main())
