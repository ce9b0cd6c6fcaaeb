"""Sums of losses by group: every figure of every segment, and of the whole, from one pass over the rows."""

from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields
from typing import Self

import numpy as np
from numpy.typing import NDArray

from spalje.quality.loss import CLIP, Codes, Floats

#: Rows that are worked on at once: their columns stay in a core's cache.
BLOCK = 32_768
#: Cells of a confusion matrix of two classes: what came, then what was predicted.
CELLS = 4


@dataclass(frozen=True, slots=True, eq=False)
class GroupedRegression:
    """Of each group what ``RegressionSums`` is of all rows; every attribute has the shape (groups,).

    Attributes:
        weight: rows.
        truth: sum of the truth less ``pivot``.
        size: sum of absolute truth.
        error: sum of predictions less truth.
        absolute, squared: sums of absolute and squared errors.
        spread: sum of squares of the truth less ``pivot``.
        deviance: sum of Poisson deviances; NaN with negative numbers.
        pivot: a number near the group's truth, so that ``spread`` loses no digits.
    """

    weight: Floats
    truth: Floats
    size: Floats
    error: Floats
    absolute: Floats
    squared: Floats
    spread: Floats
    deviance: Floats
    pivot: Floats

    @classmethod
    def of(cls, truth: Floats, prediction: Floats, codes: Codes, groups: int, *, workers: int = 1) -> Self:
        """The sums of some rows.

        Args:
            truth, prediction: shape (rows,), finite.
            codes: each row's group, 0 to groups - 1.
            groups: how many there are.
            workers: threads.

        Example:
            >>> truth, prediction = np.array([1.0, 3.0, 5.0]), np.array([1.0, 2.0, 7.0])
            >>> sums = GroupedRegression.of(truth, prediction, np.array([0, 0, 1]), 2)
            >>> sums.metrics["mae"].tolist(), sums.metrics["bias"].tolist()
            ([0.5, 2.0], [-0.25, 0.4])
        """
        pivot = np.zeros(groups)
        first = np.unique(codes[: 4 * BLOCK], return_index=True)
        pivot[first[0]] = truth[first[1]]

        def sums(part: slice) -> NDArray[np.float64]:
            came, expected, group = truth[part], prediction[part], codes[part]
            error = expected - came
            around = came - pivot[group]
            columns = (
                None,
                around,
                np.abs(came),
                error,
                np.abs(error),
                error * error,
                around * around,
                _deviances(came, expected),
            )
            summed = [np.bincount(group, column, groups) for column in columns]
            return np.stack(summed).astype(np.float64)

        total = _added(sums, len(truth), (8, groups), workers)
        weight, shifted, size, error, absolute, squared, spread, deviance = total
        return cls(weight, shifted, size, error, absolute, squared, spread, deviance, pivot)

    @property
    def whole(self) -> Self:
        """All groups as one."""
        weight = self.weight.sum()
        pivot = float((self.truth + self.weight * self.pivot).sum() / weight) if weight else 0.0
        moved = self.pivot - pivot
        truth = self.truth + self.weight * moved
        spread = self.spread + 2.0 * moved * self.truth + self.weight * moved**2
        columns = {name.name: getattr(self, name.name) for name in fields(self)}
        columns |= {"truth": truth, "spread": spread}
        summed = {name: np.array([column.sum()]) for name, column in columns.items() if name != "pivot"}
        return type(self)(**summed, pivot=np.array([pivot]))

    @property
    def metrics(self) -> Mapping[str, Floats]:
        """Every figure of each group, shape (groups,), named as in ``RegressionMetrics``; NaN where not defined."""
        mse = _ratio(self.squared, self.weight)
        spread = np.maximum(self.spread - _ratio(self.truth**2, self.weight), 0.0)
        with np.errstate(divide="ignore", invalid="ignore"):
            r2 = np.where(spread > 0, 1.0 - self.squared / spread, np.where(self.squared == 0, 1.0, 0.0))
        r2[self.weight < 2] = np.nan
        return {
            "mae": _ratio(self.absolute, self.weight),
            "mse": mse,
            "rmse": np.sqrt(mse),
            "r2": r2,
            "wape": _ratio(self.absolute, self.size),
            "bias": _ratio(self.error, self.size),
            "poisson_deviance": _ratio(self.deviance, self.weight),
        }


@dataclass(frozen=True, slots=True, eq=False)
class GroupedBinary:
    """Of each group what ``BinarySums`` is of all rows.

    Attributes:
        confusion: shape (groups, 2, 2), rows by what came and what was predicted.
        log_loss, brier, probability: shape (groups,), sums.
        auc: shape (groups + 1,), areas under the curve; the last is that of all rows.
    """

    confusion: NDArray[np.float64]
    log_loss: Floats
    brier: Floats
    probability: Floats
    auc: Floats

    @classmethod
    def of(
        cls,
        truth: NDArray[np.bool_],
        probability: Floats,
        codes: Codes,
        groups: int,
        *,
        threshold: float = 0.5,
        workers: int = 1,
    ) -> Self:
        """The sums of some rows; arguments as in ``GroupedRegression.of`` and ``BinarySums.of``.

        Example:
            >>> truth, chance = np.array([True, False, True, False]), np.array([0.9, 0.2, 0.4, 0.6])
            >>> sums = GroupedBinary.of(truth, chance, np.array([0, 0, 1, 1]), 2)
            >>> sums.metrics["auc"].tolist(), sums.metrics["accuracy"].tolist()
            ([1.0, 0.0], [1.0, 0.0])
        """

        def sums(part: slice) -> NDArray[np.float64]:
            came, chance, group = truth[part], probability[part], codes[part]
            held = np.clip(chance, CLIP, 1.0 - CLIP)
            loss = -np.log(np.where(came, held, 1.0 - held))
            cells = np.bincount(group * CELLS + 2 * came + (chance >= threshold), None, groups * CELLS)
            others = [np.bincount(group, column, groups) for column in (loss, (chance - came) ** 2, chance)]
            return np.concatenate([cells, *others]).astype(np.float64)

        total = _added(sums, len(truth), ((CELLS + 3) * groups,), workers)
        cells = total[: CELLS * groups].reshape(groups, 2, 2)
        loss, brier, chance = total[CELLS * groups :].reshape(3, groups)
        auc = np.concatenate([areas(truth, probability, codes, groups), areas(truth, probability, None, 1)])
        return cls(cells, loss, brier, chance, auc)

    @property
    def whole(self) -> Self:
        """All groups as one."""
        return type(self)(
            confusion=self.confusion.sum(axis=0, keepdims=True),
            log_loss=np.array([self.log_loss.sum()]),
            brier=np.array([self.brier.sum()]),
            probability=np.array([self.probability.sum()]),
            auc=self.auc[[-1, -1]],
        )

    @property
    def metrics(self) -> Mapping[str, Floats]:
        """Every figure of each group, shape (groups,); NaN where one is not defined, 0 as in ``BinaryMetrics``."""
        right_no, wrong, missed, right = self.confusion.reshape(-1, CELLS).T
        rows, yes = right_no + wrong + missed + right, missed + right
        precision, recall = _share(right, right + wrong), _share(right, yes)
        return {
            "accuracy": _ratio(right + right_no, rows),
            "precision": precision,
            "recall": recall,
            "f1": _share(2 * right, 2 * right + wrong + missed),
            "auc": self.auc[:-1],
            "log_loss": _ratio(self.log_loss, rows),
            "brier": _ratio(self.brier, rows),
            "bias": _ratio(self.probability - yes, yes),
        }


def areas(truth: NDArray[np.bool_], score: Floats, codes: Codes | None, groups: int) -> Floats:
    """The area under the curve of each group: the chance that a positive row scores higher, ties counting half.

    Group, score and truth of a row are put into one whole number, and these are sorted: that is several times faster
    than sorting places. Scores that differ by less than one part in 10 ** 12 count as equal.

    Args:
        truth: whether a row is positive.
        score: 0 to 1.
        codes: each row's group; None: all are of one.
        groups: how many there are, at most 2 ** 12.

    Returns:
        Shape (groups,); NaN where all rows are positive or none is.

    Example:
        >>> areas(np.array([True, False, True, False]), np.array([0.9, 0.8, 0.4, 0.1]), None, 1).tolist()
        [0.75]
    """
    bits = max(1, int(groups - 1).bit_length())
    # the pattern of a number from 0 to 1 is below 2 ** 62, and rises with it
    keys = (score + 0.0).view(np.uint64) >> np.uint64(bits - 1)
    keys &= ~np.uint64(1)
    if codes is not None and groups > 1:
        keys |= codes.astype(np.uint64) << np.uint64(64 - bits)
    keys |= truth.astype(np.uint64)
    keys.sort()
    positive = (keys & np.uint64(1)).astype(np.int64)
    ends = np.flatnonzero(np.append(keys[1:] >> np.uint64(1) != keys[:-1] >> np.uint64(1), True)[: len(keys)])
    above = np.concatenate([[0], np.cumsum(positive)[ends]])
    both = np.concatenate([[0], ends + 1])
    below = both - above
    group = (
        (keys[ends] >> np.uint64(64 - bits)).astype(np.int64) if groups > 1 else np.zeros(len(ends), np.int64)
    )
    yes, no = np.diff(above).astype(np.float64), np.diff(below).astype(np.float64)
    all_yes: Floats = np.bincount(group, yes, groups).astype(np.float64)
    all_no: Floats = np.bincount(group, no, groups).astype(np.float64)
    started = np.concatenate([[0.0], np.cumsum(all_no)[:-1]])
    # of each score: positive rows, times the negative ones below it and half of those beside it
    pairs: Floats = np.bincount(group, yes * (below[:-1] - started[group] + 0.5 * no), groups).astype(
        np.float64
    )
    return _ratio(pairs, all_yes * all_no)


def _deviances(truth: Floats, prediction: Floats) -> Floats:
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.where(truth > 0, truth / prediction, 1.0)
        found: Floats = 2.0 * (truth * np.log(ratio) - truth + prediction)
    if truth.min() < 0 or prediction.min() < 0:
        found[(truth < 0) | (prediction < 0)] = np.nan
    return found


def _added(
    sums: Callable[[slice], NDArray[np.float64]], rows: int, shape: tuple[int, ...], workers: int
) -> NDArray[np.float64]:
    """The sums of all blocks; each core adds up its own, and digits are kept by adding in pairs."""
    parts = [slice(first, min(rows, first + BLOCK)) for first in range(0, rows, BLOCK)]
    workers = max(1, min(workers, len(parts)))
    if not parts:
        return np.zeros(shape)

    def some(own: list[slice]) -> NDArray[np.float64]:
        total: NDArray[np.float64] = np.stack([sums(part) for part in own]).sum(axis=0)
        return total

    if workers == 1:
        return some(parts)
    with ThreadPoolExecutor(workers) as pool:
        found = list(pool.map(some, [parts[place::workers] for place in range(workers)]))
    whole: NDArray[np.float64] = np.stack(found).sum(axis=0)
    return whole


def _ratio(top: Floats, bottom: Floats) -> Floats:
    with np.errstate(divide="ignore", invalid="ignore"):
        found: Floats = np.where(bottom != 0, top / bottom, np.nan)
    return found


def _share(top: Floats, bottom: Floats) -> Floats:
    found: Floats = np.divide(top, bottom, out=np.zeros_like(top), where=bottom != 0)
    return found
