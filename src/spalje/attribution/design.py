"""Which coalitions are played, and how attributions follow from what they are worth.

A design is the same for all rows, so its weighted least squares is solved once. Other ways to
choose coalitions and weights make other designs.
"""

from dataclasses import dataclass
from itertools import combinations
from math import comb
from typing import Self

import numpy as np
import numpy.typing as npt

from spalje.attribution.attributions import Floats
from spalje.attribution.board import Masks

#: Draws per coalition wanted: enough that repeated ones are made up for.
OVERDRAW = 4


@dataclass(frozen=True, slots=True, eq=False)
class Design:
    """Weighted coalitions, with the least squares that they pose solved.

    Attributes:
        masks: shape (coalitions, features); never no feature, never all.
        weights: of the coalitions, shape (coalitions,), adding up to 1.
        projection: from worth to attributions before they are made to add up, shape (features, coalitions).
        correction: what is added to them per unit that is missing, shape (features,), adding up to 1.
    """

    masks: Masks
    weights: Floats
    projection: Floats
    correction: Floats

    @classmethod
    def of(cls, masks: Masks, weights: Floats) -> Self:
        """Solve: minimise the weighted squares of worth - sum of attributions, which add up to the gain.

        With W the weights and Z the masks, the attributions of worth y and gain g are
        ``P y + u (g - sum(P y))`` where ``P = (Z'WZ)^-1 Z'W`` and ``u`` is ``(Z'WZ)^-1 1`` scaled to
        add up to 1: the method of Lagrange.
        """
        features = masks.shape[1]
        if features == 1:
            return cls(masks, weights, np.zeros((1, len(masks))), np.ones(1))
        z = masks.astype(np.float64)
        normal = z.T @ (weights[:, None] * z)
        right = np.column_stack([(weights[:, None] * z).T, np.ones(features)])
        solved = np.linalg.solve(normal, right).astype(np.float64)
        projection, ones = solved[:, :-1], solved[:, -1]
        return cls(masks, weights, projection, np.asarray(ones / ones.sum()))

    def attribute(self, worth: Floats, expected: Floats, predictions: Floats) -> Floats:
        """The attributions of some rows, which add up to what they gain over the expected.

        Args:
            worth: of the coalitions, shape (rows, coalitions, outputs).
            expected: shape (outputs,).
            predictions: shape (rows, outputs).

        Returns:
            Shape (rows, features, outputs).
        """
        free: Floats = np.einsum("fc,rco->rfo", self.projection, worth - expected)
        for _ in range(2):  # the second time takes away what the first has rounded
            missing = predictions - expected - free.sum(axis=1)
            free = free + self.correction[None, :, None] * missing[:, None, :]
        return free


def kernel_design(features: int, budget: int, rng: np.random.Generator) -> Design:
    """The coalitions of KernelSHAP: all of the sizes that fit the budget, and a sample of the others.

    Sizes come in pairs, s and ``features - s``, the heaviest first: 1, 2, 3, ... A sampled coalition
    comes with its complement, and what the sizes sampled from weigh together is shared among the
    sampled in proportion to how often each was drawn (Lundberg and Lee 2017; pairs: Covert and Lee
    2021, "Improving KernelSHAP", section 4.2).

    Args:
        budget: coalitions, at least ``2 * features`` (all of size 1 and their complements): less is
            taken as that.
        rng: draws the sample.

    Example:
        >>> kernel_design(3, 100, np.random.default_rng(0)).masks.astype(int).tolist()
        [[1, 0, 0], [0, 1, 0], [0, 0, 1], [0, 1, 1], [1, 0, 1], [1, 1, 0]]
    """
    left = max(budget, 2 * features)
    halves, weights = [np.empty((0, features), dtype=bool)], [np.empty(0)]
    sizes = np.arange(1, features // 2 + 1)
    # the kernel's weight of all coalitions of a size, (n - 1) / (s (n - s)), and of its complements
    mass = (features - 1) / (sizes * (features - sizes)) * np.where(2 * sizes == features, 1, 2)
    for size in sizes.tolist():
        count = comb(features, size) * (1 if 2 * size == features else 2)
        if count > left:
            others = mass[size - 1 :]
            half, shares = _sample(features, sizes[size - 1 :], others / others.sum(), left // 2, rng)
            halves.append(half)
            weights.append(shares * others.sum())
            break
        half = _all_of_size(features, size)
        halves.append(half)
        weights.append(np.full(len(half), mass[size - 1] / len(half)))
        left -= count
    half, weight = np.concatenate(halves), np.concatenate(weights)
    masks = np.concatenate([half, ~half])
    both = np.concatenate([weight, weight])
    return Design.of(masks, both / both.sum())


def _all_of_size(features: int, size: int) -> Masks:
    """All coalitions of a size; of the middle size one of each pair, the one with the first feature."""
    chosen = [
        members for members in combinations(range(features), size) if 2 * size != features or members[0] == 0
    ]
    masks = np.zeros((len(chosen), features), dtype=bool)
    np.put_along_axis(masks, np.array(chosen), values=True, axis=1)
    return masks


def _sample(
    features: int, sizes: npt.NDArray[np.int64], chance: Floats, pairs: int, rng: np.random.Generator
) -> tuple[Masks, Floats]:
    """Different coalitions of some sizes, ``pairs`` of them at most, and how often each was drawn, as shares."""
    draws = OVERDRAW * pairs
    drawn = rng.choice(sizes, draws, p=chance)
    masks = rng.random((draws, features)).argsort(axis=1).argsort(axis=1) < drawn[:, None]
    masks[(2 * drawn == features) & ~masks[:, 0]] ^= (
        True  # of the middle size, the one with the first feature
    )
    _, first, which = np.unique(np.packbits(masks, axis=1), axis=0, return_index=True, return_inverse=True)
    kept = np.sort(first)[:pairs]
    until = np.sort(first)[pairs] if len(first) > pairs else draws
    counts = np.bincount(which[:until].ravel(), minlength=len(first))[which[kept].ravel()]
    return masks[kept], counts / max(1, until)
