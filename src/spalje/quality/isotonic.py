"""Rising steps through points: what probability a score has really meant."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from spalje.quality.loss import Floats


@dataclass(frozen=True, slots=True, eq=False)
class Isotonic:
    """A curve that never falls, straight between its points and level beyond them.

    Attributes:
        x: rising.
        y: never falling.
    """

    x: Floats
    y: Floats

    @classmethod
    def fit(cls, x: Floats, y: Floats, weights: Floats | None = None) -> Self:
        """The never falling curve with the least squared distance from the points.

        By pooling neighbours that fall (Ayer and others, "An empirical distribution function for sampling with
        incomplete information", 1955); points with the same x are taken together.

        Args:
            x, y: shape (n,), finite, at least one.
            weights: of the points, above 0; None: each 1.

        Example:
            >>> curve = Isotonic.fit(np.array([0.1, 0.2, 0.3, 0.4]), np.array([0.0, 1.0, 0.0, 1.0]))
            >>> curve(np.array([0.1, 0.25, 0.4])).tolist()
            [0.0, 0.5, 1.0]
        """
        weight = np.ones(len(x)) if weights is None else weights
        places, group = np.unique(x, return_inverse=True)
        total = np.bincount(group, weights=weight)
        means = np.bincount(group, weights=weight * y) / total
        values: list[float] = []
        masses: list[float] = []
        ends: list[int] = []
        for place, (value, mass) in enumerate(zip(means.tolist(), total.tolist(), strict=True)):
            last, heavy = value, mass
            while values and values[-1] >= last:
                before, other = values.pop(), masses.pop()
                ends.pop()
                last = (before * other + last * heavy) / (other + heavy)
                heavy += other
            values.append(last)
            masses.append(heavy)
            ends.append(place)
        first = np.array([0, *(end + 1 for end in ends[:-1])])
        steps = np.repeat(values, np.diff([0, *(end + 1 for end in ends)]))
        # only the ends of each step are needed to draw it
        kept = np.unique(np.concatenate([first, np.array(ends)]))
        return cls(places[kept], steps[kept])

    def __call__(self, x: Floats) -> Floats:
        """The curve's height at some places."""
        heights: Floats = np.interp(x, self.x, self.y)
        return heights

    def to_dict(self) -> dict[str, Any]:
        """As JSON values."""
        return {"x": self.x.tolist(), "y": self.y.tolist()}

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> Self:
        """The curve that ``to_dict`` wrote."""
        return cls(np.array(document["x"], np.float64), np.array(document["y"], np.float64))
