"""The trees in a user's model, put to the test: whether exact values of theirs are exact values of the model's."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import pyarrow as pa

from spalje.attribution import lightgbm_text, sklearn_nodes, xgboost_json
from spalje.attribution.attributions import Attributions, Floats
from spalje.attribution.background import Background
from spalje.attribution.board import Board, Masks, codes
from spalje.attribution.design import added_up
from spalje.attribution.link import LINKS, Link
from spalje.attribution.players import Players
from spalje.attribution.tree_shap import TreeShap
from spalje.attribution.trees import Places, Trees
from spalje.errors import BadInput

#: Libraries whose trees are read, and how.
READERS: dict[str, Callable[[pa.Table], Trees]] = {
    "lightgbm": lambda document: lightgbm_text.read(document["text"][0].as_py()).trees,
    "xgboost": lambda document: xgboost_json.read(document["text"][0].as_py()),
    "sklearn": sklearn_nodes.read,
}

#: Rows of which a feature is changed to see what the trees are shown instead, and values that it gets.
TRIED, VALUES = 16, 6
#: Rows from which these and the synthetic ones are taken.
MOST = 5000
#: Synthetic rows that trees and model must agree on.
MIXED = 256
#: Predictions agree that differ by no more than this share of their spread: trees of 32-bit floats add up so.
CLOSE = 1e-5
#: Predictions that are compared in a link's unit are within this of 0: beyond, probabilities have no digits left.
FAR = 15.0


class Answers(Protocol):
    """A model that can be asked: in its own process, or here."""

    def stream(self, tables: Iterable[pa.Table]) -> Iterator[Floats]:
        """Predictions for one table after the other, see ``spalje.attribution.attributions.Model``."""

    def trees(self) -> tuple[pa.Table | None, str]:
        """The trees, see ``spalje.model.ensemble.document``; or None, and why not."""

    def shown(self, table: pa.Table) -> tuple[pa.Table | None, str]:
        """What the trees are shown for a table, a column each; or None, and why not."""

    def predict(self, table: pa.Table) -> Floats:
        """Predictions, shape (rows, outputs)."""


class Unfit(Exception):
    """Why a model's trees do not tell its values."""


@dataclass(frozen=True, slots=True, eq=False)
class TreeModel:
    """Trees that were found to predict what the model predicts.

    Attributes:
        trees: of as many outputs as the model has.
        owner: shape (columns that the trees see,), the model's feature that each depends on; -1 where it is the
            same for all rows, so that nobody owns it.
        link: the unit in which the trees add up to the prediction.
        background: shape (columns, rows), what the trees are shown for the background.
        weights: shape (rows of the background,).
        expected: of the background, in the link's unit, shape (outputs,).
    """

    trees: Trees
    owner: Places
    link: Link
    background: Floats
    weights: Floats
    expected: Floats

    @classmethod
    def of(cls, model: Answers, rows: pa.Table, background: Background, link: Link) -> "TreeModel":
        """The trees of a model, after they have been found to agree with it.

        What a script makes of a table before its trees see it (codes for categories, an order of its own,
        one column for each category) is learned by changing one feature at a time; then trees and
        model have to agree on rows that are mixed of the rows to be explained and the background.

        Args:
            model: to be asked.
            rows: that are to be explained, at least one.
            background: of the same features.
            link: the unit that is wanted.

        Raises:
            Unfit: there are no trees, or they do not agree; says why.
        """
        document, why = model.trees()
        if document is None:
            raise Unfit(why)
        try:
            trees = READERS[document.schema.metadata[b"trees"].decode()](document)
        except BadInput as error:
            raise Unfit(str(error)) from error
        rng = np.random.default_rng(0)
        columns = len(trees.features)
        board = Board.of(_some(rows, MOST, rng), background.table)
        mixture = _mixture(board, rng)
        owner = _owner(model, board, trees, rng)
        seen = _shown(model, board.background, columns)
        mixed = _shown(model, mixture.table, columns)
        of_rows = _shown(model, board.rows.take(mixture.rows), columns)
        together = np.where(mixture.taken[:, np.maximum(owner, 0)].T, of_rows, seen[:, mixture.backgrounds])
        if not np.array_equal(together, mixed, equal_nan=True):
            raise Unfit(
                "what its trees are shown of a row is not put together from the row's cells one by one"
            )
        _nobodys(owner, _shown(model, rows, columns), seen)
        trees = _agreeing(trees, mixed, model.predict(mixture.table), link)
        expected = background.weights @ trees.predict(seen)
        return cls(trees, owner, link, seen, background.weights, expected)

    @property
    def somebody(self) -> Places:
        """As ``owner``, with some feature where it is nobody's: what is the same for all rows adds nothing."""
        return np.maximum(self.owner, 0)

    def shap(self, players: Players) -> TreeShap:
        """What tells exact values in the game of ``spalje.attribution.game``, with the same background and link."""
        return TreeShap.interventional(
            self.trees, players.owner[self.somebody], self.background, self.weights
        )

    def shap_of_paths(self, players: Players) -> TreeShap:
        """What tells exact values of the path-dependent game, which needs no background.

        Raises:
            BadInput: whose a column is that the trees split by, the rows do not say.
        """
        alone = set(np.flatnonzero(self.owner < 0).tolist()) & set(self.trees.feature.tolist())
        if alone:
            raise BadInput(
                f"The paths of these trees cannot be told: whose {self.trees.features[min(alone)]!r} is, which they "
                "are shown, the rows do not say, since it is the same in all of them.",
                do="Explain rows that differ more, or use method='tree'.",
            )
        return TreeShap.path_dependent(self.trees, players.owner[self.owner])

    def explain(self, shap: TreeShap, model: Answers, rows: pa.Table, players: Players) -> Attributions:
        """Exact values.

        Args:
            shap: of these trees and players.
            model: to be asked what its trees are shown.
            rows: to be explained.
            players: whose the model's features are.
        """
        cells = _shown(model, rows, len(self.trees.features))
        values = np.zeros((rows.num_rows, len(players.names), self.trees.outputs))
        found = shap.values(cells)
        values[:, : found.shape[1]] = found
        predictions = LINKS[self.link](model.predict(rows))
        even = np.full(len(players.names), 1 / len(players.names))
        values = added_up(values, predictions - shap.expected, even)
        errors = np.where(np.isnan(values), np.nan, 0.0)
        return Attributions(players.names, values, predictions, shap.expected, errors)


@dataclass(frozen=True, slots=True, eq=False)
class _Mixture:
    """Synthetic rows: ``taken`` (rows, features) says which cells are from ``rows``, else from ``backgrounds``."""

    table: pa.Table
    taken: Masks
    rows: Places
    backgrounds: Places


def _mixture(board: Board, rng: np.random.Generator) -> _Mixture:
    rows = rng.integers(0, board.rows.num_rows, MIXED)
    backgrounds = rng.integers(0, board.backgrounds, MIXED)
    taken = rng.random((MIXED, board.rows.num_columns)) < rng.random((MIXED, 1))
    places = (rows * MIXED + np.arange(MIXED)) * board.backgrounds + backgrounds
    return _Mixture(board.mixed(taken, 0, places), taken, rows, backgrounds)


def _shown(model: Answers, table: pa.Table, columns: int) -> Floats:
    """What the trees are shown, shape (columns, rows)."""
    given, why = model.shown(table)
    if given is None:
        raise Unfit(why)
    if given.num_columns != columns:
        raise Unfit(f"its trees have {columns} features and are shown {given.num_columns}")
    if given.num_rows != table.num_rows:
        raise Unfit(f"its trees are shown {given.num_rows} rows for {table.num_rows}")
    return np.array([column.to_numpy() for column in given.columns])


def _owner(model: Answers, board: Board, trees: Trees, rng: np.random.Generator) -> Places:
    """On which of the model's features each column depends that the trees see; -1 where it never changes."""
    names, columns = board.rows.column_names, len(trees.features)
    few = _some(board.rows, TRIED, rng)
    pieces = [few]
    for place, field in enumerate(few.schema):
        cells = board.cells[place]
        # of the feature's different values as many as there are cells to be changed
        _, first = np.unique(codes(cells), return_index=True)
        chosen = np.resize(rng.permutation(first), (VALUES, few.num_rows))
        pieces += [few.set_column(place, field, cells.take(pa.array(some))) for some in chosen]
    together = pa.concat_tables(pieces).unify_dictionaries()
    shown = _shown(model, together, columns).reshape(columns, len(pieces), few.num_rows)
    same = (shown == shown[:, :1]) | (np.isnan(shown) & np.isnan(shown[:, :1]))
    changed = ~same[:, 1:].all(axis=2).reshape(columns, -1, VALUES).all(axis=2)
    many = np.flatnonzero(changed.sum(axis=1) > 1)
    if many.size:
        said = [name for name, yes in zip(names, changed[many[0]], strict=True) if yes]
        raise Unfit(
            f"column {many[0]} that its trees are shown depends on several features: {', '.join(said[:5])}"
        )
    known = {name: place for place, name in enumerate(names)}
    named = np.array([known.get(name, -1) for name in trees.features])
    return np.where(changed.any(axis=1), changed.argmax(axis=1), named)


def _some(rows: pa.Table, most: int, rng: np.random.Generator) -> pa.Table:
    if rows.num_rows <= most:
        return rows
    return rows.take(np.sort(rng.choice(rows.num_rows, most, replace=False)))


def _nobodys(owner: Places, rows: Floats, background: Floats) -> None:
    """Make sure that a column whose owner was not found is the same in all rows and in the background."""
    alone = np.flatnonzero(owner < 0)
    there = np.concatenate([background[alone], rows[alone]], axis=1)
    first = there[:, :1]
    other = ~((there == first) | (np.isnan(there) & np.isnan(first))).all(axis=1)
    if other.any():
        raise Unfit(
            f"{other.sum()} columns that its trees are shown change with values that are too many to be tried"
        )


def _agreeing(trees: Trees, cells: Floats, predictions: Floats, link: Link) -> Trees:
    """The trees that give each output of the model, with the base that it has."""
    raw = trees.predict(cells)
    found = _matched(raw, predictions, link)
    if found is None:
        other = next((name for name in LINKS if _matched(raw, predictions, name) is not None), None)
        if other is not None:
            raise Unfit(
                f"its trees add up to a function of the prediction: they are exact with link={other!r}"
            )
        raise Unfit("its predictions are not what its trees add up to")
    which, base = found
    return trees.chosen(which, base)


def _matched(raw: Floats, predictions: Floats, link: Link) -> tuple[list[int], Floats] | None:
    """Of each output of the model, the output of the trees and what is to be added to it; None where there is none."""
    linked = LINKS[link](predictions)
    which: list[int] = []
    base: list[float] = []
    for wanted in linked.T:
        there = np.isfinite(wanted) & ((np.abs(wanted) < FAR) | (link == "identity"))
        if not there.any():
            return None
        for output in [len(which) % raw.shape[1], *range(raw.shape[1])]:
            apart = wanted[there] - raw[there, output]
            middle = float(np.median(apart))
            spread = max(float(np.ptp(raw[there, output])), float(np.abs(raw[there, output]).max()), 1e-300)
            if np.abs(apart - middle).max() <= CLOSE * spread:
                which.append(output)
                base.append(middle)
                break
        else:
            return None
    return which, np.array(base)
