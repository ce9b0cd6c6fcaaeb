"""An ensemble of decision trees, whichever library grew it: what it predicts, and which leaves rows reach."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, Self, TypeAlias

import numpy as np
import numpy.typing as npt

from spalje.attribution.attributions import Floats

Places: TypeAlias = npt.NDArray[np.int64]
Bools: TypeAlias = npt.NDArray[np.bool_]

#: What a tree takes for missing: nothing (NaN counts as 0, as in LightGBM), zero and NaN, or NaN.
Missing: TypeAlias = Literal["none", "zero", "nan"]
NONE, ZERO, NAN = 0, 1, 2
#: Numbers this near to 0 are 0 for LightGBM (``kZeroThreshold``).
NEAR_ZERO = 1e-35


@dataclass(frozen=True, slots=True, eq=False)
class Trees:
    """Nodes of all trees, one after the other; a prediction is ``base`` plus one leaf of each tree.

    A row goes left where its feature is at most the threshold (less, if ``strict``), or among the
    node's categories.

    Attributes:
        features: names, in the order of the columns that the trees see.
        feature: shape (nodes,), the column a node splits by; -1 of a leaf.
        threshold: shape (nodes,).
        left, right: shape (nodes,), where rows go.
        default_left: shape (nodes,), whether what is missing goes left.
        missing: shape (nodes,), ``NONE``, ``ZERO`` or ``NAN``.
        value: shape (nodes,), of a leaf.
        cover: shape (nodes,), rows of training (or their weight) that came by.
        roots: shape (trees,).
        output: shape (trees,), to which output a tree adds.
        base: shape (outputs,).
        categories: node -> the codes that go left, of the nodes that split by categories.
        strict: whether a row at the threshold goes right.
        single: whether the trees see 32-bit floats.
    """

    features: tuple[str, ...]
    feature: Places
    threshold: Floats
    left: Places
    right: Places
    default_left: Bools
    missing: npt.NDArray[np.int8]
    value: Floats
    cover: Floats
    roots: Places
    output: Places
    base: Floats
    categories: Mapping[int, Places] = field(default_factory=dict)
    strict: bool = False
    single: bool = False

    @classmethod
    def joined(
        cls,
        features: Sequence[str],
        trees: Sequence[Mapping[str, Any]],
        outputs: int,
        *,
        strict: bool = False,
        single: bool = False,
    ) -> Self:
        """Of trees that each number their own nodes from 0, the root.

        Args:
            features: names of the columns.
            trees: of each, the arrays ``feature``, ``threshold``, ``left``, ``right``, ``value``, ``cover``
                and, where they are not all False or ``NAN``, ``default_left`` and ``missing``; its
                ``output``; and ``categories``, node -> codes.
            outputs: how many there are.
            strict: see the class.
            single: see the class.
        """
        starts = np.concatenate([[0], np.cumsum([len(tree["feature"]) for tree in trees])]).astype(np.int64)

        def gathered(name: str, kind: Any, otherwise: Any = None) -> Any:
            parts = [
                np.asarray(tree[name], dtype=kind)
                if otherwise is None or name in tree
                else np.full(len(tree["feature"]), otherwise, dtype=kind)
                for tree in trees
            ]
            return np.concatenate([np.zeros(0, dtype=kind), *parts])

        shift = np.repeat(starts[:-1], np.diff(starts))
        feature = gathered("feature", np.int64)
        return cls(
            tuple(features),
            np.where(feature < 0, -1, feature),
            gathered("threshold", np.float64),
            gathered("left", np.int64) + shift,
            gathered("right", np.int64) + shift,
            gathered("default_left", np.bool_, False),
            gathered("missing", np.int8, NAN),
            gathered("value", np.float64),
            gathered("cover", np.float64),
            starts[:-1],
            np.array([tree["output"] for tree in trees], dtype=np.int64),
            np.zeros(outputs),
            {
                int(start) + node: np.asarray(codes, dtype=np.int64)
                for start, tree in zip(starts[:-1], trees, strict=True)
                for node, codes in tree.get("categories", {}).items()
            },
            strict,
            single,
        )

    @property
    def outputs(self) -> int:
        """How many numbers a prediction has."""
        return len(self.base)

    def chosen(self, outputs: Sequence[int], base: Floats) -> Self:
        """Some of the outputs, in a new order.

        Args:
            outputs: which, as many as the new ensemble has.
            base: of each, shape (outputs,).
        """
        kept = [np.flatnonzero(self.output == output) for output in outputs]
        return replace(
            self,
            roots=np.concatenate([self.roots[trees] for trees in kept]),
            output=np.repeat(np.arange(len(outputs)), [len(trees) for trees in kept]),
            base=base,
        )

    def goes_left(self, nodes: Places, cells: Floats) -> Bools:
        """Where rows would go at some nodes, whether or not they come by.

        Args:
            nodes: shape (n,), none of them a leaf.
            cells: shape (features, rows), NaN where there is no value.

        Returns:
            Shape (n, rows).
        """
        cells = cells.astype(np.float32).astype(np.float64) if self.single else cells
        seen = cells[self.feature[nodes]]
        empty = np.isnan(seen)
        kind = self.missing[nodes][:, None]
        seen = np.where(empty & (kind != NAN), 0.0, seen)
        threshold = self.threshold[nodes][:, None]
        left = seen < threshold if self.strict else seen <= threshold
        gone = (empty & (kind == NAN)) | ((kind == ZERO) & (np.abs(seen) <= NEAR_ZERO))
        left = np.where(gone, self.default_left[nodes][:, None], left)
        for place in np.flatnonzero([node in self.categories for node in nodes.tolist()]):
            node = int(nodes[place])
            codes = np.where(empty[place], -1.0, np.trunc(cells[self.feature[node]]))
            left[place] = np.isin(codes, self.categories[node])
        return left

    def levels(self) -> list[Places]:
        """Nodes that are no leaves, by their distance from the root."""
        found, level = [], self.roots[self.feature[self.roots] >= 0]
        while level.size:
            found.append(level)
            below = np.concatenate([self.left[level], self.right[level]])
            level = below[self.feature[below] >= 0]
        return found

    def predict(self, cells: Floats) -> Floats:
        """Predictions.

        Args:
            cells: shape (features, rows).

        Returns:
            Shape (rows, outputs).
        """
        found = np.tile(self.base, (cells.shape[1], 1))
        everywhere = np.arange(cells.shape[1])
        left = np.empty((len(self.feature), cells.shape[1]), dtype=np.bool_)
        for level in self.levels():
            left[level] = self.goes_left(level, cells)
        for root, output in zip(self.roots.tolist(), self.output.tolist(), strict=True):
            place = np.full(cells.shape[1], root)
            while (inner := self.feature[place] >= 0).any():
                down = np.where(left[place, everywhere], self.left[place], self.right[place])
                place = np.where(inner, down, place)
            found[:, output] += self.value[place]
        return found
