"""Ground truth: stored once, and the quality runs that it calls for."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

import pyarrow.compute as pc

from spalje.errors import BadInput, NotFound
from spalje.execution.start import Order
from spalje.pipeline.problem import Problem
from spalje.registry.batch import Batch
from spalje.storage import table
from spalje.storage.artifacts import Artifacts
from spalje.storage.metadata import Metadata

#: The name of the pipeline that ground truth starts, and of its input.
PIPELINE, INPUT = "quality", "ground_truth"


@dataclass(frozen=True, slots=True)
class GroundTruth:
    """Takes deliveries of ground truth."""

    metadata: Metadata
    artifacts: Artifacts
    clock: Callable[[], datetime]

    def deliver(self, project: str, file: Path, problem: Problem, by: str) -> tuple[Order, ...]:
        """Store a delivery, and say which quality runs it calls for.

        Args:
            file: a Parquet file or a folder of them, with the business keys and the target.

        Returns:
            One order for each published batch whose dates the truth covers and that has not been
            checked against this very truth; none when nothing is new.

        Raises:
            BadInput: the file is not there, cannot be read, lacks a column, is empty, or is about
                dates that no published batch predicts.
        """
        if not file.exists():
            raise BadInput(f"There is no file or folder {file}.", do="Check the path.")
        names = table.schema(file).names
        for column in (*problem.keys, problem.target):
            if column not in names:
                raise BadInput(
                    str(NotFound("column", column, names)),
                    do=f"Deliver {', '.join(problem.keys)} and {problem.target}.",
                )
        rows = table.row_count(file)
        if rows == 0:
            raise BadInput(f"{file} has no rows: there is no truth in it.")
        first, last = _dates(file, problem)
        batches = self.metadata.batches.covering(project, first, last)
        if not batches:
            raise BadInput(
                f"{file} is about {first} to {last}, and no published batch of {project} predicts those dates.",
                do=f"See what has been published with `spalje batch list {project}`.",
            )
        digest = self.artifacts.copy(file, "table").digest
        self.metadata.truths.add(project, digest, first, last, rows, by, self.clock())
        return tuple(_order(project, batch, digest, by) for batch in batches if not _checked(batch, digest))


def _order(project: str, batch: Batch, digest: str, by: str) -> Order:
    return Order(
        project, PIPELINE, by, inputs={INPUT: f"sha256:{digest}"}, trigger="ground-truth", batch=batch
    )


def _checked(batch: Batch, digest: str) -> bool:
    return any(evaluation.ground_truth == digest for evaluation in batch.evaluations)


def _dates(file: Path, problem: Problem) -> tuple[date | None, date | None]:
    if problem.time is None:
        return None, None
    ends = pc.min_max(table.read(file, [problem.time])[problem.time]).as_py()
    days = [value.date() if isinstance(value, datetime) else value for value in (ends["min"], ends["max"])]
    if not all(isinstance(day, date) for day in days):
        raise BadInput(
            f"Column '{problem.time}' of {file} holds {days[0]!r}, which is not a date.",
            do="Write it as date32.",
        )
    return days[0], days[1]
