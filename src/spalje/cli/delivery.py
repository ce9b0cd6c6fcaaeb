"""What a delivery of ground truth brought, for people."""

from collections.abc import Iterator

from rich.text import Text

from spalje.cli.output import coloured, number
from spalje.monitor.wording import percent
from spalje.registry.batch import Evaluation
from spalje.registry.truth import Delivery, Learned


def told(learned: Learned, latest: Evaluation | None) -> Iterator[Text]:
    """What it told about a batch: how the batch is judged now, and what is known of it.

    Args:
        learned: what it told.
        latest: what the truth said about the batch last; None: the batch has not been judged.
    """
    coverage = f"  coverage {percent(learned.coverage)}"
    if latest is None:
        yield Text.assemble((learned.batch, "bold"), f"{coverage}  not judged")
    else:
        yield Text.assemble(
            (learned.batch, "bold"),
            " ",
            coloured(latest.outcome),
            f"{coverage}  decision ",
            coloured(latest.action),
            f"  {latest.reasons[0] if latest.reasons else ''}",
        )
    said = f"{learned.new:,} new, {learned.corrected:,} corrected, {learned.unchanged:,} unchanged"
    if learned.largest is not None:
        before, after = number(learned.largest.before), number(learned.largest.after)
        said += f"; the largest correction: {before} to {after} ({learned.largest.key})"
    yield Text(f"  {said}", style="dim")


def unused(delivery: Delivery) -> Iterator[Text]:
    """What could not be used of it.

    Example:
        >>> [str(line) for line in unused(Delivery(9, None, None, (), unknown=1, unknown_keys=("store=9",)))]
        ['1 row is about what was not predicted: store=9']
    """
    if delivery.unknown:
        more = "; …" if delivery.unknown > len(delivery.unknown_keys) else ""
        yield Text(
            f"{_rows(delivery.unknown)} about what was not predicted: {'; '.join(delivery.unknown_keys)}{more}"
        )
    if delivery.other_dates:
        days = f"{delivery.other_first} to {delivery.other_last}"
        if delivery.other_first == delivery.other_last:
            days = str(delivery.other_first)
        yield Text(
            f"{_rows(delivery.other_dates)} about days that no published batch predicts ({days}): not taken; "
            "deliver them again afterwards."
        )
    if delivery.not_yet_known:
        yield Text(f"{_rows(delivery.not_yet_known)} without a value as yet.")


def _rows(count: int) -> str:
    return f"{count:,} {'row is' if count == 1 else 'rows are'}"
