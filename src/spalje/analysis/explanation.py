"""Why a model predicts what it does, for the rows of a table; needs no project."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from spalje.analysis.model import Opened, features_of, identity, opened
from spalje.analysis.partial import Partial
from spalje.analysis.sample import columns_of, sample
from spalje.attribution.aggregate import aggregate, intervals
from spalje.attribution.attributions import Attributions, Floats
from spalje.attribution.background import MOST, Background, background_of
from spalje.attribution.drift import shares
from spalje.attribution.explainer import Explainer, Method
from spalje.attribution.link import LINKS, Link
from spalje.attribution.players import Players
from spalje.attribution.trees import Bools
from spalje.errors import BadInput, NotFound
from spalje.storage import source
from spalje.storage.source import Table

#: Rows that are explained unless something else is said.
ROWS = 2000
#: Rows that a background is made of.
BEHIND = 5000
#: Rows that are explained between two savings of what is done, and at a time where nothing is saved.
BLOCK, LARGE_BLOCK = 500, 10_000
#: Rows that the model is timed on, at most, and seconds that say enough.
TIMED, WORTHWHILE_S = 1000, 0.1
#: Two answers for the same rows that differ by more than this, in standard deviations, are remarked upon.
RESTLESS = 1e-6

#: What a background may be: how many clusters of the table's own rows, another table, or what has been made.
Behind = int | Table | Background | None


@dataclass(frozen=True, slots=True)
class Cost:
    """What an explanation is going to take, told before it begins.

    Attributes:
        rows: that are explained.
        evaluations: synthetic rows that the model is asked for at most.
        seconds: that this takes at the model's speed on a few rows; 0 where none are needed.
    """

    rows: int
    evaluations: int
    seconds: float


@dataclass(frozen=True, slots=True, eq=False)
class Explanation:
    """What each feature, or group of them, added to predictions, and how that was found out.

    Attributes:
        attributions: of the explained rows, in the order of ``cells``.
        cells: their features.
        keys: their key columns.
        labels: what the outputs are called: ``label0``, …
        background: what they are measured against.
        method: how, see ``spalje.attribution.explainer.Method``.
        reason: why so, in words; empty where it was asked for.
        link: the unit.
        coalitions: that were played for each row; 0 where none were.
        total: rows that there were to draw from.
        evaluations: synthetic rows that the model was asked for.
        notes: what is remarkable, in words.
        model_s: seconds that the model's process was busy; None where it has no process.
        started_s: seconds that it took to start.
    """

    attributions: Attributions
    cells: pa.Table
    keys: pa.Table
    labels: tuple[str, ...]
    background: Background
    method: Method
    reason: str
    link: Link
    coalitions: int
    total: int
    evaluations: int
    notes: tuple[str, ...]
    model_s: float | None
    started_s: float

    @property
    def there(self) -> Bools:
        """Shape (rows,): which rows could be explained."""
        return np.asarray(np.isfinite(self.attributions.values).all(axis=(1, 2)))

    @property
    def explained(self) -> Attributions:
        """Those of the rows that could be explained."""
        found, there = self.attributions, self.there
        if there.all():
            return found
        errors = None if found.errors is None else found.errors[there]
        return replace(found, values=found.values[there], predictions=found.predictions[there], errors=errors)

    @property
    def features(self) -> tuple[str, ...]:
        """Whose values they are."""
        return self.attributions.features

    def importance(self, method: str = "mean_abs") -> Floats:
        """Global attributions, shape (features, outputs), see ``spalje.attribution.aggregate``."""
        return aggregate(self.explained, method)

    def intervals(self, method: str = "mean_abs", *, seed: int = 0) -> Floats:
        """Between what these lie, at 95 %: shape (2, features, outputs)."""
        return intervals(self.explained, method, rng=np.random.default_rng(seed))

    def shares(self) -> Floats:
        """Each feature's part of the mean absolute attribution, shape (features,), over all outputs."""
        return shares(np.abs(self.explained.values).sum(axis=2).mean(axis=0))

    def ranked(self) -> list[int]:
        """The places of the features, the most important first."""
        return [int(place) for place in np.argsort(-self.shares(), kind="stable")]


def explain(
    table: Table,
    model: Any,
    *,
    background: Behind = None,
    rows: int | None = ROWS,
    features: Sequence[str] = (),
    keys: Sequence[str] = (),
    categorical: Sequence[str] = (),
    groups: Mapping[str, Sequence[str]] | None = None,
    where: Mapping[str, str] | None = None,
    method: Method = "auto",
    link: Link = "identity",
    coalitions: int | None = None,
    error: float | None = None,
    seed: int = 0,
    python: Path | None = None,
    frames: bool = True,
    partial: Path | None = None,
    cost: Callable[[Cost], None] = lambda _cost: None,
    told: Callable[[int, int], None] = lambda _done, _total: None,
) -> Explanation:
    """Explain predictions: what each feature added to each, measured against a background.

    Args:
        table: the rows: a path (file, folder or pattern; Parquet, CSV or Arrow), or any table with the
            Arrow C stream interface: pandas, Polars, PyArrow, DuckDB.
        model: the folder of a packaged model, a script with ``model_fn`` and ``predict_fn`` (started in a
            process of its own), or a function of a table that gives one number a row, or several.
        background: how many clusters of the table's rows stand for all (1 to 1,000); or a table, whose rows
            are clustered if they are more than 100; or what was made before. None: as many clusters as are
            worth having, up to 12.
        rows: that are explained at most, drawn evenly; None: all.
        features: the columns that the model takes, in its order. Default: a package's own, else all
            columns that are no keys.
        keys: columns that name a row; they are no features.
        categorical: columns of numbers that are categories.
        groups: name -> features that act as one.
        where: column -> the value, as text, that an explained row must have.
        method: ``auto``, ``tree``, ``path``, ``kernel`` or ``exact``, see ``spalje.attribution.explainer``.
        link: the unit of attributions: ``identity``, ``logit`` or ``log``.
        coalitions: that are played for each row by the method kernel. Default: 256 or more.
        error: instead, the mean standard error that values may have, in standard deviations of the
            predictions.
        seed: of everything that is drawn.
        python: the interpreter of the model's environment. Default: this one.
        frames: whether a function is given pandas DataFrames rather than Arrow tables.
        partial: a folder to save what is done in, and to go on from. Default: none.
        cost: told what it will take, before it begins.
        told: how many rows are done, and of how many.

    Returns:
        The explanation: ``attributions.values`` has shape (rows, features, outputs), and for every row
        they add up to the prediction less what is expected.

    Raises:
        BadInput: the table or the model cannot be used so; says why.
        StepFailed: the model's script could not be loaded, or its process died.

    Example:
        >>> rows = pa.table({"price": [1.0, 2.0, 5.0], "mailer": [0.0, 1.0, 0.0]})
        >>> found = explain(rows, lambda t: 10 - 2 * t["price"] + 3 * t["mailer"], background=1)
        >>> found.attributions.values[1, :, 0].round(2).tolist()
        [1.33, 2.0]
    """
    began = time.perf_counter()
    for name, value, known in (("method", method, Method.__args__), ("link", link, LINKS)):  # type: ignore[attr-defined]
        if value not in known:
            raise NotFound(name, value, known)
    known = features_of(model) or tuple(features) or columns_of(table, keys)
    drawing, grouping, designing = np.random.default_rng(seed).spawn(3)
    together = list(dict.fromkeys([*known, *keys]))
    drawn, total = sample(table, together, rows, drawing, where)
    if drawn.num_rows == 0:
        raise BadInput(
            "There are no rows to explain" + (f" with {_said(where)}." if where else "."),
            do=_others(table, where) if where else "Give a table with rows.",
        )
    behind = _background(table, background, known, categorical, grouping)
    players = Players.of(known, groups)
    cells = drawn.select(list(known))
    with opened(model, known, python=python, frames=frames) as asked:
        explainer = Explainer.of(
            asked.answers,
            cells,
            behind,
            players=players,
            method=method,
            link=link,
            coalitions=coalitions,
            error=error,
            rng=designing,
        )
        kept = Partial.of(
            partial,
            [
                identity(model, partial),
                method,
                link,
                coalitions,
                error,
                seed,
                groups,
                behind.weights.tolist(),
            ],
            [cells, behind.table],
        )
        cost(_cost(explainer, cells, kept.rows))
        found = _blocks(explainer, cells, kept, told)
        if np.isnan(found.values).any(axis=(1, 2)).all():
            raise BadInput(
                f"The model gives no number for any of the {cells.num_rows:,} rows.",
                do="Look at what it predicts for them.",
            )
        notes = _notes(explainer, asked, found, total, cells.num_rows, kept.rows, began)
        busy, started = asked.busy_s, asked.started_s
    kept.remove()
    return Explanation(
        found,
        cells,
        drawn.select(list(keys)),
        tuple(f"label{place}" for place in range(len(found.expected))),
        behind,
        explainer.method,
        explainer.reason,
        link,
        0 if explainer.design is None else len(explainer.design.masks),
        total,
        explainer.tally.asked,
        notes,
        busy,
        started,
    )


def _background(
    table: Table,
    given: Behind,
    features: Sequence[str],
    categorical: Sequence[str],
    rng: np.random.Generator,
) -> Background:
    if isinstance(given, Background):
        return given
    clusters = given if isinstance(given, int) else None
    if clusters is not None and not 1 <= clusters <= 1000:
        raise BadInput(f"A background has 1 to 1,000 rows, not {clusters}.", do="Give a number between.")
    other = table if given is None or isinstance(given, int) else given
    pool, _ = sample(other, features, BEHIND, rng)
    if pool.num_rows == 0:
        raise BadInput("The background has no rows.", do="Give a table with rows.")
    if other is not table and pool.num_rows <= 100:
        return Background(pool, np.full(pool.num_rows, 1 / pool.num_rows))
    return background_of(pool, rng, categorical=categorical, clusters=clusters, most=MOST)


def _cost(explainer: Explainer, cells: pa.Table, done: int) -> Cost:
    """By timing the model on a few of the rows."""
    left = cells.num_rows - done
    evaluations = explainer.evaluations(left)
    if not evaluations:
        return Cost(left, 0, 0.0)
    rows, took = 1, 0.0
    while rows < TIMED and took < WORTHWHILE_S:  # a slow model is not asked for many
        rows *= 10
        few = cells.take(np.arange(rows) % cells.num_rows)
        began = time.perf_counter()
        explainer.model.predict(few)
        took = time.perf_counter() - began
    return Cost(left, evaluations, took / rows * evaluations)


def _blocks(
    explainer: Explainer, cells: pa.Table, kept: Partial, told: Callable[[int, int], None]
) -> Attributions:
    parts = [*kept.parts]
    done = kept.rows
    told(done, cells.num_rows)
    while done < cells.num_rows:
        block = cells.slice(done, BLOCK if kept.folder else LARGE_BLOCK)
        parts.append(explainer.explain(block, _after(told, done, cells.num_rows)))
        kept.save(parts[-1], done)
        done += block.num_rows
        told(done, cells.num_rows)
    errors = [part.errors for part in parts]
    return Attributions(
        explainer.players.names,
        np.concatenate([part.values for part in parts]),
        np.concatenate([part.predictions for part in parts]),
        parts[0].expected,
        None if any(each is None for each in errors) else np.concatenate(errors),  # type: ignore[arg-type]
    )


def _after(told: Callable[[int, int], None], done: int, total: int) -> Callable[[int], None]:
    return lambda rows: told(done + rows, total)


def _notes(
    explainer: Explainer,
    asked: Opened,
    found: Attributions,
    total: int,
    rows: int,
    resumed: int,
    began: float,
) -> tuple[str, ...]:
    notes = []
    if rows < total:
        notes.append(f"{rows:,} of {total:,} rows were explained, drawn evenly.")
    if resumed:
        notes.append(f"{resumed:,} rows had been explained before, and were not explained again.")
    if explainer.reason:
        notes.append(f"Method {explainer.reason}.")
    if found.errors is not None and explainer.design is not None and not explainer.design.complete:
        spread, mean = float(np.nanstd(found.predictions)), float(np.nanmean(found.errors))
        notes.append(
            f"{len(explainer.design.masks):,} coalitions were played for each row; the mean standard error of a "
            f"value is {mean:.2g}"
            + (f", {mean / spread:.2%} of the predictions' standard deviation." if spread else ".")
        )
    failed, first = asked.failed
    if failed:
        notes.append(f"The model failed on {failed:,} rows made for it; the first time it said: {first}.")
    silent = explainer.tally.unanswered
    if silent:
        notes.append(
            f"For {silent:,} of {explainer.tally.asked:,} rows made for it the model gave no finite number; "
            "their coalitions are worth the mean over the other rows of the background."
        )
    lost = int(np.isnan(found.values).any(axis=(1, 2)).sum())
    if lost:
        notes.append(f"{lost:,} rows could not be explained: the model gives no number for them.")
    if explainer.tally.restless > RESTLESS:
        notes.append(
            f"The model is random: two answers for the same rows differ by up to {explainer.tally.restless:.2g} "
            "standard deviations of the predictions, and attributions are no more exact than that."
        )
    notes.append(f"It took {time.perf_counter() - began:.1f} s.")
    return tuple(notes)


def _others(table: Table, where: Mapping[str, str]) -> str:
    """Values that there are, for whoever asked for others."""
    first = next(iter(source.read_batches(table, list(where))))
    known = {name: list(map(str, first[name].unique()[:3].to_pylist())) for name in where}
    return "Check the values; there are, for example: " + "; ".join(
        f"{name}={', '.join(values)}" for name, values in known.items()
    )


def _said(where: Mapping[str, str]) -> str:
    return " and ".join(f"{column}={value}" for column, value in where.items())
