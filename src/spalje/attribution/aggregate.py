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
