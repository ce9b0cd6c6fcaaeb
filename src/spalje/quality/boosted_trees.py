"""A small gradient-boosted learner: symmetric trees over features cut into cells, in numpy.

It learns how losses depend on features, and which rows of two tables look alike. Both are means to an end here,
so it is small and needs nothing; a model that predicts for a business is the business's own.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from math import log
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import NDArray

from spalje.quality.loss import Floats

#: Shape (rows, features): numbers, NaN where there is none.
Matrix = NDArray[np.float64]

#: Cells of a feature; the first is for NaN.
CELLS = 64
#: Splits of a tree, so 2 ** DEPTH leaves.
DEPTH = 4
#: What is added to the weight of a leaf: it pulls leaves of few rows towards nothing.
RIDGE = 20.0
#: So many cells of rows are looked at in one go: what fits into the processor's memory.
AT_ONCE = 2**17
#: Share of the rows and of the features that each tree sees.
ROWS, FEATURES = 0.5, 0.7
#: Trees without a better held-out loss after which no more are grown.
PATIENCE = 12


@dataclass(frozen=True, slots=True, eq=False)
class BoostedTrees:
    """Trees whose leaves add up to a prediction.

    Every level of a tree asks one question, whether a feature's cell is above a cell (Prokhorenkova and others,
    "CatBoost: unbiased boosting with categorical features", 2018, call such trees oblivious), so that a row's leaf is
    a number of ``DEPTH`` bits. Fitted by Newton steps (Friedman, "Greedy function approximation", 2001; Chen and
    Guestrin, "XGBoost", 2016, equations 5 and 7).

    Attributes:
        loss: ``squared``: it predicts a mean; ``logistic``: log-odds of a yes.
        edges: for each feature the rising values between its cells.
        start: what is predicted without any tree.
        features: shape (trees, depth), which feature each level asks about.
        cells: shape (trees, depth), above which cell the answer is yes.
        leaves: shape (trees, 2 ** depth), what each leaf adds.
    """

    loss: Literal["squared", "logistic"]
    edges: tuple[Floats, ...]
    start: float
    features: NDArray[np.int64]
    cells: NDArray[np.int64]
    leaves: NDArray[np.float64]

    @classmethod
    def fit(
        cls,
        x: Matrix,
        y: Floats,
        rng: np.random.Generator,
        *,
        weights: Floats | None = None,
        loss: Literal["squared", "logistic"] = "squared",
        held_out: NDArray[np.bool_] | None = None,
        rounds: int = 80,
        rate: float = 0.1,
    ) -> Self:
        """Learn.

        Args:
            x: shape (rows, features).
            y: shape (rows,): numbers, or 1 and 0.
            rng: where samples come from.
            weights: of the rows, 0 or more; None: each 1.
            loss: what is made small.
            held_out: rows that are not learned from but tell how many trees are enough; None: all ``rounds``.
            rounds: trees at most.
            rate: by which each leaf is shortened, 0 to 1.

        Example:
            >>> rng = np.random.default_rng(7)
            >>> x = rng.uniform(size=(4000, 2))
            >>> trees = BoostedTrees.fit(x, np.where(x[:, 0] > 0.5, 3.0, 1.0), rng)
            >>> trees.predict(np.array([[0.9, 0.2], [0.1, 0.2]])).round(1).tolist()
            [3.0, 1.0]
        """
        weight = np.ones(len(y)) if weights is None else weights
        learn = np.ones(len(y), bool) if held_out is None else ~held_out
        edges = tuple(_edges(x[learn, place]) for place in range(x.shape[1]))
        binned = _binned(x, edges)
        start = _start(y[learn], weight[learn], loss)
        growth = _Growth(binned, y, weight, np.flatnonzero(learn), loss, rate, rng)
        raw = np.full(len(y), start)
        trees: list[tuple[NDArray[np.int64], NDArray[np.int64], Floats]] = []
        best, enough = np.inf, 0
        for turn in range(rounds):
            tree = growth.tree(raw)
            if tree is None:
                break
            trees.append(tree)
            raw = raw + tree[2][_leaf(binned, tree[0], tree[1])]
            if held_out is None:
                enough = turn + 1
                continue
            off = _mean_loss(y[held_out], raw[held_out], weight[held_out], loss)
            if off < best:
                best, enough = off, turn + 1
            elif turn + 1 - enough >= PATIENCE:
                break
        kept = trees[:enough]
        return cls(
            loss=loss,
            edges=edges,
            start=start,
            features=np.array([tree[0] for tree in kept], np.int64).reshape(len(kept), DEPTH),
            cells=np.array([tree[1] for tree in kept], np.int64).reshape(len(kept), DEPTH),
            leaves=np.array([tree[2] for tree in kept]).reshape(len(kept), 2**DEPTH),
        )

    def predict(self, x: Matrix) -> Floats:
        """The mean, or the log-odds, of each row; shape (rows,)."""
        binned = _binned(x, self.edges)
        raw = np.full(len(x), self.start)
        for features, cells, leaves in zip(self.features, self.cells, self.leaves, strict=True):
            raw += leaves[_leaf(binned, features, cells)]
        return raw

    def to_dict(self) -> dict[str, Any]:
        """As JSON values."""
        return {
            "loss": self.loss,
            "edges": [edges.tolist() for edges in self.edges],
            "start": self.start,
            "features": self.features.tolist(),
            "cells": self.cells.tolist(),
            "leaves": self.leaves.tolist(),
        }

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> Self:
        """The trees that ``to_dict`` wrote."""
        trees = len(document["features"])
        return cls(
            loss=document["loss"],
            edges=tuple(np.array(edges, np.float64) for edges in document["edges"]),
            start=float(document["start"]),
            features=np.array(document["features"], np.int64).reshape(trees, DEPTH),
            cells=np.array(document["cells"], np.int64).reshape(trees, DEPTH),
            leaves=np.array(document["leaves"], np.float64).reshape(trees, 2**DEPTH),
        )


@dataclass(slots=True)
class _Growth:
    """Grows one tree after the other on the same rows."""

    binned: NDArray[np.uint8]
    y: Floats
    weight: Floats
    learn: NDArray[np.int64]
    loss: Literal["squared", "logistic"]
    rate: float
    rng: np.random.Generator

    def tree(self, raw: Floats) -> tuple[NDArray[np.int64], NDArray[np.int64], Floats] | None:
        """The next tree: features, cells and leaves; None when no question helps."""
        rows = self.rng.choice(self.learn, max(1, int(ROWS * len(self.learn))), replace=False)
        width = self.binned.shape[1]
        asked = self.rng.choice(width, max(1, round(FEATURES * width)), replace=False)
        gradient, curvature = _derivatives(self.y[rows], raw[rows], self.weight[rows], self.loss)
        binned = np.take(self.binned.T, rows, axis=1).T  # a feature's cells beside each other
        node = np.zeros(len(rows), np.int64)
        features, cells = np.zeros(DEPTH, np.int64), np.full(DEPTH, CELLS, np.int64)
        for level in range(DEPTH):
            feature, cell, gain = self._question(binned, node, 2**level, asked, gradient, curvature)
            if gain <= 1e-12:
                break
            features[level], cells[level] = feature, cell
            node = 2 * node + (binned[:, feature] > cell)
        else:
            level = DEPTH
        if level == 0:
            return None
        leaf = _leaf(binned, features, cells)
        top = np.bincount(leaf, weights=gradient, minlength=2**DEPTH)
        bottom = np.bincount(leaf, weights=curvature, minlength=2**DEPTH)
        return features, cells, -self.rate * top / (bottom + RIDGE)

    def _question(
        self,
        binned: NDArray[np.uint8],
        node: NDArray[np.int64],
        nodes: int,
        asked: NDArray[np.int64],
        gradient: Floats,
        curvature: Floats,
    ) -> tuple[int, int, float]:
        """The feature and the cell that part all nodes best, and by how much."""
        best = (0, CELLS, 0.0)
        base = node * CELLS
        width = max(1, AT_ONCE // len(node))
        for some in (asked[first : first + width] for first in range(0, len(asked), width)):
            shape = (len(some), nodes, CELLS)
            places = binned.T[some] + base
            places += np.arange(len(some))[:, np.newaxis] * (nodes * CELLS)
            top, bottom = (
                np.bincount(
                    places.ravel(),
                    weights=each if len(some) == 1 else np.tile(each, len(some)),
                    minlength=len(some) * nodes * CELLS,
                )
                .reshape(shape)
                .cumsum(axis=2)
                for each in (gradient, curvature)
            )
            right, above = top[:, :, -1:] - top, bottom[:, :, -1:] - bottom
            whole = (top[:, :, -1] ** 2 / (bottom[:, :, -1] + RIDGE)).sum(axis=1)
            gains = (top**2 / (bottom + RIDGE) + right**2 / (above + RIDGE)).sum(axis=1) - whole[
                :, np.newaxis
            ]
            place, cell = np.unravel_index(np.argmax(gains[:, :-1]), (len(some), CELLS - 1))
            if gains[place, cell] > best[2]:
                best = (int(some[place]), int(cell), float(gains[place, cell]))
        return best


def _edges(values: Floats) -> Floats:
    """Up to ``CELLS - 2`` values that part a feature into cells of about equal weight."""
    known = values[np.isfinite(values)]
    if len(known) == 0:
        return np.empty(0)
    different = np.unique(known)
    if len(different) <= CELLS - 2:
        middles: Floats = different[:-1] + np.diff(different) / 2
        return middles
    cuts: Floats = np.unique(np.quantile(known, np.linspace(0, 1, CELLS)[1:-1]))
    return cuts[: CELLS - 2]


def _binned(x: Matrix, edges: tuple[Floats, ...]) -> NDArray[np.uint8]:
    """The cell of each value; 0 for NaN."""
    found = np.empty(x.shape, np.uint8, order="F")
    for place, cuts in enumerate(edges):
        cell = np.searchsorted(cuts, x[:, place], side="left") + 1
        found[:, place] = np.where(np.isnan(x[:, place]), 0, cell)
    return found


def _leaf(
    binned: NDArray[np.uint8], features: NDArray[np.int64], cells: NDArray[np.int64]
) -> NDArray[np.int64]:
    leaf = np.zeros(len(binned), np.int64)
    for feature, cell in zip(features, cells, strict=True):
        leaf = 2 * leaf + (binned[:, feature] > cell)
    return leaf


def _start(y: Floats, weight: Floats, loss: Literal["squared", "logistic"]) -> float:
    mean = float(np.average(y, weights=weight)) if weight.sum() > 0 else 0.0
    if loss == "squared":
        return mean
    held = min(max(mean, 1e-6), 1.0 - 1e-6)
    return log(held / (1.0 - held))


def _derivatives(
    y: Floats, raw: Floats, weight: Floats, loss: Literal["squared", "logistic"]
) -> tuple[Floats, Floats]:
    """First and second derivative of each row's loss by what is predicted."""
    if loss == "squared":
        return weight * (raw - y), weight
    chance = 1.0 / (1.0 + np.exp(-raw))
    return weight * (chance - y), weight * np.maximum(chance * (1.0 - chance), 1e-6)


def _mean_loss(y: Floats, raw: Floats, weight: Floats, loss: Literal["squared", "logistic"]) -> float:
    each = (raw - y) ** 2 if loss == "squared" else np.logaddexp(0.0, raw) - y * raw
    return float(np.average(each, weights=weight))
