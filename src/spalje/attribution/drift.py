"""How far global attributions have moved: SageMaker's ranking score, and the share that changed place."""

import numpy as np

from spalje.attribution.attributions import Floats


def ndcg(baseline: Floats, live: Floats) -> float:
    """SageMaker's normalised discounted cumulative gain of the live ranking; 1 is the same order.

    Features are ordered by live attribution; each gains its baseline attribution, discounted by
    ``log2(place + 1)``; the sum is divided by that of the baseline's own order. Features that are
    equal in the live data share their places, as in scikit-learn's ``ndcg_score``. Only the order
    of the live attributions matters, not their size. With negative baseline attributions the
    score leaves 0 to 1; of a baseline of zeros, in which there is no order to lose, it is 1.

    Args:
        baseline: attributions, shape (features,).
        live: the same features', shape (features,).

    Example:
        >>> round(ndcg(np.array([0.70, 0.50, 0.05]), np.array([0.05, 0.50, 0.70])), 4)
        0.6876

    Source: SageMaker developer guide, "Feature attribution drift for models in production".
    """
    discount = 1 / np.log2(np.arange(len(baseline)) + 2)
    _, place, count = np.unique(-live, return_inverse=True, return_counts=True)
    gains = np.bincount(place, weights=baseline)
    ends = np.cumsum(count)
    sums = np.concatenate([[0.0], np.cumsum(discount)])
    shared = (sums[ends] - sums[ends - count]) / count
    ideal = float(np.sort(baseline)[::-1] @ discount)
    return float(gains @ shared) / ideal if ideal else 1.0


def shares(attributions: Floats) -> Floats:
    """Attributions as shares of their sum, shape (..., features); zeros where the sum is 0.

    Example:
        >>> shares(np.array([3.0, 1.0]))
        array([0.75, 0.25])
    """
    total = attributions.sum(axis=-1, keepdims=True)
    return np.asarray(attributions / np.where(total > 0, total, np.inf))


def total_variation(baseline: Floats, live: Floats) -> Floats:
    """Half the sum of the absolute differences of shares: what part of the explanation changed place.

    0 is none, 1 is all. If only one of the two is zeros, which share nothing, it is one half.

    Args:
        baseline: non-negative attributions, shape (..., features).
        live: the same features', shape (..., features).

    Example:
        >>> round(float(total_variation(np.array([0.5, 0.5]), np.array([0.75, 0.25]))), 4)
        0.25
    """
    return np.asarray(np.abs(shares(baseline) - shares(live)).sum(axis=-1) / 2)
