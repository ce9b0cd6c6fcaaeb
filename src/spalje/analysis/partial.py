"""What is done of a long explanation, kept so that it can go on after it was stopped."""

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import pyarrow as pa

from spalje.attribution.attributions import Attributions
from spalje.fingerprint import canonical

#: The folder, inside of the one that results go to.
FOLDER = "partial"


@dataclass(frozen=True, slots=True, eq=False)
class Partial:
    """Blocks of rows that are done.

    Attributes:
        folder: where they are kept; None: nowhere.
        key: what they are of: another model, other rows or other settings have another.
        parts: of the rows from the first on, in order.
    """

    folder: Path | None
    key: str
    parts: tuple[Attributions, ...] = ()

    @classmethod
    def of(cls, folder: Path | None, settings: Sequence[Any], tables: Sequence[pa.Table]) -> Self:
        """What an earlier try has left, if it was of the same.

        Args:
            folder: where it is kept; None: nowhere.
            settings: everything that decides what comes out, as JSON has it; None first: it cannot be told.
            tables: the same.
        """
        if folder is None or settings[0] is None:
            return cls(None, "")
        digest = hashlib.sha256(canonical(list(settings)))
        for table in tables:
            sink = pa.BufferOutputStream()
            with pa.ipc.new_stream(sink, table.schema) as stream:
                stream.write_table(table)
            digest.update(sink.getvalue())
        found = cls(folder / FOLDER, digest.hexdigest()[:16])
        parts: list[Attributions] = []
        while (file := found._file(sum(len(part.values) for part in parts))) and file.is_file():
            parts.append(_read(file))
        return cls(found.folder, found.key, tuple(parts))

    @property
    def rows(self) -> int:
        """How many rows are done."""
        return sum(len(part.values) for part in self.parts)

    def save(self, part: Attributions, first: int) -> None:
        """Keep a block: whole or not at all."""
        file = self._file(first)
        if file is None:
            return
        file.parent.mkdir(parents=True, exist_ok=True)
        unfinished = file.with_suffix(".tmp")
        with unfinished.open("wb") as out:
            arrays: dict[str, Any] = {
                "features": np.array(part.features),
                "values": part.values,
                "predictions": part.predictions,
                "expected": part.expected,
            }
            if part.errors is not None:
                arrays["errors"] = part.errors
            np.savez(out, **arrays)
            out.flush()
            os.fsync(out.fileno())
        unfinished.replace(file)

    def remove(self) -> None:
        """Forget all of it: it is done."""
        if self.folder is not None and self.folder.is_dir():
            for file in self.folder.glob("*.npz"):
                file.unlink()
            if not any(self.folder.iterdir()):
                self.folder.rmdir()

    def _file(self, first: int) -> Path | None:
        return None if self.folder is None else self.folder / f"{self.key}-{first:09}.npz"


def _read(file: Path) -> Attributions:
    with np.load(file, allow_pickle=False) as kept:
        return Attributions(
            tuple(kept["features"].tolist()),
            kept["values"],
            kept["predictions"],
            kept["expected"],
            kept.get("errors"),
        )
