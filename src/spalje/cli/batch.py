"""``spalje batch``: batches of predictions, and the ground truth that comes later."""

from datetime import date
from pathlib import Path

from cyclopts import App
from rich.console import Console
from rich.text import Text

from spalje.cli.options import Common, person
from spalje.cli.output import coloured, console, number, print_json, table
from spalje.errors import Refused
from spalje.monitor.measurement import score_label
from spalje.monitor.suspicion import ESTIMATED
from spalje.monitor.verdict import Verdict
from spalje.registry.batch import Evaluation
from spalje.registry.person import may_decide
from spalje.steps.verdict_file import read_verdict
from spalje.workspace import Workspace, now

app = App(name="batch", help="Batches of predictions: list, show, release, deliver ground truth.")

app.command("spalje.cli.batch_truth:truth", name="truth")


@app.command(name="list")
def list_(project: str, *, limit: int = 50, common: Common = Common()) -> None:
    """The batches of a project, newest first.

    Args:
        project: the project.
        limit: how many.
    """
    workspace = common.open()
    workspace.metadata.projects.get(project)
    batches = workspace.metadata.batches.list(project, limit)
    if common.json:
        print_json(batches)
        return
    rows = [
        (
            b.id,
            _days(b.content.first, b.content.last),
            b.revision,
            coloured(b.content.status),
            f"v{b.content.version}",
            coloured(b.evaluations[-1].outcome) if b.evaluations else Text("no truth", style="dim"),
            b.content.reasons[0] if b.content.reasons else "",
        )
        for b in batches
    ]
    heads = ("batch", "days", "rev", "status", "by", "quality", "reason")
    console().print(table(heads, rows, cut="reason"))


def _days(first: date | None, last: date | None) -> str:
    """The days a batch is about: ``2017-11-20 to 26``."""
    if first is None or last is None:
        return "–"
    if first == last:
        return str(first)
    if (first.year, first.month) == (last.year, last.month):
        return f"{first} to {last:%d}"
    return f"{first} to {last:%m-%d}" if first.year == last.year else f"{first} to {last}"


@app.command
def show(batch: str, *, common: Common = Common()) -> None:
    """A batch: its rows, verdicts, decision and what ground truth said.

    Args:
        batch: PROJECT/NUMBER.
    """
    workspace = common.open()
    found = workspace.metadata.batches.get(batch)
    folders = {
        name: workspace.artifacts.open(digest)
        for name, digest in found.content.artifacts.items()
        if name.startswith("verdict_")
    }
    verdicts = {name: verdict for name, folder in folders.items() if (verdict := read_verdict(folder))}
    pages = {
        name: str(folder / "report.html")
        for name, folder in folders.items()
        if (folder / "report.html").is_file()
    }
    if common.json:
        print_json({"batch": found, "verdicts": verdicts, "reports": pages})
        return
    out, content = console(), found.content
    out.print(
        Text.assemble(
            (found.id, "bold"),
            " ",
            coloured(content.status),
            f"  {content.first} to {content.last}, {content.rows:,} rows, model version {content.version}",
        )
    )
    out.print(Text.assemble("Decision: ", coloured(content.action)))
    for reason in content.reasons:
        out.print(f"  • {reason}")
    if found.released_by:
        out.print(f"Released by {found.released_by}: {found.release_reason}")
    for name, verdict in verdicts.items():
        out.print(
            Text.assemble(
                "\n", (verdict.monitor, "bold"), " ", coloured(verdict.outcome), "  ", verdict.summary
            )
        )
        for violation in verdict.violations[:12]:
            out.print(
                Text.assemble("  • ", ("breach: " if violation.breach else "", "red"), violation.description)
            )
        if len(verdict.violations) > 12:
            out.print(f"  … and {len(verdict.violations) - 12} more (--json shows all)")
        if name in pages:
            out.print(Text(f"  report: {pages[name]}", style="dim"), soft_wrap=True)
    for evaluation in found.evaluations:
        _judged(out, workspace, evaluation, verdicts.get(f"verdict_{ESTIMATED}"))
    out.print(
        table(
            ("part", "where"),
            [(name, str(workspace.artifacts.open(digest))) for name, digest in content.artifacts.items()],
            title="\nFiles",
        )
    )


def _judged(out: Console, workspace: Workspace, evaluation: Evaluation, estimated: Verdict | None) -> None:
    """What ground truth said about a batch, and what was estimated before."""
    out.print(
        Text.assemble(
            "\n",
            ("ground truth", "bold"),
            " ",
            coloured(evaluation.outcome),
            f"  coverage {evaluation.coverage:.0%}, decision ",
            coloured(evaluation.action),
        )
    )
    for reason in evaluation.reasons:
        out.print(f"  • {reason}")
    before = estimated.figures if estimated else {}
    name = str(before.get("name"))
    if "score" in before and name in evaluation.metrics:
        out.print(
            f"  • Estimated before: {score_label(name)} {number(before['score'])} ({number(before['low'])} to "
            f"{number(before['high'])}); the truth: {number(evaluation.metrics[name])}."
        )
    for page in _pages(workspace, evaluation.run):
        out.print(Text(f"  report: {page}", style="dim"), soft_wrap=True)
    out.print(
        table(
            ("metric", "value"),
            [(k, v) for k, v in evaluation.metrics.items() if isinstance(v, int | float)],
        )
    )


def _pages(workspace: Workspace, run: str) -> list[Path]:
    """The pages that a quality run's checks wrote."""
    found = []
    for state in workspace.metadata.steps.all(run).values():
        if state.kind == "check" and "verdict" in state.outputs:
            page = workspace.artifacts.open(state.outputs["verdict"]) / "report.html"
            found += [page] if page.is_file() else []
    return found


@app.command
def release(batch: str, *, reason: str, by: str | None = None, common: Common = Common()) -> None:
    """Release a blocked batch after all, as an approver and with a reason.

    Args:
        batch: PROJECT/NUMBER.
        reason: why, for the record.
        by: who releases; default: SPALJE_USER or the operating system's user.
    """
    workspace = common.open()
    who = person(by)
    project = workspace.metadata.projects.get(batch.rpartition("/")[0])
    if not may_decide(who, project):
        raise Refused(
            f"{who} may not release batches of {project.name}.",
            do=f"Ask one of: {', '.join(project.approvers)}.",
        )
    released = workspace.metadata.batches.release(batch, who, reason, now())
    if common.json:
        print_json(released)
    else:
        console().print(
            Text.assemble(
                (released.id, "bold"), " is ", coloured(released.content.status), f" by {who}: {reason}"
            )
        )
