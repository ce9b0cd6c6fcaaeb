"""How the numeric columns of a table go together: sums of products of normal scores."""

from dataclasses import dataclass
from typing import Self, TypeAlias

import numpy as np
from numpy.typing import NDArray

from spalje.errors import BadInput
from spalje.profile.kll import Floats

#: Shape (d, d), one row and one column per column of the table.
Square: TypeAlias = NDArray[np.float64]
#: Columns that are looked at, the first ones of the table.
COLUMNS = 200
#: Rows that are looked at, at most, ...
ROWS = 65_536
#: ... and values: with more than 32 columns there are fewer rows.
VALUES = 2**21


@dataclass(frozen=True, slots=True, eq=False)
class Gram:
    """Sums of products of the normal scores of each two numeric columns, over a sample of the rows.

    A score says how a number ranks in the baseline (``NumberGrid.scores``); a row without a number, or
    with NaN or infinity, scores 0, the middle. Sums of parts add up to the sums of the whole.

    Attributes:
        columns: names, d of them.
        rows: in the sample.
        sums: shape (d,), of the scores.
        products: shape (d, d), of the products of two scores, symmetric.
    """

    columns: tuple[str, ...]
    rows: int
    sums: Floats
    products: Square

    @classmethod
    def of(cls, columns: tuple[str, ...], scores: NDArray[np.floating]) -> Self:
        """Of the scores of some rows, shape (d, rows).

        Example:
            >>> gram = Gram.of(("a", "b"), np.array([[1.0, -1.0], [2.0, -2.0]]))
            >>> gram.products.tolist(), gram.correlations.round(3).tolist()
            ([[2.0, 4.0], [4.0, 8.0]], [[1.0, 1.0], [1.0, 1.0]])
        """
        exact = scores.astype(np.float64)
        # not `@`: the threads of a linear algebra library spin when they are done
        products = np.einsum("ir,jr->ij", exact, exact)
        return cls(columns, scores.shape[1], exact.sum(axis=1), products)

    def merge(self, other: Self) -> Self:
        """Of both parts together.

        Raises:
            BadInput: they are of different columns.
        """
        if self.columns != other.columns:
            odd = sorted({*self.columns} ^ {*other.columns})
            raise BadInput(
                f"The numeric columns of two parts differ: {odd or 'in their order'}.",
                do="Count every part over the same columns.",
            )
        return type(self)(
            self.columns,
            self.rows + other.rows,
            self.sums + other.sums,
            self.products + other.products,
        )

    @property
    def correlations(self) -> Square:
        """Rank correlations (Pearson's of normal scores), shape (d, d), -1 to 1; 0 of a constant column."""
        if not self.rows:
            return np.eye(len(self.columns))
        mean = self.sums / self.rows
        covariance = self.products / self.rows - mean[:, None] * mean[None, :]
        variance = np.diagonal(covariance)
        # what rounding leaves of the variance of a constant
        varies = variance > 1e-12
        size = np.sqrt(np.where(varies, variance, 1.0))
        found = np.where(varies[:, None] & varies[None, :], covariance / (size[:, None] * size), 0.0)
        np.fill_diagonal(found, 1.0)
        clipped: Square = np.clip(found, -1.0, 1.0)
        return clipped


def sample_rows(columns: int) -> int:
    """The most rows that are looked at in a table with some number of numeric columns.

    Example:
        >>> sample_rows(20), sample_rows(200)
        (65536, 10485)
    """
    return min(ROWS, VALUES // max(1, columns))
