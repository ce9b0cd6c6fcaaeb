"""What ``spalje monitor backtest`` does: a replay, shown as it goes on, and its table."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from spalje.cli.options import Common
from spalje.cli.output import console, number, print_json, table
from spalje.monitor.measurement import score_label
from spalje.replay.backtest import Backtest, backtest
from spalje.replay.calendar import days
from spalje.replay.policy import Policy
from spalje.replay.week import Life
from spalje.report.backtest import Report, html, svg


def play(
    common: Common,
    project: str,
    span: tuple[date, date, int],
    policies: Sequence[Policy],
    *,
    inputs: Mapping[str, str],
    truth: Path | None,
    parallel: int,
    out: Path | None,
) -> None:
    """Replay, and show what came of it.

    Args:
        span: first day, last day, days between batches.
    """
    workspace = common.open()
    calendar = days(*span)
    chosen = tuple(dict.fromkeys(policies))
    shown = Console(stderr=True)
    with Progress(
        TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
        console=shown, transient=True, disable=common.json or not shown.is_terminal,
    ) as progress:  # fmt: skip
        tasks = {policy: progress.add_task(policy, total=len(calendar)) for policy in chosen}
        found = backtest(
            workspace,
            project,
            calendar,
            chosen,
            inputs=inputs,
            truth=truth,
            parallel=parallel,
            say=lambda policy, done: progress.update(tasks[policy], completed=done),
        )
    if out is not None:
        write(out, found)
    if common.json:
        print_json(found.document)
        return
    console().print(summary(found))
    if out is not None:
        console().print(f"page: {out / 'backtest.html'}", style="dim", soft_wrap=True)


def write(out: Path, found: Backtest) -> None:
    """Write the replay's figures, page and picture."""
    out.mkdir(parents=True, exist_ok=True)
    text = json.dumps(found.document, ensure_ascii=False, indent=1, allow_nan=False)
    (out / "backtest.json").write_text(text + "\n", encoding="utf-8")
    (out / "backtest.html").write_text(html(Report(found.document, datetime.now(UTC))), encoding="utf-8")
    (out / "backtest.svg").write_text(svg(found.document), encoding="utf-8")


def summary(found: Backtest) -> Table:
    """The policies side by side."""
    name = next((life.score for life in found.lives if life.score), None) or "score"
    rows = [_row(found, life, name) for life in found.lives]
    heads = (
        "policy",
        "alarms",
        "false",
        "built (used)",
        "blocked",
        f"cost {found.currency}",
        "error",
        "bias",
    )
    span = f"{len(found.days)} batches, {found.days[0]} to {found.days[-1]}"
    return table(heads, rows, title=f"{found.project}: {span}; error: {score_label(name)}")


def _row(found: Backtest, life: Life, name: str) -> tuple[object, ...]:
    false = found.placebo.get(life.policy)
    figures, dash = life.figures, Text("–", style="dim")
    return (
        str(life.policy),
        f"{life.alarms} of {len(life.weeks)}" if life.policy.watches else dash,
        f"{100 * false.rate:.1f} %" if false else dash,
        f"{life.builds}" if life.accepted == life.builds else f"{life.builds} ({life.accepted})",
        life.blocked,
        f"{life.cost:.4f}",
        number(float(f"{figures[name]:.4g}")) if name in figures else "",
        f"{100 * figures['bias']:+.1f} %" if "bias" in figures else "",
    )
