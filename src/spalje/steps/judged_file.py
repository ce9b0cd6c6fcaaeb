"""What the truth said about earlier batches, as files: one a batch."""

from pathlib import Path

from pydantic import ValidationError

from spalje.errors import Corrupt
from spalje.monitor.judged_batch import JudgedBatch
from spalje.monitor.verdict import Outcome
from spalje.registry.batch import Batch

#: How the files' names end.
ENDING = ".judged.json"
#: What a check leaves of its batch, beside its verdict.
JUDGED = "judged.json"
#: Where an evaluation's metrics keep it.
KEPT = "judged"


def judged_batch(batch: Batch) -> JudgedBatch | None:
    """What the latest truth said about a batch; None when nobody knows."""
    if not batch.evaluations or KEPT not in batch.evaluations[-1].metrics:
        return None
    latest = batch.evaluations[-1]
    try:
        judged = JudgedBatch.model_validate(latest.metrics[KEPT])
    except ValidationError as error:
        raise Corrupt(
            f"The evaluation of batch {batch.id} by {latest.run} cannot be read: {error.errors()[0]['msg']}.",
            do="Deliver its truth again.",
        ) from error
    outcome = Outcome(latest.outcome) if latest.outcome in set(Outcome) else None
    return judged.model_copy(update={"version": batch.content.version, "outcome": outcome})


def write_judged(folder: Path, number: int, judged: JudgedBatch) -> None:
    """Write what the truth said about the batch of that number."""
    (folder / f"{number}{ENDING}").write_text(judged.model_dump_json(), encoding="utf-8")


def read_judged(folder: Path) -> dict[int, JudgedBatch]:
    """Number of a batch -> what the truth said about it; the oldest first.

    Raises:
        Corrupt: a file is none.
    """
    found = {}
    for path in folder.glob(f"*{ENDING}"):
        try:
            found[int(path.name.removesuffix(ENDING))] = JudgedBatch.model_validate_json(path.read_bytes())
        except ValidationError as error:
            raise Corrupt(f"{path} is no judged batch: {error.errors()[0]['msg']}.") from error
    return dict(sorted(found.items()))
