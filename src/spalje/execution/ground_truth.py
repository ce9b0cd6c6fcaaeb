"""Ground truth: laid over what is known of each batch, and the quality runs that it calls for."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from itertools import islice
from pathlib import Path

import numpy as np
import pyarrow as pa

from spalje.errors import BadInput, Refused
from spalje.execution import truth_day, truth_file
from spalje.execution.order import Order
from spalje.execution.truth_file import Brought
from spalje.execution.truth_share import Shared, Sharing
from spalje.pipeline.problem import Problem
from spalje.quality.period import Days
from spalje.registry.batch import Batch, BatchStatus
from spalje.registry.truth import Delivery, Learned
from spalje.steps.row_key import numbered, spelled
from spalje.steps.truth_join import Laid, settled, with_keys, with_value
from spalje.storage import table
from spalje.storage.artifacts import Artifacts
from spalje.storage.metadata import Metadata

#: The name of the pipeline that ground truth starts, and of its input.
PIPELINE, INPUT = "quality", "ground_truth"
#: So many batches back a row is looked for that no date leads to: a year of days.
LOOK_BACK = 371
#: So many unknown keys are told, so many spans of dates that went out.
TOLD, TOLD_SPANS = 5, 3


@dataclass(frozen=True, slots=True)
class Delivered:
    """What a delivery leads to.

    Attributes:
        told: what it brought.
        orders: the quality runs it calls for, of the oldest batch first: each is to be started when the one before
            has been executed, for it learns from it.
    """

    told: Delivery
    orders: tuple[Order, ...]


@dataclass(frozen=True, slots=True, eq=False)
class Sorted:
    """The rows of a delivery by what can be done with them.

    Attributes:
        rows: those that name a row, each name once, every target known.
        names: the columns that name a row.
        days: of each row, days since 1970-01-01; None without a time column.
        shared: the rows among the batches.
        strange: tables of what was never predicted, though batches about its dates were.
        target: the column with the truth.
    """

    rows: pa.Table
    names: tuple[str, ...]
    days: Days | None
    shared: Shared
    strange: tuple[pa.Table, ...]
    target: str

    @property
    def strangers(self) -> tuple[str, ...]:
        """What the first few of the strange rows are about."""
        named = (
            spelled(each, [name for name in each.column_names if name != self.target], row)
            for each in self.strange
            for row in range(min(each.num_rows, TOLD))
        )
        return tuple(islice(named, TOLD))


@dataclass(frozen=True, slots=True)
class GroundTruth:
    """Takes deliveries of ground truth.

    Attributes:
        metadata, artifacts: of the workspace.
        clock: the time, with its zone: what has not happened yet cannot be known.
    """

    metadata: Metadata
    artifacts: Artifacts
    clock: Callable[[], datetime]

    def deliver(self, project: str, file: Path, problem: Problem, by: str) -> Delivered:
        """Store a delivery, and say what it brought and which quality runs it calls for.

        Truth accumulates: a delivery is laid over what was known of a batch, and the later delivery wins. A batch of
        which nothing more and nothing else is known than before is not judged again.

        Args:
            project: whose batches.
            file: Parquet, CSV or Model Monitor's JSON Lines, see ``truth_file``, with business keys or inference id
                and the target.
            problem: which columns those are.
            by: who delivers.

        Raises:
            BadInput: the file is not there, cannot be read, lacks a column, has no rows, says different things about
                the same row, or has no row that was predicted.
            Refused: it is about days that have not been, or that no published batch predicts.
        """
        if not file.exists():
            raise BadInput(f"There is no file or folder {file}.", do="Check the path.")
        out = self._out(project)
        if not out:
            raise Refused(
                f"No batch of {project} has been published yet: there is nothing for {file} to be the truth of.",
                do=f"Deliver it after the prediction; see what there is with `spalje batch list {project}`.",
            )
        sharing = Sharing(self.artifacts, problem)
        brought = truth_file.read(file, problem, table.schema(sharing.predictions(out[0])))
        count = brought.rows.num_rows
        if count == 0:
            raise BadInput(f"{file} has no rows: there is no truth in it.")
        rows = with_value(brought.rows, problem.target)
        empty = count - rows.num_rows
        if rows.num_rows == 0:
            return Delivered(Delivery(count, None, None, (), not_yet_known=empty), ())
        rows, lacking = with_keys(rows, brought.names)
        rows = settled(rows, brought.names, problem.target, later_wins=brought.later_wins)
        brought = replace(brought, rows=rows)
        if problem.time is None:
            found = _by_name(brought, sharing, out)
        else:
            found = self._by_date(project, file, brought, sharing, out)
        found = replace(found, strange=(*found.strange, lacking))
        if not found.shared.shares:
            raise _nothing_predicted(file, found.strangers, brought.names, sharing, out[0])
        self._record(project, found, by)
        told = _told(found, rows=count, empty=empty)
        shares = zip(found.shared.shares, told.batches, strict=True)
        return Delivered(
            told, tuple(self._order(batch, laid, by) for (batch, laid), learned in shares if learned.changed)
        )

    def _out(self, project: str) -> list[Batch]:
        """The batches that went out, the newest first."""
        batches = self.metadata.batches.list(project, LOOK_BACK)
        return [batch for batch in batches if batch.content.status is not BatchStatus.BLOCKED]

    def _by_date(
        self, project: str, file: Path, brought: Brought, sharing: Sharing, out: Sequence[Batch]
    ) -> Sorted:
        """The rows of a project with dates: each is about all batches that predicted it."""
        problem, rows = sharing.problem, brought.rows
        strange: list[pa.Table] = []
        if brought.names != problem.keys:
            rows, unknown = sharing.business_keys(rows, brought.names[0], out, later_wins=brought.later_wins)
            strange.append(unknown)
        if rows.num_rows == 0:
            nothing = np.zeros(0, np.bool_)
            return Sorted(
                rows, problem.keys, None, Shared((), nothing, nothing), tuple(strange), problem.target
            )
        days = truth_day.days(rows[str(problem.time)], str(problem.time), str(file))
        self._refuse_future(file, days)
        first, last = truth_day.day(days.min()), truth_day.day(days.max())
        shared = sharing.by_date(rows, days, self.metadata.batches.covering(project, first, last))
        if shared.other.all():
            raise self._not_predicted(project, file, first, last, out)
        strange.insert(0, rows.filter(pa.array(~shared.taken & ~shared.other)))
        return Sorted(rows, problem.keys, days, shared, tuple(strange), problem.target)

    def _refuse_future(self, file: Path, days: Days) -> None:
        today = self.clock().astimezone(UTC).date()
        future = days[days > truth_day.number(today)]
        if len(future):
            raise Refused(
                f"{file} says what happens until {truth_day.day(days.max())}, and today is {today} (UTC): "
                f"{len(future):,} of its rows are about days to come, of which the truth cannot be known.",
                do=f"Deliver it without what is after {today}, or with those values left out.",
            )

    def _not_predicted(
        self, project: str, file: Path, first: date, last: date, out: Sequence[Batch]
    ) -> Refused:
        blocked = [
            batch.id
            for batch in self.metadata.batches.list(project, LOOK_BACK)
            if batch.content.status is BatchStatus.BLOCKED and _overlaps(batch, first, last)
        ]
        spans = [f"{batch.content.first} to {batch.content.last} ({batch.id})" for batch in out[:TOLD_SPANS]]
        more = f", and {len(out) - len(spans)} before" if len(out) > len(spans) else ""
        but = (
            f" {blocked[0]} does, but it is blocked, and takes no truth until it is released."
            if blocked
            else ""
        )
        return Refused(
            f"{file} is about {first} to {last}, and no published batch of {project} predicts those dates.{but} "
            f"Published: {', '.join(spans)}{more}.",
            do=f"Deliver it again afterwards; see what has been published with `spalje batch list {project}`.",
        )

    def _record(self, project: str, found: Sorted, by: str) -> None:
        """Keep what was delivered of what was predicted, in the order of what names it."""
        taken = found.shared.taken
        rows = found.rows.filter(pa.array(taken))
        (numbers,) = numbered([rows], found.names)
        first, last = _ends(np.zeros(0, np.int64) if found.days is None else found.days[taken])
        digest = self._stored(rows.take(pa.array(np.argsort(numbers))))
        self.metadata.truths.add(project, digest, first, last, rows.num_rows, by, self.clock())

    def _order(self, batch: Batch, laid: Laid, by: str) -> Order:
        given = {INPUT: f"sha256:{self._stored(laid.table)}"}
        return Order(batch.content.project, PIPELINE, by, inputs=given, trigger="ground-truth", batch=batch)

    def _stored(self, rows: pa.Table) -> str:
        folder = self.artifacts.scratch()
        table.write(rows.combine_chunks(), folder)
        return self.artifacts.put(folder, "table").digest


def _by_name(brought: Brought, sharing: Sharing, out: Sequence[Batch]) -> Sorted:
    """The rows of a project without dates: each is about the newest batch that has it."""
    shared = sharing.by_name(brought.rows, brought.names, out)
    strange = brought.rows.filter(pa.array(~shared.taken))
    return Sorted(brought.rows, brought.names, None, shared, (strange,), sharing.problem.target)


def _nothing_predicted(
    file: Path, strangers: Sequence[str], names: Sequence[str], sharing: Sharing, newest: Batch
) -> BadInput:
    first = strangers[0] if strangers else "a prediction without business keys"
    ours = table.read(sharing.predictions(newest), list(names))
    example = f" The predictions of {newest.id} have {spelled(ours, names, 0)}." if ours.num_rows else ""
    return BadInput(
        f"Nothing that {file} is about was predicted: its first row is about {first}.{example}",
        do="Deliver the truth about rows that were predicted, named as they are there.",
    )


def _told(found: Sorted, *, rows: int, empty: int) -> Delivery:
    days = np.zeros(0, np.int64) if found.days is None else found.days
    first, last = _ends(days)
    other_first, other_last = _ends(days[found.shared.other] if len(days) else days)
    return Delivery(
        rows=rows,
        first=first,
        last=last,
        batches=tuple(_learned(batch, laid) for batch, laid in found.shared.shares),
        unknown=sum(each.num_rows for each in found.strange),
        unknown_keys=found.strangers,
        other_dates=int(found.shared.other.sum()),
        other_first=other_first,
        other_last=other_last,
        not_yet_known=empty,
    )


def _learned(batch: Batch, laid: Laid) -> Learned:
    return Learned(
        batch=batch.id,
        first=batch.content.first,
        last=batch.content.last,
        rows=laid.rows,
        known=laid.known,
        coverage=laid.known / laid.rows,
        new=laid.new,
        corrected=laid.corrected,
        unchanged=laid.unchanged,
        largest=laid.largest,
    )


def _ends(days: Days) -> tuple[date | None, date | None]:
    return (truth_day.day(days.min()), truth_day.day(days.max())) if len(days) else (None, None)


def _overlaps(batch: Batch, first: date, last: date) -> bool:
    begin, end = batch.content.first, batch.content.last
    return begin is not None and end is not None and begin <= last and end >= first
