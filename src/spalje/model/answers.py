"""A model as explanations ask it: in its own process, or a function of this program's own."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from spalje.attribution.attributions import Floats
from spalje.errors import BadInput
from spalje.model import ensemble, worker
from spalje.model.process import ModelProcess


class ProcessAnswers:
    """The answers of a model's process.

    Args:
        process: of the model.
        name: what the rows that it is asked for are called in messages.
    """

    def __init__(self, process: ModelProcess, name: str) -> None:
        self._process = process
        self._name = name

    def stream(self, tables: Iterable[pa.Table]) -> Iterator[Floats]:
        """Predictions for one table after the other; reads ahead of its answers."""
        sizes: deque[int] = deque()

        def counted() -> Iterator[pa.Table]:
            for each in tables:
                sizes.append(each.num_rows)
                yield each

        waiting: list[Floats] = []
        for _, predictions in self._process.predict_blocks(counted(), self._name):
            waiting.append(np.column_stack([column.to_numpy() for column in predictions.columns]))
            while sizes and sum(map(len, waiting)) >= sizes[0]:
                whole, size = np.concatenate(waiting), sizes.popleft()
                waiting = [whole[size:]]
                yield whole[:size]

    def predict(self, table: pa.Table) -> Floats:
        """Predictions for a table, shape (rows, outputs)."""
        return next(self.stream([table]))

    def trees(self) -> tuple[pa.Table | None, str]:
        """The trees in the model; or None, and why not."""
        return self._process.trees()

    def shown(self, table: pa.Table) -> tuple[pa.Table | None, str]:
        """What these are shown for a table; or None, and why not."""
        return self._process.shown(table)


class FunctionAnswers:
    """The answers of a function, or of an object with a method ``predict``; rows on which it fails are NaN.

    Args:
        model: given a table of features, gives numbers: one a row, or several.
        frames: whether it is given pandas DataFrames rather than Arrow tables.
    """

    def __init__(self, model: Any, *, frames: bool = True) -> None:
        self._model = model
        # a method is looked up at every call, so that it can be seen what it is shown
        owner = model if not callable(model) else getattr(model, "__self__", None)
        name = getattr(model, "__name__", "predict" if owner is model else type(model).__name__)
        looked_up = owner is not None and hasattr(owner, name)

        def predict(table: pa.Table) -> pa.Table:
            data = worker.frame_of(table) if frames else table
            function: Callable[[Any], Any] = getattr(owner, name) if looked_up else model
            return worker.columns(function(data), "prediction")

        self._predict = predict
        self._careful = worker.Careful(predict, Path(name))
        self.failed, self.first_failure = 0, ""

    def stream(self, tables: Iterable[pa.Table]) -> Iterator[Floats]:
        """Predictions for one table after the other."""
        for table in tables:
            yield self.predict(table)

    def predict(self, table: pa.Table) -> Floats:
        """Predictions for a table, shape (rows, outputs)."""
        try:
            found = self._careful(table)
        except worker.ContractError as error:
            raise BadInput(f"The model cannot be explained: {error}.") from error
        told = self._careful.told()
        if told:
            self.failed += int(told["failed"])
            self.first_failure = self.first_failure or told["message"]
        return np.column_stack([column.to_numpy() for column in found.columns])

    def trees(self) -> tuple[pa.Table | None, str]:
        """The trees in the model; or None, and why not."""
        return self._asked("trees", pa.table({}))

    def shown(self, table: pa.Table) -> tuple[pa.Table | None, str]:
        """What these are shown for a table; or None, and why not."""
        return self._asked("shown", table)

    def _asked(self, what: str, table: pa.Table) -> tuple[pa.Table | None, str]:
        trees = ensemble.find(self._model)
        if trees is None:
            return None, "the model has no decision trees that are known here"
        try:
            if what == "trees":
                return ensemble.document(trees), ""
            matrix = ensemble.shown(trees, lambda: self._predict(table))
        except Exception as error:  # noqa: BLE001  a library of another version, or a function that fails
            return None, f"{type(error).__name__}: {error}"
        return pa.table({str(place): column for place, column in enumerate(matrix.T)}), ""
