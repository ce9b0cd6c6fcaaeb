"""The files of an explanation: numbers for programs, figures and a page for people."""

import json
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from spalje.analysis.explanation import Explanation
from spalje.attribution.background import Background
from spalje.errors import BadInput
from spalje.sagemaker.analysis import FILE as ANALYSIS
from spalje.sagemaker.analysis import Analysis
from spalje.storage import table

#: What is written besides ``analysis.json``.
SUMMARY, LOCAL, BACKGROUND, REPORT = "explanation.json", "local.parquet", "background.parquet", "report.html"
FIGURES = "figures"
#: The column of a background row's weight.
WEIGHT = "__weight__"
#: Features that get a figure of dependence, and rows a waterfall.
DEPENDENCE, WATERFALLS = 6, 3


def write(found: Explanation, out: Path, title: str) -> tuple[str, ...]:
    """Write everything that is known of an explanation.

    ``analysis.json`` has the global attributions in Clarify's form, ``explanation.json`` these with their
    intervals and how they were found out, ``local.parquet`` those of every row (keys, features' values as
    ``<feature>_<label>``, standard errors as ``<feature>_<label>_error``), ``background.parquet`` what they are
    measured against; ``report.html`` and ``figures/`` are for people, and need matplotlib.

    Args:
        found: of at least one row.
        out: a folder; it is made.
        title: of the page.

    Returns:
        What was not written, and why.
    """
    out.mkdir(parents=True, exist_ok=True)
    importance, ends = found.importance(), found.intervals()
    values = {
        label: dict(zip(found.features, column.tolist(), strict=True))
        for label, column in zip(found.labels, importance.T, strict=True)
    }
    expected = dict(zip(found.labels, found.attributions.expected.tolist(), strict=True))
    Analysis(values, expected).write(out / ANALYSIS)
    text = json.dumps(summary(found), ensure_ascii=False, allow_nan=False, indent=2)
    (out / SUMMARY).write_text(text + "\n", encoding="utf-8")
    pq.write_table(local(found), out / LOCAL, compression="zstd")
    write_background(found.background, out / BACKGROUND)
    if find_spec("matplotlib") is None:
        return (
            "No figures and no page were made: matplotlib is not installed (pip install 'spalje[explain]').",
        )
    _draw(found, importance, ends, out, title)
    return ()


def summary(found: Explanation) -> dict[str, Any]:
    """What is in ``explanation.json``: strict JSON."""
    importance, (low, high), shares = found.importance(), found.intervals(), found.shares()
    explained = found.explained
    errors = explained.errors
    return {
        "rows": len(explained.values),
        "rows_total": found.total,
        "method": found.method,
        "reason": found.reason,
        "link": found.link,
        "coalitions": found.coalitions,
        "background": len(found.background.weights),
        "evaluations": found.evaluations,
        "standard_error": None if errors is None else float(errors.mean()),
        "notes": list(found.notes),
        "expected": dict(zip(found.labels, found.attributions.expected.tolist(), strict=True)),
        "features": [
            {
                "name": found.features[place],
                "share": float(shares[place]),
                "outputs": {
                    label: {
                        "mean_abs": float(importance[place, output]),
                        "low": float(low[place, output]),
                        "high": float(high[place, output]),
                        "median": float(np.median(explained.values[:, place, output])),
                        "mean_sq": float((explained.values[:, place, output] ** 2).mean()),
                    }
                    for output, label in enumerate(found.labels)
                },
            }
            for place in found.ranked()
        ],
    }


def local(found: Explanation) -> pa.Table:
    """The attributions of every row, null where a row could not be explained."""
    attributions = found.attributions
    columns: dict[str, Any] = {name: found.keys[name] for name in found.keys.column_names}
    for output, label in enumerate(found.labels):
        columns[f"__prediction_{label}__"] = pa.array(attributions.predictions[:, output], from_pandas=True)
    for output, label in enumerate(found.labels):
        for place, feature in enumerate(found.features):
            columns[f"{feature}_{label}"] = pa.array(attributions.values[:, place, output], from_pandas=True)
            if attributions.errors is not None and attributions.errors.any():
                errors = pa.array(attributions.errors[:, place, output], from_pandas=True)
                columns[f"{feature}_{label}_error"] = errors
    return pa.table(columns)


def write_background(background: Background, file: Path) -> None:
    """Write a background with its weights."""
    weighted = background.table.append_column(WEIGHT, pa.array(background.weights))
    pq.write_table(weighted.replace_schema_metadata(None), file)


def read_background(file: Path) -> Background:
    """A background that was written before.

    Raises:
        BadInput: it is not one.
    """
    weighted = table.read(file)
    if WEIGHT not in weighted.column_names or weighted.num_rows == 0:
        raise BadInput(f"{file} is no background: it has no weighted rows.", do="Give a background.parquet.")
    weights = weighted[WEIGHT].to_numpy().astype(np.float64)
    return Background(weighted.drop_columns(WEIGHT), weights / weights.sum())


def _draw(found: Explanation, importance: Any, ends: Any, out: Path, title: str) -> None:
    from spalje.report import attribution_figures as draw  # noqa: PLC0415  matplotlib is not always there
    from spalje.report.attributions import Report, html  # noqa: PLC0415

    attributions = found.explained
    cells = found.cells.filter(pa.array(found.there)) if not found.there.all() else found.cells
    unit = {"identity": "its own unit", "logit": "log-odds", "log": "log of the prediction"}[found.link]
    labels = (unit,) if len(found.labels) == 1 else tuple(f"{label}, {unit}" for label in found.labels)
    report = Report(
        title,
        attributions,
        cells,
        labels,
        importance,
        ends,
        found.method,
        found.notes,
        datetime.now(UTC),
    )
    (out / REPORT).write_text(html(report), encoding="utf-8")
    folder = out / FIGURES
    folder.mkdir(exist_ok=True)
    for output, label in enumerate(labels):
        end = "" if len(labels) == 1 else f"-{found.labels[output]}"
        figures = {
            f"bar{end}": draw.bar(found.features, importance[:, output], ends[:, :, output], unit=label),
            f"beeswarm{end}": draw.beeswarm(attributions, cells, output, unit=label),
        }
        alone = [place for place in found.ranked() if found.features[place] in cells.column_names]
        for number, place in enumerate(alone[:DEPENDENCE], 1):
            feature = found.features[place]
            by = draw.partner(attributions, cells, feature, output)
            figures[f"dependence-{number}{end}"] = draw.dependence(
                attributions, cells, feature, output, by=by, unit=label
            )
        far = np.argsort(-np.abs(attributions.predictions[:, output] - attributions.expected[output]))
        for number, row in enumerate(far[:WATERFALLS].tolist(), 1):
            figures[f"waterfall-{number}{end}"] = draw.waterfall(attributions, cells, row, output, unit=label)
        for name, figure in figures.items():
            (folder / f"{name}.png").write_bytes(draw.png(figure))
            (folder / f"{name}.svg").write_text(draw.svg(figure), encoding="utf-8")
