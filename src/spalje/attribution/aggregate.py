"""Global attributions: what features add over many rows, in one number each."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

import numpy as np

from spalje.attribution.attributions import Attributions, Floats

#: SageMaker Clarify's ways, by its names (``agg_method``): over the rows, the mean of the absolute
#: values, the median of the values (with their signs), the mean of the squared values.
METHODS: Mapping[str, Callable[[Floats], Floats]] = MappingProxyType(
    {
        "mean_abs": lambda values: np.abs(values).mean(axis=0),
        "median": lambda values: np.median(values, axis=0),
        "mean_sq": lambda values: (values**2).mean(axis=0),
    }
)


def aggregate(attributions: Attributions, method: str = "mean_abs") -> Floats:
    """Global attributions of at least one row.

    Args:
        method: a name in ``METHODS``.

    Returns:
        Shape (features, outputs); in the predictions' unit, squared for ``mean_sq``.

    Example:
        >>> values = np.array([[[1.0]], [[-3.0]]])
        >>> some = Attributions(("a",), values, values[:, 0], np.zeros(1))
        >>> [aggregate(some, method).item() for method in METHODS]
        [2.0, -1.0, 5.0]
    """
    return METHODS[method](attributions.values)


def magnitudes(attributions: Attributions) -> Floats:
    """How far each feature moved each row: absolute values, added over outputs; shape (rows, features)."""
    return np.asarray(np.abs(attributions.values).sum(axis=2))


def intervals(
    attributions: Attributions,
    method: str = "mean_abs",
    *,
    draws: int = 1000,
    level: float = 0.95,
    rng: np.random.Generator,
) -> Floats:
    """Between what global attributions would lie, were other rows like these explained.

    Percentile intervals of the bootstrap (Efron and Tibshirani, "An Introduction to the Bootstrap", 1993,
    section 13.3): rows are drawn anew, as many as there are.

    Args:
        attributions: of at least one row.
        method: a name in ``METHODS``.
        draws: how often, 1 or more.
        level: the share of draws between the two, 0 to 1.
        rng: draws.

    Returns:
        Shape (2, features, outputs): the lower and the upper end.

    Example:
        >>> values = np.random.default_rng(1).normal(size=(400, 1, 1))
        >>> some = Attributions(("a",), values, values[:, 0], np.zeros(1))
        >>> low, high = intervals(some, rng=np.random.default_rng(0))[:, 0, 0]
        >>> bool(low < aggregate(some).item() < high), round(float(high - low), 1)
        (True, 0.1)
    """
    values = attributions.values
    rows = len(values)
    flat = values.reshape(rows, -1)
    if method == "median":
        some = [np.median(flat[rng.integers(0, rows, rows)], axis=0) for _ in range(draws)]
        found = np.array(some)
    else:
        each = np.abs(flat) if method == "mean_abs" else flat**2
        times = rng.multinomial(rows, np.full(rows, 1 / rows), size=draws)
        found = times @ each / rows
    ends = np.quantile(found, [(1 - level) / 2, (1 + level) / 2], axis=0)
    return np.asarray(ends.reshape(2, *values.shape[1:]))
