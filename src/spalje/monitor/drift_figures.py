"""The numbers behind a verdict on drift, for those who look closer: strict JSON."""

from collections.abc import Mapping, Sequence
from datetime import date
from math import inf, isfinite
from typing import Any

import numpy as np

from spalje.monitor.drift import MARGINS, Drift, newest_figures, newest_z
from spalje.monitor.history import History, PastBatch

#: Columns whose distances to past batches are listed, those with the largest scores.
LISTED = 50
#: Pairs of columns that are listed.
PAIRS = 20


def calibrated_figures(
    found: Drift,
    alpha: float,
    margins: Mapping[str, float],
    since: Mapping[str, str | None],
    slow: Mapping[str, float],
) -> dict[str, Any]:
    """Of a batch among good ones, see ``spalje.report.figures.Drift`` for what each is."""
    reference = found.reference
    order = _oldest_first(reference.batches)
    return {
        "calibrated": True,
        "batches": len(found.place.furthest),
        "season": reference.history.season,
        "season_key": reference.season_key,
        "alpha": alpha,
        "p": found.place.p,
        "critical": _finite(found.critical),
        "slow": dict(slow),
        "found": list(found.names),
        "past": [reference.batches[place].name for place in order],
        "columns": _columns(found, margins, since, order),
        "pairs": _pairs(found),
    }


def uncalibrated_figures(
    columns: Mapping[str, dict[str, Any]], alpha: float, history: History, at: date | None, batches: int
) -> dict[str, Any]:
    """Of a batch that has too few good ones to be put among."""
    return {
        "calibrated": False,
        "batches": batches,
        "season": history.season,
        "season_key": history.key(at),
        "alpha": alpha,
        "p": None,
        "critical": None,
        "slow": None,
        "found": [name for name, column in columns.items() if column["found"]],
        "past": [],
        "columns": dict(columns),
        "pairs": [],
    }


def _columns(
    found: Drift, margins: Mapping[str, float], since: Mapping[str, str | None], order: Sequence[int]
) -> dict[str, dict[str, Any]]:
    law, family = found.law, found.law.family
    z, far = newest_z(law).tolist(), newest_figures(law).tolist()
    usual, spread = law.newest("usual").tolist(), law.newest("spread").tolist()
    furthest: dict[str, float] = {}
    for number, figure in enumerate(family.figures[: -len(family.pairs) or None]):
        if figure.column:
            furthest[figure.column] = max(furthest.get(figure.column, -inf), z[number])
    drifted = {finding.figure.column for finding in found.findings if not finding.figure.other}
    listed = set(sorted(furthest, key=lambda name: -furthest[name])[:LISTED])
    # distances stand first, so they are all in the first block
    past = law.blocks[0][:, order]
    columns = {}
    for number, name in enumerate(family.columns):
        threshold = None if found.critical is None else usual[number] + found.critical * spread[number]
        columns[name] = {
            "distance": far[number],
            "expected": usual[number],
            "spread": spread[number],
            "z": _finite(furthest[name]),
            "threshold": None if threshold is None else _finite(max(threshold, 0.0)),
            "margin": margins.get(name, MARGINS["distance"]),
            "found": name in drifted,
            "since": since.get(name),
            "history": past[number].tolist() if name in listed else [],
        }
    return columns


def _oldest_first(batches: Sequence[PastBatch]) -> list[int]:
    return sorted(range(len(batches)), key=lambda place: (batches[place].at or date.min, batches[place].name))


def _pairs(found: Drift) -> list[dict[str, Any]]:
    law = found.law
    names = law.family.pairs
    if not names:
        return []
    first = len(law.family.figures) - len(names)
    z = newest_z(law)[first:]
    peers = found.reference.peers
    moved = {finding.figure for finding in found.findings if finding.figure.kind == "pair"}
    before = np.tanh(np.average(peers.pairs, weights=peers.sampled, axis=1))
    gram = found.batch.gram
    if gram is None:
        return []
    place = {name: number for number, name in enumerate(gram.columns)}
    pairs = []
    correlations = gram.correlations
    for number in np.argsort(-z, kind="stable")[:PAIRS]:
        figure = names[number]
        if not {figure.column, figure.other} <= place.keys():
            continue
        now = float(correlations[place[figure.column], place[figure.other]])
        pairs.append(
            {
                "columns": [figure.column, figure.other],
                "then": float(before[number]),
                "now": now,
                "z": _finite(float(z[number])),
                "found": figure in moved,
            }
        )
    return pairs


def _finite(value: float | None) -> float | None:
    return value if value is not None and isfinite(value) else None
