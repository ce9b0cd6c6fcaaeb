"""How good predicted quantiles are."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from spalje.quality.loss import Floats


def pinball_losses(
    truth: Floats, quantiles: NDArray[np.float64], levels: Sequence[float]
) -> NDArray[np.float64]:
    """What each predicted quantile costs: ``level * over`` where the truth is above it, else ``(1 - level) * under``.

    Its mean is least for the true quantile, so it is a proper score (Koenker and Bassett, "Regression
    quantiles", 1978).

    Args:
        truth: shape (n,).
        quantiles: shape (n, levels), what was predicted.
        levels: of the quantiles, each above 0 and below 1.

    Returns:
        Shape (n, levels), in the target's unit.

    Example:
        >>> pinball_losses(np.array([10.0]), np.array([[8.0, 14.0]]), (0.5, 0.9)).round(3).tolist()
        [[1.0, 0.4]]
    """
    over = truth[:, np.newaxis] - quantiles
    level = np.asarray(levels)
    losses: NDArray[np.float64] = np.maximum(level * over, (level - 1.0) * over)
    return losses


def quantile_metrics(
    truth: Floats, quantiles: NDArray[np.float64], levels: Sequence[float]
) -> dict[str, float]:
    """The figures of predicted quantiles by name; NaN without rows.

    ``pinball`` is the mean loss over rows and levels, ``pinball_0.9`` that of a level, ``below_0.9`` the share of
    truth that is at most that quantile (0.9 if it is right), ``coverage_0.1_0.9`` the share between the outermost,
    and ``crossing`` the share of rows whose quantiles do not rise.

    Example:
        >>> found = quantile_metrics(np.array([3.0, 9.0]), np.array([[2.0, 4.0], [5.0, 8.0]]), (0.1, 0.9))
        >>> found["coverage_0.1_0.9"], found["below_0.9"], round(found["pinball"], 3)
        (0.5, 0.5, 0.375)
    """
    if len(truth) == 0:
        return {"pinball": np.nan}
    losses = pinball_losses(truth, quantiles, levels)
    below = truth[:, np.newaxis] <= quantiles
    found = {"pinball": float(losses.mean())}
    for place, level in enumerate(levels):
        found[f"pinball_{level:g}"] = float(losses[:, place].mean())
        found[f"below_{level:g}"] = float(below[:, place].mean())
    if len(levels) > 1:
        between = (truth >= quantiles[:, 0]) & (truth <= quantiles[:, -1])
        found[f"coverage_{levels[0]:g}_{levels[-1]:g}"] = float(between.mean())
        found["crossing"] = float((np.diff(quantiles, axis=1) < 0).any(axis=1).mean())
    return found
