"""From nothing to a model: what it costs to create a project, to see it built, and to bring it a newer template.

``create_s``: ``spalje project create``, a cold process on the embedded host; two repositories rendered, committed,
pushed, protected and announced. Beside it, in turn in every round, the same by hand, which is the limit: ``copier
copy`` twice, then ``git init``, ``commit`` and ``push`` for each repository (``by_hand_s``). ``create_over_by_hand``
is the ratio, the median over the rounds. There is no peer: cookiecutter does the half of ``copier copy`` and none of
the rest.

``first_green_build_s``: a newcomer's commands, from the first key to the first build that has succeeded, in a
workspace that is not there yet: the shipped forecasting template on its real data, a year of grocery sales that a
package ships. ``things_typed`` counts those commands; the list is what is executed. ``rollout_50_s``: see
``bench/rollout.py``.
"""

import json
import os
import platform
import sys
import tempfile
from collections.abc import Iterable
from importlib import import_module
from pathlib import Path
from statistics import median
from typing import Any

from bench.contestant import Unavailable, environ, timed
from spalje.project.template.catalog import shipped

ROUNDS = 5
ROLES = ("build", "deploy")
BIN = Path(sys.executable).parent

#: All that a newcomer types until a model has been built.
TYPED = (
    ("spalje", "project", "create", "fresh-produce"),
    ("spalje", "run", "start", "build", "--project", "fresh-produce"),
)

Figures = dict[str, float | int | None]


def main() -> int:
    """Measure, and print the figures as the last line."""
    reasons: dict[str, str] = {}
    load = os.getloadavg()[0]
    figures: Figures = {}
    parts = ((_creation, ("create_s", "by_hand_s", "create_over_by_hand")), (_newcomer, ("first_green_build_s",)),
             (_rollout, ("rollout_50_s",)))  # fmt: skip
    for measure, names in parts:
        with tempfile.TemporaryDirectory(prefix="spalje-bench-") as scratch:
            try:
                figures |= measure(Path(scratch))
            except (Unavailable, ImportError) as why:
                figures |= dict.fromkeys(names)
                reasons |= dict.fromkeys(names, str(why))
    figures["things_typed"] = len(TYPED)
    python = platform.python_version()
    machine = f"{platform.machine()}, {os.cpu_count()} cores, Python {python}, load {load:.1f} before"
    for name, figure in figures.items():
        print(f"{name:22}{figure if figure is not None else f'not measured: {reasons[name]}'}")
    print(machine)
    print(json.dumps({"bench": "project", "figures": figures}))
    return 0


def _creation(scratch: Path) -> Figures:
    """Ours and by hand, in turn; a first round of each is not counted: it makes the workspace and compiles bytecode."""
    ours: list[float] = []
    by_hand: list[float] = []
    for number in range(ROUNDS + 1):
        print(f"round {number} of {ROUNDS}", file=sys.stderr)
        ours.append(_run(("spalje", "project", "create", f"project-{number}"), scratch))
        by_hand.append(_by_hand(f"project-{number}", scratch))
    ratios = [one / other for one, other in zip(ours[1:], by_hand[1:], strict=True)]
    return {
        "create_s": _middle(ours[1:]),
        "by_hand_s": _middle(by_hand[1:]),
        "create_over_by_hand": _middle(ratios),
    }


def _by_hand(name: str, scratch: Path) -> float:
    """What a person would type to have two repositories with the same files, seconds without the typing."""
    git = ("git", "-c", "user.name=Ada", "-c", "user.email=ada@example.org")
    took = 0.0
    for role in ROLES:
        work, bare = scratch / "by-hand" / f"{name}-{role}", scratch / "bare" / f"{name}-{role}.git"
        answers = {"project": name, "repository": role, "title": name, "owner": "ada"}
        data = [word for key, value in answers.items() for word in ("--data", f"{key}={value}")]
        source = str(shipped() / "forecasting")
        commands: tuple[tuple[str, ...], ...] = (
            ("copier", "copy", "--quiet", "--defaults", *data, source, str(work)),
            ("git", "init", "--quiet", "--bare", "--initial-branch=main", str(bare)),
            ("git", "-C", str(work), "init", "--quiet", "--initial-branch=main"),
            ("git", "-C", str(work), "add", "--all"),
            (*git, "-C", str(work), "commit", "--quiet", "--message=Begin"),
            ("git", "-C", str(work), "push", "--quiet", str(bare), "main"),
        )
        took += sum(_run(command, scratch) for command in commands)
    return took


def _newcomer(scratch: Path) -> Figures:
    """The newcomer's commands, one after the other, and proof that a build has succeeded."""
    took = sum(_run(command, scratch) for command in TYPED)
    _run(("spalje", "run", "list", "--project", "fresh-produce", "--json"), scratch)
    runs: list[dict[str, Any]] = json.loads((scratch / "last.log").read_text())
    if [(run["pipeline"], run["status"]) for run in runs] != [("build", "succeeded")]:
        raise Unavailable(f"no build has succeeded: {runs}")
    return {"first_green_build_s": round(took, 2)}


def _rollout(scratch: Path) -> Figures:
    """Fifty projects, and a newer version of their template."""
    done = import_module("bench.rollout").rollout(scratch)
    return {"rollout_50_s": round(done.rollout_s, 2)}


def _run(command: tuple[str, ...], scratch: Path) -> float:
    program = BIN / command[0]
    words = [str(program) if program.exists() else command[0], *command[1:]]
    return timed(words, environ(scratch), scratch).wall_s


def _middle(values: Iterable[float]) -> float:
    return round(median(values), 3)


if __name__ == "__main__":
    raise SystemExit(main())
