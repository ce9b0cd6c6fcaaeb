"""``spalje monitor``: baselines and checks of tables, without a project."""

from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Any, Literal

from cyclopts import App, Parameter

from spalje.analysis.baseline import read_baseline, write_baseline
from spalje.analysis.data_quality import Checked, check
from spalje.analysis.parts import Period
from spalje.analysis.roles import Roles
from spalje.cli.options import Common, pairs
from spalje.cli.output import Json, coloured, console, print_json, table
from spalje.cli.progress import reading
from spalje.errors import BadInput
from spalje.monitor.verdict import Outcome
from spalje.replay.policy import Policy
from spalje.report.data_quality import Report, html, terminal
from spalje.sagemaker.violations import FILES as VIOLATIONS
from spalje.sagemaker.violations import ViolationsFile
from spalje.sagemaker.violations import write as written_violations
from spalje.storage import history as files
from spalje.storage.batch_file import checked_name

app = App(name="monitor", help="Hold a table against a baseline; replay a project under other rules.")

_Words = Annotated[tuple[str, ...], Parameter(negative=())]

#: What a check writes with --out.
VERDICT, REPORT = "verdict.json", "report.html"


@app.command
def baseline(
    data: str,
    *,
    out: Path,
    key: tuple[str, ...] = (),
    time: str | None = None,
    season: Literal["none", "weekday", "month"] = "none",
    period: Period | None = None,
    group: str | None = None,
    categorical: tuple[str, ...] = (),
    ignore: tuple[str, ...] = (),
    output: Json = Json(),
) -> None:
    """Make a baseline of good data: what a good batch looks like, as files that can be read and edited.

    With --time the data is cut into pieces like batches, so that thresholds are calibrated from the
    first batch on. Written over an earlier baseline, it keeps what was changed in constraints.toml.

    Args:
        data: a file, a folder or a pattern in quotes: Parquet, CSV or Arrow.
        out: the folder to write the baseline to.
        key: a column that names a row, alone or with others; may be given several times.
        time: the column with the date or time a row is about.
        season: what makes batches comparable: the weekday, the month, or nothing.
        period: how long a batch is. Default: a day with --season weekday, else as the data suggests.
        group: the column whose rows are not independent of each other (a store).
        categorical: take this column's numbers as categories; may be given several times.
        ignore: do not monitor this column; may be given several times.
    """
    roles = Roles(keys=key, time=time, season=season, group=group, categorical=categorical, others=ignore)
    with reading(data) as progress:
        made = write_baseline(data, out, roles, period=period, progress=progress)
    said = {
        "folder": str(out),
        "rows": made.profile.rows,
        "columns": len(made.profile.columns),
        "refused": dict(made.profile.refused),
        "batches": len(made.batches),
    }
    if output.json:
        print_json(said)
        return
    console().print(
        f"A baseline of {made.profile.rows:,} rows and {len(made.profile.columns)} columns is in {out}.",
        soft_wrap=True,
    )
    for name, kind in made.profile.refused.items():
        console().print(f"Not monitored: {name}, which is {kind}.", soft_wrap=True, style="yellow")
    calibrated = (
        f"Thresholds are calibrated by {len(made.batches)} pieces of it, {made.batches[0].at} to "
        f"{made.batches[-1].at}."
        if made.batches
        else "Thresholds are not calibrated: give --time (with enough of it), or check batches with --history."
    )
    console().print(calibrated, soft_wrap=True)
    console().print(f"Edit {out / 'constraints.toml'} where you know better.", style="dim", soft_wrap=True)


@app.command(name="data-quality")
def data_quality(
    data: str,
    *,
    baseline: Path,
    history: Path | None = None,
    record: bool = True,
    name: str = "",
    at: date | None = None,
    policy: str = "calibrated",
    alpha: float | None = None,
    rows: Annotated[int | None, Parameter(help="About how many rows a batch should have.")] = None,
    out: Path | None = None,
    output: Json = Json(),
) -> int:
    """Check a batch against a baseline; leaves with 4 on an alarm.

    Args:
        data: a file, a folder or a pattern in quotes: Parquet, CSV or Arrow.
        baseline: a folder from `spalje monitor baseline`, or Model Monitor's statistics.json and constraints.json.
        history: a folder that remembers checked batches; thresholds come from how much good ones differ.
        record: add this batch to the history.
        name: what the batch is called. Default: its first day, else the name of its file.
        at: the day it is for, 2017-11-06. Default: its first day.
        policy: calibrated, or sagemaker: Model Monitor's rules decide.
        alpha: share of good batches that may be found. Default: 0.01 with a weekday season, else 0.05.
        rows: about how many rows a batch should have; less than half or more than twice that is an alarm.
        out: a folder to write verdict.json, constraint_violations.json and report.html to.
    """
    if history is not None and name:
        checked_name(name)
    settings: dict[str, Any] = {
        key: value for key, value in (("alpha", alpha), ("rows", rows)) if value is not None
    }
    with reading(data) as progress:
        checked = check(
            data,
            read_baseline(baseline),
            earlier=files.read(history) if history else (),
            name=name,
            at=at,
            policy=policy,
            settings=settings,
            progress=progress,
        )
    report = Report(
        f"Data quality: {checked.batch.name}",
        checked.verdict,
        checked.profile,
        checked.baseline.profile,
        None,
        datetime.now(UTC),
    )
    if history is not None and record:
        files.write(history, checked.batch)
    if out is not None:
        _write(out, checked, report)
    if output.json:
        print_json(checked.verdict)
    else:
        console().print(terminal(report))
        if out is not None:
            console().print(f"report: {out / REPORT}", style="dim", soft_wrap=True)
    return 4 if checked.verdict.outcome is Outcome.ALARM else 0


@app.command(name="history")
def list_(folder: Path, *, output: Json = Json()) -> None:
    """The batches that a history remembers, the oldest first.

    Args:
        folder: the history.
    """
    if not folder.is_dir():
        raise BadInput(f"There is no folder {folder}.", do="Give the folder of --history.")
    batches = files.read(folder)
    rows = [
        {
            "name": batch.name,
            "day": batch.at.isoformat() if batch.at else None,
            "rows": batch.sketch.rows,
            "outcome": batch.outcome,
            "p": batch.p,
            "found": list(batch.found),
            "good": batch.good,
        }
        for batch in batches
    ]
    if output.json:
        print_json(rows)
        return
    shown = [
        (
            row["name"],
            row["day"],
            row["rows"],
            coloured(row["outcome"] or "–"),
            row["p"],
            ", ".join(batch.found),
            "yes" if batch.good else "no",
        )
        for row, batch in zip(rows, batches, strict=True)
    ]
    console().print(table(("batch", "day", "rows", "outcome", "p", "found", "serves as an example"), shown))


@app.command
def accept(name: str, *, history: Path, good: bool = True, output: Json = Json()) -> None:
    """Say that a batch was good after all (or, with --no-good, that it was not).

    A batch that was an alarm is no example of a good one, until a person who knows better says so.

    Args:
        name: the batch, as `spalje monitor history` lists it.
        history: the folder that remembers it.
        good: whether later batches may be held against it.
    """
    batch = replace(files.find(history, name), good=good)
    files.write(history, batch)
    if output.json:
        print_json({"name": name, "good": good})
        return
    says = "serves as an example of a good batch" if good else "is no example of a good batch"
    console().print(f"{name} {says}.")


@app.command
def backtest(
    *,
    project: str,
    first: Annotated[date, Parameter(name="--from")],
    last: Annotated[date, Parameter(name="--to")],
    every: int = 7,
    policy: Annotated[tuple[Policy, ...], Parameter(negative=())] = tuple(Policy),
    input: _Words = (),  # noqa: A002  the option's name
    truth: Path | None = None,
    parallel: int = 2,
    out: Path | None = None,
    common: Common = Common(),
) -> None:
    """Replay a project's history under several rules of retraining, and compare what would have come of it.

    Builds, checks, predictions and truth are really run, in calendar order, in a workspace of their own. A
    second replay, or another policy, does again only what differs.

    Args:
        project: the project.
        first: the day of the first batch; the first model is built on it.
        last: the day of the last batch.
        every: days between batches.
        policy: calibrated, sagemaker, ks, monthly, always or never; may be given several times. Default: all.
        input: where an input is, as NAME=PATH; may be repeated. Default: where spalje.toml says.
        truth: a table with the truth of the whole time. Default: the pipeline `truth` writes it.
        parallel: how many policies are lived side by side.
        out: a folder to write backtest.json, backtest.html and backtest.svg to.
    """
    from spalje.cli.backtest import play  # noqa: PLC0415  only this command pays for it

    play(
        common,
        project,
        (first, last, every),
        policy,
        inputs=pairs(input, "--input"),
        truth=truth,
        parallel=parallel,
        out=out,
    )


def _write(out: Path, checked: Checked, report: Report) -> None:
    out.mkdir(parents=True, exist_ok=True)
    (out / VERDICT).write_text(checked.verdict.model_dump_json(indent=2) + "\n", encoding="utf-8")
    (out / VIOLATIONS[0]).write_bytes(written_violations(ViolationsFile(checked.verdict.violations)))
    (out / REPORT).write_text(html(report), encoding="utf-8")
