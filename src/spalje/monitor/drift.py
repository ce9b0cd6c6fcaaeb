"""What has drifted in a batch, going by how much good batches differ from each other."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import expm1

import numpy as np
from numpy.typing import NDArray

from spalje.drift.cells import Change, Floats, furthest, most_changed, moved
from spalje.monitor.family import Figure, Kind
from spalje.monitor.null_law import NullLaw, Place, Reference
from spalje.profile.sketch import Sketch

#: Changes that matter, by what is measured; of distances and shapes the share of rows that lie otherwise,
#: which a column's own ``drift_margin`` replaces. Measured on real and simulated batches without drift,
#: these and a calibrated p-value together are exceeded by fewer than one batch in twenty.
MARGINS: Mapping[Kind, float] = {
    "distance": 0.05,
    "shape": 0.05,
    "unseen": 0.005,
    "nulls": 0.01,
    "not_finite": 0.01,
    "rows": 0.25,
    "pair": 0.1,
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One figure of a batch that no good batch, or hardly one, has, and that matters.

    Attributes:
        figure: which.
        z: how many spreads beyond the usual.
        effect: how much it has changed: a share of rows, or of ``rows`` the relative change, or of a pair
            the change of the correlation.
        margin: what it would have to exceed.
        before, now: the two sides of the change.
        place: the cell in which a column changed most; None where it is not about cells.
        as_far: how many good batches were as far off in any figure.
    """

    figure: Figure
    z: float
    effect: float
    margin: float
    before: float
    now: float
    place: int | None
    as_far: int


@dataclass(frozen=True, slots=True, eq=False)
class Drift:
    """A batch among good ones.

    Attributes:
        batch: counted into cells.
        reference: the good ones.
        law: the figures of all.
        place: where the batch stands among them.
        critical: spreads beyond which a figure is unusual at the level alpha; None: too few batches.
        findings: the weightiest first; empty where p is above alpha.
    """

    batch: Sketch
    reference: Reference
    law: NullLaw
    place: Place
    critical: float | None
    findings: tuple[Finding, ...]

    @property
    def names(self) -> tuple[str, ...]:
        """What has drifted: columns, pairs of them, or ``rows``."""
        return tuple(dict.fromkeys(finding.figure.name for finding in self.findings))


def drift(
    batch: Sketch,
    reference: Reference,
    alpha: float,
    margins: Mapping[str, float],
    ignored: Iterable[str] = (),
) -> Drift:
    """Put a batch among good ones.

    Args:
        batch: counted into the same cells.
        reference: the good batches of its season.
        alpha: share of good batches that may be found, above 0 and below 1.
        margins: column -> the share of its rows that has to lie otherwise to matter.
        ignored: columns that do not count.
    """
    law = reference.law(batch)
    aside = set(ignored)
    figures = law.family.figures
    watched = np.ones(len(figures), dtype=np.bool_)
    if aside:
        watched[:] = [each.column not in aside and each.other not in aside for each in figures]
    place = law.place(watched)
    critical = place.critical(alpha)
    found: list[Finding] = []
    if critical is not None and place.p <= alpha:
        z = newest_z(law)
        for number in np.flatnonzero(watched & (z >= critical)):
            found.extend(_finding(number, float(z[number]), batch, reference, law, place, margins))
    found.sort(key=lambda finding: (-finding.effect / finding.margin, finding.figure.name))
    return Drift(batch, reference, law, place, critical, tuple(_one_each(found)))


def newest_z(law: NullLaw) -> Floats:
    """Of the new batch's figures, how many spreads each is beyond the usual."""
    found: Floats = np.concatenate([score.z[:, -1] for score in law.scores]).astype(np.float64)
    return found


def newest_figures(law: NullLaw) -> NDArray[np.floating]:
    """The new batch's figures themselves."""
    return np.concatenate([block[:, -1] for block in law.blocks])


def _one_each(found: Iterable[Finding]) -> Iterable[Finding]:
    """Of one column's distance and shape only the weightier: they say the same thing twice."""
    seen: set[tuple[str, str]] = set()
    for finding in found:
        kind = "values" if finding.figure.kind in ("distance", "shape") else finding.figure.kind
        if (kind, finding.figure.name) not in seen:
            seen.add((kind, finding.figure.name))
            yield finding


def _finding(
    number: np.intp,
    z: float,
    batch: Sketch,
    reference: Reference,
    law: NullLaw,
    place: Place,
    margins: Mapping[str, float],
) -> Iterable[Finding]:
    figure = law.family.figures[number]
    change = _change(figure, batch, reference)
    margin = MARGINS[figure.kind]
    if figure.kind in ("distance", "shape"):
        margin = margins.get(figure.column, margin)
    effect, before, now, cell = change
    if effect > margin:
        yield Finding(figure, z, effect, margin, before, now, cell, place.as_far(z))


def _change(figure: Figure, batch: Sketch, reference: Reference) -> tuple[float, float, float, int | None]:
    """How much a figure has changed, from what, to what, and in which cell."""
    peers, family = reference.peers, reference.peers.family
    if figure.kind == "rows":
        usual = float(np.median(peers.rows))
        return abs(batch.rows / usual - 1.0), usual, float(batch.rows), None
    if figure.kind == "pair":
        return _pair_change(figure, batch, reference)
    rows = max(1, batch.rows)
    if figure.kind in ("nulls", "not_finite"):
        counts = {"nulls": batch.nulls, "not_finite": batch.not_finite}[figure.kind]
        shares = peers.shares[_row(figure, family.columns, family.numbers)]
        before = float(np.average(shares, weights=peers.rows))
        now = counts.get(figure.column, 0) / rows
        return abs(now - before), before, now, None
    place = family.columns.index(figure.column)
    own, others = batch.cells[figure.column], peers.totals[place]
    if not own.sum() or not others.sum():
        return 0.0, 0.0, 0.0, None
    if figure.kind == "unseen":
        before, now = float(others[-1] / others.sum()), float(own[-1] / own.sum())
        return now - before, before, now, len(own) - 1
    ordered = figure.column in family.numbers
    change: Change = (
        furthest(own, others) if ordered and figure.kind == "distance" else most_changed(own, others)
    )
    if ordered and figure.kind == "distance":
        return abs(change.now - change.before), change.before, change.now, change.cell
    starts = peers.starts[place]
    groups = [np.add.reduceat(part, starts) for part in (own, others)]
    return moved(*groups), change.before, change.now, change.cell


def _pair_change(figure: Figure, batch: Sketch, reference: Reference) -> tuple[float, float, float, None]:
    family = reference.peers.family
    if batch.gram is None or not {figure.column, figure.other} <= set(batch.gram.columns):
        return 0.0, 0.0, 0.0, None
    number = family.pairs.index(figure)
    sampled = reference.peers.sampled
    before = float(np.tanh(np.average(reference.peers.pairs[number], weights=sampled)))
    one, two = (batch.gram.columns.index(name) for name in (figure.column, figure.other))
    now = float(batch.gram.correlations[one, two])
    return abs(now - before), before, now, None


def _row(figure: Figure, columns: tuple[str, ...], numbers: tuple[str, ...]) -> int:
    """The row of ``Peers.shares``: nulls of all columns, then not finite ones of numbers."""
    if figure.kind == "nulls":
        return columns.index(figure.column)
    return len(columns) + numbers.index(figure.column)


def margin_p(effect: float, margin: float, rows: float, other_rows: float) -> float:
    """The chance that a column which has moved by no more than a margin looks as far off, at most.

    ``2 exp(-2 N max(0, D - margin)**2)`` with ``1 / N = 1 / n + 1 / m``: the inequality of Dvoretzky,
    Kiefer and Wolfowitz with Massart's constant (1990), for independent rows. It does not know how much
    good batches differ, so that a verdict which rests on it is called uncalibrated.

    Example:
        >>> margin_p(0.04, 0.05, 1000, 1000), round(margin_p(0.2, 0.05, 1000, 1000), 12)
        (1.0, 3.38e-10)
    """
    size = rows * other_rows / max(1.0, rows + other_rows)
    return min(1.0, 2.0 * (1.0 + expm1(-2.0 * size * max(0.0, effect - margin) ** 2)))
