"""A monitor's history on disk: one file for each batch that was checked."""

import json
import os
from datetime import date
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from spalje.errors import BadInput, NotFound
from spalje.monitor.history import PastBatch
from spalje.monitor.verdict import Outcome
from spalje.profile.sketch import from_dict, to_dict
from spalje.storage.batch_file import ENDING, checked_name

#: Version of the form below; a reader refuses any other.
FORMAT = 1


class _Entry(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    format: Literal[1]
    name: str
    at: date | None = None
    p: float | None = Field(default=None, gt=0, le=1)
    found: tuple[str, ...] = ()
    outcome: Outcome | None = None
    good: bool = True
    pseudo: bool = False
    sketch: dict[str, Any]

    def value(self) -> PastBatch:
        return PastBatch(
            name=self.name,
            at=self.at,
            sketch=from_dict(self.sketch),
            p=self.p,
            found=self.found,
            outcome=self.outcome,
            good=self.good,
            pseudo=self.pseudo,
        )


def write(folder: Path, batch: PastBatch) -> Path:
    """Add a batch to a history, in place of an earlier one of its name; whole or not at all.

    Raises:
        UsageError: its name is not allowed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / f"{checked_name(batch.name)}{ENDING}"
    write_file(file, batch)
    return file


def write_file(file: Path, batch: PastBatch) -> None:
    """Write one batch, whole or not at all."""
    aside = file.with_name(f".{file.name}.{os.getpid()}")
    aside.write_text(json.dumps(_document(batch), ensure_ascii=False, allow_nan=False), encoding="utf-8")
    aside.replace(file)


def read(folder: Path) -> tuple[PastBatch, ...]:
    """The batches of a history, the oldest first; none where there is no folder.

    Batches without a date come first, by name.

    Raises:
        BadInput: a file of it cannot be read.
    """
    files = sorted(folder.glob(f"*{ENDING}")) if folder.is_dir() else []
    batches = [read_file(file) for file in files if not file.name.startswith(".")]
    return tuple(sorted(batches, key=lambda batch: (batch.at or date.min, batch.name)))


def read_file(file: Path) -> PastBatch:
    """One batch of a history.

    Raises:
        BadInput: the file cannot be read, or is not of this form.
    """
    try:
        return _Entry.model_validate_json(file.read_bytes()).value()
    except OSError as error:
        raise BadInput(f"{file} cannot be read: {error.strerror}.", do="Check the path.") from error
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "the file"
        raise BadInput(
            f"{file} is not a checked batch of format {FORMAT}: {place}: {first['msg']}.",
            do="Remove the file; the batch is then no longer part of the history.",
        ) from error


def find(folder: Path, name: str) -> PastBatch:
    """The batch of a name.

    Raises:
        NotFound: the history has none.
    """
    batches = {batch.name: batch for batch in read(folder)}
    if name not in batches:
        raise NotFound("batch", name, batches)
    return batches[name]


def _document(batch: PastBatch) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "name": batch.name,
        "at": batch.at.isoformat() if batch.at else None,
        "p": batch.p,
        "found": list(batch.found),
        "outcome": batch.outcome,
        "good": batch.good,
        "pseudo": batch.pseudo,
        "sketch": to_dict(batch.sketch),
    }
