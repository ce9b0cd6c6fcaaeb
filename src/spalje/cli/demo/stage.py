"""What the demo shows: chapters, runs as they go on, tables. Silent when asked to be."""

import time
from dataclasses import dataclass, field
from pathlib import Path

from rich.console import Console, RenderableType
from rich.padding import Padding
from rich.rule import Rule
from rich.text import Text

from spalje.cli.lineage import tree
from spalje.cli.live import following, watching
from spalje.cli.output import coloured, console, number, seconds, table
from spalje.cli.run import failure
from spalje.execution.start import Order
from spalje.lineage.run import Run, Status
from spalje.lineage.trace import trace
from spalje.registry.batch import Batch
from spalje.registry.version import ModelVersion
from spalje.workspace import Workspace, definition_of

#: The tables of the evaluation: what a row of metrics is called, and the end of its names.
LEVELS = {
    "store × category × day": "store_category_day",
    "store × category × week": "store_category_week",
    "category × week": "category_week",
}
FORECASTS = {"model": "", "same weekday last week": "naive_last_week_", "mean of 28 days": "naive_mean_28_"}


@dataclass
class Stage:
    """Shows the demo to a person.

    Attributes:
        folder: the workspace, as the person would type it.
        quiet: show nothing.
    """

    folder: Path
    quiet: bool
    out: Console = field(default_factory=console)

    def __post_init__(self) -> None:
        if self.quiet:
            self.out = Console(quiet=True)

    def chapter(self, title: str, command: str = "") -> None:
        """A new part of the story, and the command that does the same."""
        self.out.print()
        self.out.print(Rule(Text(title, style="bold"), align="left", style="dim"))
        if command:
            self.out.print(
                Text(
                    f"  $ {command}"
                    if " " in command and command.split()[0] in ("spalje", "git")
                    else f"  {command}",
                    style="cyan",
                )
            )

    def say(self, text: str) -> None:
        """A sentence."""
        self.out.print(Text(text))

    def line(self, shown: RenderableType) -> None:
        """Anything."""
        self.out.print(shown)

    def run(self, workspace: Workspace, order: Order) -> Run:
        """Start and execute a run, shown while it goes on."""
        return self.execute(workspace, workspace.starter.start(order))

    def execute(self, workspace: Workspace, run: Run) -> Run:
        """Execute a run, shown while it goes on."""
        about = (
            f"about batch {run.batch}"
            if run.batch
            else " ".join(f"{k} {v}" for k, v in run.parameters.items() if v)
        )
        with watching(
            definition_of(run), f"{run.id}  {about}", to=self.out, transient=run.pipeline != "build"
        ) as listener:
            ended = workspace.execute(run, listener=listener)
        if ended.status is not Status.SUCCEEDED:
            raise failure(workspace, ended)
        return ended

    def follow(self, workspace: Workspace, run: Run) -> Run:
        """Show a run that another process executes, to its end."""
        if run.definition is None:
            raise failure(workspace, run)
        with following(run, lambda: workspace.metadata.steps.all(run.id), to=self.out):
            while not (run := workspace.metadata.runs.get(run.id)).status.ended:
                time.sleep(0.1)
        if run.status is not Status.SUCCEEDED:
            raise failure(workspace, run)
        return run

    def results(self, version: ModelVersion) -> None:
        """The evaluation of a version beside the naive forecasts."""
        metrics = version.content.metrics
        self.say(
            f"\nModel version {version.id}, registered and pending. WAPE on nine weeks it has not seen (smaller is better):"
        )
        rows = [
            (level, *(metrics.get(f"{prefix}wape_{end}") for prefix in FORECASTS.values()))
            for level, end in LEVELS.items()
        ]
        self.line(table(("level", *FORECASTS), rows))

    def batch(self, batch: Batch) -> None:
        """A batch in one line."""
        content = batch.content
        self.line(
            Text.assemble(
                f"{content.first}  ",
                (f"{batch.id:18}", "bold"),
                f"{content.rows:6,} rows  version {content.version}  ",
                coloured(content.status),
                (
                    "  " + ("; ".join(content.reasons))[: max(self.out.width - 75, 20)]
                    if content.action != "block"
                    else "",
                    "dim",
                ),
            )
        )

    def blocked(self, workspace: Workspace, batch: Batch) -> None:
        """Why a batch was blocked, in plain words."""
        for reason in batch.content.reasons[:6]:
            self.out.print(Padding(Text.assemble(("✗ ", "red"), reason), (0, 0, 0, 4)))
        rest = len(batch.content.reasons) - 6
        if rest > 0:
            self.out.print(
                Padding(Text(f"… and {rest} more: spalje batch show {batch.id}", style="dim"), (0, 0, 0, 4))
            )
        self.say("Nothing of it was published. It is kept, and an approver could release it with a reason.")

    def evaluated(self, batch: Batch) -> None:
        """What ground truth said about a batch, in one line."""
        evaluation = batch.evaluations[-1]
        figures = "  ".join(
            f"{name} {number(evaluation.metrics[name])}"
            for name in ("wape", "bias", "rmse")
            if name in evaluation.metrics
        )
        self.line(
            Text.assemble(
                "            ", ("truth: ", "dim"), coloured(evaluation.outcome), ("  " + figures, "dim")
            )
        )

    def week_table(self, workspace: Workspace) -> None:
        """All batches so far."""
        rows = []
        for batch in reversed(workspace.metadata.batches.list(batch_project(workspace), 100)):
            content = batch.content
            latest = batch.evaluations[-1] if batch.evaluations else None
            metrics = latest.metrics if latest else {}
            rows.append(
                (
                    str(content.first),
                    batch.id,
                    coloured(content.status),
                    coloured(content.action),
                    coloured(latest.outcome) if latest else "",
                    metrics.get("wape"),
                    metrics.get("bias"),
                    coloured(latest.action) if latest else "",
                )
            )
        self.line("")
        self.line(
            table(
                ("week of", "batch", "status", "decision", "quality", "WAPE", "bias", "then"),
                rows,
                title="The weeks",
            )
        )

    def lineage(self, workspace: Workspace, subject: str) -> None:
        """Where something came from."""
        self.line(tree(trace(subject, "up", workspace.metadata.lineage), "up"))

    def close(self, workspace: Workspace, last: Batch, clones: tuple[Path, ...], took_s: float) -> None:
        """Where everything is, and what to type next."""
        self.chapter("Where everything is")
        rows = [
            ("workspace", str(workspace.folder)),
            *(("clone", str(clone)) for clone in clones),
            ("the last batch's orders", str(workspace.artifacts.open(last.content.artifacts["output"]))),
        ]
        self.line(table(("what", "where"), rows))
        self.chapter("What to type next", f"export SPALJE_WORKSPACE={workspace.folder}")
        project = last.content.project
        for command in (
            f"model show {project}/2",
            f"batch show {last.id}",
            f"run show {last.content.run}",
            f"run list --project {project}",
            f"lineage show model:{project}/1 --direction down",
        ):
            self.out.print(Text(f"  $ spalje {command}", style="cyan"))
        self.say(f"\nAll of it took {seconds(took_s)}.")


def batch_project(workspace: Workspace) -> str:
    """The only project of the demo's workspace."""
    return workspace.metadata.projects.all()[0].name
