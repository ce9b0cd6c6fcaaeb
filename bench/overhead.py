"""What orchestration costs: linear pipelines of steps that do nothing but hand on 1 kB.

Whole cold processes are timed, all contestants in turn in every round, so that what else the machine
does falls on all alike. ``plain`` is the reference: the same files, hashes and lineage rows by hand.

Figures: ``eight_steps_s`` and ``step_ms`` (each further step, from runs of 24) of ours, and for each
peer with its name in front; ``…_ratio`` to the reference of the same round; ``…_cpu_s`` of eight steps.
``script_step_ms``: each further step that runs a program, beyond that program's bare start. ``help_s``:
``spalje --help``. ``outside_scripts_share``: of a real build's time, what is not the user's scripts'.
"""

import json
import os
import platform
import sys
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from statistics import median

from bench.contestant import OURS, PEERS, PLAIN, Contestant, Entry, Took, Unavailable, enter, environ, timed

#: Rounds; in each, every contestant runs 8 steps, and in the first ``LONG`` of them 24 as well.
ROUNDS, LONG = 5, 3
STEPS, MORE = 8, 24

Figures = dict[str, float | None]


def main() -> int:
    """Measure, and print the figures as the last line."""
    reasons: dict[str, str] = {}
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory(prefix="spalje-bench-") as scratch:
        entries = _enter(Path(scratch), reasons)
        figures = _rounds(entries, reasons)
        figures |= _ours(entries, Path(scratch), reasons)
    versions = {peer.name: str(peer.requirement) for peer in PEERS}
    python = platform.python_version()
    machine = f"{platform.machine()}, {os.cpu_count()} cores, Python {python}, load {load:.1f} before"
    _table(figures, reasons)
    print(
        json.dumps(
            {
                "bench": "overhead",
                "figures": figures,
                "reasons": reasons,
                "versions": versions,
                "machine": machine,
            }
        )
    )
    return 0


def _enter(scratch: Path, reasons: dict[str, str]) -> dict[str, Entry]:
    entries = {}
    for contestant in (PLAIN, OURS, *PEERS):
        print(f"making {contestant.name} ready", file=sys.stderr)
        try:
            entries[contestant.name] = enter(contestant, scratch / contestant.name)
        except Unavailable as why:
            reasons[contestant.name] = str(why)
    return entries


def _rounds(entries: Mapping[str, Entry], reasons: dict[str, str]) -> Figures:
    short: dict[str, list[Took]] = {name: [] for name in entries}
    ratios: dict[str, list[float]] = {name: [] for name in entries}
    further: dict[str, list[float]] = {name: [] for name in entries}
    for number in range(ROUNDS):
        print(f"round {number + 1} of {ROUNDS}", file=sys.stderr)
        reference = None
        for name, entry in entries.items():
            if name in reasons:
                continue
            try:
                took = entry.run(STEPS)
                if number < LONG:
                    further[name].append((entry.run(MORE).wall_s - took.wall_s) / (MORE - STEPS))
            except Unavailable as why:
                reasons[name] = str(why)
                continue
            reference = took.wall_s if name == PLAIN.name else reference
            short[name].append(took)
            if reference is not None:
                ratios[name].append(took.wall_s / reference)
    figures: Figures = {}
    for contestant in (OURS, PLAIN, *PEERS):
        name = contestant.name
        front = _front(contestant)
        there = name in entries and name not in reasons
        figures[f"{front}eight_steps_s"] = _middle(took.wall_s for took in short[name]) if there else None
        figures[f"{front}step_ms"] = _middle(1000 * seconds for seconds in further[name]) if there else None
        figures[f"{front}cpu_s"] = _middle(took.cpu_s for took in short[name]) if there else None
        if contestant is not PLAIN:
            figures[f"{front}ratio"] = _middle(ratios[name]) if there else None
    return figures


def _ours(entries: Mapping[str, Entry], scratch: Path, reasons: dict[str, str]) -> Figures:
    """What only we have: steps that run a program, the command's help, a real build."""
    figures: Figures = {"script_step_ms": None, "help_s": None, "outside_scripts_share": None}
    variables = environ(scratch)
    try:
        command = Path(sys.executable).parent / "spalje"
        figures["help_s"] = _middle(
            timed([str(command), "--help"], variables, scratch).wall_s for _ in range(ROUNDS)
        )
    except (Unavailable, OSError) as why:
        reasons["help_s"] = str(why)
    if OURS.name in entries and OURS.name not in reasons:
        try:
            figures["script_step_ms"] = _script_step_ms(entries[OURS.name])
        except Unavailable as why:
            reasons["script_step_ms"] = str(why)
        try:
            figures["outside_scripts_share"] = _outside(entries[OURS.name])
        except (Unavailable, OSError, ValueError, KeyError) as why:
            reasons["outside_scripts_share"] = str(why)
    return figures


def _script_step_ms(ours: Entry) -> float:
    """Each further script step, less what the script's program takes by itself, in milliseconds."""
    script = ours.folder / "clone" / "src" / "hand_on.py"
    data = ours.folder / "bare"
    data.mkdir()
    command = [str(ours.python), str(script), "--data", str(data)]
    found = []
    for _ in range(LONG):
        short, long = (ours.run(steps, "script").wall_s for steps in (STEPS, MORE))
        bare = median(timed(command, ours.environ, ours.folder).wall_s for _ in range(STEPS))
        found.append(1000 * ((long - short) / (MORE - STEPS) - bare))
    return _middle(found)


def _outside(ours: Entry) -> float:
    """The share of a real build's time that is not the user's scripts'.

    ``spalje_steps.py build FOLDER STEPS`` builds, and prints ``{"wall_s": …, "script_s": …}`` last.
    """
    program = Path(__file__).parent / "peer" / OURS.program
    timed([str(ours.python), str(program), "build", str(ours.folder), "0"], ours.environ, ours.folder)
    said = json.loads((ours.folder / "last.log").read_text().strip().splitlines()[-1])
    return 1.0 - float(said["script_s"]) / float(said["wall_s"])


def _middle(values: Iterable[float]) -> float:
    return round(median(values), 4)


def _table(figures: Figures, reasons: Mapping[str, str]) -> None:
    print(f"{'':10}{'8 steps':>10}{'x plain':>9}{'cpu':>8}{'further step':>14}")
    for contestant in (OURS, PLAIN, *PEERS):
        name = contestant.name
        if name in reasons:
            print(f"{name:10}not measured: {reasons[name]}")
            continue
        short, ratio, cpu, further = (
            figures.get(f"{_front(contestant)}{figure}") or 1.0
            for figure in ("eight_steps_s", "ratio", "cpu_s", "step_ms")
        )
        print(f"{name:10}{short:>8.2f} s{ratio:>9.1f}{cpu:>6.2f} s{further:>11.1f} ms")


def _front(contestant: Contestant) -> str:
    """What stands before the names of its figures."""
    return "" if contestant is OURS else f"{contestant.name}_"


if __name__ == "__main__":
    raise SystemExit(main())
