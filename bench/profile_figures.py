"""The profile benchmark's figures, worked out from what was measured."""

import json
from collections.abc import Mapping, Sequence
from statistics import median

from bench.contestant import Took
from bench.profilers import TASKS, Task

#: What each task took, the rounds in order; a task that failed is not there.
Results = Mapping[str, Sequence[Took]]
Figures = dict[str, float | None]

#: figure -> the task whose time is divided, and by whose.
RATIOS = {
    "scan_ratio": ("profile", "scan"),
    "scan_ratio_grid": ("grid", "scan"),
    "scan_ratio_dictionary": ("profile", "scan_dictionary"),
    "evidently_ratio": ("evidently_drift", "check"),
    **{
        f"{task.name}_ratio": (task.name, task.ours)
        for task in TASKS
        if task.ours and task.name != "evidently_drift"
    },
}
#: figure -> the task whose peak it is, and the rows it speaks of.
PEAKS = {
    "peak_mb": ("profile", None),
    "peak_mb_1m": ("profile_short", 1_000_000),
    "peak_mb_100m": ("profile_most", 100_000_000),
}
#: figure -> the task whose time it is, and the rows it speaks of.
TIMES = {"check_1m_s": ("check", 1_000_000)}
#: figure -> what the check of ready profiles is held against, see ``peer/spalje_check.py``.
READY = {
    "check_100_columns_ms": "alone",
    "check_100_columns_history_ms": "history",
    "check_100_columns_new_history_ms": "new_history",
}


def figures(
    results: Results, rows: Mapping[str, int], failed: Mapping[str, str]
) -> tuple[Figures, dict[str, str]]:
    """Every figure, and of each that is null why.

    Args:
        results: what was measured.
        rows: of each task's table.
        failed: of each task that could not be measured, why.
    """
    found: Figures = {}
    reasons: dict[str, str] = {}

    def note(figure: str, names: Sequence[str], value: float | None, why: str = "") -> None:
        found[figure] = None if value is None else round(value, 3)
        if value is None:
            missing = next((name for name in names if name not in results), None)
            reasons[figure] = why if missing is None else failed.get(missing, f"{missing} was not measured")

    for figure, pair in RATIOS.items():
        note(figure, pair, ratio(results, *pair))
    note("cpu_ratio", ("profile", "scan"), ratio(results, "profile", "scan", "cpu_s"))
    for figure, (name, speaks_of) in (PEAKS | TIMES).items():
        took = results.get(name)
        if took is not None and speaks_of not in (None, rows[name]):
            note(figure, (name,), None, f"{name} was measured with {rows[name]:,} rows")
            continue
        value = max if figure in PEAKS else median
        field = "peak_mb" if figure in PEAKS else "wall_s"
        note(figure, (name,), value(getattr(each, field) for each in took) if took else None)
    ready = results.get("ready_check")
    told = json.loads(ready[0].said)["median_ms"] if ready else {}
    for figure, name in READY.items():
        note(figure, ("ready_check",), told.get(name))
    return found, reasons


def ratio(results: Results, above: str, below: str, field: str = "wall_s") -> float | None:
    """The median of the quotients of the rounds that both were measured in."""
    if above not in results or below not in results:
        return None
    pairs = zip(results[above], results[below], strict=False)
    return median(getattr(one, field) / getattr(two, field) for one, two in pairs)


def table(results: Results, rows: Mapping[str, int], failed: Mapping[str, str]) -> str:
    """All that was measured, for people."""
    head = f"{'':18}{'rows':>12}{'wall':>10}{'× read':>8}{'× ours':>8}{'cpu':>10}{'peak':>9}{'inside':>10}"
    lines = [head]
    for task in TASKS:
        if task.name == "ready_check":
            continue
        if task.name in failed:
            lines.append(f"{task.name:18}not measured: {failed[task.name]}")
        if task.name in results:
            lines.append(_line(task, results, rows[task.name]))
    if "ready_check" in results:
        said = json.loads(results["ready_check"][0].said)
        lines.append(
            f"ready check of {said['columns']} columns: {said['median_ms']['alone']:.1f} ms (the first "
            f"{said['first_ms']:.1f} ms); with {said['batches']} batches of history "
            f"{said['median_ms']['history']:.1f} ms; with as many just read {said['median_ms']['new_history']:.1f} ms"
        )
    elif "ready_check" in failed:
        lines.append(f"ready check: not measured: {failed['ready_check']}")
    return "\n".join(lines)


def _line(task: Task, results: Results, rows: int) -> str:
    took = results[task.name]
    scan = {"long": "scan", "short": "scan_short"}.get(task.size, "")
    quotients = [
        "" if value is None else f"{value:.2f}"
        for value in (ratio(results, task.name, scan), ratio(results, task.name, task.ours or ""))
    ]
    inside = median(json.loads(each.said)["inside_s"] for each in took)
    wall, cpu = median(each.wall_s for each in took), median(each.cpu_s for each in took)
    peak = max(each.peak_mb for each in took)
    return (
        f"{task.name:18}{rows:>12,}{wall:>8.2f} s{quotients[0]:>8}{quotients[1]:>8}{cpu:>8.2f} s"
        f"{peak:>6.0f} MB{inside:>8.2f} s  {task.lacks}".rstrip()
    )
