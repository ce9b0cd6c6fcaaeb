"""Features as one matrix of numbers, the same for baseline and batches: what losses are estimated from."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict

from spalje.errors import NotFound
from spalje.pipeline.problem import Problem
from spalje.steps.row_key import plain_column
from spalje.storage import table

#: Shape (rows, features): numbers; NaN where there is none.
Matrix = NDArray[np.float64]

#: So many of the commonest categories of a column get a number of their own; the others share NaN.
CATEGORIES = 200


class Encoding(BaseModel):
    """How features become numbers.

    Attributes:
        features: their names, in the order of the matrix's columns.
        categories: feature -> its categories as text, in the order of their numbers.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    features: tuple[str, ...]
    categories: Mapping[str, tuple[str, ...]]

    @classmethod
    def of(cls, rows: pa.Table, problem: Problem) -> Self:
        """How the features of a table become numbers; those that are neither numbers nor categories are left out.

        Example:
            >>> rows = pa.table({"fruit": ["fig", "kiwi", "fig"], "price": [1, None, 2], "id": [1, 2, 3]})
            >>> problem = Problem(type="binary", target="y", features=("fruit", "price"), keys=("id",))
            >>> Encoding.of(rows, problem).matrix(rows).tolist()
            [[0.0, 1.0], [1.0, nan], [0.0, 2.0]]
        """
        names: list[str] = []
        categories: dict[str, tuple[str, ...]] = {}
        for name in problem.features:
            if name not in rows.column_names:
                raise NotFound("column", name, rows.column_names)
            column = plain_column(rows[name])
            if name in problem.categorical or pa.types.is_string(column.type):
                counts = pc.value_counts(column.cast(pa.string()).combine_chunks())
                order = np.lexsort((np.arange(len(counts)), -counts.field("counts").to_numpy()))
                values = counts.field("values").to_pylist()
                common = [values[place] for place in order[:CATEGORIES] if values[place] is not None]
                categories[name] = tuple(sorted(common))
                names.append(name)
            elif _is_number(column.type):
                names.append(name)
        return cls(features=tuple(names), categories=categories)

    def matrix(self, rows: pa.Table) -> Matrix:
        """The features of a table as numbers, shape (rows, features).

        Raises:
            NotFound: a feature is missing.
        """
        found = np.empty((rows.num_rows, len(self.features)))
        for place, name in enumerate(self.features):
            if name not in rows.column_names:
                raise NotFound("column", name, rows.column_names)
            found[:, place] = self._numbers(name, plain_column(rows[name]))
        return found

    def read(self, folder: Path) -> Matrix:
        """The features of a stored table as numbers."""
        return self.matrix(table.read(folder, list(self.features)))

    def _numbers(self, name: str, column: pa.ChunkedArray) -> NDArray[np.float64]:
        if name in self.categories:
            known = pa.array(self.categories[name], pa.string())
            codes = pc.index_in(column.cast(pa.string()), value_set=known)
            return np.asarray(codes.cast(pa.float64()).to_numpy(zero_copy_only=False), np.float64)
        if not _is_number(column.type):
            return np.full(len(column), np.nan)
        if pa.types.is_temporal(column.type):
            column = column.cast(pa.timestamp("us")).cast(pa.int64())
        return np.asarray(column.cast(pa.float64()).to_numpy(zero_copy_only=False), np.float64)


def with_predictions(features: Matrix, predictions: Sequence[NDArray[np.float64]]) -> Matrix:
    """Features and predictions side by side: the loss of a row depends on both.

    Example:
        >>> with_predictions(np.array([[1.0], [2.0]]), [np.array([0.3, 0.4])]).tolist()
        [[1.0, 0.3], [2.0, 0.4]]
    """
    return np.column_stack([features, *predictions])


def _is_number(kind: pa.DataType) -> bool:
    return bool(
        pa.types.is_integer(kind)
        or pa.types.is_floating(kind)
        or pa.types.is_boolean(kind)
        or pa.types.is_decimal(kind)
        or pa.types.is_temporal(kind)
    )
