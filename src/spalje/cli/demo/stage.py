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
from spalje.execution.order import Order
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
            self.out.print(Text(f"  $ {command}", style="cyan"))

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
        self.say(f"\nModel version {version.id} is registered and pending.")
        self.say("Weighted absolute error (WAPE, smaller is better) on nine weeks it has not seen:")
        rows = [
            (level, *(f"{metrics[f'{prefix}wape_{end}']:.3f}" for prefix in FORECASTS.values()))
            for level, end in LEVELS.items()
        ]
        self.line(table(("level", *FORECASTS), rows))

    def batch(self, batch: Batch) -> None:
        """A batch in one line."""
        content = batch.content
        self.line(
            Text.assemble(
                f"week of {content.first}  batch {batch.number:<3}",
                f"{content.rows:6,} rows  version {content.version}  ",
                coloured(content.status),
                (f" ({_first_words(content.reasons[0])})" if content.action == "investigate" else "", "dim"),
            )
        )

    def blocked(self, batch: Batch) -> None:
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
        wanted = "  a retraining is proposed" if evaluation.action == "retrain" else ""
        self.line(
            Text.assemble(
                ("    a week later, the truth: ", "dim"),
                coloured(evaluation.outcome),
                (f"  {figures}", "dim"),
                (wanted, "magenta"),
            )
        )

    def week_table(self, batches: tuple[Batch, ...]) -> None:
        """All batches so far, the oldest first."""
        rows = []
        for batch in reversed(batches):
            content = batch.content
            last = batch.evaluations[-1] if batch.evaluations else None
            rows.append(
                (
                    str(content.first),
                    batch.number,
                    coloured(content.status),
                    coloured(content.action),
                    coloured(last.outcome) if last else "",
                    last.metrics.get("wape") if last else None,
                    last.metrics.get("bias") if last else None,
                    coloured({"publish": "go on"}.get(last.action, last.action)) if last else "",
                )
            )
        columns = ("week of", "batch", "status", "decision", "quality", "WAPE per day", "bias", "then")
        self.line("")
        self.line(table(columns, rows, title="The weeks"))

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


def _first_words(reason: str, most: int = 60) -> str:
    """The beginning of a reason, at the end of a word."""
    return reason if len(reason) <= most else reason[:most].rsplit(" ", 1)[0] + " …"
