"""Bootstrap by clusters: rows of one store or day err together, so whole clusters are drawn."""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from spalje.quality.loss import Codes

#: Shape (clusters, columns): sums of the rows of each cluster.
Sums: TypeAlias = NDArray[np.float64]

#: More clusters than these are put together at random: groups of independent clusters are independent
#: too, and the standard error from this many groups is itself known to within 2 %, 1 / sqrt(2 * 2000).
MOST = 2000


def drawn(clusters: Sums, draws: int, rng: np.random.Generator) -> Sums:
    """Sums over as many clusters as there are, drawn with replacement, ``draws`` times.

    Any figure that follows from sums then has its sampling distribution: compute it from each row of
    the result. Cameron, Gelbach and Miller, "Bootstrap-based improvements for inference with clustered
    errors" (2008). With fewer than about ten clusters the distribution comes out too narrow.

    Args:
        clusters: shape (clusters, columns), at least one.
        draws: how many; a thousand settle a 2.5 % quantile.
        rng: where chance comes from.

    Returns:
        Shape (draws, columns).

    Example:
        >>> sums = drawn(np.array([[1.0, 2.0], [3.0, 2.0]]), 500, np.random.default_rng(7))
        >>> means = sums[:, 0] / sums[:, 1]
        >>> sorted(set(means.tolist())), sums.shape
        ([0.5, 1.0, 1.5], (500, 2))
    """
    return times_drawn(len(clusters), draws, rng) @ clusters


def times_drawn(clusters: int, draws: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """How often each cluster is in each draw of as many clusters with replacement.

    Args:
        clusters: how many there are, at least one.
        draws: how many draws.
        rng: where chance comes from.

    Returns:
        Shape (draws, clusters); a row adds up to ``clusters``.

    Example:
        >>> times_drawn(3, 2, np.random.default_rng(7)).sum(axis=1).tolist()
        [3.0, 3.0]
    """
    # counted and not drawn as multinomial counts, which takes three times as long
    which = rng.integers(0, clusters, (draws, clusters))
    which += np.arange(draws)[:, np.newaxis] * clusters
    times = np.bincount(which.ravel(), minlength=draws * clusters)
    return times.reshape(draws, clusters).astype(np.float64)


def blocks(codes: Codes, clusters: int, rng: np.random.Generator, most: int = MOST) -> tuple[Codes, int]:
    """The same clusters, put together at random where there are more than ``most``.

    Args:
        codes: each row's cluster, 0 to clusters - 1.
        clusters: how many there are.
        rng: where chance comes from.
        most: how many there may be.

    Returns:
        Each row's block, and how many blocks there are.

    Example:
        >>> codes, count = blocks(np.arange(5000), 5000, np.random.default_rng(7))
        >>> count, sorted(set(np.bincount(codes).tolist()))
        (2000, [2, 3])
    """
    if clusters <= most:
        return codes, clusters
    block = rng.permutation(clusters) % most
    return block[codes], most
