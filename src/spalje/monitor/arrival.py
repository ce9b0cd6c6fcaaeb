"""Whether a delivery is a new one: not delivered before, not older than the last, not of another size."""

from collections.abc import Iterator

import numpy as np

from spalje.monitor.comparison import Case
from spalje.monitor.history import History
from spalje.monitor.verdict import Violation
from spalje.monitor.wording import rows
from spalje.profile.sketch import Sketch

#: A batch may have so many times fewer rows than the smallest good one, or more than the largest.
FACTOR = 2.0


def twice_check(batch: Sketch, history: History) -> Iterator[Violation]:
    """The very same rows as an earlier batch: a delivery that was delivered twice."""
    for past in history.checked():
        if past.sketch.rows == batch.rows and batch.rows and _same(past.sketch, batch):
            yield Violation(
                check="twice_check",
                description=f"Every count is that of batch {past.name}: the same {rows(batch.rows)} rows were "
                "delivered again.",
                breach=True,
            )
            return


def freshness_check(batch: Sketch, history: History) -> Iterator[Violation]:
    """The newest time in the batch is no newer than in the one before."""
    past = next(history.checked(), None)
    if past is None:
        return
    for name, newest in batch.newest.items():
        before = past.sketch.newest.get(name)
        if before is not None and newest < before:
            yield Violation(
                check="freshness_check",
                column=name,
                description=f"{name}: the newest value is older than that of batch {past.name}, which came before.",
                value=newest,
                threshold=before,
            )


def history_volume_check(case: Case, history: History) -> Iterator[Violation]:
    """Far fewer rows than any good batch of the season had, or far more."""
    known = [past.sketch.rows for past in history.references() if not past.pseudo]
    if case.constraints.rows is not None or len(known) < 3 or not case.batch.rows:
        return
    least, most = min(known) / FACTOR, max(known) * FACTOR
    if not least <= case.batch.rows <= most:
        yield Violation(
            check="volume_check",
            description=f"The batch has {rows(case.batch.rows)} rows; good ones had from {rows(min(known))} to "
            f"{rows(max(known))}, and less than half or more than twice that is not allowed.",
            breach=True,
            value=float(case.batch.rows),
            threshold=least if case.batch.rows < least else most,
        )


def _same(one: Sketch, two: Sketch) -> bool:
    return (
        one.grid == two.grid
        and one.nulls == two.nulls
        and one.cells.keys() == two.cells.keys()
        and bool(one.cells)
        and all(np.array_equal(counts, two.cells[name]) for name, counts in one.cells.items())
        and one.newest == two.newest
        and _gram(one) == _gram(two)
    )


def _gram(sketch: Sketch) -> list[float]:
    return [] if sketch.gram is None else sketch.gram.products.ravel().tolist()
