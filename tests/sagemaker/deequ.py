"""Files as Model Monitor writes them, made independently of the package: deequ's sketch from its description."""

import math
from typing import Any

import numpy as np

K, C = 2048, 0.64


def sketch(values: list[float]) -> list[list[float]]:
    """deequ's compactors (QuantileNonSample.scala, NonSampleCompactor.scala), one value at a time."""
    levels: list[list[float]] = [[]]
    state = [[0, 0]]  # compactions, offset

    def capacity(height: int) -> int:
        return 2 * (math.ceil(K * C ** (len(levels) - height - 1) / 2) + 1)

    for value in values:
        levels[0].append(value)
        while sum(map(len, levels)) > sum(capacity(height) for height in range(len(levels))):
            height = next(i for i, level in enumerate(levels) if len(level) > capacity(i))
            if height + 1 == len(levels):
                levels.append([])
                state.append([0, 0])
            level = sorted(levels[height])
            odd = [level.pop()] if len(level) % 2 else []
            compactions, offset = state[height]
            if compactions % 2:
                offset = 1 - offset
            state[height] = [compactions + 1, offset]
            levels[height + 1] += level[offset::2]
            levels[height] = odd
    return levels


def numerical(name: str, values: np.ndarray, rows: int, *, integral: bool = False) -> dict[str, Any]:
    low, high = float(values.min()), float(values.max())
    counts, bounds = np.histogram(values, bins=10, range=(low, high))
    return {
        "name": name,
        "inferred_type": "Integral" if integral else "Fractional",
        "numerical_statistics": {
            "common": {"num_present": len(values), "num_missing": rows - len(values)},
            "mean": float(values.mean()),
            "sum": float(values.sum()),
            "std_dev": float(values.std()),
            "min": low,
            "max": high,
            "distribution": {
                "kll": {
                    "buckets": [
                        {"lower_bound": bounds[i], "upper_bound": bounds[i + 1], "count": float(counts[i])}
                        for i in range(10)
                    ],
                    "sketch": {"parameters": {"c": C, "k": float(K)}, "data": sketch(values.tolist())},
                }
            },
        },
    }


def string(name: str, counts: dict[str, int], rows: int) -> dict[str, Any]:
    present = sum(counts.values())
    return {
        "name": name,
        "inferred_type": "String",
        "string_statistics": {
            "common": {"num_present": present, "num_missing": rows - present},
            "distinct_count": float(len(counts)),
            "distribution": {
                "categorical": {"buckets": [{"value": value, "count": n} for value, n in counts.items()]}
            },
        },
    }


def statistics(rows: int, features: list[dict[str, Any]]) -> dict[str, Any]:
    return {"version": 0.0, "dataset": {"item_count": rows}, "features": features}


def constraints(features: list[dict[str, Any]], **monitoring_config: Any) -> dict[str, Any]:
    return {
        "version": 0.0,
        "features": features,
        "monitoring_config": {
            "evaluate_constraints": "Enabled",
            "emit_metrics": "Enabled",
            "datatype_check_threshold": 1.0,
            "domain_content_threshold": 1.0,
            "distribution_constraints": {
                "perform_comparison": "Enabled",
                "comparison_threshold": 0.1,
                "comparison_method": "Robust",
            },
            **monitoring_config,
        },
    }
