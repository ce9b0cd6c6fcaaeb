"""A delivery of ground truth divided among the batches that predicted it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from spalje.execution.truth_day import number
from spalje.pipeline.problem import Problem
from spalje.quality.period import Days
from spalje.registry.batch import Batch
from spalje.steps import truth_value
from spalje.steps.row_key import plain
from spalje.steps.truth_join import Laid, lay, resolved, settled, with_keys, with_value
from spalje.storage import table
from spalje.storage.artifacts import Artifacts


@dataclass(frozen=True, slots=True, eq=False)
class Shared:
    """A delivery among batches.

    Attributes:
        shares: of each batch that the truth is about what is known of it now; the oldest batch first.
        taken: which rows some batch predicted.
        other: which rows are about dates that no batch predicts.
    """

    shares: tuple[tuple[Batch, Laid], ...]
    taken: NDArray[np.bool_]
    other: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Sharing:
    """Divides truth among a project's batches.

    Attributes:
        artifacts: where predictions and earlier truth are.
        problem: the project's.
    """

    artifacts: Artifacts
    problem: Problem

    def predictions(self, batch: Batch) -> Path:
        """The table of a batch's predictions."""
        return self.artifacts.open(batch.content.artifacts["predictions"])

    def by_date(self, rows: pa.Table, days: Days, batches: Sequence[Batch]) -> Shared:
        """Give every batch the truth about its dates; batches may overlap.

        Args:
            rows: business keys and target, each key once, every target known.
            days: of each row, days since 1970-01-01.
            batches: the oldest first.
        """
        taken, other = np.zeros(len(days), np.bool_), np.ones(len(days), np.bool_)
        shares = []
        for batch in batches:
            first, last = number(batch.content.first), number(batch.content.last)
            here = np.flatnonzero((days >= first) & (days <= last))
            other[here] = False
            if len(here) == 0:
                continue
            laid = self._laid(batch, rows.take(pa.array(here)))
            taken[here[~laid.strange]] = True
            if not laid.strange.all():
                shares.append((batch, laid))
        return Shared(tuple(shares), taken, other)

    def by_name(self, rows: pa.Table, names: Sequence[str], batches: Sequence[Batch]) -> Shared:
        """Give every row to the newest batch that predicted what it names.

        Args:
            rows: the columns that name a row, and the target; each name once, every target known.
            names: the business keys, or the inference id.
            batches: the newest first.
        """
        taken = np.zeros(rows.num_rows, np.bool_)
        shares = []
        for batch in self._with(names[0], batches):
            rest = np.flatnonzero(~taken)
            if len(rest) == 0:
                break
            asked = rows.take(pa.array(rest))
            if tuple(names) == self.problem.keys:
                laid = self._laid(batch, asked)
                mine = rest[~laid.strange]
            else:
                asked, which = self._resolved(batch, asked, names[0])
                asked = settled(asked, self.problem.keys, self.problem.target, later_wins=True)
                laid = self._laid(batch, asked)
                mine = rest[which]
            taken[mine] = True
            if len(mine):
                shares.append((batch, laid))
        shares.sort(key=lambda share: share[0].number)
        return Shared(tuple(shares), taken, np.zeros(rows.num_rows, np.bool_))

    def business_keys(
        self, rows: pa.Table, inference_id: str, batches: Sequence[Batch], *, later_wins: bool
    ) -> tuple[pa.Table, pa.Table]:
        """What inference ids are about.

        Args:
            rows: inference id and target, each id once.
            inference_id: the column.
            batches: where ids are looked for, the newest first.
            later_wins: of rows with different ids about the same keys.

        Returns:
            Business keys and target of the rows whose id was found, and the rows whose id was not.

        Raises:
            BadInput: rows about the same keys differ, and the later does not win.
        """
        places, pieces = [], []
        rest = np.arange(rows.num_rows)
        for batch in self._with(inference_id, batches):
            if len(rest) == 0:
                break
            piece, which = self._resolved(batch, rows.take(pa.array(rest)), inference_id)
            places.append(rest[which])
            pieces.append(piece)
            rest = np.delete(rest, which)
        unknown = rows.take(pa.array(rest))
        if not pieces:
            return rows.slice(0, 0), unknown
        order = pa.array(np.argsort(np.concatenate(places)))
        found = pa.concat_tables(pieces, promote_options="permissive").take(order)
        found, _ = with_keys(found, self.problem.keys)
        return settled(found, self.problem.keys, self.problem.target, later_wins=later_wins), unknown

    def _resolved(
        self, batch: Batch, rows: pa.Table, inference_id: str
    ) -> tuple[pa.Table, NDArray[np.int64]]:
        columns = list(dict.fromkeys([*self.problem.keys, inference_id]))
        predictions = table.read(self.predictions(batch), columns)
        return resolved(predictions, rows, self.problem, inference_id)

    def _with(self, column: str, batches: Sequence[Batch]) -> Iterator[Batch]:
        """The batches whose predictions have a column: an inference id may have been named later."""
        for batch in batches:
            if column in table.schema(self.predictions(batch)).names:
                yield batch

    def _laid(self, batch: Batch, rows: pa.Table) -> Laid:
        keys = list(self.problem.keys)
        return lay(table.read(self.predictions(batch), keys), self._known(batch), rows, self.problem)

    def _known(self, batch: Batch) -> pa.Table | None:
        """What the batch was last judged by; also what no delivery was laid over, as it came."""
        if not batch.evaluations:
            return None
        keys, target = list(self.problem.keys), self.problem.target
        path = self.artifacts.open(batch.evaluations[-1].ground_truth)
        rows = plain(table.read(path, [*keys, target]), [*keys, target])
        values = truth_value.values(rows[target], self.problem)
        rows, _ = with_keys(with_value(rows.select(keys).append_column(target, values), target), keys)
        return settled(rows, keys, target, later_wins=True)
