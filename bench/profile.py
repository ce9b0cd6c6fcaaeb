"""What profiling a table costs, and holding it against a baseline: ourselves, the bare read, and seven peers.

Whole cold processes are timed, imports and all, in turn in every round, so that what else the machine does
falls on all alike. A ratio is the median over the rounds of two times of the same round on the same table.
Peaks are the largest of one process, over the rounds, in 10⁶ bytes.

Figures, of 20 columns of zstd Parquet (``bench/generator.py``): ``scan_ratio``: profiling 10 million rows,
against reading them with PyArrow; ``cpu_ratio``: the same in processor time; ``scan_ratio_grid``: with the
rows counted into a baseline's cells too, and the sums of products of columns; ``scan_ratio_dictionary``: against
reading that leaves strings as the file has them, which is quicker and all that we need. ``peak_mb``, ``peak_mb_1m``,
``peak_mb_100m``: memory at 10, 1 and 100 million rows (the 10 million ten times over). ``check_1m_s``:
``spalje monitor data-quality`` of 1 million rows against a stored baseline; ``evidently_ratio``: Evidently's
DataDriftPreset on the same and its reference, against that. ``check_100_columns_ms``: a check of 100 columns
against a baseline when both are profiled already; ``check_100_columns_history_ms``: against 100 batches of history
too, as in a process that checks batch after batch; ``check_100_columns_new_history_ms``: as in a new process, but
for reading. ``…_ratio`` of a peer: its time against that
of our profile; ``polars_basic_ratio``: Polars' without quantiles and frequent strings.

These variables restrict a run: ``PEERS=duckdb,polars`` (``PEERS=`` for none), ``ROWS`` and ``ROWS_SLOW``
(rows of the long and of the short table), ``TIMES`` (how often the long one is repeated; 0: not at all),
``ROUNDS`` (at most). A figure whose name says a size is null at any other.
"""

import json
import os
import platform
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Self

from bench.contestant import Entry, Took, Unavailable, settle
from bench.profile_figures import figures, table
from bench.profilers import MONITOR, OURS, PANDAS, PEERS, TASKS, Size, Task
from bench.tables import repeated, written

#: Rows of the table that every task is tried on first, not timed: bytecode and caches are then there.
TRIED = 10_000
#: Bytes of memory that pandas wants for a row: twice what it held for a million of them.
PANDAS_ROW = 1_000
#: Two means of a column that differ by more than this share of them are not of the same rows.
CLOSE = 1e-6


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be measured; see the variables above."""

    long: int = 10_000_000
    short: int = 1_000_000
    times: int = 10
    rounds: int = 5
    peers: tuple[str, ...] = tuple(peer.name for peer in PEERS)

    @classmethod
    def of(cls, variables: Mapping[str, str]) -> Self:
        """The plan that the variables ask for; what is not said stays as it is."""
        names = {"ROWS": "long", "ROWS_SLOW": "short", "TIMES": "times", "ROUNDS": "rounds"}
        said = {field: int(variables[name]) for name, field in names.items() if name in variables}
        plan = replace(cls(), **said)
        if "PEERS" in variables:
            plan = replace(plan, peers=tuple(filter(None, variables["PEERS"].split(","))))
        for name in plan.peers:
            if name not in cls().peers:
                raise SystemExit(f"There is no peer {name!r}. There are: {', '.join(cls().peers)}.")
        return plan

    def tasks(self) -> tuple[Task, ...]:
        """The tasks, with the table that this machine has memory for."""
        there = int(os.sysconf("SC_PHYS_PAGES")) * int(os.sysconf("SC_PAGE_SIZE"))
        room = self.long * PANDAS_ROW < there
        return tuple(
            task
            if room or task.contestant is not PANDAS
            else replace(task, size="short", ours="profile_short")
            for task in TASKS
        )

    def rows(self, size: Size) -> int:
        """How many a table has."""
        return {"long": self.long, "short": self.short, "most": self.long * self.times, "none": 0}[size]


@dataclass(frozen=True, slots=True)
class Measured:
    """What was measured, and of what was not, why."""

    results: dict[str, list[Took]]
    failed: dict[str, str]


def main() -> int:
    """Measure, and print the figures as the last line."""
    plan, load = Plan.of(os.environ), os.getloadavg()[0]
    tasks = plan.tasks()
    files = _files(plan)
    with tempfile.TemporaryDirectory(prefix="spalje-bench-") as scratch:
        measured = measure(plan, tasks, files, Path(scratch))
    rows = {task.name: plan.rows(task.size) for task in tasks}
    found, reasons = figures(measured.results, rows, measured.failed)
    python = platform.python_version()
    machine = f"{platform.machine()}, {os.cpu_count()} cores, Python {python}, load {load:.1f} before"
    print(table(measured.results, rows, measured.failed))
    print(
        json.dumps(
            {
                "bench": "profile",
                "figures": found,
                "reasons": reasons,
                "rows": {"long": plan.long, "short": plan.short, "most": plan.long * plan.times},
                "versions": {
                    "spalje": f"{version('spalje')} pyarrow=={version('pyarrow')} numpy=={version('numpy')}",
                    **{peer.name: peer.versions for peer in PEERS},
                },
                "machine": machine,
            }
        )
    )
    return 0


def measure(
    plan: Plan, tasks: tuple[Task, ...], files: Mapping[tuple[str, Size], Path], scratch: Path
) -> Measured:
    """Make everybody ready, and let all do their tasks in turn, round after round.

    Args:
        plan: what is to be measured.
        tasks: in the order in which they are done.
        files: the tables, by ``base`` or ``current`` and their size; those of ``none`` are tried first.
        scratch: an empty folder.
    """
    measured = Measured({}, {})
    entries = _ready(plan, tasks, files, scratch, measured.failed)
    means: dict[Size, float] = {}
    for file in {file for (_, size), file in files.items() if size in ("long", "short")}:
        _warm(file)
    for number in range(plan.rounds):
        print(f"round {number + 1} of {plan.rounds}", file=sys.stderr)
        for task in tasks:
            if task.name in measured.failed or number >= task.rounds:
                continue
            try:
                took = entries[task.contestant.name].call("run", *_words(task, task.size, files))
                mean = _checked(task, took, plan.rows(task.size), means.get(task.size))
            except Unavailable as why:
                measured.failed[task.name] = str(why)
                measured.results.pop(task.name, None)
                continue
            if mean is not None:
                means.setdefault(task.size, mean)
            measured.results.setdefault(task.name, []).append(took)
    return measured


def _ready(
    plan: Plan,
    tasks: tuple[Task, ...],
    files: Mapping[tuple[str, Size], Path],
    scratch: Path,
    failed: dict[str, str],
) -> dict[str, Entry]:
    entries: dict[str, Entry] = {}
    for task in tasks:
        name = task.contestant.name
        if task.contestant in PEERS and name not in plan.peers:
            failed[task.name] = "left out by PEERS"
            continue
        if task.size != "none" and ("base", task.size) not in files:
            failed[task.name] = "left out by TIMES"
            continue
        print(f"making {task.name} ready", file=sys.stderr)
        try:
            if name not in entries:
                entry = settle(task.contestant, scratch / name)
                if task.contestant in (OURS, MONITOR):
                    entry.call("prepare", files["base", "short"])
                entries[name] = entry
            words = _words(task, "none", files) if task.size != "none" else ("4", "30", "1")
            _checked(task, entries[name].call("run", *words), TRIED, None)
        except Unavailable as why:
            failed[task.name] = str(why)
    return entries


def _files(plan: Plan) -> dict[tuple[str, Size], Path]:
    files: dict[tuple[str, Size], Path] = {}
    try:
        for size, rows in (("none", TRIED), ("short", plan.short)):
            for which in ("base", "current"):
                files[which, size] = written(which, rows)
        files["base", "long"] = written("base", plan.long)
        if plan.times:
            files["base", "most"] = repeated(files["base", "long"], plan.times)
    except Unavailable as why:
        raise SystemExit(
            f"There are no tables to measure with: {why}. Make room, or set ROWS lower."
        ) from why
    return files


def _warm(file: Path) -> None:
    """Read a file, so that the first round does not wait for the disk any more than the others."""
    with file.open("rb") as raw:
        while raw.read(1 << 20):
            pass


def _words(task: Task, size: Size, files: Mapping[tuple[str, Size], Path]) -> tuple[str, ...]:
    return tuple(str(files.get((word, size), word)) for word in task.words)


def _checked(task: Task, took: Took, rows: int, mean: float | None) -> float | None:
    """The mean that a task found of the column ``shifted``, once what it says of the table is right.

    Raises:
        Unavailable: it did not see the whole table.
    """
    try:
        said = json.loads(took.said)
    except ValueError:
        raise Unavailable(f"{task.name} ended with {took.said[:200]!r} instead of what it found") from None
    if task.size != "none" and (said["rows"], said["columns"]) != (rows, 20):
        raise Unavailable(f"{task.name} described {said['rows']} rows and {said['columns']} columns")
    found = said.get("mean")
    if found is not None and mean is not None and abs(found - mean) > CLOSE * abs(mean):
        raise Unavailable(f"{task.name} found a mean of {found} where others found {mean}")
    return float(found) if found is not None else None


if __name__ == "__main__":
    raise SystemExit(main())
