"""The attributions benchmark's figures and its curve, worked out from what was measured."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from bench.explainers import FULL, LINES, PAIRS, TASKS, Line, Task


@dataclass(frozen=True, slots=True)
class Point:
    """What one process did.

    Attributes:
        total_s: seconds of the whole process for all rows; scaled where it explained only the first few.
        timed_s: seconds of explaining only, as the process itself saw it.
        evaluations: model rows for an explained row.
        mean, largest: absolute error over all values that there are, in standard deviations of the predictions.
        shared_mean, shared_largest: over the first rows, which every tool explained.
        model_s: seconds in the model's predict, of ``total_s``; None: not known.
    """

    total_s: float
    timed_s: float
    evaluations: float
    mean: float
    largest: float
    shared_mean: float
    shared_largest: float
    model_s: float | None


#: The points of each task, by its name, the rounds in order; a task that failed is not there.
Results = Mapping[str, Sequence[Point]]
Figures = dict[str, float | None]

TASK = {task.name: task for task in TASKS}
#: figure -> the task whose time is divided, and the line of ours whose cheapest budget with no larger error divides it.
MATCHED = {
    "kernel_ratio": (f"kernel@{FULL}", "spalje"),
    "kernel_ratio_100": (f"kernel_100@{FULL}", "spalje_100"),
    "permutation_ratio": (f"permutation@{FULL}", "spalje"),
    "sampling_ratio": (f"sampling@{PAIRS}", "spalje"),
    "shapiq_ratio": (f"shapiq@{FULL}", "spalje"),
}
#: figure -> the task whose time is divided, and by whose; whole processes.
WHOLE = {
    "tree_ratio_cold": (f"kernel@{FULL}", "spalje_tree@0"),
    "tree_ratio_cold_100": (f"kernel_100@{FULL}", "spalje_tree_100@0"),
}
#: As ``WHOLE``, timed inside.
WARM = {
    "tree_ratio": (f"kernel@{FULL}", "spalje_tree_warm@0"),
    "tree_ratio_100": (f"kernel_100@{FULL}", "spalje_tree_warm_100@0"),
    "tree_explainer_ratio": ("tree_explainer@0", "spalje_tree_warm@0"),
    "pred_contrib_ratio": ("pred_contrib@0", "spalje_tree_warm@0"),
}
#: figure -> what it is of the budget that ``kernel_ratio`` is measured at.
OF_CHOSEN = ("kernel_error_sd", "kernel_error_max_sd", "model_share")


def figures(results: Results, failed: Mapping[str, str]) -> tuple[Figures, dict[str, str]]:
    """Every figure, and of each that is null why.

    Args:
        results: what was measured.
        failed: of each task that could not be measured, why.
    """
    found: Figures = {}
    reasons: dict[str, str] = {}

    def note(figure: str, value: float | None, why: str) -> None:
        found[figure] = None if value is None else float(f"{value:.4g}")
        if value is None:
            reasons[figure] = why

    def lacking(*names: str) -> str:
        missing = next((name for name in names if name not in results), names[0])
        return failed.get(missing, f"{missing} was not measured")

    for figure, (peer, ours) in MATCHED.items():
        chosen = cheapest(results, peer, ours)
        if chosen is not None:
            note(figure, ratio(results, peer, chosen.name), "")
        elif peer not in results:
            note(figure, None, lacking(peer))
        else:
            note(figure, None, _out_of_reach(results, failed, peer, ours))
    for figure, pair in WHOLE.items():
        note(figure, ratio(results, *pair), lacking(*pair))
    for figure, pair in WARM.items():
        note(figure, ratio(results, *pair, "timed_s"), lacking(*pair))
    tree = results.get("spalje_tree@0")
    note("tree_error_sd", middle(tree, "mean") if tree else None, lacking("spalje_tree@0"))
    chosen = cheapest(results, *MATCHED["kernel_ratio"])
    points = results[chosen.name] if chosen else []
    shares = [point.model_s / point.total_s for point in points if point.model_s is not None]
    values = (
        middle(points, "mean") if points else None,
        middle(points, "largest") if points else None,
        median(shares) if shares else None,
    )
    for figure, value in zip(OF_CHOSEN, values, strict=True):
        note(
            figure,
            value,
            "the seconds of the model's process are not known" if chosen else reasons["kernel_ratio"],
        )
    return found, reasons


def cheapest(results: Results, peer: str, ours: str) -> Task | None:
    """The smallest budget of ours whose mean and largest errors are no larger than a peer's, on rows of both."""
    if peer not in results:
        return None
    there = (task for task in TASKS if task.line.name == ours and task.name in results)
    good = (
        task
        for task in there
        if all(
            middle(results[task.name], field) <= middle(results[peer], field)
            for field in ("shared_mean", "shared_largest")
        )
    )
    return min(good, key=lambda task: task.budget, default=None)


def matches(results: Results) -> dict[str, dict[str, float | list[float]]]:
    """Of each figure that is measured at the smallest budget of ours that will do: which, and the errors of both.

    Errors are the mean and the largest, of the rows that both explained.
    """
    found: dict[str, dict[str, float | list[float]]] = {}
    for figure, (peer, ours) in MATCHED.items():
        chosen = cheapest(results, peer, ours)
        if chosen is not None:
            found[figure] = {
                "coalitions": chosen.budget,
                "ours": _errors(results[chosen.name]),
                "peer": _errors(results[peer]),
            }
    return found


def curve(results: Results, rows: int) -> dict[str, list[list[float]]]:
    """Of each line, by budget: evaluations for a row, mean error, largest error, milliseconds for a row.

    Errors are in standard deviations of the predictions; milliseconds are the whole process's, for so many rows.
    """
    found: dict[str, list[list[float]]] = {}
    for task in TASKS:
        if task.name in results:
            points = results[task.name]
            numbers = [middle(points, field) for field in ("evaluations", "mean", "largest", "total_s")]
            numbers[-1] *= 1000 / rows
            found.setdefault(task.line.name, []).append([float(f"{number:.4g}") for number in numbers])
    return found


def ratio(results: Results, above: str, below: str, field: str = "total_s") -> float | None:
    """The median of the quotients of the rounds that both were measured in."""
    if above not in results or below not in results:
        return None
    pairs = zip(results[above], results[below], strict=False)
    return median(getattr(one, field) / getattr(two, field) for one, two in pairs)


def middle(points: Sequence[Point], field: str) -> float:
    """The median over the rounds."""
    return median(getattr(point, field) for point in points)


def table(results: Results, failed: Mapping[str, str], rows: int) -> str:
    """All that was measured, for people."""
    head = (
        f"{'':20}{'budget':>8}{'model rows':>12}{'mean error':>12}{'largest':>10}{'ms a row':>11}"
        f"{'explaining':>12}{'model':>8}"
    )
    lines = [head]
    for line in LINES:
        lines += _line(line, results, failed, rows)
    lines += [
        f"Whole processes of {rows:,} rows, imports and all; model rows: of one explained row.",
        "Errors in % of the predictions' standard deviation, against exact interventional values.",
        "Row by row: fewer rows are explained; the time of those after the first is scaled, the rest counts once.",
        "Explaining: a row, as the process itself sees it, without imports: so the last two figures are measured.",
    ]
    for figure, match in matches(results).items():
        ours, peer = match["ours"], match["peer"]
        lines.append(
            f"{figure}: ours with {match['coalitions']} coalitions, mean and largest error on the rows of both "
            f"{_percent(ours)}, theirs {_percent(peer)}"
        )
    return "\n".join(lines)


def _line(line: Line, results: Results, failed: Mapping[str, str], rows: int) -> list[str]:
    tasks = [task for task in TASKS if task.line is line]
    whys = {failed.get(task.name) for task in tasks}
    if len(whys) == 1 and None not in whys:
        return [f"{line.name:20}not measured: {whys.pop()}"]
    lines = []
    for task in tasks:
        front = f"{line.name:20}{task.budget or '':>8}"
        if task.name in failed:
            lines.append(f"{front}  not measured: {failed[task.name]}")
        if task.name in results:
            points = results[task.name]
            shares = [point.model_s / point.total_s for point in points if point.model_s is not None]
            lines.append(
                f"{front}{middle(points, 'evaluations'):>12,.0f}{100 * middle(points, 'mean'):>10.3g} %"
                f"{100 * middle(points, 'largest'):>8.3g} %{1000 * middle(points, 'total_s') / rows:>11.2f}"
                f"{1000 * middle(points, 'timed_s') / rows:>12.2f}"
                f"{f'{100 * median(shares):.0f} %' if shares else '?':>8}  {line.differs}".rstrip()
            )
    return lines


def _out_of_reach(results: Results, failed: Mapping[str, str], peer: str, ours: str) -> str:
    names = [task.name for task in TASKS if task.line.name == ours]
    if any(name in results for name in names):
        return f"no budget of {ours} that was measured has an error as small as that of {peer}"
    return failed.get(names[0], f"{ours} was not measured")


def _errors(points: Sequence[Point]) -> list[float]:
    return [float(f"{middle(points, field):.4g}") for field in ("shared_mean", "shared_largest")]


def _percent(errors: object) -> str:
    return " and ".join(f"{100 * error:.2g} %" for error in errors) if isinstance(errors, list) else "?"
