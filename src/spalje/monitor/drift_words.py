"""What has drifted, in plain words: what moved, by how much, from what to what, since when, how sure."""

from spalje.monitor.drift import Drift, Finding
from spalje.monitor.wording import number, percent, rows
from spalje.profile.grid import CategoryGrid, NumberGrid, category_grid, number_grid
from spalje.profile.profile import Profile

#: What each measured thing is called as a check.
CHECKS = {
    "distance": "drift_check",
    "shape": "drift_check",
    "unseen": "unseen_drift_check",
    "nulls": "null_drift_check",
    "not_finite": "not_finite_drift_check",
    "rows": "volume_drift_check",
    "pair": "joint_drift_check",
}


def sentence(finding: Finding, found: Drift, baseline: Profile, since: str | None) -> str:
    """One finding in one or two sentences."""
    return f"{_what(finding, baseline)}. {_how_sure(finding, found)}{_since(since)}"


def _what(finding: Finding, baseline: Profile) -> str:
    figure, before, now = finding.figure, finding.before, finding.now
    name = figure.column
    if figure.kind == "rows":
        return f"The batch has {rows(round(now))} rows; good ones have about {rows(round(before))}"
    if figure.kind == "pair":
        return (
            f"{name} and {figure.other} no longer go together as they did: their rank correlation went from "
            f"{before:.2f} to {now:.2f}"
        )
    if figure.kind == "nulls":
        return f"{name}: {percent(now)} of the rows have no value, and {percent(before)} of those of good batches"
    if figure.kind == "not_finite":
        return f"{name}: {percent(now)} are NaN or infinite, and {percent(before)} in good batches"
    if figure.kind == "unseen":
        usual = f"{percent(before)} in good batches"
        return f"{name}: {percent(now)} of the values were never seen in training, and {usual}"
    return f"{name} has drifted: {_cell(finding, baseline)}"


def _cell(finding: Finding, baseline: Profile) -> str:
    before, now = percent(finding.before), percent(finding.now)
    column = baseline.columns.get(finding.figure.column)
    grid: NumberGrid | CategoryGrid | None = None
    if column is not None and column.numbers is not None:
        grid = number_grid(column.numbers)
    elif column is not None and column.texts is not None:
        grid = category_grid(column.texts)
    cell = finding.place
    if isinstance(grid, NumberGrid) and cell is not None:
        bounds = grid.bounds
        if finding.figure.kind == "distance":
            bound = number(float(bounds[min(cell, len(bounds) - 1)]))
            return f"{now} of its values are at most {bound}, before {before}"
        low = float(bounds[cell - 1]) if cell else None
        high = float(bounds[cell]) if cell < len(bounds) else None
        where = (
            f"above {number(low)}"
            if high is None and low is not None
            else f"up to {number(high)}"
            if low is None and high is not None
            else f"about {number(high if high is not None else 0.0)}"
        )
        return f"{now} of its values are {where}, before {before}"
    if isinstance(grid, CategoryGrid) and cell is not None:
        if cell < len(grid.values):
            value = f"{grid.values[cell].as_py()!r}"
        else:
            value = "rarer values" if cell == grid.cells - 2 else "values never seen in training"
        return f"{value} went from {before} to {now}"
    return f"a part of its values went from {before} to {now}"


def _how_sure(finding: Finding, found: Drift) -> str:
    total = len(found.place.furthest)
    far = "none" if not finding.as_far else f"only {finding.as_far}"
    season = f" ({found.reference.season_key}s count on their own)" if found.reference.season_key else ""
    return f"Of {total} good batches {far} was as unusual in anything (p = {found.place.p:.2g}){season}."


def _since(since: str | None) -> str:
    return f" So it has been since {since}." if since else ""
