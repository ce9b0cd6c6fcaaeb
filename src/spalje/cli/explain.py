"""``spalje explain``: why a model predicts what it does."""

import math
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pyarrow as pa
from cyclopts import App
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.text import Text

from spalje.analysis.explanation import BEHIND, Cost, Explanation, explain
from spalje.analysis.explanation_files import read_background, summary, write
from spalje.analysis.model import features_of
from spalje.analysis.sample import columns_of, sample
from spalje.attribution.background import Background
from spalje.cli.options import Common, pairs, split_id
from spalje.cli.output import Json, console, number, print_json, seconds, table
from spalje.errors import BadInput, UsageError
from spalje.steps.attribution import explained_as

app = App(name="explain", help="Why a model predicts what it does; needs no project.")

#: Lines of the table of features.
LISTED = 20
#: A cost above so many seconds is told.
LONG_S = 3.0

Ways = Literal["auto", "tree", "kernel", "exact", "path"]
Units = Literal["identity", "logit", "log"]


@app.default
def explain_table(
    data: str,
    *,
    model: Path,
    background: str | None = None,
    against: tuple[str, ...] = (),
    out: Path | None = None,
    rows: int = 2000,
    every: bool = False,
    where: tuple[str, ...] = (),
    feature: tuple[str, ...] = (),
    key: tuple[str, ...] = (),
    categorical: tuple[str, ...] = (),
    group: tuple[str, ...] = (),
    method: Ways = "auto",
    link: Units = "identity",
    coalitions: int | None = None,
    error: float | None = None,
    seed: int = 0,
    python: Path | None = None,
    output: Json = Json(),
) -> None:
    """Explain a model's predictions for the rows of a table: what each feature adds to each.

    With --out, everything is written: local attributions as Parquet, Clarify's analysis.json, figures and a
    page. A run that was stopped goes on where it stopped when it is given again.

    Args:
        data: a file, a folder or a pattern in quotes: Parquet, CSV or Arrow.
        model: the folder of a packaged model, or a script with model_fn and predict_fn (model_fn is given its folder).
        background: against what: a number of clusters of the table's rows, another table, or a background.parquet
            from an earlier run. Default: as many clusters as are worth having, up to 12.
        against: COLUMN=VALUE: against the table's rows that have this value; may be given several times.
        out: a folder to write everything to. Default: only show it.
        rows: explain so many rows, drawn evenly.
        every: explain all rows.
        where: COLUMN=VALUE: explain rows that have this value; may be given several times.
        feature: a column that the model takes, in its order; may be given several times. Default: a package's own,
            else every column that is no key.
        key: a column that names a row; may be given several times.
        categorical: take this column's numbers as categories; may be given several times.
        group: NAME=FEATURE,FEATURE: features that act as one; may be given several times.
        method: auto (tree where it suits the model, else kernel), tree (exact), kernel (any model), exact (all
            coalitions, up to 12 features), or path (trees, without a background).
        link: the unit: identity (the prediction's own), logit (log-odds of a probability) or log.
        coalitions: coalitions that are played for each row by kernel. Default: 256 or more.
        error: instead, the mean standard error that values may have, in standard deviations of the predictions.
        seed: of everything that is drawn.
        python: the interpreter of the model's environment. Default: this one.
    """
    chosen = {"where": pairs(where, "--where"), "rows": None if every else rows}
    if rows < 1:
        raise UsageError(f"--rows {rows}: there must be at least one row.", do="Give 1 or more, or --every.")
    if background is not None and against:
        raise UsageError(
            "--background and --against are two answers to one question.", do="Give one of them."
        )
    features = features_of(model) or feature or columns_of(data, key)
    found = _explained(
        data,
        model,
        background=_against(data, features, pairs(against, "--against"))
        if against
        else _background(background),
        features=feature,
        keys=key,
        categorical=categorical,
        groups=_groups(group),
        method=method,
        link=link,
        coalitions=coalitions,
        error=error,
        seed=seed,
        python=python,
        partial=out,
        **chosen,
    )
    missing = write(found, out, f"Explanation: {model.stem}, {Path(data).name}") if out is not None else ()
    if output.json:
        print_json(summary(found))
        return
    _print(found)
    _remark(found, missing, out)


@app.command
def row(
    data: str | None = None,
    *,
    key: tuple[str, ...],
    batch: str | None = None,
    model: Path | None = None,
    background: str | None = None,
    against: tuple[str, ...] = (),
    out: Path | None = None,
    feature: tuple[str, ...] = (),
    group: tuple[str, ...] = (),
    method: Ways = "auto",
    link: Units = "identity",
    coalitions: int | None = None,
    error: float | None = None,
    seed: int = 0,
    python: Path | None = None,
    common: Common = Common(),
) -> None:
    """Explain one prediction: of a project's batch (--batch), or of a row of a table (--model).

    Args:
        data: a file, a folder or a pattern in quotes; not with --batch.
        key: COLUMN=VALUE: which row; given as often as it takes to name one.
        batch: PROJECT/NUMBER: explained as the baseline of its model version was.
        model: the folder of a packaged model, or a script; not with --batch.
        background: against what: a number of clusters, a table, or a background.parquet. Default: a batch's own, else
            as many clusters of the table's rows as are worth having.
        against: COLUMN=VALUE: against another row of the same table: why this prediction and not that.
        out: a folder to write everything to. Default: only show it.
        feature: a column that the model takes, in its order; may be given several times.
        group: NAME=FEATURE,FEATURE: features that act as one; may be given several times.
        method: auto, tree, kernel, exact or path.
        link: identity, logit or log.
        coalitions: coalitions that are played by kernel. Default: 256 or more.
        error: instead, the standard error that values may have, in standard deviations of the predictions.
        seed: of everything that is drawn.
        python: the interpreter of the model's environment. Default: this one.
    """
    keys, other = pairs(key, "--key"), pairs(against, "--against")
    if (batch is None) == (model is None) or (batch is None) == (data is None):
        raise UsageError(
            "Either a batch is explained or a table.",
            do="Give --batch PROJECT/NUMBER, or a table and --model.",
        )
    settings: dict[str, Any] = {
        "features": feature,
        "groups": _groups(group),
        "method": method,
        "link": link,
        "coalitions": coalitions,
        "error": error,
        "seed": seed,
        "python": python,
    }
    behind = _background(background)
    if batch is not None:
        data, model, own, settings = _of_batch(batch, common, settings)
        behind = own if behind is None else behind
    assert data is not None  # noqa: S101  either was given
    assert model is not None  # noqa: S101
    names = list(keys)
    _, matching = sample(data, names, 1, np.random.default_rng(seed), keys)
    if matching > 1:
        raise BadInput(
            f"{matching:,} rows have {' and '.join(key)}, and one is explained.",
            do="Give more keys, until they name one row.",
        )
    if other:
        features = features_of(model) or feature or columns_of(data, names)
        behind = _against(data, features, other)
    found = _explained(data, model, background=behind, keys=names, where=keys, **settings)
    missing = write(found, out, f"Prediction for {', '.join(key)}") if out is not None else ()
    if common.json:
        print_json(_one(found, keys))
        return
    _print_row(found, keys)
    _remark(found, missing, out)


def _explained(data: str, model: Path, **settings: Any) -> Explanation:
    with _progress() as (cost, told):
        return explain(data, model, cost=cost, told=told, **settings)


@contextmanager
def _progress() -> Iterator[tuple[Any, Any]]:
    """What it is going to take, and how far it has come: on standard error, where that is a terminal."""
    err = Console(stderr=True, highlight=False)

    def cost(known: Cost) -> None:
        if known.seconds > LONG_S:
            err.print(
                f"{known.rows:,} rows take up to {known.evaluations:,} predictions: about {seconds(known.seconds)} "
                "at the model's speed.",
                style="dim",
                soft_wrap=True,
            )

    if not err.is_terminal:
        yield cost, lambda _done, _total: None
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=err, transient=True) as progress:
        task = progress.add_task("explaining rows", total=None)
        yield cost, lambda done, total: progress.update(task, completed=done, total=total)


def _background(given: str | None) -> int | Background | str | None:
    if given is None:
        return None
    if re.fullmatch(r"[0-9]+", given):
        return int(given)
    if given.endswith("background.parquet") and Path(given).is_file():
        return read_background(Path(given))
    return given


def _against(data: str, features: tuple[str, ...], where: dict[str, str]) -> pa.Table:
    found, _ = sample(data, features, BEHIND, np.random.default_rng(0), where)
    if found.num_rows == 0:
        said = " and ".join(f"{name}={value}" for name, value in where.items())
        raise BadInput(f"No row has {said}.", do="Check the values of --against.")
    return found


def _groups(words: tuple[str, ...]) -> dict[str, tuple[str, ...]]:
    return {
        name: tuple(filter(None, members.split(","))) for name, members in pairs(words, "--group").items()
    }


def _of_batch(
    batch: str, common: Common, asked: dict[str, Any]
) -> tuple[str, Path, Background, dict[str, Any]]:
    """The rows of a batch, its model, and how its model version's baseline was explained."""
    workspace = common.open()
    found = workspace.metadata.batches.get(batch)
    project, _ = split_id(batch, "batch")
    version = workspace.metadata.versions.get(project, found.content.version)
    digest = version.content.own_baselines.get("attribution")
    if digest is None or "features" not in found.content.artifacts:
        raise BadInput(
            f"Batch {batch} cannot be explained: its model version has no attribution baseline.",
            do="Add a Baseline step (monitor='attribution') to the build pipeline.",
        )
    background, settings = explained_as(workspace.artifacts.open(digest))
    own = {
        **asked,
        **{name: value for name, value in settings.items() if asked[name] in (None, "auto", "identity", {})},
    }
    data = workspace.artifacts.open(found.content.artifacts["features"])
    return str(data), workspace.artifacts.open(version.content.model), background, own


def _print(found: Explanation) -> None:
    importance, (low, high) = found.importance(), found.intervals()
    shares, ranked = found.shares(), found.ranked()
    many = len(found.labels) > 1
    body = []
    for place in ranked[:LISTED]:
        span = "" if many else f"{number(float(low[place, 0]))} – {number(float(high[place, 0]))}"
        each = [number(float(value)) for value in importance[place]]
        bar = "█" * max(1, math.ceil(16 * shares[place] / max(float(shares[ranked[0]]), 1e-300)))
        body.append((found.features[place], *each, *([] if many else [span]), f"{shares[place]:.1%}", bar))
    heads = [f"mean |φ| {label}" for label in found.labels] if many else ["mean |φ|", "95 %"]
    console().print(table(("feature", *heads, "share", ""), body))
    if len(ranked) > LISTED:
        rest = sum(float(shares[place]) for place in ranked[LISTED:])
        console().print(f"and {len(ranked) - LISTED:,} more features with {rest:.1%}", style="dim")


def _print_row(found: Explanation, keys: dict[str, str]) -> None:
    said = ", ".join(f"{name} {value}" for name, value in keys.items())
    attributions = found.attributions
    for output, label in enumerate(found.labels):
        values = attributions.values[0, :, output]
        most = max(float(np.abs(values).max()), 1e-300)
        body = []
        for place in np.argsort(-np.abs(values), kind="stable")[:LISTED].tolist():
            name = found.features[place]
            cell = found.cells[name][0].as_py() if name in found.cells.column_names else ""
            length = max(1, round(14 * abs(values[place]) / most))
            style = "red" if values[place] > 0 else "blue"
            errors = (
                ""
                if attributions.errors is None
                else f"± {number(float(attributions.errors[0, place, output]))}"
            )
            body.append(
                (
                    name,
                    "null" if cell is None else number(cell),
                    f"{values[place]:+.4g}",
                    errors,
                    Text("█" * length, style),
                )
            )
        head = f"{said}: " + (f"{label} " if len(found.labels) > 1 else "")
        console().print(
            Text.assemble(
                head,
                (number(float(attributions.predictions[0, output])), "bold"),
                f", where {number(float(attributions.expected[output]))} is expected",
            ),
            soft_wrap=True,
        )
        console().print(table(("feature", "is", "adds", "", ""), body))


def _one(found: Explanation, keys: dict[str, str]) -> dict[str, Any]:
    attributions = found.attributions
    return {
        "keys": keys,
        "method": found.method,
        "reason": found.reason,
        "link": found.link,
        "notes": list(found.notes),
        "outputs": {
            label: {
                "prediction": float(attributions.predictions[0, output]),
                "expected": float(attributions.expected[output]),
                "values": dict(zip(found.features, attributions.values[0, :, output].tolist(), strict=True)),
                "errors": None
                if attributions.errors is None
                else dict(zip(found.features, attributions.errors[0, :, output].tolist(), strict=True)),
            }
            for output, label in enumerate(found.labels)
        },
    }


def _remark(found: Explanation, missing: tuple[str, ...], out: Path | None) -> None:
    for note in found.notes:
        console().print(note, style="dim", soft_wrap=True)
    for note in missing:
        console().print(note, style="yellow", soft_wrap=True)
    if out is not None:
        console().print(f"written: {out}", style="dim", soft_wrap=True)
