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
            order, size, added = _by_group(codes[part], groups)
            came, expected = truth[part][order], prediction[part][order]
            error = expected - came
            around = came - np.repeat(pivot, size)
            return np.stack(
                [
                    size.astype(np.float64),
                    added(around),
                    added(np.abs(came)),
                    added(error),
                    added(np.abs(error)),
                    added(error * error),
                    added(around * around),
                    added(_deviances(came, expected)),
                ]
            )

        total = _added(sums, len(truth), (8, groups), workers)
        weight, shifted, size, error, absolute, squared, spread, deviance = total
        return cls(weight, shifted, size, error, absolute, squared, spread, deviance, pivot)

    @property
    def whole(self) -> Self:
        """All groups as one."""
        columns, pivot = self._about_one()
        return self._made(columns.sum(axis=0, keepdims=True), pivot)

    def resampled(self, draws: Callable[[NDArray[np.float64]], NDArray[np.float64]]) -> Self:
        """The sums of wholes that are made of drawn groups, one for each draw.

        Args:
            draws: takes the groups' sums, shape (groups, columns), and gives those of wholes, shape (draws, columns);
                see ``spalje.quality.bootstrap.drawn``.
        """
        columns, pivot = self._about_one()
        return self._made(draws(columns), pivot)

    @classmethod
    def _made(cls, columns: NDArray[np.float64], pivot: float) -> Self:
        weight, truth, size, error, absolute, squared, spread, deviance = columns.T
        around = np.full(len(columns), pivot)
        return cls(weight, truth, size, error, absolute, squared, spread, deviance, around)

    def _about_one(self) -> tuple[NDArray[np.float64], float]:
        """The sums of all groups about the same pivot, shape (groups, columns), and that pivot."""
        weight = self.weight.sum()
        pivot = float((self.truth + self.weight * self.pivot).sum() / weight) if weight else 0.0
        moved = self.pivot - pivot
        columns = {name.name: getattr(self, name.name) for name in fields(self) if name.name != "pivot"}
        columns["truth"] = self.truth + self.weight * moved
        columns["spread"] = self.spread + 2.0 * moved * self.truth + self.weight * moved**2
        return np.stack(list(columns.values()), axis=-1), pivot

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
            order, size, added = _by_group(codes[part], groups)
            came, chance = truth[part][order], probability[part][order]
            of_truth = np.clip(np.where(came, chance, 1.0 - chance), CLIP, 1.0 - CLIP)
            yes, hard = came.astype(np.float64), (chance >= threshold).astype(np.float64)
            return np.stack(
                [
                    size.astype(np.float64),
                    added(yes),
                    added(hard),
                    added(yes * hard),
                    -added(np.log(of_truth)),
                    added((chance - yes) ** 2),
                    added(chance),
                ]
            )

        rows, yes, hard, both, loss, brier, chance = _added(sums, len(truth), (7, groups), workers)
        cells = np.stack([rows - yes - hard + both, hard - both, yes - both, both], axis=-1)
        with ThreadPoolExecutor(workers) as pool:
            auc = pool.map(areas, [truth] * 2, [probability] * 2, [codes, None], [groups, 1])
        return cls(cells.reshape(groups, 2, 2), loss, brier, chance, np.concatenate(list(auc)))

    def resampled(self, draws: Callable[[NDArray[np.float64]], NDArray[np.float64]]) -> Self:
        """As ``GroupedRegression.resampled``; areas under curves are not sums, and NaN."""
        groups = len(self.log_loss)
        others = [self.log_loss, self.brier, self.probability]
        drawn = draws(np.column_stack([self.confusion.reshape(groups, CELLS), *others]))
        return type(self)(
            confusion=drawn[:, :CELLS].reshape(-1, 2, 2),
            log_loss=drawn[:, CELLS],
            brier=drawn[:, CELLS + 1],
            probability=drawn[:, CELLS + 2],
            auc=np.full(len(drawn) + 1, np.nan),
        )

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
    one = np.uint64(1)
    positive = keys & one
    # within a tie the negative rows stand first, so that every one of them counts as below a positive row beside it
    below = np.cumsum(one - positive, dtype=np.int64)
    starts = np.searchsorted(
        keys, np.arange(groups, dtype=np.uint64) << np.uint64(64 - bits if groups > 1 else 0)
    )
    starts = starts if groups > 1 else np.zeros(1, np.int64)
    size = np.diff(np.append(starts, len(keys)))
    there = np.flatnonzero(size)
    yes, pairs = np.zeros(groups), np.zeros(groups)
    yes[there] = np.add.reduceat(positive, starts[there])
    pairs[there] = np.add.reduceat(below * positive.view(np.int64), starts[there])
    before = np.concatenate([[0], below])[starts]
    halves = _ties(keys, groups, bits)
    return _ratio(pairs - yes * before - 0.5 * halves, yes * (size - yes))


def _ties(keys: NDArray[np.uint64], groups: int, bits: int) -> Floats:
    """For each group the pairs of a positive and a negative row with the same score."""
    one = np.uint64(1)
    turns = np.flatnonzero((keys[1:] ^ keys[:-1]) == one)
    turns = turns[(keys[turns] & one) == 0] + 1
    if len(turns) == 0:
        return np.zeros(groups)
    first = np.searchsorted(keys, keys[turns] & ~one, side="left")
    last = np.searchsorted(keys, keys[turns], side="right")
    pairs = (turns - first).astype(np.float64) * (last - turns)
    group = (
        (keys[turns] >> np.uint64(64 - bits)).astype(np.int64)
        if groups > 1
        else np.zeros(len(turns), np.int64)
    )
    return np.bincount(group, pairs, groups).astype(np.float64)


def _by_group(
    codes: Codes, groups: int
) -> tuple[NDArray[np.int64], NDArray[np.int64], Callable[[Floats], Floats]]:
    """Places of rows in the order of their groups, how many each has, and what adds up a column in that order.

    A column is added up in one run a group, by an addition that lets other threads work meanwhile; small whole numbers
    are put in order in linear time.
    """
    small = codes.astype(np.uint8 if groups <= 256 else np.uint16 if groups <= 65_536 else np.int64)
    order = np.argsort(small, kind="stable")
    size = np.bincount(codes, minlength=groups)
    there = np.flatnonzero(size)
    first = np.concatenate([[0], np.cumsum(size)])[there]

    def added(column: Floats) -> Floats:
        found = np.zeros(groups)
        found[there] = np.add.reduceat(column, first)
        return found

    return order, size, added


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
