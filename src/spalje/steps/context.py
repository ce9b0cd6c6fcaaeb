"""What a step is given, and what it gives back."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from spalje.lineage.run import Run
from spalje.model.group import Group
from spalje.model.program import Command, Ended, Program
from spalje.pipeline.definition import StepSpec
from spalje.pipeline.problem import Problem
from spalje.registry.effect import Effect


class Scripts(Protocol):
    """Runs programs of the user's in their own process and environment."""

    def command(self, program: Program) -> AbstractContextManager[Command]:
        """How a program of ours that runs the user's code is started; see ``spalje.model.program.Starter``."""

    @property
    def timeout_s(self) -> float | None:
        """Seconds of wall time that a user's process may take; None: no limit."""

    def entered(self, group: Group) -> None:
        """A process group that runs a user's code has started; it is killed if the run is cancelled."""

    def left(self, group: Group, how: Ended) -> None:
        """That group has ended; what it took counts as the step's."""

    def run(self, script: Path, arguments: Mapping[str, str], environ: Mapping[str, str]) -> None:
        """Run a script to its end; its output goes to the step's log.

        Raises:
            StepFailed: it could not be started, ended with another code than 0, was killed or
                took longer than the step's time limit.
        """


@dataclass(frozen=True, slots=True)
class StepContext:
    """Everything a step may use.

    Attributes:
        run: the run it belongs to.
        spec: the step as compiled.
        settings: the step's settings with parameters filled in.
        problem: the project's problem.
        inputs: port -> verified, read-only folder.
        input_digests: port -> artifact digest.
        source: the repository at the run's commit, read-only.
        scratch: an empty folder; a step writes output NAME into ``scratch/NAME``.
        scripts: how a user's program is run.
        log: the step's log file.
        now: the time the step started, UTC.
        facts: what else the run knows (pinned version, batch, upstream artifacts), by name.
        say: a line of progress for a person, for example a training curve's point.
    """

    run: Run
    spec: StepSpec
    settings: Mapping[str, Any]
    problem: Problem
    inputs: Mapping[str, Path]
    input_digests: Mapping[str, str]
    source: Path
    scratch: Path
    scripts: Scripts
    log: Path
    now: datetime
    facts: Mapping[str, Any] = field(default_factory=dict)
    say: Callable[[str], None] = lambda _: None

    def output(self, name: str) -> Path:
        """The folder for output ``name``, made if need be."""
        folder = self.scratch / name
        folder.mkdir(exist_ok=True)
        return folder


@dataclass(frozen=True, slots=True)
class StepResult:
    """What a step did beside filling its output folders.

    Attributes:
        effects: what becomes real together with the outputs.
        outcome: a verdict's or decision's word for the record, or None.
        metrics: numbers worth showing beside the step.
    """

    effects: tuple[Effect, ...] = ()
    outcome: str | None = None
    metrics: Mapping[str, float] = field(default_factory=dict)
