"""What a prediction is expected to cost, going by its features: losses of a regression learned, and estimated."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from spalje.quality.boosted_trees import BoostedTrees, Matrix
from spalje.quality.period import Days
from spalje.quality.residuals import Residuals

#: Rows that are learned from, at most: more change an estimate by less than it is off anyway.
ROWS = 24_000
#: Share of the groups whose rows tell how many trees are enough.
HELD_OUT = 0.2


@dataclass(frozen=True, slots=True, eq=False)
class LossModel:
    """Expected losses as functions of features and prediction.

    The idea is that of direct loss estimation (NannyML's documentation, "Direct Loss Estimation"): a model of the loss
    of a row, learned where the truth is known. It holds as long as the relation of features and truth does.

    Attributes:
        names: of the losses.
        trees: one model for each.
        least: for each the least that it can be: 0, or minus infinity for a signed error.
        residuals: realised less expected losses of rows that the expectation was not learned from.
    """

    names: tuple[str, ...]
    trees: tuple[BoostedTrees, ...]
    least: tuple[float, ...]
    residuals: Residuals

    @classmethod
    def fit(
        cls,
        x: Matrix,
        losses: Mapping[str, NDArray[np.float64]],
        rng: np.random.Generator,
        *,
        days: Days | None = None,
        clusters: NDArray[np.int64] | None = None,
    ) -> tuple[Self, NDArray[np.float64]]:
        """Learn, twice: on either half of the groups for the other's residuals, and on all.

        Args:
            x: shape (rows, features); predictions are among the features.
            losses: name -> shape (rows,); those that are never negative stay so.
            rng: where samples come from.
            days: which day each row is about; groups are weeks of them. None without.
            clusters: which rows err together, from 0; groups are these without days.

        Returns:
            The model, and the expected losses of the rows by models that have not seen them, shape (rows, losses).

        Example:
            >>> rng = np.random.default_rng(7)
            >>> x = rng.uniform(size=(3000, 1))
            >>> model, _ = LossModel.fit(x, {"squared": x[:, 0] * rng.exponential(size=3000)}, rng)
            >>> bool(abs(model.expected(np.array([[0.2], [0.8]]))[:, 0] - [0.2, 0.8]).max() < 0.1)
            True
        """
        names = tuple(losses)
        target = np.stack([losses[name] for name in names], axis=-1)
        least = tuple(0.0 if target[:, place].min() >= 0 else -np.inf for place in range(len(names)))
        groups = _groups(len(x), days, clusters, rng)
        half = groups % 2 == 0
        seen: NDArray[np.float64] = np.empty_like(target)
        for mine in (half, ~half):
            if mine.any() and not mine.all():
                fitted = _fitted(x[mine], target[mine], groups[mine] // 2, rng)
                seen[~mine] = _expected(fitted, least, x[~mine])
        if half.all() or not half.any():
            seen[:] = target.mean(axis=0)
        model = cls(
            names, _fitted(x, target, groups, rng), least, Residuals.of(target - seen, days, clusters)
        )
        return model, seen

    def expected(self, x: Matrix) -> NDArray[np.float64]:
        """The expected losses of rows, shape (rows, losses)."""
        return _expected(self.trees, self.least, x)

    def to_dict(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            "names": list(self.names),
            "trees": [trees.to_dict() for trees in self.trees],
            "least": [None if least == -np.inf else least for least in self.least],
            "residuals": self.residuals.to_dict(),
        }

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> Self:
        """The model that ``to_dict`` wrote."""
        return cls(
            names=tuple(document["names"]),
            trees=tuple(BoostedTrees.from_dict(trees) for trees in document["trees"]),
            least=tuple(-np.inf if least is None else float(least) for least in document["least"]),
            residuals=Residuals.from_dict(document["residuals"]),
        )


def _groups(
    rows: int, days: Days | None, clusters: NDArray[np.int64] | None, rng: np.random.Generator
) -> NDArray[np.int64]:
    """A random number for each week, cluster or row, so that rows that err together are not parted."""
    if days is not None:
        _, codes = np.unique(days // 7, return_inverse=True)
    elif clusters is not None:
        codes = clusters
    else:
        codes = np.arange(rows)
    order = rng.permutation(int(codes.max()) + 1)
    return np.asarray(order[codes], np.int64)


def _fitted(
    x: Matrix, target: NDArray[np.float64], groups: NDArray[np.int64], rng: np.random.Generator
) -> tuple[BoostedTrees, ...]:
    chosen = np.arange(len(x)) if len(x) <= ROWS else rng.choice(len(x), ROWS, replace=False)
    different = np.unique(groups[chosen])
    aside = different[: round(HELD_OUT * len(different))]
    held_out = np.isin(groups[chosen], aside) if len(aside) else None
    if held_out is not None and (held_out.all() or not held_out.any()):
        held_out = None
    return tuple(
        BoostedTrees.fit(x[chosen], target[chosen, place], rng, held_out=held_out)
        for place in range(target.shape[1])
    )


def _expected(trees: tuple[BoostedTrees, ...], least: tuple[float, ...], x: Matrix) -> NDArray[np.float64]:
    columns = [np.maximum(each.predict(x), low) for each, low in zip(trees, least, strict=True)]
    found: NDArray[np.float64] = np.stack(columns, axis=-1)
    return found
