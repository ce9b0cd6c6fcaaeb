"""Attributions: what each feature added to each prediction."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa

Floats: TypeAlias = npt.NDArray[np.float64]

#: Tables of features in, predictions out, one array of shape (rows, outputs) per table, in order.
#: It may read tables ahead of giving predictions, so that both go on at the same time.
Model: TypeAlias = Callable[[Iterable[pa.Table]], Iterator[Floats]]


@dataclass(frozen=True, slots=True, eq=False)
class Attributions:
    """What each feature added to each prediction, in the predictions' own unit.

    For every row and output, ``values`` add up to ``predictions - expected``.

    Attributes:
        features: names, in the model's order.
        values: shape (rows, features, outputs).
        predictions: what the model predicts for the rows, shape (rows, outputs).
        expected: what it predicts for the background, weighted, shape (outputs,).
        errors: the standard error of each value, in its unit, shape as ``values``, 0 where the value is
            exact; None where it is not known.
    """

    features: tuple[str, ...]
    values: Floats
    predictions: Floats
    expected: Floats
    errors: Floats | None = None
